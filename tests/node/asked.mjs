// Opening, with a look at what KMS was asked.
import { Opener } from 'kmseal';

/** Opens; gives what open() gave, or `error`, and in `asked` the keys that KMS was asked about, in order. */
export async function openAsked(envelope, { decrypt, keyIds, encryptionAlgorithm, ...options }) {
  const asked = [];
  const counting = (input, given) => {
    asked.push(input.KeyId);
    return decrypt(input, given);
  };
  try {
    return { ...(await new Opener({ keyIds, decrypt: counting, encryptionAlgorithm }).open(envelope, options)), asked };
  } catch (error) {
    return { error, asked };
  }
}
