import { KmsPublicKey, inspect } from '../kmseal/index.js';
import { startsAsEnvelope } from './envelope-layout.js';

/** A public key of KMS takes less than 2 KB, in whichever form. */
const MAX_KEY_FILE = 32 * 1024;

/** What is meant to be a public key: GetPublicKey's answer in JSON or YAML, or PEM. Source code that only speaks of keys is not. */
const MEANT_AS_KEY =
  /(?<![^])\s*\{\s*"[^]*"PublicKey"\s*:|^PublicKey: |^-----BEGIN (?:(?:RSA )?PUBLIC KEY|CERTIFICATE)-----/m;

/**
 * What a file is that was dropped: a public key, one that does not name its KMS key, an envelope, or a file to seal.
 *
 * @typedef {{ kind: 'key', key: KmsPublicKey } | { kind: 'nameless key' } | { kind: 'envelope', info: import('kmseal').Inspection }
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
  if (file.size === 0 || file.size > MAX_KEY_FILE) return { kind: 'file' };
  try {
    return { kind: 'key', key: await KmsPublicKey.import(file) };
  } catch (error) {
    if (error.code === 'ERR_KEY_ID') return { kind: 'nameless key' };
    if (MEANT_AS_KEY.test(await textOf(file))) throw error;
    return { kind: 'file' };
  }
}

/** Windows PowerShell writes UTF-16. @param {File} file */
async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}
