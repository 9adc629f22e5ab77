import { toBase64url } from '../io/base64url.js';
import { type ContextOptions, type DescriptionFields, KmsealError, type SealedFile, type Sealer } from '../index.js';
import type { Describe } from './options.js';

/** The name under which metadata of tus and Uppy carry a description; in S3 it is `x-amz-meta-kmseal-description`. */
export const DESCRIPTION = 'kmseal-description';

/** Characters of a description that surely fit into a request's header, where they become a third more: proxies take 8 KB for a line. */
export const MOST_IN_HEADER_CHARACTERS = 4096;

/** A prepared file, and its description in base64url if it has one. */
export interface Described {
  readonly sealed: SealedFile;
  readonly description: string | undefined;
}

interface Wanted extends ContextOptions {
  signal?: AbortSignal | undefined;
  /** What the description gets in addition; without them there is none. */
  fields: DescriptionFields | undefined;
  /** The most characters of a description. */
  most?: number;
}

/** What a file's description gets in addition; undefined if it has none. */
export function fieldsOf<F>(describe: Describe<F>, file: F): DescriptionFields | undefined {
  const given = typeof describe === 'function' ? describe(file) : describe;
  if (given === false) return undefined;
  return given === true ? {} : given;
}

/**
 * Prepares a file, and describes it if there are fields.
 *
 * @throws KmsealError ERR_TOO_LONG, and those of Sealer.prepare and SealedFile.describe
 */
export async function prepareDescribed(
  sealer: Sealer,
  file: Blob,
  { fields, most = Infinity, ...options }: Wanted,
): Promise<Described> {
  const sealed = await sealer.prepare(file, options);
  try {
    const description = fields && textOf(await sealed.describe(fields), most);
    return { sealed, description };
  } catch (error) {
    sealed.close();
    throw error;
  }
}

/** A description in base64url, of at most so many characters. */
export function textOf(description: Uint8Array, most: number): string {
  const text = toBase64url(description);
  if (text.length > most) throw tooLong(text.length, most);
  return text;
}

function tooLong(length: number, most: number): KmsealError {
  const message = `the sealed description has ${length} characters, and metadata takes ${most}; put less into it, or seal for fewer keys`;
  return new KmsealError('ERR_TOO_LONG', message);
}
