import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'fr',
  missing: 'Choisissez un fichier.',
  busy: 'Le chiffrement n’est pas terminé. Patientez un instant, puis réessayez.',
  dropOne: 'Ou déposez un fichier ici',
  dropMany: 'Ou déposez des fichiers ici',
  checking: 'Vérification…',
  waiting: 'En attente',
  sealing: 'Chiffrement…',
  sealed: 'Chiffré',
  failed: 'Non chiffré',
  cancel: 'Annuler',
  remove: 'Retirer',
  retry: 'Réessayer',
  retryAll: 'Tout réessayer',
  startedOne: 'Chiffrement de {name}',
  startedMany: {
    one: 'Chiffrement de {count} fichier',
    many: 'Chiffrement de {count} de fichiers',
    other: 'Chiffrement de {count} fichiers',
  },
  progress: '{percent}\u00a0% chiffrés',
  readyOne: '{name} est chiffré et prêt',
  readyMany: {
    one: '{count} fichier chiffré et prêt',
    many: '{count} de fichiers chiffrés et prêts',
    other: '{count} fichiers chiffrés et prêts',
  },
  removed: '{name} a été retiré',
  failedOne: '{name} n’a pas pu être chiffré, donc rien n’est envoyé. Réessayez ou retirez-le.',
  failedMany: {
    one: '{count} fichier n’a pas pu être chiffré, donc rien n’est envoyé. Réessayez ou retirez-le.',
    many: '{count} de fichiers n’ont pas pu être chiffrés, donc rien n’est envoyé. Réessayez ou retirez-les.',
    other: '{count} fichiers n’ont pas pu être chiffrés, donc rien n’est envoyé. Réessayez ou retirez-les.',
  },
  unreadable: '{name} n’a pas pu être lu, donc rien n’est envoyé. Choisissez-le à nouveau ou retirez-le.',
  unchecked: '{name} n’a pas pu être vérifié, donc rien n’est envoyé. Réessayez ou retirez-le.',
  noRoom:
    '{name} est trop volumineux pour que ce navigateur le conserve chiffré, donc rien n’est envoyé. Utilisez une fenêtre qui n’est pas privée, libérez de l’espace ou retirez-le.',
  noConnection:
    'Il n’y a pas de connexion, donc rien n’est chiffré ni envoyé. Vérifiez votre connexion, puis réessayez.',
  keyUnreachable:
    'La clé de chiffrement n’a pas pu être chargée, donc rien n’est envoyé. Réessayez dans un instant. Si cela ne suffit pas, prévenez les responsables de cette page.',
  keyRefused:
    'La clé de chiffrement n’est pas celle qui est attendue, donc rien n’est envoyé. Prévenez les responsables de cette page.',
  reload:
    'Cette page doit être rechargée avant de pouvoir chiffrer des fichiers, donc rien n’est envoyé. Rechargez-la, puis choisissez à nouveau vos fichiers.',
  unsupported:
    'Ce navigateur ne peut pas chiffrer de fichiers, donc rien n’est envoyé. Mettez-le à jour ou utilisez-en un autre.',
  notReady:
    'Cette page n’est pas prête à chiffrer des fichiers, donc rien n’est envoyé. Rechargez-la. Si cela ne suffit pas, prévenez ses responsables.',
  notAccepted: '{name} n’est pas d’un type qui peut être choisi ici.',
  notTaken: '{name} ne peut pas être choisi ici.',
  rejected: '{name}\u00a0: {reason}',
  tooLarge: '{name} est trop volumineux. Le plus gros fichier accepté ici fait {size}.',
  onlyOne: 'Un seul fichier peut être choisi ici.',
  tooMany: {
    one: '{name} n’a pas été ajouté, car seulement {count} fichier peut être choisi ici.',
    many: '{name} n’a pas été ajouté, car seulement {count} de fichiers peuvent être choisis ici.',
    other: '{name} n’a pas été ajouté, car seulement {count} fichiers peuvent être choisis ici.',
  },
  folder: '{name} est un dossier. Choisissez les fichiers qu’il contient.',
  emptyFolder: '{name} ne contient aucun fichier.',
  moreNotTaken: {
    one: '{count} autre fichier n’a pas été ajouté.',
    many: '{count} d’autres fichiers n’ont pas été ajoutés.',
    other: '{count} autres fichiers n’ont pas été ajoutés.',
  },
} as const;

/** French. */
export const fr: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
