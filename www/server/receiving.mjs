import { createReadStream } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { KmsealError, inspect } from 'kmseal';
import { refusal } from './guard.mjs';
import { fingerprintOf } from './keys.mjs';

/**
 * Refuses a file that is not an envelope for our key and this upload. A page that was taken over, or a form sent without its script,
 * may send anything: what arrives in the clear must not be stored.
 *
 * The header's claims are not authenticated before KMS unwraps the key. So this catches mistakes, and opening catches forgery.
 *
 * @param {string} file its path
 * @param {{ publicKey: import('./keys.mjs').PublicKey, context: Record<string, string> }} expected
 */
export async function refuseUnsealed(file, { publicKey, context }) {
  const header = await inspect(createReadStream(file)).catch((error) => {
    if (!(error instanceof KmsealError)) throw error;
    throw refusal(422, 'NOT_SEALED', `A file that is not an envelope came in, and was not stored (${error.code}).`);
  });
  // The envelope gives an ECC key's fingerprint, and the ARN of others.
  const names = [publicKey.KeyId, fingerprintOf(publicKey)];
  if (!header.encryptedDataKeys.some(({ keyId, fingerprint }) => names.includes(keyId ?? fingerprint))) {
    throw refusal(422, 'OTHER_KEY', 'An envelope for another key came in, and was not kept.');
  }
  if (!isDeepStrictEqual({ ...header.encryptionContext }, context)) {
    throw refusal(422, 'OTHER_CONTEXT', 'An envelope that was made for another upload came in, and was not kept.');
  }
}
