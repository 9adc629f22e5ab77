// What the pages of the tests share; served to them, not run in Node.
import * as kmseal from '/dist/index.js';
import * as bytes from './bytes.mjs';

/** The file of this name in the page's file input. */
export function chosenFile(name) {
  return Array.from(document.querySelector('input[type=file]').files).find((file) => file.name === name);
}

/** Calls KMS through the test's server (kms.mjs). */
async function call(path, body, signal) {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body), signal });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { name: answer.name });
  return answer;
}

export async function decrypt({ CiphertextBlob, ...input }, { signal }) {
  const answer = await call('/decrypt', { ...input, CiphertextBlob: CiphertextBlob.toBase64() }, signal);
  return { ...answer, Plaintext: Uint8Array.fromBase64(answer.Plaintext) };
}

export async function deriveSharedSecret({ PublicKey, ...input }, { signal }) {
  const answer = await call('/derive', { ...input, PublicKey: PublicKey.toBase64() }, signal);
  return { ...answer, SharedSecret: Uint8Array.fromBase64(answer.SharedSecret) };
}

export async function decapsulate({ SharedSecretCiphertextBlob: sealed, ...input }, { signal }) {
  const answer = await call('/decapsulate', { ...input, SharedSecretCiphertextBlob: sealed.toBase64() }, signal);
  return { ...answer, SharedSecret: Uint8Array.fromBase64(answer.SharedSecret) };
}

/** For tests that seal and open in many ways: everything from one object, which they keep as a global. */
export async function makeKit(...answers) {
  const keys = await Promise.all(answers.map((answer) => kmseal.KmsPublicKey.import(answer, { experimental: true })));
  const keyIds = keys.map(({ keyId }) => keyId);
  const opener = (options) => new kmseal.Opener({ keyIds, decrypt, ...options });
  return {
    ...kmseal,
    ...bytes,
    chosenFile,
    decrypt,
    deriveSharedSecret,
    decapsulate,
    keys,
    sealer: (options) => new kmseal.Sealer({ keys: [keys[0]], ...options }),
    opener,
    open: (envelope, { engine, ...options } = {}) => opener({ engine }).open(envelope, options),

    /** The header's bytes of an envelope that may be a stream. */
    async header(sealed) {
      const envelope = await bytes.collect(sealed);
      return envelope.slice(0, (await kmseal.inspect(envelope)).headerLength);
    },

    async sha256(data) {
      return new Uint8Array(await crypto.subtle.digest('SHA-256', await bytes.collect(data))).toHex();
    },
  };
}
