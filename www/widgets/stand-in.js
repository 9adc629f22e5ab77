import { Opener } from '../kmseal/index.js';

/** No AWS account has this number. */
const ACCOUNT = '000000000000';

/**
 * The kinds of KMS key that a tab can stand in for. Each makes a key pair whose private half cannot be exported, tells what
 * GetPublicKey says of it, and answers the calls of KMS that open an envelope.
 *
 * @typedef {object} Kind
 * @property {() => Promise<CryptoKeyPair>} generate
 * @property {Omit<import('kmseal').GetPublicKeyOutput, 'KeyId' | 'PublicKey'>} describes
 * @property {(privateKey: CryptoKey) => Pick<ConstructorParameters<typeof Opener>[0], 'decrypt'>} answers
 */

/** @type {Record<string, Kind>} by KeySpec */
const KINDS = {
  RSA_2048: {
    generate() {
      const publicExponent = Uint8Array.of(1, 0, 1);
      const algorithm = { name: 'RSA-OAEP', modulusLength: 2048, publicExponent, hash: 'SHA-256' };
      return crypto.subtle.generateKey(algorithm, false, ['decrypt']);
    },
    describes: { KeyUsage: 'ENCRYPT_DECRYPT', EncryptionAlgorithms: ['RSAES_OAEP_SHA_256'] },
    answers: (privateKey) => ({
      async decrypt({ KeyId, CiphertextBlob }) {
        const decrypted = new Uint8Array(await crypto.subtle.decrypt('RSA-OAEP', privateKey, CiphertextBlob));
        // The digest of the context, and the data key. WebKitGTK leaves out the zeros with which they may begin.
        const Plaintext = new Uint8Array(48 + 32);
        Plaintext.set(decrypted, Plaintext.length - decrypted.length);
        return { KeyId, Plaintext };
      },
    }),
  },
};

/**
 * Makes a key that stands in for one of KMS. It lives as long as the tab.
 *
 * @param {string} [keySpec] one of KINDS
 * @returns {Promise<{ publicKey: import('kmseal').GetPublicKeyOutput, opener: Opener }>}
 */
export async function makeStandIn(keySpec = 'RSA_2048') {
  const kind = KINDS[keySpec];
  const pair = await kind.generate();
  const KeyId = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${crypto.randomUUID()}`;
  const PublicKey = toBase64(new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)));
  return {
    publicKey: { KeyId, PublicKey, KeySpec: keySpec, ...kind.describes },
    opener: new Opener({ keyIds: [KeyId], ...kind.answers(pair.privateKey) }),
  };
}

/** Whether a key is a stand-in, of this tab or of another one. @param {string} keyId */
export const isStandIn = (keyId) => keyId.split(':')[4] === ACCOUNT;

/** @param {Uint8Array} bytes no more than fit into a call's arguments */
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
