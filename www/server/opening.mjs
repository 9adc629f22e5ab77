import { createHash } from 'node:crypto';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { KmsealError, Opener } from 'kmseal';
import { refusal } from './guard.mjs';

/**
 * Opens uploads through KMS Decrypt and tells what was inside without showing it.
 *
 * This must not become a decryption oracle, a server that turns anybody's envelope into plaintext. So it opens only objects that
 * it signed or received in this run, only with the context handed out for that upload, and of what is inside only the SHA-256
 * leaves it.
 *
 * @param {{ kms: import('@aws-sdk/client-kms').KMSClient, keyArn: string, uploads: import('./uploads.mjs').Uploads }} options
 */
export function createOpening({ kms, keyArn, uploads }) {
  const opener = new Opener({
    keyIds: [keyArn],
    decrypt: (input, { signal }) => kms.send(new DecryptCommand(input), { abortSignal: signal }),
    idleTimeout: 30_000,
  });

  /** @param {string} id @param {AbortSignal} signal */
  return async function openUpload(id, signal) {
    try {
      const envelope = await uploads.read(id, signal);
      const expected = uploads.get(id).context;
      const { plaintext } = await opener.open(envelope, { encryptionContext: expected, signal });
      const hash = createHash('sha256');
      for await (const chunk of plaintext) hash.update(chunk);
      return { sha256: hash.digest('hex') };
    } catch (error) {
      if (error instanceof KmsealError) throw refusal(422, error.code, error.message);
      if (error?.name === 'NoSuchKey') {
        throw refusal(409, 'NOT_UPLOADED', 'There is no envelope under this upload yet. Upload it first.');
      }
      throw error;
    }
  };
}
