// Keys of other kinds that cannot be imported, and platforms whose SubtleCrypto answers wrongly, late or not at all.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, afterEach, describe, mock, test } from 'node:test';
import { CreateKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { ECC_KINDS } from '../support/kinds.mjs';
import { seen } from '../support/until.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { PLAINTEXT, equal, seal, spkiOf } from './kind-calls.mjs';

const kms = await startKms();
after(() => kms.close());
const answer = await kms.createKey({ spec: 'ECC_NIST_P256' });
const key = await KmsPublicKey.import(answer);

const opener = (options) => new Opener({ keys: [key], deriveSharedSecret: kms.deriveSharedSecret, ...options });

describe('importing an ECC key', () => {
  test('a key of each curve says its spec, and encrypts nothing by itself', async () => {
    for (const spec of ECC_KINDS) {
      const one = await KmsPublicKey.import(printed(await kms.createKey({ spec })));
      const { keySpec, encryptionAlgorithm, maxPlaintextLength } = one;
      assert.deepEqual(
        { keySpec, encryptionAlgorithm, maxPlaintextLength },
        { keySpec: spec, encryptionAlgorithm: undefined, maxPlaintextLength: 0 },
      );
      for (const call of [
        () => one.encrypt(new Uint8Array(1)),
        () => one.generateDataKey(),
        () => one.generateDataKeyWithoutPlaintext(),
      ])
        assert.throws(call, { code: 'ERR_KEY_UNSUPPORTED' });
    }
  });

  test('a PEM or DER needs a key id and the usage KEY_AGREEMENT', async () => {
    const der = Buffer.from(answer.PublicKey);
    const pem = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' });
    for (const source of [pem, der, new Blob([der])]) {
      const keyId = answer.KeyId;
      assert.equal(
        (await KmsPublicKey.import(source, { keyId, keyUsage: 'KEY_AGREEMENT' })).fingerprint,
        key.fingerprint,
      );
      await assert.rejects(KmsPublicKey.import(source, { keyId }), {
        code: 'ERR_KEY_UNSUPPORTED',
        message: /keyUsage/,
      });
      await assert.rejects(KmsPublicKey.import(source, { keyUsage: 'KEY_AGREEMENT' }), { code: 'ERR_KEY_ID' });
      await assert.rejects(KmsPublicKey.import(source, { keyId, keyUsage: 'SIGN_VERIFY' }), {
        code: 'ERR_KEY_UNSUPPORTED',
      });
    }
    await assert.rejects(KmsPublicKey.import(answer, { keyUsage: 'ENCRYPT_DECRYPT' }), { code: 'ERR_KEY_UNSUPPORTED' });
    await assert.rejects(KmsPublicKey.import(answer, { keyUsage: 7 }), TypeError);
  });

  test('a key that signs, or of another curve, is refused with the key to create', async () => {
    const { KeyMetadata } = await kms.client.send(
      new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    );
    const signing = await kms.client.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.Arn }));
    const others = [
      [signing, 'ERR_KEY_UNSUPPORTED'],
      [{ ...answer, KeySpec: 'ECC_SECG_P256K1', PublicKey: spkiOf('secp256k1') }, 'ERR_KEY_UNSUPPORTED'],
      [{ ...answer, KeySpec: undefined, PublicKey: spkiOf('secp256k1') }, 'ERR_KEY_UNSUPPORTED'],
      [{ ...answer, KeySpec: 'ECC_NIST_P384' }, 'ERR_KEY_INVALID'],
    ];
    for (const [source, code] of others) {
      const isRight = (error) =>
        error.code === code && (code !== 'ERR_KEY_UNSUPPORTED' || /create-key/.test(error.message));
      await assert.rejects(KmsPublicKey.import(source), isRight);
    }
    const off = Buffer.from(answer.PublicKey);
    off[off.length - 1] ^= 1;
    await assert.rejects(KmsPublicKey.import({ ...answer, PublicKey: off }), { code: 'ERR_KEY_INVALID' });
  });
});

describe('SubtleCrypto', () => {
  afterEach(() => mock.restoreAll());

  test("engine 'wasm' refuses an ECC key and says why", () => {
    assert.throws(() => new Sealer({ keys: key, engine: 'wasm' }), {
      code: 'ERR_KEY_UNSUPPORTED',
      message: /ECC_NIST_P256.*SubtleCrypto/,
    });
  });

  test('a curve that the engine lacks is named', async () => {
    const { subtle } = globalThis.crypto;
    const { generateKey } = subtle;
    mock.method(subtle, 'generateKey', function (algorithm, ...rest) {
      if (algorithm.namedCurve === 'P-521') throw new DOMException('no such curve', 'NotSupportedError');
      return generateKey.call(this, algorithm, ...rest);
    });
    const p521 = await KmsPublicKey.import(await kms.createKey({ spec: 'ECC_NIST_P521' }));
    await assert.rejects(seal(p521), { code: 'ERR_KEY_UNSUPPORTED', message: /P-521/ });
    equal((await opener().open(await seal(key))).plaintext);
  });

  const { subtle } = globalThis.crypto;
  const own = { generateKey: subtle.generateKey, exportKey: subtle.exportKey, deriveBits: subtle.deriveBits };
  let kept;
  const wrong = {
    'deriveBits gives zeros': ['deriveBits', async (algorithm, one, length) => new ArrayBuffer(length / 8)],
    'deriveBits gives random bytes': [
      'deriveBits',
      async (algorithm, one, length) => crypto.getRandomValues(new Uint8Array(length / 8)).buffer,
    ],
    'deriveBits gives the bytes backwards': [
      'deriveBits',
      async (...all) => new Uint8Array(await own.deriveBits.apply(subtle, all)).reverse().buffer,
    ],
    'deriveBits leaves out leading bytes': [
      'deriveBits',
      async (...all) => (await own.deriveBits.apply(subtle, all)).slice(1),
    ],
    'deriveBits gives nothing': ['deriveBits', async () => undefined],
    'deriveBits fails': ['deriveBits', async () => Promise.reject(new Error('replaced'))],
    'generateKey gives the same key again': ['generateKey', (...all) => (kept ??= own.generateKey.apply(subtle, all))],
    'exportKey gives a compressed point': [
      'exportKey',
      async (...all) => (await own.exportKey.apply(subtle, all)).slice(0, 33),
    ],
    'exportKey gives a point that is not the key': [
      'exportKey',
      async (...all) => {
        const point = new Uint8Array(await own.exportKey.apply(subtle, all));
        point[40] ^= 1;
        return point.buffer;
      },
    ],
  };
  for (const [what, [name, replacement]] of Object.entries(wrong)) {
    test(`nothing is sealed where ${what}, and the next file is once it is restored`, async () => {
      kept = undefined;
      const sealer = new Sealer({ keys: key, cache: { maxAge: 60_000 } });
      mock.method(subtle, name, replacement);
      for (const sealing of [sealer.seal(PLAINTEXT), sealer.seal(PLAINTEXT), sealer.prepare(new Blob([PLAINTEXT]))])
        await assert.rejects(sealing, { code: 'ERR_PLATFORM' });
      mock.restoreAll();
      equal((await opener().open(await sealer.seal(PLAINTEXT))).plaintext);
    });
  }

  test('a SubtleCrypto that answers late, or into memory that it uses again, changes nothing', async () => {
    mock.method(subtle, 'deriveBits', async (...all) => {
      const bytes = new Uint8Array(await own.deriveBits.apply(subtle, all));
      await new Promise(setImmediate);
      return new Uint8Array([...bytes]);
    });
    equal((await opener().open(await seal(key))).plaintext);
  });

  test('a key pair that was made ahead is not used with the functions of another SubtleCrypto', async () => {
    equal((await opener().open(await seal(key))).plaintext);
    // A polyfill knows its own keys alone.
    const keys = new WeakMap();
    const wrapped = (inner) => {
      const outer = {};
      keys.set(outer, inner);
      return outer;
    };
    const inner = (outer) => keys.get(outer) ?? assert.fail('a key of another SubtleCrypto');
    const { importKey } = subtle;
    mock.method(subtle, 'generateKey', async (...all) => {
      const { publicKey, privateKey } = await own.generateKey.apply(subtle, all);
      return { publicKey: wrapped(publicKey), privateKey: wrapped(privateKey) };
    });
    mock.method(subtle, 'importKey', async (format, data, algorithm, ...rest) => {
      const imported = await importKey.call(subtle, format, data, algorithm, ...rest);
      return algorithm.name === 'ECDH' ? wrapped(imported) : imported;
    });
    mock.method(subtle, 'exportKey', async (format, outer) => own.exportKey.call(subtle, format, inner(outer)));
    mock.method(subtle, 'deriveBits', async (algorithm, outer, length) =>
      own.deriveBits.call(subtle, { ...algorithm, public: inner(algorithm.public) }, inner(outer), length),
    );
    equal((await opener().open(await seal(key))).plaintext);
  });

  test('a key pair that could not be made ahead is made when it is needed', async () => {
    let fails = false;
    const generate = mock.method(subtle, 'generateKey', async (...all) => {
      if (fails) throw new Error('not now');
      return own.generateKey.apply(subtle, all);
    });
    await seal(key);
    // Two to prove the function, the first message's, and the second one's.
    await seen(() => generate.mock.callCount() === 4);
    const calls = 4;
    fails = true;
    equal((await opener().open(await seal(key))).plaintext);
    await seen(() => generate.mock.callCount() === calls + 1); // the next one's: its own pair was there
    fails = false;
    equal((await opener().open(await seal(key))).plaintext);
  });

  test('one key agreement serves all files that are sealed at once under one data key', async () => {
    const sealer = new Sealer({ keys: key, cache: { maxAge: 60_000 } });
    await sealer.seal(PLAINTEXT, { encryptionContext: { before: 'proven' } });
    const derive = mock.method(subtle, 'deriveBits', (...all) => own.deriveBits.apply(subtle, all));
    await sealer.seal(PLAINTEXT, { encryptionContext: { a: 'proves the new function' } });
    const calls = derive.mock.callCount();
    await Promise.all(Array.from({ length: 20 }, () => sealer.seal(PLAINTEXT)));
    assert.equal(derive.mock.callCount() - calls, 1);
  });

  test('an abort leaves the data key that others wait for', async () => {
    const sealer = new Sealer({ keys: key, cache: { maxAge: 60_000 } });
    const controller = new AbortController();
    const [first, second] = [sealer.seal(PLAINTEXT, { signal: controller.signal }), sealer.seal(PLAINTEXT)];
    controller.abort(new Error('enough'));
    await assert.rejects(first, /enough/);
    equal((await opener().open(await second)).plaintext);
  });

  test('a shared secret is wiped once it is used, and the private key cannot be exported', async () => {
    const secrets = [];
    const pairs = [];
    mock.method(subtle, 'deriveBits', async (...all) => {
      secrets.push(await own.deriveBits.apply(subtle, all));
      return secrets.at(-1);
    });
    mock.method(subtle, 'generateKey', async (...all) => {
      pairs.push(await own.generateKey.apply(subtle, all));
      return pairs.at(-1);
    });
    await seal(key);
    assert.ok(pairs.length > 0 && pairs.every(({ privateKey }) => !privateKey.extractable));
    assert.ok(secrets.length > 0);
    // The last one is the file's; those before it were compared with a known answer.
    assert.ok(new Uint8Array(secrets.at(-1)).every((byte) => byte === 0));
  });
});
