// Which KMS calls opening makes, and what becomes of their answers and errors.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { DecryptCommand, DisableKeyCommand, ReplicateKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, KmsealError, Opener, Sealer } from 'kmseal';
import { sample } from '../support/bytes.mjs';
import { startKms } from '../support/kms.mjs';
import { readHeader, writeHeader } from '../support/message.mjs';

const PLAINTEXT = sample(5000);
const [SHA_256, SHA_1] = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1'];

let kms;
let first;
let second;
before(async () => {
  kms = await startKms();
  [first, second] = await Promise.all([0, 1].map(async () => KmsPublicKey.import(await kms.createKey())));
});
after(() => kms?.close());

const seal = (keys, options) => new Sealer({ keys }).seal(PLAINTEXT, options);

/** Opens, and tells which keys KMS was asked about. */
async function open(envelope, { decrypt = kms.decrypt, keyIds = [first.keyId], encryptionAlgorithm, ...options }) {
  const asked = [];
  const counting = (input, given) => {
    asked.push(input.KeyId);
    return decrypt(input, given);
  };
  try {
    return { ...(await new Opener({ keyIds, decrypt: counting, encryptionAlgorithm }).open(envelope, options)), asked };
  } catch (error) {
    return { error, asked };
  }
}

/** Shows that opening fails in KMS: what the error says, what caused it each time, and how often KMS was asked. */
async function fails(envelope, { name, says, calls = 1, ...options }) {
  const { error, asked } = await open(envelope, options);
  assert.ok(error instanceof KmsealError, `opened, or ${error}`);
  assert.equal(error.code, 'ERR_KMS');
  const causes = calls === 1 ? [error.cause] : error.cause.errors;
  assert.deepEqual(causes.map((cause) => cause.name), Array(calls).fill(name));
  assert.match(error.message, says);
  assert.ok(error.message.includes(name), error.message);
  assert.equal(asked.length, calls);
}

describe('calls', () => {
  test('one, with exactly the input of KMS Decrypt', async () => {
    for (const algorithm of [SHA_256, SHA_1]) {
      const key = await KmsPublicKey.import(await kms.createKey(), { encryptionAlgorithm: algorithm });
      const envelope = await seal(key);
      const inputs = [];
      const decrypt = (input, options) => {
        inputs.push([input, options]);
        return kms.decrypt(input, options);
      };
      const { signal } = new AbortController();
      const opened = await new Opener({ keyIds: [key.keyId], decrypt, encryptionAlgorithm: algorithm }).open(envelope, { signal });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
      assert.equal(opened.keyId, key.keyId);
      const CiphertextBlob = new Uint8Array(readHeader(envelope).edks[0].ciphertext);
      assert.deepEqual(inputs, [[{ KeyId: key.keyId, CiphertextBlob, EncryptionAlgorithm: algorithm }, { signal, abortSignal: signal }]]);
    }
  });

  test('none without a matching key', async () => {
    const envelope = await seal(first);
    const strangers = [second.keyId, first.keyId.replace('us-east-1', 'eu-west-1'), first.keyId.replace('000000000000', '111122223333')];
    const { error, asked } = await open(envelope, { keyIds: strangers });
    assert.equal(error.code, 'ERR_NO_MATCHING_KEY');
    assert.deepEqual(asked, []);
  });

  test('none when keyIds are no key ARNs', async () => {
    const id = first.keyId.split('/')[1];
    for (const keyId of [id, 'alias/a', 'arn:aws:kms:us-east-1:000000000000:alias/a', first.keyId.toUpperCase(), '']) {
      const { error, asked } = await open(await seal(first), { keyIds: [first.keyId, keyId] });
      assert.equal(error.code, 'ERR_KEY_ID', keyId);
      assert.deepEqual(asked, []);
    }
  });

  test("in the order of keyIds, whatever the envelope's, until one opens", async () => {
    for (const keys of [[first, second], [second, first]]) {
      for (const keyIds of [[first.keyId, second.keyId], [second.keyId, first.keyId]]) {
        const opened = await open(await seal(keys), { keyIds });
        assert.deepEqual(opened.asked, [keyIds[0]]);
        assert.equal(opened.keyId, keyIds[0]);
      }
    }
    const opened = await open(await seal([first, second]), { keyIds: [second.keyId] });
    assert.deepEqual(opened.asked, [second.keyId]);
  });

  test('the same key twice, the first time with junk', async () => {
    // Wrapped for the second key under the first one's name.
    const answer = await kms.createKey();
    const junk = await KmsPublicKey.import(answer.PublicKey, { keyId: first.keyId });
    const opened = await open(await seal([junk, first]), {});
    assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
    assert.deepEqual(opened.asked, [first.keyId, first.keyId]);
    await fails(await seal([junk, junk]), { name: 'InvalidCiphertextException', says: /sealed for another key/, calls: 2 });
  });

  test('once about what stands in the envelope eight times, and not about what no key can have made', async () => {
    const fields = readHeader(await seal(first));
    const [edk] = fields.edks;
    const made = (edks) => new Uint8Array(writeHeader(Buffer.alloc(32), { ...fields, edks })); // nobody gets to its tag
    const refusal = Object.assign(new Error('no'), { name: 'InvalidCiphertextException' });
    const asked = [];
    const decrypt = async (input) => {
      asked.push(input.CiphertextBlob.length);
      throw refusal;
    };
    await assert.rejects(new Opener({ keyIds: [first.keyId], decrypt }).open(made(Array(8).fill(edk))), { cause: refusal });
    assert.deepEqual(asked, [256]);
    const long = { ...edk, ciphertext: Buffer.alloc(65_535) };
    const invalid = { code: 'ERR_ENVELOPE_INVALID', message: /has 65535 bytes.*256, 384 or 512/ };
    await assert.rejects(new Opener({ keyIds: [first.keyId], decrypt }).open(made(Array(8).fill(long))), invalid);
    assert.deepEqual(asked, [256]);
  });

  test('what decrypt makes of its input does not change what the answer is held against', async () => {
    const CiphertextBlob = new Uint8Array(readHeader(await seal(second)).edks[0].ciphertext);
    const other = (input) => kms.decrypt(Object.assign(input, { KeyId: second.keyId, CiphertextBlob }));
    const emptied = (input) => {
      const asked = { ...input, CiphertextBlob: input.CiphertextBlob.slice() };
      input.CiphertextBlob.fill(0);
      return kms.decrypt(asked);
    };
    const { error } = await open(await seal(first), { decrypt: other });
    assert.match(error.message, /answered for another key/);
    const cache = { maxAge: 60_000 };
    const opener = new Opener({ keyIds: [first.keyId], decrypt: emptied, cache });
    const envelope = await seal(first);
    for (const round of [1, 2]) assert.ok(Buffer.from(PLAINTEXT).equals((await opener.open(envelope)).plaintext), `round ${round}`);
    opener.close();
  });

  test('a multi-Region key in the region of its replica', async () => {
    const answer = await kms.createKey({ multiRegion: true });
    await kms.client.send(new ReplicateKeyCommand({ KeyId: answer.KeyId, ReplicaRegion: 'eu-west-1' }));
    const replica = answer.KeyId.replace('us-east-1', 'eu-west-1');
    const there = kms.createClient({ region: 'eu-west-1' });
    const decrypt = (input) => there.send(new DecryptCommand(input));
    const opened = await open(await seal(await KmsPublicKey.import(answer)), { keyIds: [replica], decrypt });
    assert.equal(opened.keyId, replica);
    assert.deepEqual(opened.asked, [replica]);
  });
});

describe('errors of KMS', () => {
  test('InvalidCiphertextException, by the wrong hash', async () => {
    const says = /other OAEP hash \(encryptionAlgorithm\)/;
    await fails(await seal(first), { encryptionAlgorithm: SHA_1, name: 'InvalidCiphertextException', says });
  });

  test('NotFoundException, by a key that is not there and by another region', async () => {
    const keyId = first.keyId.replace(/.{12}$/, '0123456789ab');
    const envelope = await seal(await KmsPublicKey.import((await kms.createKey()).PublicKey, { keyId }));
    await fails(envelope, { keyIds: [keyId], name: 'NotFoundException', says: /does not find the key.*region/ });
    const elsewhere = kms.createClient({ region: 'eu-west-1' });
    const decrypt = (input) => elsewhere.send(new DecryptCommand(input));
    await fails(await seal(first), { decrypt, name: 'NotFoundException', says: /does not find the key.*region/ });
  });

  for (const [name, says, command] of [
    ['DisabledException', /is disabled/, (KeyId) => new DisableKeyCommand({ KeyId })],
    ['KMSInvalidStateException', /pending deletion/, (KeyId) => new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })],
  ]) {
    test(`${name}, and the next key is tried`, async () => {
      const key = await KmsPublicKey.import(await kms.createKey());
      await kms.client.send(command(key.keyId));
      await fails(await seal(key), { keyIds: [key.keyId], name, says });
      const keyIds = [key.keyId, second.keyId];
      const opened = await open(await seal([key, second]), { keyIds });
      assert.equal(opened.keyId, second.keyId);
      assert.deepEqual(opened.asked, keyIds);
      // All errors are told, in the order in which they came.
      const { error } = await open(await seal([key, second]), { keyIds, encryptionAlgorithm: SHA_1 });
      assert.deepEqual(error.cause.errors.map((cause) => cause.name), [name, 'InvalidCiphertextException']);
      assert.match(error.message, new RegExp(`${says.source}.*${name} for ${key.keyId}.*InvalidCiphertextException for ${second.keyId}`));
    });
  }

  test('AccessDeniedException', async () => {
    const guarded = await startKms({ auth: true });
    const iam = new IAMClient(guarded.emulator.config);
    try {
      await iam.send(new CreateUserCommand({ UserName: 'nobody' }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }));
      const credentials = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
      const client = guarded.createClient({ credentials });
      const key = await KmsPublicKey.import(await guarded.createKey());
      const decrypt = (input) => client.send(new DecryptCommand(input));
      const settings = { decrypt, keyIds: [key.keyId], name: 'AccessDeniedException', says: /denies kms:Decrypt.*policy/ };
      await fails(await seal(key), settings);
      await fails(await seal([key, key]), { ...settings, calls: 2 });
      const stranger = guarded.createClient({ credentials: { ...credentials, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } });
      const unknown = { ...settings, decrypt: (input) => stranger.send(new DecryptCommand(input)) };
      await fails(await seal([key, key]), { ...unknown, calls: 2, name: 'UnrecognizedClientException', says: /credentials/ });
      const opened = await open(await seal(key), { decrypt: guarded.decrypt, keyIds: [key.keyId] });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
    } finally {
      iam.destroy();
      await guarded.close();
    }
  });

  // The emulator never throttles or fails, so these come from an HTTP server through the SDK.
  for (const [status, name, says] of [
    [400, 'ThrottlingException', /throttled/],
    [500, 'KMSInternalException', /try again/],
    [503, 'DependencyTimeoutException', /try again/],
    [500, 'KeyUnavailableException', /try again/],
    [400, 'InvalidKeyUsageException', /ENCRYPT_DECRYPT/],
  ]) {
    test(`${name}, and the next key is asked`, async () => {
      const server = createServer((request, response) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify({ __type: name, message: 'no' }));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = kms.createClient({ endpoint: `http://127.0.0.1:${server.address().port}`, maxAttempts: 1 });
      try {
        const decrypt = (input) => client.send(new DecryptCommand(input));
        await fails(await seal([first, second]), { decrypt, keyIds: [first.keyId, second.keyId], name, says, calls: 2 });
        const near = (input) => (input.KeyId === first.keyId ? decrypt(input) : kms.decrypt(input));
        const opened = await open(await seal([first, second]), { decrypt: near, keyIds: [first.keyId, second.keyId] });
        assert.deepEqual(opened.asked, [first.keyId, second.keyId]);
        assert.equal(opened.keyId, second.keyId);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  }

  test('a connection that is refused', async () => {
    const client = kms.createClient({ endpoint: 'http://127.0.0.1:9', maxAttempts: 1 });
    const decrypt = (input) => client.send(new DecryptCommand(input));
    const { error, asked } = await open(await seal([first, second]), { decrypt });
    assert.equal(error.code, 'ERR_KMS');
    assert.equal(error.cause.code, 'ECONNREFUSED');
    assert.match(error.message, /could not be reached.*\(ECONNREFUSED for arn:/);
    assert.equal(asked.length, 1);
  });

  test('whatever decrypt throws', async () => {
    const envelope = await seal([first, first]);
    const thrown = [new TypeError('x is not a function'), 'a string', undefined];
    for (const cause of thrown) {
      const throwing = () => {
        throw cause;
      };
      for (const decrypt of [throwing, async () => throwing()]) {
        const { error, asked } = await open(envelope, { decrypt });
        assert.equal(error.code, 'ERR_KMS');
        assert.deepEqual(error.cause.errors, [cause, cause]);
        assert.equal(asked.length, 2);
      }
    }
  });
});

describe('answers', () => {
  /** An opener whose decrypt changes KMS's answer. */
  const altered = (alter) => ({
    async decrypt(input, options) {
      const { KeyId, Plaintext } = await kms.decrypt(input, options);
      return alter({ KeyId, Plaintext });
    },
  });
  const bytes = (alter) => ({ KeyId, Plaintext }) => ({ KeyId, Plaintext: alter(Plaintext) });

  for (const [name, alter, code] of [
    ['another KeyId', (answer) => ({ ...answer, KeyId: second.keyId }), 'ERR_KMS'],
    ['a bare KeyId', (answer) => ({ ...answer, KeyId: answer.KeyId.split('/')[1] }), 'ERR_KMS'],
    ['no KeyId', ({ Plaintext }) => ({ Plaintext }), 'ERR_KMS'],
    ['no plaintext', ({ KeyId }) => ({ KeyId }), 'ERR_KMS'],
    ['nothing', () => undefined, 'ERR_KMS'],
    ['79 bytes', bytes((plaintext) => plaintext.subarray(1)), 'ERR_KMS'],
    ['81 bytes', bytes((plaintext) => Buffer.concat([plaintext, Buffer.alloc(1)])), 'ERR_KMS'],
    ['no bytes', bytes(() => new Uint8Array()), 'ERR_KMS'],
    ['base64', bytes((plaintext) => Buffer.from(plaintext).toString('base64')), 'ERR_KMS'],
    ['the digest of another context', bytes((plaintext) => plaintext.map((byte, at) => (at < 48 ? byte ^ 1 : byte))), 'ERR_CONTEXT'],
    ['another data key', bytes((plaintext) => plaintext.map((byte, at) => (at < 48 ? byte : byte ^ 1))), 'ERR_AUTHENTICATION'],
  ]) {
    test(`${name} is ${code}, and final`, async () => {
      const { error, asked } = await open(await seal([first, first]), altered(alter));
      assert.ok(error instanceof KmsealError, String(error));
      assert.equal(error.code, code);
      assert.equal(asked.length, 1);
    });
  }

  test('an answer in the middle of a larger buffer, and more fields, are taken', async () => {
    const alter = ({ KeyId, Plaintext }) => ({ KeyId, Plaintext: Buffer.concat([Buffer.alloc(7), Plaintext]).subarray(7), $metadata: {} });
    const opened = await open(await seal(first), altered(alter));
    assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
  });
});

describe('expected contexts', () => {
  const stored = { tenant: '7', name: 'ü😀' };
  const required = { owner: 'o' };

  test('a stored mismatch is told before KMS is asked', async () => {
    const envelope = await seal(first, { encryptionContext: stored });
    for (const expected of [{ tenant: '8' }, { ...stored, name: 'ü' }, { name: 'u\u0308😀' }, { tenant: '' }]) {
      const { error, asked } = await open(envelope, { encryptionContext: expected });
      assert.equal(error.code, 'ERR_CONTEXT');
      assert.deepEqual(asked, []);
    }
  });

  test('a required mismatch is told by the digest', async () => {
    const envelope = await seal(first, { encryptionContext: stored, requiredEncryptionContext: required });
    for (const expected of [undefined, {}, stored, { owner: 'p' }, { ...stored, ...required, more: '' }, { more: 'o' }]) {
      const { error, asked } = await open(envelope, { encryptionContext: expected });
      assert.equal(error.code, 'ERR_CONTEXT', JSON.stringify(expected));
      assert.deepEqual(asked, [first.keyId]);
    }
  });

  test('what was required must be expected, what was stored may be', async () => {
    const envelope = await seal(first, { encryptionContext: stored, requiredEncryptionContext: required });
    for (const expected of [required, { ...required, tenant: '7' }, { ...stored, ...required }]) {
      const opened = await open(envelope, { encryptionContext: expected });
      assert.deepEqual({ ...opened.encryptionContext }, { ...stored, ...required });
    }
    assert.deepEqual(readHeader(envelope).context.includes('owner'), false);
  });
});
