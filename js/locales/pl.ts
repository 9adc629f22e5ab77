import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'pl',
  missing: 'Wybierz plik.',
  busy: 'Szyfrowanie jeszcze się nie zakończyło. Poczekaj chwilę i spróbuj ponownie.',
  dropOne: 'Lub upuść plik tutaj',
  dropMany: 'Lub upuść pliki tutaj',
  checking: 'Sprawdzanie…',
  waiting: 'Oczekuje',
  sealing: 'Szyfrowanie…',
  sealed: 'Zaszyfrowano',
  failed: 'Nie zaszyfrowano',
  cancel: 'Anuluj',
  remove: 'Usuń',
  retry: 'Spróbuj ponownie',
  retryAll: 'Spróbuj ponownie wszystkie',
  startedOne: 'Szyfrowanie pliku {name}',
  startedMany: {
    one: 'Szyfrowanie {count} pliku',
    few: 'Szyfrowanie {count} plików',
    many: 'Szyfrowanie {count} plików',
    other: 'Szyfrowanie {count} pliku',
  },
  progress: 'Zaszyfrowano {percent}%',
  readyOne: 'Plik {name} jest zaszyfrowany i gotowy',
  readyMany: {
    one: '{count} plik jest zaszyfrowany i gotowy',
    few: '{count} pliki są zaszyfrowane i gotowe',
    many: '{count} plików jest zaszyfrowanych i gotowych',
    other: '{count} pliku jest zaszyfrowane i gotowe',
  },
  removed: 'Usunięto plik {name}',
  failedOne: 'Nie udało się zaszyfrować pliku {name}, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń go.',
  failedMany: {
    one: 'Nie udało się zaszyfrować {count} pliku, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń go.',
    few: 'Nie udało się zaszyfrować {count} plików, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń je.',
    many: 'Nie udało się zaszyfrować {count} plików, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń je.',
    other: 'Nie udało się zaszyfrować {count} pliku, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń je.',
  },
  unreadable: 'Nie udało się odczytać pliku {name}, więc nic nie zostanie wysłane. Wybierz go ponownie lub usuń.',
  unchecked: 'Nie udało się sprawdzić pliku {name}, więc nic nie zostanie wysłane. Spróbuj ponownie lub usuń go.',
  noRoom:
    'Plik {name} jest za duży, aby ta przeglądarka mogła przechować go po zaszyfrowaniu, więc nic nie zostanie wysłane. Użyj okna, które nie jest prywatne, zwolnij miejsce lub usuń plik.',
  noConnection:
    'Brak połączenia, więc nic nie zostanie zaszyfrowane ani wysłane. Sprawdź połączenie i spróbuj ponownie.',
  keyUnreachable:
    'Nie udało się wczytać klucza szyfrowania, więc nic nie zostanie wysłane. Spróbuj ponownie za chwilę. Jeśli to nie pomoże, powiadom osoby prowadzące tę stronę.',
  keyRefused:
    'Klucz szyfrowania jest inny niż oczekiwany, więc nic nie zostanie wysłane. Powiadom osoby prowadzące tę stronę.',
  reload:
    'Aby szyfrować pliki, trzeba ponownie wczytać tę stronę, więc nic nie zostanie wysłane. Wczytaj ją ponownie i jeszcze raz wybierz pliki.',
  unsupported:
    'Ta przeglądarka nie potrafi szyfrować plików, więc nic nie zostanie wysłane. Zaktualizuj ją lub użyj innej.',
  notReady:
    'Ta strona nie jest gotowa do szyfrowania plików, więc nic nie zostanie wysłane. Wczytaj ją ponownie. Jeśli to nie pomoże, powiadom osoby, które ją prowadzą.',
  notAccepted: 'Plik {name} jest typu, którego nie można tu wybrać.',
  notTaken: 'Pliku {name} nie można tu wybrać.',
  rejected: '{name}: {reason}',
  tooLarge: 'Plik {name} jest za duży. Największy plik, jaki można tu wybrać, ma {size}.',
  onlyOne: 'Można tu wybrać tylko jeden plik.',
  tooMany: {
    one: 'Nie dodano pliku {name}, ponieważ można tu wybrać tylko {count} plik.',
    few: 'Nie dodano pliku {name}, ponieważ można tu wybrać tylko {count} pliki.',
    many: 'Nie dodano pliku {name}, ponieważ można tu wybrać tylko {count} plików.',
    other: 'Nie dodano pliku {name}, ponieważ można tu wybrać tylko {count} pliku.',
  },
  folder: '{name} to folder. Wybierz znajdujące się w nim pliki.',
  emptyFolder: '{name} nie zawiera plików.',
  moreNotTaken: {
    one: 'Nie dodano jeszcze {count} pliku.',
    few: 'Nie dodano jeszcze {count} plików.',
    many: 'Nie dodano jeszcze {count} plików.',
    other: 'Nie dodano jeszcze {count} pliku.',
  },
} as const;

/** Polish. */
export const pl: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
