// Every kind of key does what an RSA key of KMS does: all that is sealed and opened, several kinds in one envelope, caches.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Opener, Sealer, inspect, reseal } from 'kmseal';
import { collect, inPieces, pairsOf, sample } from '../support/page/bytes.mjs';
import { readHeader } from '../support/message.mjs';
import { ECC_KINDS, KINDS, ML_KEM_KINDS, makeKind } from '../support/kinds.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAINTEXT = sample(3 * 4096 + 10);
const CACHE = { maxAge: 60_000 };
const STORED = { tenant: '7', ключ: '😀' };
const REQUIRED = { secret: 's' };
const CONTEXTS = { encryptionContext: STORED, requiredEncryptionContext: REQUIRED };
const EXPECTED = { ...STORED, ...REQUIRED };
/** What an altered byte comes to. Where it is part of a length, what follows is read from random bytes, which may claim anything. */
const REFUSED = [
  'ERR_AUTHENTICATION',
  'ERR_CONTEXT',
  'ERR_KMS',
  'ERR_NO_MATCHING_KEY',
  'ERR_ENVELOPE_INVALID',
  'ERR_ENVELOPE_UNSUPPORTED',
  'ERR_TRUNCATED',
];

let kms;
const kinds = {};
before(async () => {
  kms = await startKms();
  for (const kind of KINDS) kinds[kind] = await makeKind(kms, kind);
});
after(() => kms?.close());

const equal = (found, expected = PLAINTEXT) => assert.ok(Buffer.from(expected).equals(found));
const opener = (kind, options) => new Opener({ ...kinds[kind].opens, ...options });

for (const kind of KINDS) {
  describe(kind, () => {
    for (const [form, make] of Object.entries({
      bytes: (bytes) => bytes,
      'a Blob': (bytes) => new Blob([bytes]),
      'a stream': (bytes) => inPieces(bytes, 1000),
      'a source that is read in parts': ({ length: size, buffer }) => ({
        size,
        read: async (start, end) => buffer.slice(start, end),
      }),
    })) {
      test(`${form} is sealed and opened, with a stored and a required context (${kind})`, async () => {
        const sealer = new Sealer({ keys: kinds[kind].key, frameLength: 4096 });
        for (const length of [0, 1, PLAINTEXT.length]) {
          const bytes = PLAINTEXT.slice(0, length);
          const envelope = await collect(await sealer.seal(make(bytes), CONTEXTS));
          assert.equal(envelope.length, sealer.sealedSize(length, CONTEXTS));
          for (const engine of ['webcrypto', 'wasm']) {
            const opened = await opener(kind, { engine }).open(make(envelope), { encryptionContext: EXPECTED });
            equal(await collect(opened.plaintext), bytes);
            assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(EXPECTED));
            assert.equal(opened.keyId, kinds[kind].name);
          }
        }
      });
    }

    test(`a prepared file is sealed in parts, and a range of it opened (${kind})`, async () => {
      const sealer = new Sealer({ keys: kinds[kind].key, frameLength: 4096 });
      const sealed = await sealer.prepare(new Blob([PLAINTEXT]), CONTEXTS);
      assert.equal(sealed.size, sealer.sealedSize(PLAINTEXT.length, CONTEXTS));
      const parts = [await sealed.slice(5000), await sealed.slice(0, 5000)].reverse();
      const envelope = new Blob(parts);
      equal(await collect((await opener(kind).open(envelope, { encryptionContext: EXPECTED })).plaintext));
      const { plaintext, size } = await opener(kind).openRange(envelope, {
        start: 4000,
        end: 9000,
        encryptionContext: EXPECTED,
      });
      equal(await collect(plaintext), PLAINTEXT.subarray(4000, 9000));
      assert.equal(size, PLAINTEXT.length);
    });

    test(`another context is refused (${kind})`, async () => {
      const envelope = await new Sealer({ keys: kinds[kind].key, ...CONTEXTS }).seal(PLAINTEXT);
      const open = (encryptionContext) => opener(kind).open(envelope, { encryptionContext });
      await assert.rejects(open({ tenant: '8' }), { code: 'ERR_CONTEXT' });
      const code = /^raw|^ML/.test(kind) ? 'ERR_AUTHENTICATION' : 'ERR_CONTEXT';
      await assert.rejects(open({ ...STORED, secret: 't' }), { code });
      await assert.rejects(open(STORED), { code });
    });

    test(`files that are sealed at once under one data key open with one request (${kind})`, async () => {
      const sealer = new Sealer({ keys: kinds[kind].key, cache: CACHE });
      const envelopes = await Promise.all(Array.from({ length: 20 }, () => sealer.seal(PLAINTEXT)));
      const keys = new Set(envelopes.map((envelope) => readHeader(envelope).edks[0].ciphertext.toString('hex')));
      assert.equal(keys.size, 1);
      // Not every kind binds the context to the encrypted data key.
      const { edks } = readHeader(await sealer.seal(PLAINTEXT, { encryptionContext: STORED }));
      assert.ok(!keys.has(edks[0].ciphertext.toString('hex')), 'another context has a data key of its own');
      const calls = kms.calls.length;
      const one = opener(kind, { cache: CACHE });
      for (const { plaintext } of await Promise.all(envelopes.map((envelope) => one.open(envelope)))) equal(plaintext);
      assert.equal(kms.calls.length - calls, /^raw/.test(kind) ? 0 : 1);
    });

    test(`an altered header, frame or encrypted data key is refused (${kind})`, async () => {
      const envelope = await new Sealer({ keys: kinds[kind].key, ...CONTEXTS }).seal(PLAINTEXT);
      const { places, edks } = readHeader(envelope);
      assert.equal(edks.length, 1);
      const refused = async (at) => {
        const altered = envelope.slice();
        altered[at] ^= 1;
        await assert.rejects(opener(kind).open(altered, { encryptionContext: EXPECTED }), (error) =>
          REFUSED.includes(error.code),
        );
      };
      for (const at of [places['header tag'][0], places['frame length'][0] - 1, envelope.length - 1]) await refused(at);
      const start = Buffer.from(envelope).indexOf(edks[0].ciphertext);
      for (const at of [0, 31, 32, 63, 64, 100, edks[0].ciphertext.length - 1]) await refused(start + at);
      for (let at = start - edks[0].providerInfo.length - 2; at < start; at += 1) await refused(at);
    });

    test(`an envelope is resealed to this kind and from it (${kind})`, async () => {
      const [rsa, other] = [kinds.RSA_2048, kinds[kind]];
      const sealers = [rsa, other].map(({ key }) => new Sealer({ keys: key }));
      const openers = [rsa, other].map(({ opens }) => new Opener(opens));
      const envelope = await sealers[0].seal(PLAINTEXT, CONTEXTS);
      const options = { encryptionContext: EXPECTED };
      const there = await reseal(envelope, { opener: openers[0], sealer: sealers[1], ...options });
      const back = await reseal(there, { opener: openers[1], sealer: sealers[0], ...options });
      equal((await openers[1].open(there, options)).plaintext);
      equal((await openers[0].open(back, options)).plaintext);
    });
  });
}

test('an envelope for keys of all kinds opens with any one of them', async () => {
  const keys = KINDS.map((kind) => kinds[kind].key);
  const sealer = new Sealer({ keys, mixed: true, ...CONTEXTS });
  const envelope = await sealer.seal(PLAINTEXT);
  assert.equal(envelope.length, sealer.sealedSize(PLAINTEXT.length));
  for (const kind of KINDS) {
    const { plaintext, keyId } = await opener(kind, { maxEncryptedDataKeys: KINDS.length }).open(envelope, {
      encryptionContext: EXPECTED,
    });
    equal(plaintext);
    assert.equal(keyId, kinds[kind].name);
  }
  const { encryptedDataKeys, keyIds } = await inspect(envelope);
  assert.deepEqual(
    keyIds,
    ['RSA_2048', ...ML_KEM_KINDS].map((kind) => kinds[kind].name),
  );
  assert.deepEqual(
    encryptedDataKeys,
    KINDS.map((kind) => {
      const { key } = kinds[kind];
      if (kind === 'RSA_2048') return { providerId: 'aws-kms-rsa', keyId: key.keyId, ciphertextLength: 256 };
      if (kind.startsWith('ECC'))
        return { providerId: 'raw-ecdh', keySpec: kind, fingerprint: key.fingerprint, ciphertextLength: 112 };
      if (ML_KEM_KINDS.includes(kind)) {
        const ciphertextLength = { ML_KEM_768: 1088, ML_KEM_1024: 1568 }[kind] + 80;
        return { providerId: 'kmseal-ml-kem-draft-1', keyId: key.keyId, ciphertextLength };
      }
      const { keyNamespace, keyName } = key;
      return { providerId: keyNamespace, keyNamespace, keyName, ciphertextLength: 256 };
    }),
  );
});

describe('a kept sender', () => {
  const keepSender = true;

  for (const kind of ECC_KINDS) {
    test(`a thousand files, each with a data key and a context of its own, open with one request (${kind})`, async () => {
      const sealer = new Sealer({ keys: kinds[kind].key, cache: { ...CACHE, keepSender } });
      const count = kind === 'ECC_NIST_P384' ? 1000 : 20;
      const envelopes = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          sealer.seal(sample(100), { encryptionContext: { file: `${index}` } }),
        ),
      );
      const edks = envelopes.map((envelope) => readHeader(envelope).edks[0]);
      assert.equal(new Set(edks.map(({ ciphertext }) => ciphertext.toString('hex'))).size, count);
      assert.equal(new Set(edks.map(({ providerInfo }) => providerInfo.toString('hex'))).size, 1);
      const calls = kms.calls.length;
      const one = opener(kind, { cache: CACHE });
      const opened = await Promise.all(
        envelopes.map((envelope, index) => one.open(envelope, { encryptionContext: { file: `${index}` } })),
      );
      for (const { plaintext } of opened) equal(plaintext, sample(100));
      assert.equal(kms.calls.length - calls, 1);
      await assert.rejects(one.open(envelopes[0], { encryptionContext: { file: '1' } }), { code: 'ERR_CONTEXT' });
    });
  }

  test('a sealer has a fresh sender for each data key by default', async () => {
    const sealer = new Sealer({ keys: kinds.ECC_NIST_P256.key });
    // One after the other, then at once: a pair is made ahead, and must not serve two.
    const envelopes = [await sealer.seal(PLAINTEXT), await sealer.seal(PLAINTEXT)];
    envelopes.push(...(await Promise.all([1, 2, 3].map(() => sealer.seal(PLAINTEXT)))));
    const senders = new Set(envelopes.map((envelope) => readHeader(envelope).edks[0].providerInfo.toString('hex')));
    assert.equal(senders.size, envelopes.length);
  });

  test('a kept sender has the limits of a cache, and none of them can be missed', async (context) => {
    const senders = async (cache, files, after = () => {}) => {
      const sealer = new Sealer({ keys: kinds.ECC_NIST_P256.key, cache: { ...CACHE, keepSender, ...cache } });
      const found = new Set();
      for (const file of files) {
        const envelope = await collect(await sealer.seal(file()));
        found.add(readHeader(envelope).edks[0].providerInfo.toString('hex'));
        after();
      }
      sealer.close();
      return found.size;
    };
    const bytes = () => sample(100);
    assert.equal(await senders({}, [bytes, bytes, bytes]), 1);
    assert.equal(await senders({ maxMessagesEncrypted: 2 }, [bytes, bytes, bytes, bytes, bytes]), 3);
    assert.equal(await senders({ maxBytesEncrypted: 250 }, [bytes, bytes, bytes, bytes]), 2);
    assert.equal(await senders({ maxBytesEncrypted: 99 }, [bytes, bytes]), 2);
    assert.equal(await senders({}, [bytes, () => inPieces(sample(100), 10), bytes]), 2);
    context.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    assert.equal(await senders({ maxAge: 1000 }, [bytes, bytes, bytes], () => context.mock.timers.tick(600)), 2);
  });

  test('keepSender without an ECC key, or that is not a Boolean, is a TypeError', () => {
    const { key } = kinds.RSA_2048;
    assert.throws(() => new Sealer({ keys: key, cache: { ...CACHE, keepSender } }), TypeError);
    assert.throws(() => new Sealer({ keys: kinds.ECC_NIST_P256.key, cache: { ...CACHE, keepSender: 1 } }), TypeError);
    assert.doesNotThrow(() => new Sealer({ keys: key, cache: { ...CACHE, keepSender: false } }));
  });
});
