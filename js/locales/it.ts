import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'it',
  missing: 'Scegli un file.',
  busy: 'La cifratura non è terminata. Attendi un momento, poi riprova.',
  dropOne: 'Oppure trascina qui un file',
  dropMany: 'Oppure trascina qui i file',
  checking: 'Controllo…',
  waiting: 'In attesa',
  sealing: 'Cifratura…',
  sealed: 'Cifrato',
  failed: 'Non cifrato',
  cancel: 'Annulla',
  remove: 'Rimuovi',
  retry: 'Riprova',
  retryAll: 'Riprova tutti',
  startedOne: 'Cifratura di {name}',
  startedMany: {
    one: 'Cifratura di {count} file',
    many: 'Cifratura di {count} di file',
    other: 'Cifratura di {count} file',
  },
  progress: 'Cifrato al {percent}%',
  readyOne: '{name} è cifrato e pronto',
  readyMany: {
    one: '{count} file cifrato e pronto',
    many: '{count} di file cifrati e pronti',
    other: '{count} file cifrati e pronti',
  },
  removed: '{name} è stato rimosso',
  failedOne: 'Impossibile cifrare {name}, quindi non viene inviato nulla. Riprova o rimuovilo.',
  failedMany: {
    one: 'Impossibile cifrare {count} file, quindi non viene inviato nulla. Riprova o rimuovilo.',
    many: 'Impossibile cifrare {count} di file, quindi non viene inviato nulla. Riprova o rimuovili.',
    other: 'Impossibile cifrare {count} file, quindi non viene inviato nulla. Riprova o rimuovili.',
  },
  unreadable: 'Impossibile leggere {name}, quindi non viene inviato nulla. Sceglilo di nuovo o rimuovilo.',
  unchecked: 'Impossibile controllare {name}, quindi non viene inviato nulla. Riprova o rimuovilo.',
  noRoom:
    '{name} è troppo grande perché questo browser possa conservarlo cifrato, quindi non viene inviato nulla. Usa una finestra non privata, libera spazio o rimuovilo.',
  noConnection:
    'Non c’è connessione, quindi non viene cifrato né inviato nulla. Controlla la connessione, poi riprova.',
  keyUnreachable:
    'Impossibile caricare la chiave di cifratura, quindi non viene inviato nulla. Riprova tra un momento. Se non basta, avvisa chi gestisce questa pagina.',
  keyRefused:
    'La chiave di cifratura non è quella prevista, quindi non viene inviato nulla. Avvisa chi gestisce questa pagina.',
  reload:
    'Questa pagina deve essere ricaricata prima di poter cifrare file, quindi non viene inviato nulla. Ricaricala, poi scegli di nuovo i file.',
  unsupported: 'Questo browser non può cifrare file, quindi non viene inviato nulla. Aggiornalo o usane un altro.',
  notReady:
    'Questa pagina non è pronta a cifrare file, quindi non viene inviato nulla. Ricaricala. Se non basta, avvisa chi la gestisce.',
  notAccepted: '{name} non è di un tipo che si può scegliere qui.',
  notTaken: '{name} non si può scegliere qui.',
  rejected: '{name}: {reason}',
  tooLarge: '{name} è troppo grande. Qui la dimensione massima è {size}.',
  onlyOne: 'Qui si può scegliere un solo file.',
  tooMany: {
    one: '{name} non è stato aggiunto, perché qui si può scegliere solo {count} file.',
    many: '{name} non è stato aggiunto, perché qui si possono scegliere solo {count} di file.',
    other: '{name} non è stato aggiunto, perché qui si possono scegliere solo {count} file.',
  },
  folder: '{name} è una cartella. Scegli i file che contiene.',
  emptyFolder: '{name} non contiene file.',
  moreNotTaken: {
    one: '{count} altro file non è stato aggiunto.',
    many: '{count} di altri file non sono stati aggiunti.',
    other: 'Altri {count} file non sono stati aggiunti.',
  },
} as const;

/** Italian. */
export const it: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
