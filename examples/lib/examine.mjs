// What can be seen of an object without any key: whether it is an envelope, for whom, for what, and whether all of it is there. None
// of that is authenticated, so it catches mistakes and leftovers; opening catches forgery.
import { isDeepStrictEqual } from 'node:util';
import { inspect } from 'kmseal';
import { Refused } from './failures.mjs';

/** What an Opener takes by default; an envelope beyond it would be accepted, and never opened. */
const MAX_DATA_KEYS = 8;
const MAX_FRAME_LENGTH = 16_777_216; // 16 MiB
/** Bytes of JSON. */
const MAX_DESCRIPTION = 65_536;

/** Codes of errors that say that the object itself is wrong, now and at every further look. */
const REFUSALS = new Set([
  'REFUSED',
  'ERR_CONTEXT',
  'ERR_ENVELOPE_INVALID',
  'ERR_ENVELOPE_UNSUPPORTED',
  'ERR_NO_MATCHING_KEY',
  'ERR_TRUNCATED',
]);
export const isRefusal = (error) => REFUSALS.has(error?.code);

/**
 * @typedef {{ size: number, read: (start: number, end: number, options: { signal: AbortSignal }) => Promise<Uint8Array<ArrayBuffer>> }} Ranges
 */

/**
 * @param {Ranges} envelope
 * @param {{ isOwn: ReturnType<typeof import('./recipients.mjs').ownKeys>, encryptionContext: Record<string, string>, isDescription: boolean }} expected
 *   encryptionContext: exactly the pairs that the header stores. Pairs that a page only requires are not in it, and cannot be expected here
 * @returns what `inspect` says; an error for which isRefusal() holds where it is refused
 */
export async function examine(envelope, { isOwn, encryptionContext, isDescription }) {
  const header = await inspect(envelope);
  const { encryptedDataKeys, frameLength, plaintextSize } = header;
  if (!encryptedDataKeys.some(isOwn)) throw new Refused('the envelope is for other keys', 'ERR_NO_MATCHING_KEY');
  if (encryptedDataKeys.length > MAX_DATA_KEYS || frameLength > MAX_FRAME_LENGTH) {
    const what = `${encryptedDataKeys.length} encrypted data keys and frames of ${frameLength} bytes`;
    throw new Refused(`the envelope has ${what}, which is more than openers take`, 'ERR_ENVELOPE_UNSUPPORTED');
  }
  if (!isDeepStrictEqual({ ...header.encryptionContext }, encryptionContext))
    throw new Refused("the envelope's context is not the one that the object's key says", 'ERR_CONTEXT');
  if (isDescription && plaintextSize > MAX_DESCRIPTION)
    throw new Refused(`a description has ${MAX_DESCRIPTION} bytes at most, and this one ${plaintextSize}`);
  return header;
}
