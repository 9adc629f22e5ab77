import { createHash } from 'node:crypto';
import { DecapsulateCommand, DecryptCommand, DeriveSharedSecretCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, KmsealError, Opener } from 'kmseal';
import { notUploaded, refusal } from './guard.mjs';

/** Bytes of an envelope's beginning, in which its header is: that of RSA keys takes about 1 KB for each. */
export const HEAD = 65_536;

/**
 * An opener with the right to use the keys.
 *
 * @param {{ kms: import('@aws-sdk/client-kms').KMSClient, publicKeys: import('./keys.mjs').PublicKey[] }} options
 */
export const createOpener = async ({ kms, publicKeys }) =>
  new Opener({
    keys: await Promise.all(publicKeys.map((key) => KmsPublicKey.import(key, { experimental: true }))),
    decrypt: (input, options) => kms.send(new DecryptCommand(input), options),
    deriveSharedSecret: (input, options) => kms.send(new DeriveSharedSecretCommand(input), options),
    decapsulate: (input, options) => kms.send(new DecapsulateCommand(input), options),
    idleTimeout: 30_000,
  });

/**
 * Opens uploads through KMS and reports what was inside without showing it; or unlocks one, so that the page opens it itself.
 *
 * This must not become a decryption oracle, a server that turns any envelope into plaintext. It takes no bytes from the page. It reads
 * only objects that it signed or received in this run, and opens them only with the context issued for that upload. Here everyone may
 * see everything: a server with users checks, once a header is unlocked, whether this user may see a file of this context.
 *
 * @param {{ opener: Opener, uploads: import('./uploads.mjs').Uploads }} options
 */
export function createOpening({ opener, uploads }) {
  const expected = (id, signal) => ({ encryptionContext: uploads.get(id).context, signal });

  return {
    /**
     * Only the SHA-256 of the plaintext leaves the server.
     *
     * @param {string} id
     * @param {{ signal: AbortSignal, changedByte?: number }} options changedByte: is changed on the way from S3, as somebody who can write
     *   to the bucket would
     */
    open: (id, { signal, changedByte }) =>
      refused(async () => {
        const stored = await uploads.read(id, signal);
        const envelope = changedByte === undefined ? stored : changed(stored, changedByte);
        const { plaintext } = await opener.open(envelope, expected(id, signal));
        const hash = createHash('sha256');
        for await (const chunk of plaintext) hash.update(chunk);
        return { sha256: hash.digest('hex') };
      }),

    /**
     * What opens this one envelope in the page; the plaintext never comes here.
     *
     * @param {string} id
     * @param {AbortSignal} signal
     */
    unlock: (id, signal) =>
      refused(async () => {
        const head = await uploads.readRange(id, { start: 0, end: HEAD, signal });
        return opener.unlock(head, expected(id, signal));
      }),
  };
}

/** With kmseal's errors as answers. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function refused(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KmsealError) throw refusal(422, error.code, error.message);
    throw error?.name === 'NoSuchKey' ? notUploaded() : error;
  }
}

/** The same bytes except for one bit. @param {AsyncIterable<Uint8Array>} stored @param {number} at which byte */
async function* changed(stored, at) {
  let from = 0;
  for await (const chunk of stored) {
    const here = at - from;
    from += chunk.byteLength;
    if (here < 0 || here >= chunk.byteLength) {
      yield chunk;
      continue;
    }
    const copy = Uint8Array.from(chunk);
    copy[here] ^= 1;
    yield copy;
  }
}
