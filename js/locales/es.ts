import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'es',
  missing: 'Elija un archivo.',
  busy: 'El cifrado no ha terminado. Espere un momento e inténtelo de nuevo.',
  dropOne: 'O suelte un archivo aquí',
  dropMany: 'O suelte archivos aquí',
  checking: 'Comprobando…',
  waiting: 'En espera',
  sealing: 'Cifrando…',
  sealed: 'Cifrado',
  failed: 'Sin cifrar',
  cancel: 'Cancelar',
  remove: 'Quitar',
  retry: 'Reintentar',
  retryAll: 'Reintentar todos',
  startedOne: 'Cifrando {name}',
  startedMany: {
    one: 'Cifrando {count} archivo',
    many: 'Cifrando {count} de archivos',
    other: 'Cifrando {count} archivos',
  },
  progress: '{percent}\u00a0% cifrado',
  readyOne: '{name} está cifrado y listo',
  readyMany: {
    one: '{count} archivo cifrado y listo',
    many: '{count} de archivos cifrados y listos',
    other: '{count} archivos cifrados y listos',
  },
  removed: 'Se ha quitado {name}',
  failedOne: 'No se ha podido cifrar {name}, así que no se envía nada. Inténtelo de nuevo o quítelo.',
  failedMany: {
    one: 'No se ha podido cifrar {count} archivo, así que no se envía nada. Inténtelo de nuevo o quítelo.',
    many: 'No se han podido cifrar {count} de archivos, así que no se envía nada. Inténtelo de nuevo o quítelos.',
    other: 'No se han podido cifrar {count} archivos, así que no se envía nada. Inténtelo de nuevo o quítelos.',
  },
  unreadable: 'No se ha podido leer {name}, así que no se envía nada. Elíjalo de nuevo o quítelo.',
  unchecked: 'No se ha podido comprobar {name}, así que no se envía nada. Inténtelo de nuevo o quítelo.',
  noRoom:
    '{name} es demasiado grande para que este navegador lo guarde cifrado, así que no se envía nada. Use una ventana que no sea privada, libere espacio o quítelo.',
  noConnection: 'No hay conexión, así que no se cifra ni se envía nada. Compruebe su conexión e inténtelo de nuevo.',
  keyUnreachable:
    'No se ha podido cargar la clave de cifrado, así que no se envía nada. Inténtelo de nuevo en un momento. Si no funciona, avise a los responsables de esta página.',
  keyRefused:
    'La clave de cifrado no es la esperada, así que no se envía nada. Avise a los responsables de esta página.',
  reload:
    'Hay que volver a cargar esta página para que pueda cifrar archivos, así que no se envía nada. Vuelva a cargarla y elija de nuevo sus archivos.',
  unsupported: 'Este navegador no puede cifrar archivos, así que no se envía nada. Actualícelo o use otro.',
  notReady:
    'Esta página no está lista para cifrar archivos, así que no se envía nada. Vuelva a cargarla. Si no funciona, avise a sus responsables.',
  notAccepted: '{name} no es de un tipo que se pueda elegir aquí.',
  notTaken: '{name} no se puede elegir aquí.',
  rejected: '{name}: {reason}',
  tooLarge: '{name} es demasiado grande. El tamaño máximo aquí es de {size}.',
  onlyOne: 'Aquí solo se puede elegir un archivo.',
  tooMany: {
    one: 'No se ha añadido {name}, porque aquí solo se puede elegir {count} archivo.',
    many: 'No se ha añadido {name}, porque aquí solo se pueden elegir {count} de archivos.',
    other: 'No se ha añadido {name}, porque aquí solo se pueden elegir {count} archivos.',
  },
  folder: '{name} es una carpeta. Elija los archivos que contiene.',
  emptyFolder: '{name} no contiene archivos.',
  moreNotTaken: {
    one: 'No se ha añadido {count} archivo más.',
    many: 'No se han añadido {count} de archivos más.',
    other: 'No se han añadido {count} archivos más.',
  },
} as const;

/** Spanish. */
export const es: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
