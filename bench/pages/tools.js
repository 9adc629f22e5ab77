// What the measurements share, in the page.
import { KmsPublicKey, Opener, Sealer } from '/dist/index.js';

export const KIB = 2 ** 10;
export const MIB = 2 ** 20;

export const KEY_ID = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const RSA = { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]) };

/** The file that was chosen. */
export const chosenFile = () => document.querySelector('input').files[0];

/** A sealer, the keys it seals for, and the opener of what it seals: its KMS is this page. */
export async function sealerAndOpener(options) {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(RSA, true, ['encrypt', 'decrypt']);
  const source = await crypto.subtle.exportKey('spki', publicKey);
  const keys = await KmsPublicKey.import(source, { keyId: KEY_ID });
  const decrypt = async ({ KeyId, CiphertextBlob }) => {
    const decrypted = new Uint8Array(await crypto.subtle.decrypt(RSA, privateKey, CiphertextBlob));
    // The digest of the context, and the data key. WebKitGTK leaves out the zeros with which they may begin.
    const Plaintext = new Uint8Array(48 + 32);
    Plaintext.set(decrypted, Plaintext.length - decrypted.length);
    return { KeyId, Plaintext };
  };
  return { keys, sealer: new Sealer({ keys, ...options }), opener: new Opener({ keyIds: [KEY_ID], decrypt }) };
}

export const importAesKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);

/** AES-GCM's parameters for the frame of that number. */
export function frameParams(number) {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setUint32(8, number);
  return { name: 'AES-GCM', iv };
}

/** Random bytes; the platform returns 64 KiB at a time. */
export function randomBytes(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 64 * KIB) crypto.getRandomValues(bytes.subarray(at, at + 64 * KIB));
  return bytes;
}

/** Reads a stream to its end and counts the bytes. */
export async function drain(stream) {
  const reader = stream.getReader();
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) length += value.length;
  return length;
}

/** Stops a measurement whose work was not done. */
export function expectLength(length, expected) {
  if (length !== expected) throw new Error(`${length} bytes came out instead of ${expected}`);
}

/** So that no contestant pays for what the previous one left behind. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 20));

/**
 * Runs every contestant once a round, forwards and backwards in turn, so that what slows the machine slows all of them; after a
 * round that does not count. Returns their seconds by name.
 */
export async function compete(rounds, contestants) {
  const names = Object.keys(contestants);
  const seconds = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 ? names : names.toReversed()) {
      await rest();
      const start = performance.now();
      await contestants[name]();
      if (round > 0) seconds[name].push((performance.now() - start) / 1000);
    }
  }
  return seconds;
}
