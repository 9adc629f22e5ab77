/** A text for a number, by the plural categories of its language (CLDR's, as Intl.PluralRules has them); those without one say `other`. */
export type PluralText =
  | string
  | ({ readonly other: string } & { readonly [category in Intl.LDMLPluralRule]?: string });

/**
 * Every text that `<kmseal-file>` shows or has read aloud. Names in braces stand for values: `{name}` for the file's name, `{count}` for
 * a number of files, by which a {@link PluralText} is chosen, and `{percent}` for a whole number.
 */
export interface KmsealFileTexts {
  /** The language, as a BCP 47 tag: it sets plurals, digits and units. */
  locale: string;
  /** In the browser's own message, if a required file is missing. */
  missing: string;
  /** In the browser's own message, while files are being encrypted. */
  busy: string;
  /** Below the native input, where there is a mouse: that a file can be dropped. */
  dropOne: string;
  /** Likewise, with `multiple`. */
  dropMany: string;
  /** Next to a file that the page has not accepted yet, and next to a folder that is being read. */
  checking: string;
  /** Next to a file that waits for its turn. */
  waiting: string;
  /** Next to a file that is being encrypted. */
  sealing: string;
  /** Next to a file that is encrypted. */
  sealed: string;
  /** Next to a file that could not be encrypted. */
  failed: string;
  /** The button for a file that is being encrypted; assistive technology adds the file's name, to the next two as well. */
  cancel: string;
  /** The button for any other file. */
  remove: string;
  /** The button for a file that failed. */
  retry: string;
  /** The button for all files that failed. */
  retryAll: string;
  /** Announced at the start, for one file. */
  startedOne: string;
  /** Announced at the start, for several files. */
  startedMany: PluralText;
  /** Announced on the way. */
  progress: string;
  /** Announced at the end, for one file. */
  readyOne: string;
  /** Announced at the end, for several files. */
  readyMany: PluralText;
  /** Announced when a file was removed. */
  removed: string;
  /** An alert, and the browser's own message, after a failure of one file. */
  failedOne: string;
  /** Likewise, for several files. */
  failedMany: PluralText;
  /** Likewise, if the file could not be read, or changed during that. */
  unreadable: string;
  /** Likewise, if the page could not decide whether to accept the file. */
  unchecked: string;
  /** Likewise, if this browser has no room for the encrypted file. */
  noRoom: string;
  /** Likewise, if there is no connection. */
  noConnection: string;
  /** Likewise, if the server returned no key. */
  keyUnreachable: string;
  /** Likewise, if the server returned a key other than the page expects. */
  keyRefused: string;
  /** Likewise, if the page is older than the server's version. */
  reload: string;
  /** Likewise, if this browser cannot encrypt. */
  unsupported: string;
  /** Likewise, if the page has not set what files are bound to, or the value was refused. */
  notReady: string;
  /** An alert when a file is refused because of its type. */
  notAccepted: string;
  /** Likewise, by the page. */
  notTaken: string;
  /** Likewise, by the page with its `{reason}`. */
  rejected: string;
  /** Likewise, because of its size. */
  tooLarge: string;
  /** Likewise, if several files were dropped where only one can be chosen. */
  onlyOne: string;
  /** If there are `{count}` files already. */
  tooMany: PluralText;
  /** If it is a folder, and folders are not accepted. */
  folder: string;
  /** If it is a folder that has no files. */
  emptyFolder: string;
  /** After such sentences, for `{count}` more files. */
  moreNotTaken: PluralText;
}

/** The English ones. */
export const TEXTS = {
  locale: 'en',
  missing: 'Choose a file.',
  busy: 'The encryption is not finished. Wait a moment, then try again.',
  dropOne: 'Or drop a file here',
  dropMany: 'Or drop files here',
  checking: 'Checking…',
  waiting: 'Waiting',
  sealing: 'Encrypting…',
  sealed: 'Encrypted',
  failed: 'Not encrypted',
  cancel: 'Cancel',
  remove: 'Remove',
  retry: 'Try again',
  retryAll: 'Try all again',
  startedOne: 'Encrypting {name}',
  startedMany: { one: 'Encrypting {count} file', other: 'Encrypting {count} files' },
  progress: '{percent} % encrypted',
  readyOne: '{name} encrypted and ready',
  readyMany: { one: '{count} file encrypted and ready', other: '{count} files encrypted and ready' },
  removed: '{name} removed',
  failedOne: '{name} could not be encrypted, so nothing is sent. Try again, or remove it.',
  failedMany: {
    one: '{count} file could not be encrypted, so nothing is sent. Try again, or remove it.',
    other: '{count} files could not be encrypted, so nothing is sent. Try again, or remove them.',
  },
  unreadable: '{name} could not be read, so nothing is sent. Choose it again, or remove it.',
  unchecked: '{name} could not be checked, so nothing is sent. Try again, or remove it.',
  noRoom:
    '{name} is too large for this browser to keep encrypted, so nothing is sent. Use a window that is not private, free some space, or remove it.',
  noConnection: 'There is no connection, so nothing is encrypted or sent. Check your connection, then try again.',
  keyUnreachable:
    'The key for the encryption could not be loaded, so nothing is sent. Try again in a moment; if that does not help, tell those who run this page.',
  keyRefused: 'The key for the encryption is not the expected one, so nothing is sent. Tell those who run this page.',
  reload:
    'This page must be reloaded before it can encrypt files, so nothing is sent. Reload it, then choose your files again.',
  unsupported: 'This browser cannot encrypt files, so nothing is sent. Update it, or use another one.',
  notReady:
    'This page is not ready to encrypt files, so nothing is sent. Reload the page; if that does not help, tell those who run it.',
  notAccepted: '{name} is not of a type that can be chosen here.',
  notTaken: '{name} cannot be chosen here.',
  rejected: '{name}: {reason}',
  tooLarge: '{name} is too large. The largest file that can be chosen here has {size}.',
  onlyOne: 'Only one file can be chosen here.',
  tooMany: {
    one: '{name} was not taken, since only {count} file can be chosen here.',
    other: '{name} was not taken, since only {count} files can be chosen here.',
  },
  folder: '{name} is a folder. Choose the files in it.',
  emptyFolder: '{name} has no files.',
  moreNotTaken: { one: '{count} more file was not taken.', other: '{count} more files were not taken.' },
} as const satisfies KmsealFileTexts;

type Key = Exclude<keyof KmsealFileTexts, 'locale'>;
type Strings<T> = T extends string ? T : T[keyof T];

/** The names of the values in a text. */
export type Places<T> =
  Strings<T> extends infer S
    ? S extends `${string}{${infer Name}}${infer Rest}`
      ? Name | Places<Rest>
      : never
    : never;

/** The values of a text, as the English one has them; a name is the person's, and the rest are numbers or ready. */
type Values<K extends Key> = {
  readonly [name in Places<(typeof TEXTS)[K]>]: name extends 'count' | 'percent' ? number : string;
};

/** A text that has values needs them. */
type Given<K extends Key> = [Places<(typeof TEXTS)[K]>] extends [never] ? [] : [Values<K>];

/** A text with its values filled in. It is never empty, even if the page's text consists of a name and the file has none. */
export function say<K extends Key>(texts: Readonly<KmsealFileTexts>, key: K, ...[values]: Given<K>): string {
  return fill(texts[key], texts.locale, values).trim() || fill(TEXTS[key], TEXTS.locale, values);
}

/** A number of bytes in the units and digits of a language, as in `1.5 MB`. */
export function sizeText(bytes: number, { locale }: { locale: string }): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  // Not 1000 kB: a value that rounds up to the next unit is shown in that.
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes + bytes / 2000, 1)) / 3), units.length - 1);
  const maximumFractionDigits = bytes / 1000 ** power < 10 && power > 0 ? 1 : 0;
  const unitDisplay = power > 0 ? 'short' : 'long';
  return formatOf(locale, { style: 'unit', unit: units[power]!, unitDisplay, maximumFractionDigits }).format(
    bytes / 1000 ** power,
  );
}

const formats = new Map<string, Intl.NumberFormat>();

/** Creating a formatter takes a hundred times as long as using it, and every row of thousands shows a size. */
function formatOf(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify([locale, options]);
  const format = formats.get(key) ?? new Intl.NumberFormat(locale, options);
  formats.set(key, format);
  return format;
}

/** Characters that reorder others (UAX #9): embeddings, overrides, isolates and their ends. A name with them would be misread. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** A file's name as shown: nothing in it turns `fdp.exe` into `exe.pdf`. */
export function shownName(name: string): string {
  return name.replace(TURNING, '');
}

function fill(text: PluralText, locale: string, values: Readonly<Record<string, string | number>> = {}): string {
  return pluralOf(text, locale, values.count).replace(/\{(\w+)\}/g, (place, key: string) => {
    const value = values[key];
    if (value === undefined) return place;
    if (typeof value === 'number') return new Intl.NumberFormat(locale).format(value);
    const shown = shownName(value);
    // Isolated, since a name may be written in the direction opposite to the sentence's.
    return shown.trim() && `\u2068${shown}\u2069`;
  });
}

function pluralOf(text: PluralText, locale: string, count: string | number | undefined): string {
  if (typeof text === 'string') return text;
  return text[new Intl.PluralRules(locale).select(Number(count))] ?? text.other;
}

/** The page's texts, and English ones for all values that are not text. */
export function textsFrom(given: Partial<KmsealFileTexts> | null | undefined): Readonly<KmsealFileTexts> {
  const entries = Object.entries<PluralText>(TEXTS).map(([key, english]) => {
    const text: unknown = given?.[key as keyof KmsealFileTexts];
    const fits = isText(text) || (typeof english === 'object' && isPlural(text));
    return [key, fits && (key !== 'locale' || isLocale(text)) ? text : english];
  });
  return Object.freeze(Object.fromEntries(entries) as KmsealFileTexts);
}

const isText = (text: unknown): text is string => typeof text === 'string' && text.trim() !== '';

const isPlural = (text: unknown): boolean =>
  typeof text === 'object' &&
  text !== null &&
  isText((text as { other?: unknown }).other) &&
  Object.values(text).every(isText);

function isLocale(tag: unknown): boolean {
  try {
    return Intl.getCanonicalLocales(tag as string).length === 1;
  } catch {
    return false;
  }
}
