// examples/lambda-open.mjs and examples/batch-task.mjs, as S3 and S3 Batch Operations call them.
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { KmsPublicKey, Opener, Sealer, inspect } from 'kmseal';
import { printed } from '../../scripts/lib/kms.mjs';
import { startAws } from '../support/aws.mjs';
import { sample } from '../support/bytes.mjs';
import { startFaults } from '../support/microburst.mjs';

const MIB = 2 ** 20;
const CONTEXT = { purpose: 'upload', user: '4711' };
const BIG = sample(12 * MIB);

let aws;
let key;
let sealer;
before(async () => {
  aws = await startAws(['sealed', 'plain', 'batch']);
  key = await KmsPublicKey.import(await aws.kms.createKey());
  sealer = new Sealer({ keys: key, encryptionContext: CONTEXT, cache: { maxAge: 60_000 } });
});
after(() => aws?.close());

/** Puts an envelope under a key, as the page does. */
async function upload(name, plaintext, { cut, context } = {}) {
  const envelope = await (context ? new Sealer({ keys: key, encryptionContext: context }) : sealer).seal(plaintext);
  await aws.put('sealed', name, cut ? envelope.subarray(0, cut) : envelope);
}

/** How often KMS Decrypt is called meanwhile. */
async function decryptsDuring(work) {
  const send = mock.method(KMSClient.prototype, 'send');
  try {
    await work();
    return send.mock.calls.filter(({ arguments: [command] }) => command instanceof DecryptCommand).length;
  } finally {
    send.mock.restore();
  }
}

describe('a Lambda function on an S3 event', () => {
  const event = (...keys) => ({
    Records: keys.map((name) => ({ s3: { bucket: { name: 'sealed' }, object: { key: encodeURIComponent(name).replaceAll('%20', '+') } } })),
  });
  let handler;
  before(async () => {
    handler = await aws.lambda('lambda-open', { KEY_ARN: key.keyId, PLAIN_BUCKET: 'plain' });
  });

  test('opens what was uploaded, of any size and name', async () => {
    for (const [name, plaintext] of [['uploads/4711/a b&ü.pdf', sample(100)], ['uploads/4711/empty', sample(0)], ['uploads/4711/big', BIG]]) {
      await upload(`${name}.kmseal`, plaintext);
      await handler(event(`${name}.kmseal`));
      assert.ok(Buffer.from(plaintext).equals(await aws.get('plain', name)), name);
    }
  });

  test('an event that comes twice is done once', async () => {
    await upload('uploads/4711/twice.kmseal', sample(100));
    await handler(event('uploads/4711/twice.kmseal'));
    const send = mock.method(S3Client.prototype, 'send');
    try {
      await handler(event('uploads/4711/twice.kmseal'));
      assert.deepEqual(send.mock.calls.map(({ arguments: [command] }) => command.constructor.name), ['GetObjectCommand', 'HeadObjectCommand']);
    } finally {
      send.mock.restore();
    }
    assert.ok(Buffer.from(sample(100)).equals(await aws.get('plain', 'uploads/4711/twice')));
  });

  test('asks KMS once for all files of one data key, as long as the instance is kept', async () => {
    const fresh = await aws.lambda('lambda-open', { KEY_ARN: key.keyId, PLAIN_BUCKET: 'plain' });
    const names = [1, 2, 3].map((index) => `uploads/4711/warm-${index}.kmseal`);
    for (const name of names) await upload(name, sample(100));
    assert.equal(await decryptsDuring(async () => {
      for (const name of names) await fresh(event(name));
    }), 1);
  });

  test('of an envelope that was cut off nothing is left, not even parts', async () => {
    await upload('uploads/4711/cut.kmseal', BIG, { cut: 11 * MIB });
    await assert.rejects(handler(event('uploads/4711/cut.kmseal')), { code: 'ERR_TRUNCATED' });
    const { objects, uploads } = await aws.left('plain');
    assert.ok(!objects.includes('uploads/4711/cut'));
    assert.deepEqual(uploads, []);
  });

  test("does not open one person's envelope in another's place", async () => {
    await upload('uploads/4712/a.kmseal', sample(100));
    await assert.rejects(handler(event('uploads/4712/a.kmseal')), { code: 'ERR_CONTEXT' });
    assert.ok(!(await aws.left('plain')).objects.includes('uploads/4712/a'));
  });
});

describe('the task of an S3 Batch Operations job', () => {
  const tasks = (...names) => names.map((name, index) => ({ taskId: `task-${index}`, s3Key: encodeURIComponent(name), s3VersionId: null, s3BucketArn: 'arn:aws:s3:::sealed' }));
  const event = (...names) => ({ invocationSchemaVersion: '1.0', invocationId: 'call-1', job: { id: 'job-1' }, tasks: tasks(...names) });
  const result = (resultCode, resultString) => ({ taskId: 'task-0', resultCode, resultString });
  /** One result's code, and the start of its text. */
  const outcome = async (handler, name) => {
    const { results: [{ resultCode, resultString }] } = await handler(event(name));
    return [resultCode, resultString.split(':')[0]];
  };
  const settings = () => ({ KEY_ARN: key.keyId, TO_BUCKET: 'batch', PUBLIC_KEY: '' });

  test('opens, says so, and does it once', async () => {
    const handler = await aws.lambda('batch-task', settings());
    await upload('uploads/4711/x y.kmseal', sample(1000));
    const expected = { invocationSchemaVersion: '1.0', invocationId: 'call-1', treatMissingKeysAs: 'PermanentFailure' };
    assert.deepEqual(await handler(event('uploads/4711/x y.kmseal')), { ...expected, results: [result('Succeeded', 'written')] });
    assert.ok(Buffer.from(sample(1000)).equals(await aws.get('batch', 'uploads/4711/x y')));
    assert.deepEqual(await handler(event('uploads/4711/x y.kmseal')), { ...expected, results: [result('Succeeded', 'already there')] });
    // Schema 2.0 names the bucket.
    const [{ s3BucketArn, ...task }] = tasks('uploads/4711/x y.kmseal');
    const second = { ...event(), invocationSchemaVersion: '2.0', tasks: [{ ...task, s3Bucket: s3BucketArn.split(':::')[1] }] };
    assert.deepEqual((await handler(second)).results, [result('Succeeded', 'already there')]);
    // Another object under the same key is another task.
    await upload('uploads/4711/x y.kmseal', sample(999));
    assert.deepEqual(await outcome(handler, 'uploads/4711/x y.kmseal'), ['Succeeded', 'written']);
    assert.equal((await aws.get('batch', 'uploads/4711/x y')).length, 999);
  });

  test('tells what passes from what does not', async () => {
    const handler = await aws.lambda('batch-task', settings());
    await upload('uploads/4711/cut.kmseal', BIG, { cut: 11 * MIB });
    await upload('uploads/4711/not.kmseal', sample(10), { context: { other: 'context' } });
    await aws.put('sealed', 'uploads/4711/text.kmseal', 'no envelope');
    assert.deepEqual(await outcome(handler, 'uploads/4711/cut.kmseal'), ['PermanentFailure', 'ERR_TRUNCATED']);
    assert.deepEqual(await outcome(handler, 'uploads/4711/not.kmseal'), ['PermanentFailure', 'ERR_CONTEXT']);
    assert.deepEqual(await outcome(handler, 'uploads/4711/text.kmseal'), ['PermanentFailure', 'ERR_ENVELOPE_INVALID']);
    assert.deepEqual(await outcome(handler, 'uploads/4711/none.kmseal'), ['PermanentFailure', 'NoSuchKey']);
    // One that fails is told of, and the others of its call are done.
    await upload('uploads/4711/x y.kmseal', sample(999));
    const mixed = { ...event('uploads/4711/not.kmseal', 'x', 'uploads/4711/x y.kmseal') };
    mixed.tasks[1].s3Key = '%E0%A4%A';
    const codes = (await handler(mixed)).results.map(({ taskId, resultCode }) => [taskId, resultCode]);
    assert.deepEqual(codes, [['task-0', 'PermanentFailure'], ['task-1', 'PermanentFailure'], ['task-2', 'Succeeded']]);
    const { objects, uploads } = await aws.left('batch');
    assert.deepEqual(objects.filter((name) => !name.includes('x y')), []);
    assert.deepEqual(uploads, []);
  });

  test('asks KMS once for many tasks of one data key, as long as the instance is kept', async () => {
    const handler = await aws.lambda('batch-task', settings());
    const names = Array.from({ length: 20 }, (_, index) => `uploads/4711/many-${index}.kmseal`);
    await Promise.all(names.map((name) => upload(name, sample(100))));
    assert.equal(await decryptsDuring(async () => {
      for (const { resultString } of (await handler(event(...names.slice(0, 10)))).results) assert.equal(resultString, 'written');
      for (const name of names.slice(10)) assert.deepEqual(await outcome(handler, name), ['Succeeded', 'written']);
    }), 1);
  });

  test('a KMS that fails for a while is a task for later', async () => {
    const faults = await startFaults(aws.kms.emulator.endpoint);
    try {
      await faults.decrypt({ error: { code: 'KMSInternalException', message: 'put in by a test', status: 500 } });
      const handler = await aws.lambda('batch-task', { ...settings(), AWS_ENDPOINT_URL_KMS: faults.endpoint });
      await upload('uploads/4711/later.kmseal', sample(100));
      assert.deepEqual(await outcome(handler, 'uploads/4711/later.kmseal'), ['TemporaryFailure', 'ERR_KMS']);
      await faults.decrypt({ error: { code: 'AccessDeniedException', message: 'put in by a test' } });
      assert.deepEqual(await outcome(handler, 'uploads/4711/later.kmseal'), ['PermanentFailure', 'ERR_KMS']);
      await faults.decrypt();
      assert.deepEqual(await outcome(handler, 'uploads/4711/later.kmseal'), ['Succeeded', 'written']);
    } finally {
      delete process.env.AWS_ENDPOINT_URL_KMS;
      await faults.stop();
    }
  });

  test('reseals for another key', async () => {
    const answer = await aws.kms.createKey();
    const handler = await aws.lambda('batch-task', { ...settings(), PUBLIC_KEY: JSON.stringify(printed(answer)) });
    await upload('uploads/4711/r.kmseal', BIG);
    assert.deepEqual(await outcome(handler, 'uploads/4711/r.kmseal'), ['Succeeded', 'written']);
    assert.deepEqual((await handler(event('uploads/4711/r.kmseal'))).results, [result('Succeeded', 'already there')]);
    const resealed = await aws.get('batch', 'uploads/4711/r.kmseal');
    assert.deepEqual((await inspect(resealed)).keyIds, [answer.KeyId]);
    const opened = await new Opener({ keyIds: [answer.KeyId], decrypt: aws.kms.decrypt }).open(resealed, { encryptionContext: CONTEXT });
    assert.ok(Buffer.from(BIG).equals(opened.plaintext));
  });
});
