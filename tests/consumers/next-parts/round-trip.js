// Seals 3 MB, wherever it runs, and opens them again through KMS.
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { kmsDecrypt } from './kms.js';

export async function roundTrip(where) {
  try {
    const key = await KmsPublicKey.import(JSON.parse(process.env.KMS_PUBLIC_KEY));
    const encryptionContext = { where };
    const sealed = await new Sealer({ keys: [key], encryptionContext }).seal(new Uint8Array(3_000_000).fill(7));
    const opener = new Opener({ keyIds: [key.keyId], decrypt: kmsDecrypt(process.env.KMS_ENDPOINT) });
    const { plaintext } = await opener.open(sealed, { encryptionContext });
    return plaintext.length === 3_000_000 && plaintext.every((byte) => byte === 7)
      ? `opened in the ${where}`
      : 'opened to something else';
  } catch (error) {
    return `failed: ${error} ${error.cause ?? ''}`;
  }
}
