import { isBlob } from '../io/bytes.js';
import type { Entry } from './files.js';

/** A chosen file as its form gets it: its envelope, and that of its description. */
export interface Submitted {
  readonly file: File;
  readonly meta: File | undefined;
}

/** What the element gives to its form and to scripts: all files, or none. */
export class Value {
  #submitted: readonly Submitted[] = [];
  /** Made when somebody asks for it. */
  #files: readonly File[] | undefined;

  set(submitted: readonly Submitted[]): void {
    this.#submitted = submitted;
    this.#files = undefined;
  }

  get submitted(): readonly Submitted[] {
    return this.#submitted;
  }

  /** The sealed files, in the same array until they change. */
  get files(): readonly File[] {
    this.#files ??= Object.freeze(this.#submitted.map(({ file }) => file));
    return this.#files;
  }

  /** The sealed files and their descriptions. */
  get all(): readonly File[] {
    return this.#submitted.flatMap(({ file, meta }) => (meta ? [file, meta] : [file]));
  }

  /** What a native input has as its value. */
  get path(): string {
    const [first] = this.#submitted;
    return first ? `C:\\fakepath\\${first.file.name}` : '';
  }
}

/** @throws DOMException InvalidStateError unless a value is empty, as by a native input */
export function requireEmpty(value: string | null): void {
  if (value === null || String(value) === '') return;
  throw new DOMException(
    'value can only be set to an empty string, which clears the choice; set files to choose some',
    'InvalidStateError',
  );
}

/** Those of the entries that are sealed. */
export function submittedOf(entries: readonly Entry[]): Submitted[] {
  return entries.flatMap((entry, index) => submittedAs(entry, index) ?? []);
}

/** What an entry submits at its place in the list, if it is sealed. */
export function submittedAs({ file, sealed }: Entry, index: number): Submitted | undefined {
  if (!sealed) return undefined;
  const name = `file-${index + 1}`;
  const meta = sealed.meta && neutral(sealed.meta, `${name}.meta.kmseal`, file);
  return { file: neutral(sealed.file, `${name}.kmseal`, file), meta };
}

/** The files that envelopes are submitted as, which stay the same as long as their place in the list does. */
const submitted = new WeakMap<Blob, File>();
/** And the chosen file of each. */
const chosen = new WeakMap<File, File>();

function neutral(envelope: Blob, name: string, file: File): File {
  const known = submitted.get(envelope);
  if (known?.name === name) return known;
  const made = new File([envelope], name, { type: 'application/octet-stream' });
  for (const conversion of ['toString', 'toJSON'] as const)
    Object.defineProperty(made, conversion, { value: () => warnOfLoss(conversion), configurable: true });
  submitted.set(envelope, made);
  chosen.set(made, file);
  return made;
}

/** What a form gives is made into text by `new URLSearchParams(formData)`, or by JSON, and what is sent then has no byte of the file. */
function warnOfLoss(conversion: 'toString' | 'toJSON'): unknown {
  console.warn(
    'kmseal: a sealed file was made into text, which has none of its bytes; send the FormData itself, so as multipart/form-data',
  );
  return conversion === 'toString' ? '[object File]' : {};
}

/** Recognized by what it does: another window, or a test DOM, has its own class. */
export function isFile(value: unknown): value is File {
  return isBlob(value) && typeof (value as Partial<File>).name === 'string';
}

/**
 * The files of a FileList or an array from a script. The envelope of a chosen file stands for that file, or it would be
 * sealed twice.
 *
 * @throws TypeError
 */
export function filesFrom(given: Iterable<unknown> | ArrayLike<unknown>): File[] {
  const fail = (): never => {
    throw new TypeError('files must be a FileList or an array of Files');
  };
  // Anything else would count as an empty list.
  if (typeof given !== 'object' || !(Symbol.iterator in given || 'length' in given)) return fail();
  return Array.from(given, (file) => {
    if (!isFile(file)) return fail();
    return chosen.get(file) ?? file;
  });
}
