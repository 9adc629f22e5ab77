// Which KMS calls opening makes, and what it does with their answers and errors.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  DecryptCommand,
  DisableKeyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { KmsPublicKey, KmsealError, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { openAsked } from './asked.mjs';
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

const open = (envelope, options) => openAsked(envelope, { decrypt: kms.decrypt, keyIds: [first.keyId], ...options });

/** Asserts that opening fails in KMS: what the error says, what caused it each time, and how often KMS was asked. */
async function fails(envelope, { name, says, calls = 1, ...options }) {
  const { error, asked } = await open(envelope, options);
  assert.ok(error instanceof KmsealError, `opened, or ${error}`);
  assert.equal(error.code, 'ERR_KMS');
  const causes = calls === 1 ? [error.cause] : error.cause.errors;
  assert.deepEqual(
    causes.map((cause) => cause.name),
    Array(calls).fill(name),
  );
  assert.match(error.message, says);
  assert.ok(error.message.includes(name), error.message);
  assert.equal(asked.length, calls);
}

describe('calls', () => {
  test('open makes one call, with exactly the input of KMS Decrypt', async () => {
    for (const algorithm of [SHA_256, SHA_1]) {
      const key = await KmsPublicKey.import(await kms.createKey(), { encryptionAlgorithm: algorithm });
      const envelope = await seal(key);
      const inputs = [];
      const decrypt = (input, options) => {
        inputs.push([input, options]);
        return kms.decrypt(input, options);
      };
      const { signal } = new AbortController();
      const opened = await new Opener({ keyIds: [key.keyId], decrypt, encryptionAlgorithm: algorithm }).open(envelope, {
        signal,
      });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
      assert.equal(opened.keyId, key.keyId);
      const CiphertextBlob = new Uint8Array(readHeader(envelope).edks[0].ciphertext);
      assert.deepEqual(inputs, [
        [
          { KeyId: key.keyId, CiphertextBlob, EncryptionAlgorithm: algorithm },
          { signal, abortSignal: signal },
        ],
      ]);
    }
  });

  test('open makes no call without a matching key', async () => {
    const envelope = await seal(first);
    const strangers = [
      second.keyId,
      first.keyId.replace('us-east-1', 'eu-west-1'),
      first.keyId.replace('000000000000', '111122223333'),
    ];
    const { error, asked } = await open(envelope, { keyIds: strangers });
    assert.equal(error.code, 'ERR_NO_MATCHING_KEY');
    assert.deepEqual(asked, []);
  });

  test('open makes no call when keyIds are not key ARNs', async () => {
    const id = first.keyId.split('/')[1];
    for (const keyId of [id, 'alias/a', 'arn:aws:kms:us-east-1:000000000000:alias/a', first.keyId.toUpperCase(), '']) {
      const { error, asked } = await open(await seal(first), { keyIds: [first.keyId, keyId] });
      assert.equal(error.code, 'ERR_KEY_ID', keyId);
      assert.deepEqual(asked, []);
    }
  });

  test("open asks in the order of keyIds, not the envelope's, until one opens", async () => {
    for (const keys of [
      [first, second],
      [second, first],
    ]) {
      for (const keyIds of [
        [first.keyId, second.keyId],
        [second.keyId, first.keyId],
      ]) {
        const opened = await open(await seal(keys), { keyIds });
        assert.deepEqual(opened.asked, [keyIds[0]]);
        assert.equal(opened.keyId, keyIds[0]);
      }
    }
    const opened = await open(await seal([first, second]), { keyIds: [second.keyId] });
    assert.deepEqual(opened.asked, [second.keyId]);
  });

  test('open asks twice if the same key stands twice and the first entry is junk', async () => {
    // Wrapped for the second key under the first one's name.
    const answer = await kms.createKey();
    const junk = await KmsPublicKey.import(answer.PublicKey, { keyId: first.keyId });
    const opened = await open(await seal([junk, first]), {});
    assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
    assert.deepEqual(opened.asked, [first.keyId, first.keyId]);
    await fails(await seal([junk, junk]), {
      name: 'InvalidCiphertextException',
      says: /sealed for another key/,
      calls: 2,
    });
  });

  test('open asks once about an entry that is repeated eight times, and not about one that no key can have made', async () => {
    const fields = readHeader(await seal(first));
    const [edk] = fields.edks;
    const made = (edks) => new Uint8Array(writeHeader(Buffer.alloc(32), { ...fields, edks })); // nobody gets to its tag
    const refusal = Object.assign(new Error('no'), { name: 'InvalidCiphertextException' });
    const asked = [];
    const decrypt = async (input) => {
      asked.push(input.CiphertextBlob.length);
      throw refusal;
    };
    await assert.rejects(new Opener({ keyIds: [first.keyId], decrypt }).open(made(Array(8).fill(edk))), {
      cause: refusal,
    });
    assert.deepEqual(asked, [256]);
    const long = { ...edk, ciphertext: Buffer.alloc(65_535) };
    const invalid = { code: 'ERR_ENVELOPE_INVALID', message: /has 65535 bytes.*256, 384 or 512/ };
    await assert.rejects(new Opener({ keyIds: [first.keyId], decrypt }).open(made(Array(8).fill(long))), invalid);
    assert.deepEqual(asked, [256]);
  });

  test('a decrypt that modifies its input does not change what the answer is compared with', async () => {
    const CiphertextBlob = new Uint8Array(readHeader(await seal(second)).edks[0].ciphertext);
    const other = (input) => kms.decrypt(Object.assign(input, { KeyId: second.keyId, CiphertextBlob }));
    const emptied = (input) => {
      const asked = { ...input, CiphertextBlob: input.CiphertextBlob.slice() };
      input.CiphertextBlob.fill(0);
      return kms.decrypt(asked);
    };
    const { error } = await open(await seal(first), { decrypt: other });
    assert.match(error.message, /names no key, or one that KMS was not asked/);
    const cache = { maxAge: 60_000 };
    const opener = new Opener({ keyIds: [first.keyId], decrypt: emptied, cache });
    const envelope = await seal(first);
    for (const round of [1, 2])
      assert.ok(Buffer.from(PLAINTEXT).equals((await opener.open(envelope)).plaintext), `round ${round}`);
    opener.close();
  });

  test('a multi-Region key opens in the region of its replica', async () => {
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
  test('InvalidCiphertextException is explained by the wrong hash', async () => {
    const says = /other OAEP hash \(encryptionAlgorithm\)/;
    await fails(await seal(first), { encryptionAlgorithm: SHA_1, name: 'InvalidCiphertextException', says });
  });

  test('NotFoundException is explained by a missing key or another region', async () => {
    const keyId = first.keyId.replace(/.{12}$/, '0123456789ab');
    const envelope = await seal(await KmsPublicKey.import((await kms.createKey()).PublicKey, { keyId }));
    await fails(envelope, { keyIds: [keyId], name: 'NotFoundException', says: /does not find the key.*region/ });
    const elsewhere = kms.createClient({ region: 'eu-west-1' });
    const decrypt = (input) => elsewhere.send(new DecryptCommand(input));
    await fails(await seal(first), { decrypt, name: 'NotFoundException', says: /does not find the key.*region/ });
  });

  for (const { name, says, command } of [
    { name: 'DisabledException', says: /is disabled/, command: (KeyId) => new DisableKeyCommand({ KeyId }) },
    {
      name: 'KMSInvalidStateException',
      says: /pending deletion/,
      command: (KeyId) => new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
    },
  ]) {
    test(`${name} makes open try the next key`, async () => {
      const key = await KmsPublicKey.import(await kms.createKey());
      await kms.client.send(command(key.keyId));
      await fails(await seal(key), { keyIds: [key.keyId], name, says });
      const keyIds = [key.keyId, second.keyId];
      const opened = await open(await seal([key, second]), { keyIds });
      assert.equal(opened.keyId, second.keyId);
      assert.deepEqual(opened.asked, keyIds);
      // All errors are reported, in the order in which they occurred.
      const { error } = await open(await seal([key, second]), { keyIds, encryptionAlgorithm: SHA_1 });
      assert.deepEqual(
        error.cause.errors.map((cause) => cause.name),
        [name, 'InvalidCiphertextException'],
      );
      assert.match(
        error.message,
        new RegExp(`${says.source}.*${name} for ${key.keyId}.*InvalidCiphertextException for ${second.keyId}`),
      );
    });
  }

  test('AccessDeniedException names the missing permission', async () => {
    const guarded = await startKms({ auth: true });
    const iam = new IAMClient(guarded.emulator.config);
    try {
      await iam.send(new CreateUserCommand({ UserName: 'nobody' }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }));
      const credentials = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
      const client = guarded.createClient({ credentials });
      const key = await KmsPublicKey.import(await guarded.createKey());
      const decrypt = (input) => client.send(new DecryptCommand(input));
      const settings = {
        decrypt,
        keyIds: [key.keyId],
        name: 'AccessDeniedException',
        says: /denies kms:Decrypt.*policy/,
      };
      await fails(await seal(key), settings);
      await fails(await seal([key, key]), { ...settings, calls: 2 });
      const stranger = guarded.createClient({ credentials: { ...credentials, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } });
      const unknown = { ...settings, decrypt: (input) => stranger.send(new DecryptCommand(input)) };
      await fails(await seal([key, key]), {
        ...unknown,
        calls: 2,
        name: 'UnrecognizedClientException',
        says: /credentials/,
      });
      const opened = await open(await seal(key), { decrypt: guarded.decrypt, keyIds: [key.keyId] });
      assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
    } finally {
      iam.destroy();
      await guarded.close();
    }
  });

  // The emulator never throttles or fails, so these come from an HTTP server through the SDK.
  for (const { status, name, says } of [
    { status: 400, name: 'ThrottlingException', says: /throttled/ },
    { status: 500, name: 'KMSInternalException', says: /try again/ },
    { status: 503, name: 'DependencyTimeoutException', says: /try again/ },
    { status: 500, name: 'KeyUnavailableException', says: /try again/ },
    { status: 400, name: 'InvalidKeyUsageException', says: /ENCRYPT_DECRYPT/ },
  ]) {
    test(`${name} makes open ask the next key`, async () => {
      const server = createServer((request, response) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify({ __type: name, message: 'no' }));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = kms.createClient({ endpoint: `http://127.0.0.1:${server.address().port}`, maxAttempts: 1 });
      try {
        const decrypt = (input) => client.send(new DecryptCommand(input));
        await fails(await seal([first, second]), {
          decrypt,
          keyIds: [first.keyId, second.keyId],
          name,
          says,
          calls: 2,
        });
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

  test('a refused connection fails with ERR_KMS and its cause', async () => {
    const client = kms.createClient({ endpoint: 'http://127.0.0.1:9', maxAttempts: 1 });
    const decrypt = (input) => client.send(new DecryptCommand(input));
    const { error, asked } = await open(await seal([first, second]), { decrypt });
    assert.equal(error.code, 'ERR_KMS');
    assert.equal(error.cause.code, 'ECONNREFUSED');
    assert.match(error.message, /could not be reached.*\(ECONNREFUSED for arn:/);
    assert.equal(asked.length, 1);
  });

  test('whatever decrypt throws becomes ERR_KMS', async () => {
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
