import { KmsPublicKey, RsaPublicKey, inspect } from '../kmseal/index.js';
import { startsAsEnvelope } from './envelope-layout.js';

/** A public key of KMS takes less than 2 KB, in whichever form. */
const MAX_KEY_FILE_BYTES = 32 * 1024;

/** What is meant to be a public key: GetPublicKey's answer in JSON or YAML, or PEM. Source code that only speaks of keys is not. */
const MEANT_AS_KEY =
  /(?<![^])\s*\{\s*"[^]*"PublicKey"\s*:|^PublicKey: |^-----BEGIN (?:(?:RSA )?PUBLIC KEY|CERTIFICATE)-----/m;

/** Stands for the ARN that a key does not say, to see what it says beside. */
const SOME_ARN = 'arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-0000-0000-000000000000';

/**
 * What a file is that was dropped: a public key, one that does not name its KMS key, an envelope, or a file to seal.
 *
 * @typedef {{ kind: 'key', key: KmsPublicKey | RsaPublicKey } | { kind: 'nameless key', curve: string | undefined } | { kind: 'envelope', info: import('kmseal').Inspection }
 *   | { kind: 'file' }} Dropped
 */

/**
 * @param {File} file
 * @returns {Promise<Dropped>}
 * @throws what is wrong with a key or an envelope
 */
export async function recognize(file) {
  if (startsAsEnvelope(new Uint8Array(await file.slice(0, 3).arrayBuffer())))
    return { kind: 'envelope', info: await inspect(file) };
  if (file.size === 0 || file.size > MAX_KEY_FILE_BYTES) return { kind: 'file' };
  const text = await textOf(file);
  const isMeantAsKey = MEANT_AS_KEY.test(text);
  // The JSON of a key outside KMS, which has no ARN.
  if (isMeantAsKey && text.includes('"keyNamespace"')) return { kind: 'key', key: await RsaPublicKey.import(file) };
  try {
    return { kind: 'key', key: await KmsPublicKey.import(file) };
  } catch (error) {
    if (error.code === 'ERR_KEY_ID') return { kind: 'nameless key', curve: await curveWithoutUsage(file) };
    if (isMeantAsKey) throw error;
    return { kind: 'file' };
  }
}

/** The KeySpec of an ECC key that does not say its usage: PEM and DER do not. @param {File} file */
async function curveWithoutUsage(file) {
  try {
    await KmsPublicKey.import(file, { keyId: SOME_ARN });
  } catch {
    const stated = KmsPublicKey.import(file, { keyId: SOME_ARN, keyUsage: 'KEY_AGREEMENT' });
    return stated.then(
      ({ keySpec }) => keySpec,
      () => undefined,
    );
  }
}

/** Windows PowerShell writes UTF-16. @param {File} file */
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}
