import type { Entry } from './element-files.js';

/** A chosen file as its form has it: its envelope, and that of what describes it. */
export interface Submitted {
  readonly file: File;
  readonly meta: File | undefined;
}

/** Those of the entries that are sealed. */
export function submittedOf(entries: readonly Entry[]): Submitted[] {
  return entries.flatMap(({ file, sealed }, index) => {
    if (!sealed) return [];
    const name = `file-${index + 1}`;
    const meta = sealed.meta && neutral(sealed.meta, `${name}.meta.kmseal`, file);
    return [{ file: neutral(sealed.file, `${name}.kmseal`, file), meta }];
  });
}

/** The files that envelopes are submitted as, which stay the same as long as their place in the list does. */
const submitted = new WeakMap<Blob, File>();
/** And what is sealed in each. */
const chosen = new WeakMap<File, File>();

function neutral(envelope: Blob, name: string, file: File): File {
  const known = submitted.get(envelope);
  if (known?.name === name) return known;
  const made = new File([envelope], name, { type: 'application/octet-stream' });
  submitted.set(envelope, made);
  chosen.set(made, file);
  return made;
}

/** What a sealed entry is submitted as. */
export function fileOf({ sealed }: Entry): File | undefined {
  return sealed && submitted.get(sealed.file);
}

/**
 * The files of a FileList or an array that a script gives. A file that is the envelope of a chosen one stands for that, or it would be
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
    // Not by instanceof, which knows nothing of another window's files.
    if (Object.prototype.toString.call(file) !== '[object File]') fail();
    return chosen.get(file as File) ?? (file as File);
  });
}
