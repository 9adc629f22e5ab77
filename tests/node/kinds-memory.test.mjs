// The shared secret of a key agreement or an encapsulation, and what is derived from it, in the memory of WebAssembly: they are there while
// they are used, and gone afterwards.
import assert from 'node:assert/strict';
import { createDecipheriv, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readHeader } from '../support/message.mjs';
import { search, watchMemory } from '../support/page/memory.mjs';
import { startKms } from '../support/servers/kms.mjs';

const watch = watchMemory();
const { KmsPublicKey, Opener, Sealer } = await import('kmseal');

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

const CURVES = { ECC_NIST_P256: 'p256', ECC_NIST_P384: 'p384', ECC_NIST_P521: 'p521' };
const SETS = { ML_KEM_768: 1088, ML_KEM_1024: 1568 };
const u16 = (number) => Buffer.of(number >> 8, number & 255);
const u32 = (number) => Buffer.concat([u16(0), u16(number)]);

/** The counter mode of NIST SP 800-108 with whole blocks, of which `length` bytes are used. */
function countedOn(secret, fixedInfo, salt, length) {
  const block = (number) =>
    createHmac('sha384', secret)
      .update(Buffer.concat([u32(number), fixedInfo, Buffer.of(0), salt, u32(8 * length)]))
      .digest();
  return Buffer.concat(Array.from({ length: Math.ceil(length / 48) }, (_, index) => block(index + 1)));
}

function unwrapped(wrappingKey, fixedInfo, wrapped) {
  const cipher = createDecipheriv('aes-256-gcm', wrappingKey, Buffer.alloc(12)).setAAD(fixedInfo);
  cipher.setAuthTag(wrapped.subarray(32));
  return Buffer.concat([cipher.update(wrapped.subarray(0, 32)), cipher.final()]);
}

/** What is derived from Z, and the data key, of an envelope without a context (docs/format.md, 32 to 34). */
function derivedOnCurve(Z, curve, { providerInfo, ciphertext }) {
  const length = providerInfo.readUInt32BE(1);
  const [recipient, sender] = [5, 5 + length + 4].map((at) => providerInfo.subarray(at, at + length));
  const names = Buffer.from(`ecdh-key-derivation\0${curve}\0HMAC_SHA384\0`);
  const fixedInfo = Buffer.concat([names, sender, recipient, Buffer.of(0, 1, 0)]);
  // The first 32 bytes are the commitment key, which is in the envelope.
  const output = countedOn(Z, fixedInfo, ciphertext.subarray(0, 32), 64);
  const wrappingKey = output.subarray(32, 64);
  const dataKey = unwrapped(wrappingKey, fixedInfo, ciphertext.subarray(64));
  return { 'wrapping key': wrappingKey, 'rest of the output': output.subarray(64), 'data key': dataKey };
}

/** The same of an encapsulation (docs/format.md, 42 to 44). */
function derivedFromKem(Z, spec, { providerInfo, ciphertext }) {
  const label = 'kmseal-ml-kem-draft-1';
  const fields = [label, spec.replaceAll('_', '-'), 'HMAC_SHA384', providerInfo.subarray(3), Buffer.of(1), ''];
  const fixedInfo = Buffer.concat(fields.map(Buffer.from).flatMap((bytes) => [u16(bytes.length), bytes]));
  const rest = ciphertext.subarray(SETS[spec]);
  const output = countedOn(Z, fixedInfo, rest.subarray(0, 32), 32);
  const wrappingKey = output.subarray(0, 32);
  const dataKey = unwrapped(wrappingKey, fixedInfo, rest.subarray(32));
  return { 'wrapping key': wrappingKey, 'rest of the output': output.subarray(32), 'data key': dataKey };
}

/** Each of the secrets is found where it must be, and nowhere once the package is done with it. */
async function assertWiped(secrets, { opens, envelope }) {
  assert.deepEqual(search(watch.memory(), secrets), {});
  // A cache keeps Z alone, and what is encrypted is there before its randomness is drawn: so the search finds each of them.
  const keeping = new Opener({ ...opens, cache: { maxAge: 60_000 } });
  await keeping.open(envelope);
  assert.deepEqual(Object.keys(search(watch.memory(), secrets)), ['Z']);
  keeping.close();
  const rsa = await KmsPublicKey.import(await kms.createKey());
  for (const [name, secret] of Object.entries(secrets)) {
    rsa.encrypt(secret);
    assert.ok(search(watch.draws.at(-1).memory, secrets)[name] > 0, name);
  }
  assert.deepEqual(search(watch.memory(), secrets), {});
}

// Copies, since the search turns them round.
const copied = (secrets) => Object.fromEntries(Object.entries(secrets).map(([name, it]) => [name, new Uint8Array(it)]));

for (const [spec, curve] of Object.entries(CURVES)) {
  test(`the shared secret of ${spec} and what is derived from it are wiped after sealing, and after opening`, async () => {
    const key = await KmsPublicKey.import(await kms.createKey({ spec }));
    let Z;
    const deriveSharedSecret = async (input) => {
      const answer = await kms.deriveSharedSecret(input);
      Z = answer.SharedSecret.slice();
      return answer;
    };
    const envelope = await new Sealer({ keys: [key] }).seal(new Uint8Array(100));
    const opens = { keys: [key], deriveSharedSecret };
    assert.equal((await new Opener(opens).open(envelope)).plaintext.length, 100);
    const [edk] = readHeader(envelope).edks;
    await assertWiped(copied({ Z, ...derivedOnCurve(Z, curve, edk) }), { opens, envelope });
  });
}

for (const spec of Object.keys(SETS)) {
  test(`the secret of an encapsulation for ${spec}, its randomness and what is derived are wiped after sealing, and after opening`, async () => {
    const key = await KmsPublicKey.import(await kms.createKey({ spec }), { experimental: true });
    let Z;
    const decapsulate = async (input) => {
      const answer = await kms.decapsulate(input);
      Z = answer.SharedSecret.slice();
      return answer;
    };
    const drawn = watch.draws.length;
    const envelope = await new Sealer({ keys: [key] }).seal(new Uint8Array(100));
    const { messageId, edks } = readHeader(envelope);
    // The salt of 64 bytes, of which half is used, and the message id are public.
    const draws = watch.draws
      .slice(drawn)
      .map(({ bytes }) => bytes)
      .filter((bytes) => bytes.length === 32 && !messageId.equals(bytes));
    assert.ok(draws.length >= 2, 'the data key, and what is random in the encapsulation');
    const opens = { keys: [key], decapsulate };
    assert.equal((await new Opener(opens).open(envelope)).plaintext.length, 100);
    const random = Object.fromEntries(draws.map((bytes, index) => [`draw ${index}`, bytes]));
    await assertWiped(copied({ Z, ...derivedFromKem(Z, spec, edks[0]), ...random }), { opens, envelope });
  });
}
