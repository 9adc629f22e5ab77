import { Opener, openToStream } from './opener.js';
import { ignoreFailure } from './promises.js';
import { Sealer, sealLike } from './sealer.js';
import type { ByteStream, Bytes, Output, RangeSource, ResealOptions } from './types.js';

/**
 * Moves an envelope to the sealer's keys: opens it and seals what is in it anew, under a fresh data key and message id, in one
 * stream in constant memory. A Blob gives a Blob, bytes give bytes, a stream or `{ size, read }` gives a stream. The context is carried over: pairs that
 * were stored are stored, required ones, which `encryptionContext` must hold, are required again; the sealer's own come on top.
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
export function reseal(envelope: Blob | Bytes | ByteStream | RangeSource, options: ResealOptions): Promise<Output>;
export async function reseal(envelope: Blob | Bytes | ByteStream | RangeSource, options: ResealOptions): Promise<unknown> {
  const { opener, sealer, encryptionContext: expected, size: sealedSize, signal, idleTimeout, onProgress } = options;
  if (!(opener instanceof Opener && sealer instanceof Sealer)) throw new TypeError('opener must be an Opener, and sealer a Sealer');
  const opened = await openToStream(opener, envelope, sealedSize, { encryptionContext: expected, signal, idleTimeout });
  const { plaintext, encryptionContext: whole, required, total: size } = opened;
  const stored = Object.entries(whole).filter(([key]) => !(key in required));
  const contexts = { encryptionContext: Object.fromEntries(stored), requiredEncryptionContext: required };
  try {
    return await sealLike(sealer, plaintext, { ...contexts, size, signal, onProgress }, envelope);
  } catch (error) {
    // Of a stream that the sealer did not get to there is no other end.
    ignoreFailure(plaintext.cancel(error));
    throw error;
  }
}
