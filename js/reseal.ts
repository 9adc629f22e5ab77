import { kindOf } from './io/bytes.js';
import type { OpenOptions } from './frames/opener-options.js';
import { Opener } from './opener.js';
import { notOurs } from './io/other-copy.js';
import { ignoreFailure } from './io/promises.js';
import { Sealer } from './sealer.js';
import type { ByteStream, Bytes, RangeSource } from './types.js';

/** The opener of an envelope, and the sealer that seals it again. */
export interface ResealOptions extends OpenOptions {
  /** Opens the envelope. */
  opener: Opener;
  /** Seals its content again. */
  sealer: Sealer;
  /**
   * A stream's length in bytes, if known; another length is ERR_TRUNCATED. Without it frames do not grow with the file, and the sealer's
   * cache is not used.
   */
  size?: number | undefined;
}

/**
 * Moves an envelope to the sealer's keys, and to no others: opens it and seals its content again, under a fresh data key and message id, in one
 * stream in constant memory. A Blob gives a Blob, bytes give bytes, a stream or `{ size, read }` gives a stream. The context is carried over: pairs
 * that were stored are stored, required ones, which `encryptionContext` must hold, are required again; the sealer's own come on top.
 *
 * There is no quicker way: with other encrypted data keys before the same frames, two headers would share a GCM nonce, and
 * anyone who has both could forge the envelope.
 *
 * @throws KmsealError as Opener.open and Sealer.seal do
 */
export function reseal(envelope: Blob, options: ResealOptions): Promise<Blob>;
export function reseal(envelope: Bytes, options: ResealOptions): Promise<Uint8Array<ArrayBuffer>>;
export function reseal(envelope: ByteStream, options: ResealOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
export function reseal(envelope: RangeSource, options: ResealOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
export function reseal(
  envelope: Blob | Bytes | ByteStream | RangeSource,
  options: ResealOptions,
): Promise<Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>>;
export async function reseal(
  envelope: Blob | Bytes | ByteStream | RangeSource,
  options: ResealOptions,
): Promise<unknown> {
  const { opener, sealer, size: sealedSize, onProgress, ...opening } = options;
  if (!(opener instanceof Opener)) throw notOurs(opener, 'Opener', 'opener', 'an Opener');
  if (!(sealer instanceof Sealer)) throw notOurs(sealer, 'Sealer', 'sealer', 'a Sealer');
  const opened = await opener.openToReseal(envelope, sealedSize, opening);
  const { plaintext, encryptionContext, required, size } = opened;
  const stored = Object.entries(encryptionContext).filter(([key]) => !(key in required));
  const contexts = { encryptionContext: Object.fromEntries(stored), requiredEncryptionContext: required };
  try {
    return await sealer.sealStreamAs(kindOf(envelope), plaintext, {
      ...contexts,
      size,
      signal: opening.signal,
      onProgress,
    });
  } catch (error) {
    // The only way to end a stream that the sealer did not get to.
    ignoreFailure(plaintext.cancel(error));
    throw error;
  }
}
