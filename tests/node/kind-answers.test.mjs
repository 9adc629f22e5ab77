// Callbacks of other kinds of key that answer nothing, or for something else: what is blamed, and that other keys open nevertheless.
import assert from 'node:assert/strict';
import { constants, privateDecrypt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { CreateKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener } from 'kmseal';
import { makeRaw } from '../support/kinds.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { equal, seal } from './kind-calls.mjs';

let kms;
let key;
let rsa;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey({ spec: 'ECC_NIST_P256' }));
  rsa = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

const getPublicKey = (input) => kms.client.send(new GetPublicKeyCommand(input));
const refusal = (opening) => opening.then(assert.fail, (error) => error);

describe('getPublicKey', () => {
  /** Public keys that do not open, by what is wrong with them, and the code of the error where no other key opens. */
  const UNUSABLE = {
    'answers nothing': { answer: () => undefined, code: 'ERR_KEY_INVALID' },
    'answers an empty object': { answer: () => ({}), code: undefined },
    'answers another key': { answer: () => getPublicKey({ KeyId: rsa.keyId }), code: 'ERR_KEY_ID' },
    'answers a key that signs': {
      async answer({ KeyId }) {
        const signing = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
        const { KeyMetadata } = await kms.client.send(signing);
        return { ...(await getPublicKey({ KeyId: KeyMetadata.Arn })), KeyId };
      },
      code: 'ERR_KEY_UNSUPPORTED',
    },
  };

  for (const [what, { answer, code }] of Object.entries(UNUSABLE)) {
    test(`a getPublicKey that ${what} is an error, and keeps no other key from opening`, async () => {
      const envelope = await seal([rsa, key]);
      const { decrypt, deriveSharedSecret } = kms;
      const options = { keys: [key.keyId], getPublicKey: async (input) => answer(input), deriveSharedSecret };
      const error = await refusal(new Opener(options).open(await seal(key)));
      assert.equal(error.code, code);
      equal((await new Opener({ ...options, keyIds: [rsa.keyId], decrypt }).open(envelope)).plaintext);
    });
  }

  test('the ARN of an ML-KEM key in keys does not keep an ECC key from opening', async () => {
    const mlKem = await kms.createKey({ spec: 'ML_KEM_768' });
    const { deriveSharedSecret, decapsulate } = kms;
    const one = new Opener({ keys: [mlKem.KeyId, key.keyId], getPublicKey, deriveSharedSecret, decapsulate });
    equal((await one.open(await seal(key))).plaintext);
    const own = await KmsPublicKey.import(mlKem, { experimental: true });
    equal((await one.open(await seal([own, key], { mixed: true }))).plaintext);
  });
});

describe('a getPublicKey that does not answer in time', () => {
  let other;
  before(async () => {
    other = await KmsPublicKey.import(await kms.createKey({ spec: 'ECC_NIST_P384' }));
  });

  /** An opener whose getPublicKey never answers for `key`, and the signals of those calls. */
  function hanging(options) {
    const signals = [];
    const hung = (input, { signal }) => {
      if (input.KeyId !== key.keyId) return getPublicKey(input);
      signals.push(signal);
      return new Promise(() => {});
    };
    const { decrypt, deriveSharedSecret } = kms;
    return { signals, opener: new Opener({ decrypt, deriveSharedSecret, getPublicKey: hung, ...options }) };
  }

  test('a getPublicKey that never answers holds up no other key, whether the public key of that one is known or asked for', async () => {
    const { key: offline, privateKey } = await makeRaw();
    const { keyNamespace, keyName } = offline;
    for (const { second, options } of [
      { second: rsa, options: { keyIds: [rsa.keyId], keys: [key.keyId] } },
      { second: rsa, options: { keys: [key.keyId, rsa] } },
      { second: other, options: { keys: [key.keyId, other] } },
      { second: other, options: { keys: [key.keyId, other.keyId] } },
      { second: offline, options: { keys: [key.keyId], rawKeys: [{ keyNamespace, keyName, privateKey }] } },
    ]) {
      const { opener, signals } = hanging(options);
      const envelope = await seal([key, second]);
      for (const number of [1, 2]) equal((await opener.open(envelope)).plaintext, undefined, `opening ${number}`);
      assert.deepEqual(
        signals.map(({ aborted }) => aborted),
        [false],
        'one call, for all that need it',
      );
    }
  });

  test('a getPublicKey that never answers is stopped by the last caller that needs it, and the next one asks again', async () => {
    const { opener, signals } = hanging({ keys: [key.keyId, other] });
    equal((await opener.open(await seal([key, other]))).plaintext);
    const envelope = await seal(key);
    const aborts = [1, 2].map(() => new AbortController());
    const openings = aborts.map(({ signal }) => opener.open(envelope, { signal }));
    const reason = new Error('enough');
    for (const [index, abort] of aborts.entries()) {
      await new Promise(setImmediate);
      abort.abort(reason);
      assert.equal(await refusal(openings[index]), reason);
      await new Promise(setImmediate);
      assert.deepEqual(
        signals.map(({ aborted }) => aborted),
        [index === 1],
      );
    }
    equal((await opener.open(await seal([key, other]))).plaintext);
    assert.equal(signals.length, 2);
  });

  test('a getPublicKey that fails late is reported beside what other keys failed with', async () => {
    const cause = Object.assign(new Error('late'), { name: 'TimeoutError' });
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    let fail;
    const opener = new Opener({
      keyIds: [rsa.keyId],
      decrypt: async () => {
        setImmediate(() => fail(cause));
        throw denied;
      },
      keys: [key.keyId],
      getPublicKey: () => new Promise((resolve, reject) => (fail = reject)),
      deriveSharedSecret: kms.deriveSharedSecret,
    });
    const error = await refusal(opener.open(await seal([rsa, key])));
    assert.equal(error.code, 'ERR_KMS');
    assert.deepEqual(error.cause.errors, [denied, cause]);
  });
});

describe('several keys', () => {
  test('another context is reported beside a throttled key', async () => {
    const other = await KmsPublicKey.import(await kms.createKey({ spec: 'ECC_NIST_P384' }));
    const envelope = await seal([key, other], { requiredEncryptionContext: { owner: 'o' } });
    const cause = Object.assign(new Error('slow'), { name: 'ThrottlingException' });
    const deriveSharedSecret = async (input, options) => {
      if (input.KeyId === other.keyId) throw cause;
      return kms.deriveSharedSecret(input, options);
    };
    const opener = new Opener({ keys: [key, other], deriveSharedSecret });
    const error = await refusal(opener.open(envelope, { encryptionContext: { owner: 'another' } }));
    assert.equal(error.code, 'ERR_KMS');
    assert.match(error.message, /encryption context.*; KMS throttled/);
    assert.deepEqual(
      error.cause.errors.map((one) => one.code ?? one),
      ['ERR_CONTEXT', cause],
    );
    equal((await opener.open(envelope, { encryptionContext: { owner: 'o' } })).plaintext);
  });
});

describe('unwrap', () => {
  /** Opens with an `unwrap` that is handed the right data key. */
  async function unwrapped(change, encryptionContext) {
    const { key: offline, own } = await makeRaw();
    const { keyNamespace, keyName } = offline;
    const unwrap = async (ciphertext) =>
      change(privateDecrypt({ key: own, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, ciphertext));
    const envelope = await seal(offline, { requiredEncryptionContext: { owner: 'o' } });
    return new Opener({ rawKeys: [{ keyNamespace, keyName, unwrap }] }).open(envelope, { encryptionContext });
  }

  for (const [what, change] of Object.entries({
    nothing: () => undefined,
    base64: (bytes) => bytes.toString('base64'),
    'an object around the bytes': (plaintext) => ({ plaintext }),
    'a list of numbers': (bytes) => [...bytes],
  })) {
    test(`${what} in place of bytes is a mistake in unwrap, and does not accuse the envelope`, async () => {
      const error = await refusal(unwrapped(change, { owner: 'o' }));
      assert.equal(error.code, 'ERR_KMS');
      assert.match(error.message, /unwrap failed/);
      assert.match(error.cause.message, /what unwrap returns must be/);
    });
  }

  test('another required context is named among what may be wrong', async () => {
    equal((await unwrapped((bytes) => bytes, { owner: 'o' })).plaintext);
    for (const encryptionContext of [{ owner: 'another' }, undefined]) {
      const error = await refusal(unwrapped((bytes) => bytes, encryptionContext));
      assert.equal(error.code, 'ERR_AUTHENTICATION');
      assert.match(error.message, /encryption context/);
    }
  });
});
