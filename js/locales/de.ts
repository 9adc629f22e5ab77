import type { KmsealFileTexts } from '../element/texts.js';
import type { Translation } from './translation.js';

const texts = {
  locale: 'de',
  missing: 'Wählen Sie eine Datei aus.',
  busy: 'Die Verschlüsselung ist noch nicht fertig. Warten Sie einen Moment und versuchen Sie es dann erneut.',
  dropOne: 'Oder eine Datei hierher ziehen',
  dropMany: 'Oder Dateien hierher ziehen',
  checking: 'Wird geprüft …',
  waiting: 'Wartet',
  sealing: 'Wird verschlüsselt …',
  sealed: 'Verschlüsselt',
  failed: 'Nicht verschlüsselt',
  cancel: 'Abbrechen',
  remove: 'Entfernen',
  retry: 'Erneut versuchen',
  retryAll: 'Alle erneut versuchen',
  startedOne: '{name} wird verschlüsselt',
  startedMany: {
    one: '{count} Datei wird verschlüsselt',
    other: '{count} Dateien werden verschlüsselt',
  },
  progress: '{percent} % verschlüsselt',
  readyOne: '{name} ist verschlüsselt und bereit',
  readyMany: {
    one: '{count} Datei ist verschlüsselt und bereit',
    other: '{count} Dateien sind verschlüsselt und bereit',
  },
  removed: '{name} wurde entfernt',
  failedOne:
    '{name} konnte nicht verschlüsselt werden, daher wird nichts gesendet. Versuchen Sie es erneut, oder entfernen Sie die Datei.',
  failedMany: {
    one: '{count} Datei konnte nicht verschlüsselt werden, daher wird nichts gesendet. Versuchen Sie es erneut, oder entfernen Sie die Datei.',
    other:
      '{count} Dateien konnten nicht verschlüsselt werden, daher wird nichts gesendet. Versuchen Sie es erneut, oder entfernen Sie die Dateien.',
  },
  unreadable:
    '{name} konnte nicht gelesen werden, daher wird nichts gesendet. Wählen Sie die Datei erneut aus, oder entfernen Sie sie.',
  unchecked:
    '{name} konnte nicht geprüft werden, daher wird nichts gesendet. Versuchen Sie es erneut, oder entfernen Sie die Datei.',
  noRoom:
    '{name} ist zu groß, um verschlüsselt in diesem Browser Platz zu finden, daher wird nichts gesendet. Verwenden Sie ein Fenster, das nicht privat ist, schaffen Sie Speicherplatz, oder entfernen Sie die Datei.',
  noConnection:
    'Es besteht keine Verbindung, daher wird nichts verschlüsselt oder gesendet. Prüfen Sie Ihre Verbindung, und versuchen Sie es dann erneut.',
  keyUnreachable:
    'Der Schlüssel für die Verschlüsselung konnte nicht geladen werden, daher wird nichts gesendet. Versuchen Sie es gleich noch einmal. Wenn das nicht hilft, wenden Sie sich an den Betreiber dieser Seite.',
  keyRefused:
    'Der Schlüssel für die Verschlüsselung ist nicht der erwartete, daher wird nichts gesendet. Wenden Sie sich an den Betreiber dieser Seite.',
  reload:
    'Diese Seite muss neu geladen werden, bevor sie Dateien verschlüsseln kann, daher wird nichts gesendet. Laden Sie sie neu, und wählen Sie Ihre Dateien dann erneut aus.',
  unsupported:
    'Dieser Browser kann keine Dateien verschlüsseln, daher wird nichts gesendet. Aktualisieren Sie ihn, oder verwenden Sie einen anderen.',
  notReady:
    'Diese Seite ist nicht bereit, Dateien zu verschlüsseln, daher wird nichts gesendet. Laden Sie die Seite neu. Wenn das nicht hilft, wenden Sie sich an ihren Betreiber.',
  notAccepted: '{name} hat einen Dateityp, der hier nicht ausgewählt werden kann.',
  notTaken: '{name} kann hier nicht ausgewählt werden.',
  rejected: '{name}: {reason}',
  tooLarge: '{name} ist zu groß. Hier können nur Dateien bis {size} ausgewählt werden.',
  onlyOne: 'Hier kann nur eine Datei ausgewählt werden.',
  tooMany: {
    one: '{name} wurde nicht übernommen, da hier nur {count} Datei ausgewählt werden kann.',
    other: '{name} wurde nicht übernommen, da hier nur {count} Dateien ausgewählt werden können.',
  },
  folder: '{name} ist ein Ordner. Wählen Sie die Dateien darin aus.',
  emptyFolder: '{name} enthält keine Dateien.',
  moreNotTaken: {
    one: '{count} weitere Datei wurde nicht übernommen.',
    other: '{count} weitere Dateien wurden nicht übernommen.',
  },
} as const;

/** German. */
export const de: Readonly<KmsealFileTexts> = texts satisfies Translation<typeof texts>;
