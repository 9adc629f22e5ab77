import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'pt',
  missing: 'Escolha um arquivo.',
  busy: 'A criptografia não terminou. Aguarde um momento e tente novamente.',
  dropOne: 'Ou solte um arquivo aqui',
  dropMany: 'Ou solte arquivos aqui',
  checking: 'Verificando…',
  waiting: 'Na fila',
  sealing: 'Criptografando…',
  sealed: 'Criptografado',
  failed: 'Não criptografado',
  cancel: 'Cancelar',
  remove: 'Remover',
  retry: 'Tentar novamente',
  retryAll: 'Tentar todos novamente',
  startedOne: 'Criptografando {name}',
  startedMany: {
    one: 'Criptografando {count} arquivo',
    many: 'Criptografando {count} de arquivos',
    other: 'Criptografando {count} arquivos',
  },
  progress: '{percent}% criptografado',
  readyOne: '{name} está criptografado e pronto',
  readyMany: {
    one: '{count} arquivo criptografado e pronto',
    many: '{count} de arquivos criptografados e prontos',
    other: '{count} arquivos criptografados e prontos',
  },
  removed: '{name} foi removido',
  failedOne: 'Não foi possível criptografar {name}, por isso nada é enviado. Tente novamente ou remova-o.',
  failedMany: {
    one: 'Não foi possível criptografar {count} arquivo, por isso nada é enviado. Tente novamente ou remova-o.',
    many: 'Não foi possível criptografar {count} de arquivos, por isso nada é enviado. Tente novamente ou remova-os.',
    other: 'Não foi possível criptografar {count} arquivos, por isso nada é enviado. Tente novamente ou remova-os.',
  },
  unreadable: 'Não foi possível ler {name}, por isso nada é enviado. Escolha-o novamente ou remova-o.',
  unchecked: 'Não foi possível verificar {name}, por isso nada é enviado. Tente novamente ou remova-o.',
  noRoom:
    '{name} é grande demais para este navegador guardar criptografado, por isso nada é enviado. Use uma janela que não seja privada, libere espaço ou remova-o.',
  noConnection: 'Não há conexão, por isso nada é criptografado nem enviado. Verifique sua conexão e tente novamente.',
  keyUnreachable:
    'Não foi possível carregar a chave de criptografia, por isso nada é enviado. Tente novamente em um momento. Se não funcionar, avise os responsáveis por esta página.',
  keyRefused:
    'A chave de criptografia não é a esperada, por isso nada é enviado. Avise os responsáveis por esta página.',
  reload:
    'Esta página precisa ser recarregada antes de criptografar arquivos, por isso nada é enviado. Recarregue-a e escolha seus arquivos novamente.',
  unsupported: 'Este navegador não consegue criptografar arquivos, por isso nada é enviado. Atualize-o ou use outro.',
  notReady:
    'Esta página não está pronta para criptografar arquivos, por isso nada é enviado. Recarregue-a. Se não funcionar, avise os responsáveis por ela.',
  notAccepted: '{name} não é de um tipo que possa ser escolhido aqui.',
  notTaken: '{name} não pode ser escolhido aqui.',
  rejected: '{name}: {reason}',
  tooLarge: '{name} é grande demais. O tamanho máximo aqui é {size}.',
  onlyOne: 'Só um arquivo pode ser escolhido aqui.',
  tooMany: {
    one: '{name} não foi adicionado, porque só {count} arquivo pode ser escolhido aqui.',
    many: '{name} não foi adicionado, porque só {count} de arquivos podem ser escolhidos aqui.',
    other: '{name} não foi adicionado, porque só {count} arquivos podem ser escolhidos aqui.',
  },
  folder: '{name} é uma pasta. Escolha os arquivos dentro dela.',
  emptyFolder: '{name} não tem arquivos.',
  moreNotTaken: {
    one: 'Mais {count} arquivo não foi adicionado.',
    many: 'Mais {count} de arquivos não foram adicionados.',
    other: 'Mais {count} arquivos não foram adicionados.',
  },
} as const;

/** Portuguese, as it is written in Brazil. */
export const pt: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
