// The kinds of keys, for kmseal and for AWS's Encryption SDKs.
import { generateKeyPair, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { KmsPublicKey, Opener, RsaPublicKey } from 'kmseal';
import { KEYRINGS } from './peers/keyrings.mjs';

const each = (first, second) => first.flatMap((one) => second.map((other) => [one, other]));
let made = 0;

/** A raw RSA key pair under a name that no other has. @returns both halves in DER, and what an envelope calls it */
export async function rawRsaKey(modulusLength) {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength,
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  });
  return { publicKey, privateKey, keyNamespace: 'kmseal', keyName: `upload-${++made}` };
}

/** The names of an OAEP hash: WebCrypto's and ours, and AWS's of the padding. */
export const paddingOf = (hash) => `OAEP_${hash.replace('-', '')}_MGF1`;

/**
 * By kind of key: its variants, and what makes the key of one: kmseal's keys and opener, and the keyrings that seal and open. The first
 * variant stands for all where they make no difference. `unboundContext` is kmseal's code for another required context.
 */
export const KINDS = {
  'KMS RSA': {
    unboundContext: 'ERR_CONTEXT',
    variants: each(['RSA_2048', 'RSA_3072', 'RSA_4096'], ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1']),
    async make(kms, [spec, encryptionAlgorithm]) {
      const key = await kms.createKey({ spec });
      return {
        keys: [await KmsPublicKey.import(key, { encryptionAlgorithm })],
        opener: new Opener({ keyIds: [key.KeyId], decrypt: kms.decrypt, encryptionAlgorithm }),
        sealing: KEYRINGS.kmsRsa(key, encryptionAlgorithm),
        opening: KEYRINGS.kmsRsa({ KeyId: key.KeyId }, encryptionAlgorithm),
      };
    },
  },

  // With the public key alone, as kmseal seals, or with a key of KMS as the sender.
  ECC: {
    unboundContext: 'ERR_CONTEXT',
    variants: each(['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521'], ['raw-ecdh', 'aws-kms-ecdh']),
    async make(kms, [spec, providerId]) {
      const key = await kms.createKey({ spec });
      const publicKey = await KmsPublicKey.import(key);
      const rawly = () => KEYRINGS.rawEcdh({ curve: spec, publicKey: key.PublicKey });
      const byKms = async () => KEYRINGS.kmsEcdh(await kms.createKey({ spec }), key.PublicKey);
      return {
        keys: [publicKey],
        opener: new Opener({ keys: [publicKey], deriveSharedSecret: kms.deriveSharedSecret }),
        sealing: await (providerId === 'raw-ecdh' ? rawly() : byKms()),
        opening: KEYRINGS.kmsEcdh(key),
      };
    },
  },

  // The encrypted data key is not bound to the context: only the header tag shows another one.
  'raw RSA': {
    unboundContext: 'ERR_AUTHENTICATION',
    variants: [
      ['SHA-256', 2048],
      ['SHA-1', 3072],
      ['SHA-384', 4096],
      ['SHA-512', 2048],
    ],
    async make(_kms, [hash, size]) {
      const { publicKey, privateKey, ...name } = await rawRsaKey(size);
      const algorithm = { name: 'RSA-OAEP', hash };
      const cryptoKey = await webcrypto.subtle.importKey('pkcs8', privateKey, algorithm, false, ['decrypt']);
      const named = { ...name, padding: paddingOf(hash) };
      return {
        keys: [await RsaPublicKey.import(publicKey, { ...name, hash })],
        opener: new Opener({ rawKeys: [{ ...name, privateKey: cryptoKey }] }),
        sealing: KEYRINGS.rawRsa({ ...named, publicKey }),
        opening: KEYRINGS.rawRsa({ ...named, privateKey }),
      };
    },
  },
};
