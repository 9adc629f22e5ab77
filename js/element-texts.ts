/**
 * Every text that `<kmseal-file>` shows or has read aloud. `{name}` stands for the file's name, `{count}` for a number of files,
 * `{percent}` for a whole number.
 */
export interface KmsealFileTexts {
  /** Of the browser's own message, where a required file is missing. */
  missing: string;
  /** Of the browser's own message, while files are being encrypted. */
  busy: string;
  /** Beside a file that waits for its turn. */
  waiting: string;
  /** Beside a file that is being encrypted. */
  sealing: string;
  /** Beside a file that is encrypted. */
  sealed: string;
  /** Beside a file that could not be encrypted. */
  failed: string;
  /** Buttons; assistive technology adds the file's name. */
  cancel: string;
  remove: string;
  retry: string;
  /** Announced at the start, for one file and for several. */
  startedOne: string;
  startedMany: string;
  /** Announced on the way. */
  progress: string;
  /** Announced at the end, for one file and for several. */
  readyOne: string;
  readyMany: string;
  /** Announced when a file was taken off the list. */
  removed: string;
  /** Alerts, and the browser's own message, after a failure. */
  failedOne: string;
  failedMany: string;
  unreadable: string;
  /** Alerts, and the browser's own message, where the page has not said what files are to be bound to, or in a way that is refused. */
  notReady: string;
  /** Alerts when a drop is refused. */
  notAccepted: string;
  onlyOne: string;
}

/** The English ones. */
export const TEXTS: Readonly<KmsealFileTexts> = {
  missing: 'Choose a file.',
  busy: 'The encryption is not finished. Wait a moment, then try again.',
  waiting: 'Waiting',
  sealing: 'Encrypting…',
  sealed: 'Encrypted',
  failed: 'Not encrypted',
  cancel: 'Cancel',
  remove: 'Remove',
  retry: 'Try again',
  startedOne: 'Encrypting {name}',
  startedMany: 'Encrypting {count} files',
  progress: '{percent} % encrypted',
  readyOne: '{name} encrypted and ready',
  readyMany: '{count} files encrypted and ready',
  removed: '{name} removed',
  failedOne: '{name} could not be encrypted, so nothing is sent. Try again, or remove it.',
  failedMany: '{count} files could not be encrypted, so nothing is sent. Try again, or remove them.',
  unreadable: '{name} could not be read, so nothing is sent. Choose it again, or remove it.',
  notReady: 'This page is not ready to encrypt files, so nothing is sent. Reload the page; if that does not help, tell those who run it.',
  notAccepted: '{name} is not of a type that can be chosen here.',
  onlyOne: 'Only one file can be chosen here.',
};

/** Those that a page gives, and English ones for all that are not text. */
export function textsFrom(given: Partial<KmsealFileTexts> | null | undefined): Readonly<KmsealFileTexts> {
  const isText = (text: unknown) => typeof text === 'string' && text.trim() !== '';
  const entries = Object.entries(TEXTS).map(([key, english]) => {
    const text = given?.[key as keyof KmsealFileTexts];
    return [key, isText(text) ? text : english];
  });
  return Object.freeze(Object.fromEntries(entries) as KmsealFileTexts);
}

/** Puts values in their places. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, key: string) => String(values[key] ?? place));
}
