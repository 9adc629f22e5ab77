// What opening does with the answers of KMS, and with the contexts that a caller expects.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, KmsealError, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { openAsked } from './asked.mjs';
import { readHeader } from '../support/message.mjs';

const PLAINTEXT = sample(5000);

let kms;
let first;
let second;
before(async () => {
  kms = await startKms();
  [first, second] = await Promise.all([0, 1].map(async () => KmsPublicKey.import(await kms.createKey())));
});
after(() => kms?.close());

const seal = (keys, options) => new Sealer({ keys }).seal(PLAINTEXT, options);

const open = (envelope, options) => openAsked(envelope, { decrypt: kms.decrypt, keyIds: [first.keyId], ...options });

describe('answers', () => {
  /** An opener whose decrypt changes KMS's answer. */
  const altered = (alter) => ({
    async decrypt(input, options) {
      const { KeyId, Plaintext } = await kms.decrypt(input, options);
      return alter({ KeyId, Plaintext });
    },
  });
  const bytes =
    (alter) =>
    ({ KeyId, Plaintext }) => ({ KeyId, Plaintext: alter(Plaintext) });

  for (const { name, alter, code } of [
    { name: 'another KeyId', alter: (answer) => ({ ...answer, KeyId: second.keyId }), code: 'ERR_KMS' },
    { name: 'a bare KeyId', alter: (answer) => ({ ...answer, KeyId: answer.KeyId.split('/')[1] }), code: 'ERR_KMS' },
    { name: 'no KeyId', alter: ({ Plaintext }) => ({ Plaintext }), code: 'ERR_KMS' },
    { name: 'no plaintext', alter: ({ KeyId }) => ({ KeyId }), code: 'ERR_KMS' },
    { name: 'nothing', alter: () => undefined, code: 'ERR_KMS' },
    { name: '79 bytes', alter: bytes((plaintext) => plaintext.subarray(1)), code: 'ERR_KMS' },
    { name: '81 bytes', alter: bytes((plaintext) => Buffer.concat([plaintext, Buffer.alloc(1)])), code: 'ERR_KMS' },
    { name: 'no bytes', alter: bytes(() => new Uint8Array()), code: 'ERR_KMS' },
    { name: 'base64', alter: bytes((plaintext) => Buffer.from(plaintext).toString('base64')), code: 'ERR_KMS' },
    {
      name: 'the digest of another context',
      alter: bytes((plaintext) => plaintext.map((byte, at) => (at < 48 ? byte ^ 1 : byte))),
      code: 'ERR_CONTEXT',
    },
    {
      name: 'another data key',
      alter: bytes((plaintext) => plaintext.map((byte, at) => (at < 48 ? byte : byte ^ 1))),
      code: 'ERR_AUTHENTICATION',
    },
  ]) {
    const goesOn = code === 'ERR_KMS';
    test(`an answer with ${name} fails with ${code}, and ${goesOn ? 'the next' : 'no other'} key is tried`, async () => {
      const { error, asked } = await open(await seal([first, first]), altered(alter));
      assert.ok(error instanceof KmsealError, String(error));
      assert.equal(error.code, code);
      assert.equal(asked.length, goesOn ? 2 : 1);
    });
  }

  test('an answer that does not fit the request is reported beside other failures, and by itself if nothing else failed', async () => {
    const envelope = await seal([first, second]);
    const keyIds = [first.keyId, second.keyId];
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    const { decrypt } = altered(bytes((plaintext) => plaintext.subarray(1)));
    const short = /^KMS returned a plaintext that is not a data key of this format \(it must be 80 bytes\)/;
    for (const { second: other, causes } of [
      { second: async () => Promise.reject(denied), causes: ['ERR_KMS', denied] },
      { second: decrypt, causes: ['ERR_KMS', 'ERR_KMS'] },
    ]) {
      const { error, asked } = await open(envelope, {
        keyIds,
        decrypt: (input, given) => (input.KeyId === first.keyId ? decrypt : other)(input, given),
      });
      assert.equal(error.code, 'ERR_KMS');
      assert.match(error.message, short);
      assert.deepEqual(
        error.cause.errors.map((cause) => cause.code ?? cause),
        causes,
      );
      assert.deepEqual(asked, keyIds);
    }
    const opened = await open(envelope, {
      keyIds,
      decrypt: (input, given) => (input.KeyId === first.keyId ? decrypt : kms.decrypt)(input, given),
    });
    assert.equal(opened.keyId, second.keyId);
    const alone = await open(await seal(first), { decrypt });
    assert.match(alone.error.message, short);
  });

  test('an answer inside a larger buffer, or with more fields, is accepted', async () => {
    const alter = ({ KeyId, Plaintext }) => ({
      KeyId,
      Plaintext: Buffer.concat([Buffer.alloc(7), Plaintext]).subarray(7),
      $metadata: {},
    });
    const opened = await open(await seal(first), altered(alter));
    assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
  });
});

describe('expected contexts', () => {
  const stored = { tenant: '7', name: 'ü😀' };
  const required = { owner: 'o' };

  test('a stored mismatch is reported before KMS is asked', async () => {
    const envelope = await seal(first, { encryptionContext: stored });
    for (const expected of [{ tenant: '8' }, { ...stored, name: 'ü' }, { name: 'u\u0308😀' }, { tenant: '' }]) {
      const { error, asked } = await open(envelope, { encryptionContext: expected });
      assert.equal(error.code, 'ERR_CONTEXT');
      assert.deepEqual(asked, []);
    }
  });

  test('a required mismatch is found by the digest', async () => {
    const envelope = await seal(first, { encryptionContext: stored, requiredEncryptionContext: required });
    for (const expected of [
      undefined,
      {},
      stored,
      { owner: 'p' },
      { ...stored, ...required, more: '' },
      { more: 'o' },
    ]) {
      const { error, asked } = await open(envelope, { encryptionContext: expected });
      assert.equal(error.code, 'ERR_CONTEXT', JSON.stringify(expected));
      assert.deepEqual(asked, [first.keyId]);
    }
  });

  test('required pairs must be expected, and stored pairs may be', async () => {
    const envelope = await seal(first, { encryptionContext: stored, requiredEncryptionContext: required });
    for (const expected of [required, { ...required, tenant: '7' }, { ...stored, ...required }]) {
      const opened = await open(envelope, { encryptionContext: expected });
      assert.deepEqual({ ...opened.encryptionContext }, { ...stored, ...required });
    }
    assert.deepEqual(readHeader(envelope).context.includes('owner'), false);
  });
});
