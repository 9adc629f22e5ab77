// Opening a known answer in every form, in Node and in pages.
import { collect, inPieces } from './bytes.mjs';

const FORMS = {
  bytes: (envelope) => envelope,
  Blob: (envelope) => new Blob([envelope]),
  stream: (envelope) => inPieces(envelope, envelope.length),
  'byte by byte': (envelope) => inPieces(envelope, 1),
};

/** @param {typeof import('kmseal')} kmseal */
export async function openVector({ Opener }, { envelope, answer, algorithm, recipients, context }, engine) {
  const results = [];
  for (const [form, make] of Object.entries(FORMS)) {
    for (const { arn, ciphertext } of recipients) {
      const decrypt = async (input) => {
        const asked = [input.KeyId, input.CiphertextBlob.join(), input.EncryptionAlgorithm];
        const known = [arn, ciphertext.join(), algorithm];
        if (asked.some((part, index) => part !== known[index])) throw new Error(`KMS was asked ${asked}`);
        return { KeyId: arn, Plaintext: answer.slice() };
      };
      const opener = new Opener({ keyIds: [arn], decrypt, encryptionAlgorithm: algorithm, engine });
      const { plaintext, encryptionContext } = await opener.open(make(envelope), { encryptionContext: context });
      results.push({ form, arn, plaintext: await collect(plaintext), encryptionContext });
    }
  }
  return results;
}
