// Runs in Jest and Vitest, whose sandboxes have a global object and classes of their own; in Jest's jsdom without SubtleCrypto, fetch,
// Response and more.
import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import { KmsPublicKey, Opener, Sealer, generateRandom, inspect } from 'kmseal';

/* global expect, test -- the runner's */

const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const key = KmsPublicKey.import(publicKey.export({ type: 'spki', format: 'pem' }), { keyId: KEY_ID });
const decrypt = async ({ KeyId, CiphertextBlob }) => ({
  KeyId,
  Plaintext: crypto.privateDecrypt({ key: privateKey, oaepHash: 'sha256' }, CiphertextBlob),
});
const hasSubtleCrypto = Boolean(globalThis.crypto?.subtle);
const engine = hasSubtleCrypto ? 'webcrypto' : 'wasm';
const sealer = async () => new Sealer({ keys: [await key], engine });
const opener = new Opener({ keyIds: [KEY_ID], decrypt, engine });
/** The given number of bytes, and whether these are they, without the runner's slow comparison of millions. */
function sample(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at + (at >> 8);
  return bytes;
}
const isSample = (bytes, length) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).equals(sample(length));

async function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.slice(at, at + 100_000);
}

async function collected(stream) {
  const all = [];
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) all.push(value);
  return Buffer.concat(all);
}

/** Also from jsdom's Blob, which has no arrayBuffer(). */
const bytesOf = (blob) =>
  new Promise((resolve, reject) => {
    if (blob.arrayBuffer) return void blob.arrayBuffer().then((buffer) => resolve(new Uint8Array(buffer)), reject);
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });

for (const length of [1000, 5000, 3_000_000]) {
  test(`kmseal seals and opens ${length} bytes`, async () => {
    const envelope = await (await sealer()).seal(sample(length));
    expect(isSample((await opener.open(envelope)).plaintext, length)).toBe(true);
    expect((await inspect(envelope)).plaintextSize).toBe(length);
  });

  test(`kmseal seals and opens a File of ${length} bytes`, async () => {
    const sealed = await (await sealer()).seal(new File([sample(length)], 'file'));
    const { plaintext } = await opener.open(sealed);
    expect(isSample(await bytesOf(plaintext), length)).toBe(true);
  });
}

test('kmseal seals and opens a Blob of 40 MiB', async () => {
  const length = 40 * 2 ** 20;
  const sealed = await (await sealer()).seal(new Blob([sample(length)]));
  expect(sealed.size).toBe((await sealer()).sealedSize(length));
  expect(isSample(await bytesOf((await opener.open(sealed)).plaintext), length)).toBe(true);
});

test('kmseal seals and opens a stream', async () => {
  const length = 3_000_000;
  const sealed = await collected(await (await sealer()).seal(pieces(sample(length)), { size: length }));
  const { plaintext } = await opener.open(pieces(sealed));
  expect(isSample(await collected(plaintext), length)).toBe(true);
});

test('kmseal seals and opens a prepared file', async () => {
  const length = 3_000_000;
  const prepared = await (await sealer()).prepare(new Blob([sample(length)]));
  const parts = await Promise.all([prepared.slice(0, 1_000_000), prepared.slice(1_000_000)]);
  expect(isSample(await bytesOf((await opener.open(new Blob(parts))).plaintext), length)).toBe(true);
});

test('kmseal opens a range', async () => {
  const sealed = await (await sealer()).seal(new Blob([sample(3_000_000)]));
  const { plaintext } = await opener.openRange(sealed, { end: 5000 });
  expect(isSample(await bytesOf(plaintext), 5000)).toBe(true);
});

test('kmseal refuses an altered envelope', async () => {
  const envelope = await (await sealer()).seal(sample(3_000_000));
  envelope[2_000_000] ^= 1;
  await expect(opener.open(envelope)).rejects.toMatchObject({ code: 'ERR_AUTHENTICATION' });
});

test('kmseal returns random bytes', () => {
  expect(generateRandom(16)).toHaveLength(16);
});

if (!hasSubtleCrypto) {
  test('the error without SubtleCrypto contains the line that a set-up file needs', async () => {
    const line = /set-up file of your tests (.*?) \(engine/;
    const { code, message } = await new Sealer({ keys: [await key] }).seal(sample(5)).catch((error) => error);
    expect(code).toBe('ERR_INSECURE_CONTEXT');
    new Function(line.exec(message)[1])();
    const envelope = await new Sealer({ keys: [await key] }).seal(sample(3_000_000));
    expect(isSample((await opener.open(envelope)).plaintext, 3_000_000)).toBe(true);
  });
}
