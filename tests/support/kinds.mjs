// Every kind of key, as a sealer and an opener have it: tests that hold for all kinds run over this table.
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { KmsPublicKey, RsaPublicKey } from 'kmseal';

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];

/** Key specs of KMS, and the option by which an opener has such a key. */
const KMS = {
  RSA_2048: 'keyIds',
  ECC_NIST_P256: 'keys',
  ECC_NIST_P384: 'keys',
  ECC_NIST_P521: 'keys',
  ML_KEM_768: 'keyIds',
  ML_KEM_1024: 'keys',
};

/**
 * @typedef {object} Kind
 * @property {import('kmseal').KmsPublicKey | import('kmseal').RsaPublicKey} key for a sealer
 * @property {Partial<import('kmseal').OpenerOptions>} opens for an opener
 * @property {string} name of the key, as an opened envelope has it
 */

export const KINDS = [...Object.keys(KMS), ...HASHES.map((hash) => `raw RSA, ${hash}`)];
export const KMS_KINDS = Object.keys(KMS);
export const ECC_KINDS = KINDS.filter((kind) => kind.startsWith('ECC_'));
export const ML_KEM_KINDS = KINDS.filter((kind) => kind.startsWith('ML_KEM_'));

/** @returns {Promise<Kind>} @param {string} kind one of KINDS */
export async function makeKind(kms, kind) {
  const { decrypt, deriveSharedSecret, decapsulate } = kms;
  if (kind in KMS) {
    const key = await KmsPublicKey.import(await kms.createKey({ spec: kind }), { experimental: true });
    const calls = { RSA: { decrypt }, ECC: { deriveSharedSecret }, ML: { decapsulate } }[kind.split('_')[0]];
    const opens = { ...calls, ...(KMS[kind] === 'keyIds' ? { keyIds: [key.keyId] } : { keys: [key] }) };
    return { key, opens, name: key.keyId };
  }
  const { key, privateKey } = await makeRaw({ hash: kind.split(', ')[1] });
  const { keyNamespace, keyName } = key;
  return {
    key,
    opens: { rawKeys: [{ keyNamespace, keyName, privateKey }] },
    name: `${keyNamespace}/${keyName}`,
  };
}

const pairs = [];

/**
 * A raw RSA key: its public half, its private half as a CryptoKey, as node:crypto has it, and as PKCS#8. The same `pair` is the same key; making one takes
 * long.
 */
export async function makeRaw({ hash = 'SHA-256', keyNamespace = 'hsm', keyName = 'offline-2026', pair = 0 } = {}) {
  const { privateKey: own, publicKey } = (pairs[pair] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const pkcs8 = new Uint8Array(own.export({ type: 'pkcs8', format: 'der' }));
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'RSA-OAEP', hash }, false, ['decrypt']);
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const key = await RsaPublicKey.import(pem, { keyNamespace, keyName, hash });
  return { key, privateKey, own, pkcs8, pem };
}
