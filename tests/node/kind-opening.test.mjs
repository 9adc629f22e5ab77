// What opening refuses of keys of other kinds: wrong answers, malformed entries, raw keys that do not fit, and options.
import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, RsaPublicKey, inspect } from 'kmseal';
import { contentKey, readHeader, writeFrames, writeHeader } from '../support/message.mjs';
import { makeRaw } from '../support/kinds.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { PLAINTEXT, equal, seal, spkiOf } from './kind-calls.mjs';

const kms = await startKms();
after(() => kms.close());
const answer = await kms.createKey({ spec: 'ECC_NIST_P256' });
const key = await KmsPublicKey.import(answer);

const opener = (options) => new Opener({ keys: [key], deriveSharedSecret: kms.deriveSharedSecret, ...options });

describe('opening with an ECC key', () => {
  for (const { name, sentence } of [
    { name: 'AccessDeniedException', sentence: /kms:DeriveSharedSecret/ },
    { name: 'InvalidKeyUsageException', sentence: /KEY_AGREEMENT/ },
    { name: 'ValidationException', sentence: /envelope is damaged/ },
    { name: 'DisabledException', sentence: /disabled/ },
    { name: 'ThrottlingException', sentence: /throttled/ },
  ]) {
    test(`a ${name} of DeriveSharedSecret has its sentence, and KMS's error is the cause`, async () => {
      const cause = Object.assign(new Error('UnknownError'), { name });
      const deriveSharedSecret = async () => Promise.reject(cause);
      await assert.rejects(
        opener({ deriveSharedSecret }).open(await seal(key)),
        (error) => error.code === 'ERR_KMS' && sentence.test(error.message) && error.cause === cause,
      );
    });
  }

  for (const [what, change] of Object.entries({
    'of another key': (given) => ({ ...given, KeyId: `${given.KeyId}0` }),
    'of another algorithm': (given) => ({ ...given, KeyAgreementAlgorithm: 'X25519' }),
    'without a secret': (given) => ({ ...given, SharedSecret: undefined }),
    'with a longer secret': (given) => ({ ...given, SharedSecret: new Uint8Array(48) }),
    'that is nothing': () => undefined,
  })) {
    test(`an answer ${what} is ERR_KMS`, async () => {
      const deriveSharedSecret = async (input, options) => change(await kms.deriveSharedSecret(input, options));
      await assert.rejects(opener({ deriveSharedSecret }).open(await seal(key)), { code: 'ERR_KMS' });
    });
  }

  test('another secret of the right length does not open, and no cache keeps it', async () => {
    let isWrong = true;
    const deriveSharedSecret = async (input) => ({
      ...(await kms.deriveSharedSecret(input)),
      ...(isWrong && { SharedSecret: new Uint8Array(32) }),
    });
    const one = opener({ deriveSharedSecret, cache: { maxAge: 60_000 } });
    const envelope = await seal(key);
    await assert.rejects(one.open(envelope), { code: 'ERR_CONTEXT' });
    isWrong = false;
    equal((await one.open(envelope)).plaintext);
  });

  test('an ARN in keys is asked about once, with the first envelope for an ECC key', async () => {
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const asked = [];
    const getPublicKey = async (input) => {
      asked.push(input);
      return kms.client.send(new GetPublicKeyCommand(input));
    };
    const { decrypt } = kms;
    const one = opener({ keyIds: [rsa.keyId], decrypt, keys: [key.keyId], getPublicKey });
    equal((await one.open(await seal(rsa))).plaintext);
    assert.deepEqual(asked, []);
    const envelopes = await Promise.all([1, 2, 3].map(() => seal(key)));
    for (const { plaintext, keyId } of await Promise.all(envelopes.map((envelope) => one.open(envelope)))) {
      equal(plaintext);
      assert.equal(keyId, key.keyId);
    }
    assert.deepEqual(asked, [{ KeyId: key.keyId }]);
  });

  test('a failed GetPublicKey is ERR_KMS with its cause, is not kept, and does not hold up other keys', async () => {
    const cause = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    let fails = true;
    const getPublicKey = async (input) => {
      if (fails) throw cause;
      return kms.client.send(new GetPublicKeyCommand(input));
    };
    const one = opener({ keys: [key.keyId], getPublicKey });
    const envelope = await seal(key);
    await assert.rejects(
      one.open(envelope),
      (error) =>
        error.code === 'ERR_KMS' && error.message.startsWith('KMS denies kms:GetPublicKey') && error.cause === cause,
    );
    const { key: offline, privateKey } = await makeRaw();
    const { keyNamespace, keyName } = offline;
    const both = opener({ keys: [key.keyId], getPublicKey, rawKeys: [{ keyNamespace, keyName, privateKey }] });
    equal((await both.open(await seal([key, offline]))).plaintext);
    fails = false;
    equal((await one.open(envelope)).plaintext);
  });

  test('a GetPublicKey that answers another key is refused', async () => {
    const other = await kms.createKey({ spec: 'ECC_NIST_P256' });
    const one = opener({ keys: [key.keyId], getPublicKey: async () => other });
    await assert.rejects(one.open(await seal(key)), { code: 'ERR_KEY_ID' });
  });

  test('an opener without the public key says that it needs one', async () => {
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const one = new Opener({ keyIds: [rsa.keyId], decrypt: kms.decrypt });
    await assert.rejects(one.open(await seal(key)), { code: 'ERR_NO_MATCHING_KEY', message: /keys/ });
  });
});

describe('encrypted data keys of others', () => {
  /** A message of the test's own, whose data key is wrapped by the package. */
  async function forged(make) {
    const { key: offline, own: privateKey, privateKey: webKey } = await makeRaw();
    const fields = readHeader(await seal([key, offline]));
    const [ecc, raw] = fields.edks;
    const dataKey = privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      raw.ciphertext,
    );
    const derived = contentKey(dataKey, fields.messageId);
    const envelope = Buffer.concat([
      writeHeader(derived, { ...fields, edks: make(ecc, raw) }),
      writeFrames(derived, fields.messageId, [Buffer.from(PLAINTEXT)]),
    ]);
    const { keyNamespace, keyName } = offline;
    return { envelope: new Uint8Array(envelope), rawKeys: [{ keyNamespace, keyName, privateKey: webKey }] };
  }

  const changed = (edk, field, change) => {
    const bytes = Buffer.from(edk[field]);
    return { ...edk, [field]: change(bytes) ?? bytes };
  };
  const MALFORMED = {
    'version 2': (edk) => changed(edk, 'providerInfo', (info) => void (info[0] = 2)),
    "the sender's length altered": (edk) => changed(edk, 'providerInfo', (info) => void (info[41] ^= 1)),
    "the recipient's length past the end": (edk) => changed(edk, 'providerInfo', (info) => void (info[1] = 0xff)),
    'a byte behind the sender': (edk) => changed(edk, 'providerInfo', (info) => Buffer.concat([info, Buffer.of(0)])),
    'an uncompressed prefix': (edk) => changed(edk, 'providerInfo', (info) => void (info[42] = 4)),
    'a sender that is zeros': (edk) => changed(edk, 'providerInfo', (info) => void info.fill(0, 42)),
    'a sender that is not on the curve': (edk) => changed(edk, 'providerInfo', (info) => void info.fill(0xff, 43)),
    'empty info': (edk) => ({ ...edk, providerInfo: Buffer.alloc(0) }),
    'a short ciphertext': (edk) => changed(edk, 'ciphertext', (bytes) => bytes.subarray(0, 111)),
    'a long ciphertext': (edk) => changed(edk, 'ciphertext', (bytes) => Buffer.concat([bytes, Buffer.of(0)])),
  };

  for (const [what, malform] of Object.entries(MALFORMED)) {
    test(`an entry with ${what} is never asked about, and does not disturb a good one`, async () => {
      for (const providerId of [Buffer.from('raw-ecdh'), Buffer.from('aws-kms-ecdh')]) {
        const { envelope } = await forged((ecc) => [{ ...malform(ecc), providerId }, ecc]);
        const calls = kms.calls.length;
        equal((await opener().open(envelope)).plaintext);
        assert.equal(kms.calls.length - calls, 1);
        await inspect(envelope);
      }
      const { envelope } = await forged((ecc) => [malform(ecc)]);
      const calls = kms.calls.length;
      await assert.rejects(opener().open(envelope), ({ code }) =>
        ['ERR_NO_MATCHING_KEY', 'ERR_ENVELOPE_INVALID'].includes(code),
      );
      assert.equal(kms.calls.length, calls);
    });
  }

  test('an entry of ours with junk in it does not disturb a good one of any kind', async () => {
    const junk = (edk) => changed(edk, 'ciphertext', (bytes) => void bytes.fill(7));
    const first = await forged((ecc, raw) => [junk(ecc), junk(raw), ecc]);
    equal((await opener().open(first.envelope)).plaintext);
    const last = await forged((ecc, raw) => [junk(ecc), junk(raw), raw]);
    equal((await opener({ rawKeys: last.rawKeys }).open(last.envelope)).plaintext);
  });

  test('an entry of provider aws-kms-ecdh opens', async () => {
    const { envelope } = await forged((ecc) => [{ ...ecc, providerId: Buffer.from('aws-kms-ecdh') }]);
    equal((await opener().open(envelope)).plaintext);
  });
});

describe('raw keys', () => {
  test('a key imports from its file, from PEM and from DER, and says its names', async () => {
    const { pem, key: made } = await makeRaw({ hash: 'SHA-384' });
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    const file = { keyNamespace: 'hsm', keyName: 'offline-2026', hash: 'SHA-384', PublicKey: der.toString('base64') };
    const options = { keyNamespace: 'hsm', keyName: 'offline-2026', hash: 'SHA-384' };
    for (const { source, more } of [
      { source: file, more: {} },
      { source: JSON.stringify(file), more: {} },
      { source: new Blob([JSON.stringify(file)]), more: options },
      { source: pem, more: options },
      { source: der, more: options },
    ]) {
      const one = await RsaPublicKey.import(source, { ...more, fingerprint: made.fingerprint });
      assert.deepEqual({ ...one }, { ...options, fingerprint: made.fingerprint });
    }
    for (const { source, given, code } of [
      { source: pem, given: {}, code: 'ERR_KEY_ID' },
      { source: pem, given: { keyNamespace: 'hsm' }, code: 'ERR_KEY_ID' },
      { source: file, given: { keyName: 'another' }, code: 'ERR_KEY_ID' },
      { source: file, given: { hash: 'SHA-256' }, code: 'ERR_KEY_ID' },
      { source: { ...file, hash: 'MD5' }, given: {}, code: 'ERR_KEY_UNSUPPORTED' },
      { source: pem, given: { ...options, keyNamespace: 'aws-kms' }, code: 'ERR_KEY_ID' },
      { source: pem, given: { ...options, keyNamespace: 'aws-kms-rsa' }, code: 'ERR_KEY_ID' },
      { source: pem, given: { ...options, keyNamespace: 'raw-ecdh' }, code: 'ERR_KEY_ID' },
      { source: pem, given: { ...options, fingerprint: `SHA256:${'A'.repeat(43)}=` }, code: 'ERR_KEY_FINGERPRINT' },
      { source: spkiOf('P-256'), given: options, code: 'ERR_KEY_UNSUPPORTED' },
    ])
      await assert.rejects(RsaPublicKey.import(source, given), { code });
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });
    await assert.rejects(RsaPublicKey.import(short, options), { code: 'ERR_KEY_INVALID' });
    await assert.rejects(RsaPublicKey.import(pem, { ...options, hash: 'SHA-224' }), TypeError);
  });

  test('unwrap gets the ciphertext and a signal, and its data key opens', async () => {
    const { key: offline, own } = await makeRaw({ hash: 'SHA-512' });
    const { keyNamespace, keyName } = offline;
    const controller = new AbortController();
    let given;
    const unwrap = async (ciphertext, { signal, abortSignal }) => {
      given = [signal, abortSignal];
      return privateDecrypt({ key: own, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha512' }, ciphertext);
    };
    const one = new Opener({ rawKeys: [{ keyNamespace, keyName, unwrap }] });
    equal((await one.open(await seal(offline), { signal: controller.signal })).plaintext);
    assert.deepEqual(given, [controller.signal, controller.signal]);
  });

  test('all that can be wrong with a private key looks alike, and what unwrap throws is a cause', async () => {
    const [{ key: offline }, other, otherHash] = await Promise.all([
      makeRaw(),
      makeRaw({ pair: 1 }),
      makeRaw({ hash: 'SHA-1' }),
    ]);
    const { keyNamespace, keyName } = offline;
    const envelope = await seal(offline);
    const messages = new Set();
    // A name as KMS's errors have it, which means nothing here.
    const cause = Object.assign(new Error('the HSM is away'), { name: 'ThrottlingException' });
    for (const { way, code } of [
      { way: { privateKey: other.privateKey }, code: 'ERR_AUTHENTICATION' },
      { way: { privateKey: otherHash.privateKey }, code: 'ERR_AUTHENTICATION' },
      { way: { unwrap: async () => new Uint8Array(31) }, code: 'ERR_AUTHENTICATION' },
      { way: { unwrap: async () => new Uint8Array(32) }, code: 'ERR_AUTHENTICATION' },
      { way: { unwrap: async () => Promise.reject(cause) }, code: 'ERR_KMS' },
    ]) {
      const opening = new Opener({ rawKeys: [{ keyNamespace, keyName, ...way }] }).open(envelope);
      const error = await opening.then(assert.fail, (error) => error);
      assert.equal(error.code, code);
      if (code === 'ERR_KMS') {
        assert.equal(error.cause, cause);
        assert.match(error.message, /^unwrap failed/);
      } else messages.add(error.message);
    }
    assert.equal(messages.size, 1);
  });

  test('two keys of one name are tried in turn', async () => {
    const [first, second] = await Promise.all([makeRaw(), makeRaw({ pair: 1 })]);
    const { keyNamespace, keyName } = first.key;
    const rawKeys = [first, second].map(({ privateKey }) => ({ keyNamespace, keyName, privateKey }));
    for (const { key: one } of [first, second]) equal((await new Opener({ rawKeys }).open(await seal(one))).plaintext);
  });
});

describe('what an opener is made of', () => {
  test('what is missing or misplaced is a TypeError', async () => {
    const { decrypt, deriveSharedSecret } = kms;
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const { privateKey } = await makeRaw({ hash: 'SHA-256' });
    const names = { keyNamespace: 'hsm', keyName: 'offline-2026' };
    const unwrap = async () => new Uint8Array(32);
    for (const options of [
      {},
      { decrypt },
      { keyIds: [], decrypt },
      { keyIds: [key.keyId] },
      { keyIds: [key.keyId], decrypt: 'KMS' },
      { keys: [], deriveSharedSecret },
      { keys: [key] },
      { keys: [rsa], deriveSharedSecret },
      { keys: [key, rsa], deriveSharedSecret },
      { keys: key, deriveSharedSecret },
      { keys: [key.keyId], deriveSharedSecret },
      { keys: [{}], deriveSharedSecret },
      { keys: [key], deriveSharedSecret, getPublicKey: 'KMS' },
      { rawKeys: [] },
      { rawKeys: [names] },
      { rawKeys: [{ ...names, privateKey, unwrap }] },
      { rawKeys: [{ ...names, privateKey, hash: 'SHA-1' }] },
      { rawKeys: [{ ...names, privateKey: {} }] },
      { rawKeys: [{ keyName: 'offline-2026', unwrap }] },
    ])
      assert.throws(() => new Opener(options), TypeError, JSON.stringify(options));
    for (const options of [
      { keys: [key, rsa], deriveSharedSecret, decrypt },
      { rawKeys: [{ ...names, privateKey, hash: 'SHA-256' }] },
      { rawKeys: [{ ...names, unwrap, hash: 'SHA-512' }] },
    ])
      assert.doesNotThrow(() => new Opener(options));
  });

  test('keys opens RSA keys of KMS, too', async () => {
    const rsa = await KmsPublicKey.import(await kms.createKey());
    equal((await new Opener({ keys: [rsa], decrypt: kms.decrypt }).open(await seal(rsa))).plaintext);
  });

  test('the order of the keys is the order of the requests', async () => {
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const failing = async () => Promise.reject(Object.assign(new Error(), { name: 'ThrottlingException' }));
    const envelope = await seal([rsa, key]);
    for (const { keys, order } of [
      { keys: [key, rsa], order: [key, rsa] },
      { keys: [rsa, key], order: [rsa, key] },
    ]) {
      const one = new Opener({ keys, decrypt: failing, deriveSharedSecret: failing });
      await assert.rejects(one.open(envelope), ({ code, message }) => {
        assert.equal(code, 'ERR_KMS');
        assert.ok(message.indexOf(order[0].keyId) < message.indexOf(order[1].keyId), message);
        return true;
      });
    }
  });
});
