// examples/batch-open.mjs, as S3 Batch Operations calls it, and which of its failures are temporary.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { CHECKSUMS, CONTEXT, startFunctions } from './functions.mjs';
import { outcomeOf, tasks } from './tasks.mjs';

const SIZE = 400_000;
/** Two parts of an upload. */
const BIG = sample(6 * 2 ** 20);

let aws;
let handler;
before(async () => {
  aws = await startFunctions();
  handler = await instance();
});
after(() => aws?.close());
beforeEach(() => aws.proxy.reset());

/** A new one has no data key yet. */
const instance = (settings) =>
  aws.load('batch-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain, AWS_MAX_ATTEMPTS: '1', ...settings });
/** One task's code, and the start of its text. */
const outcome = (key, more) => outcomeOf(handler, { bucket: aws.envelopes, key, ...more });
const opensTo = async (name, plaintext) =>
  assert.ok(Buffer.from(plaintext).equals(await aws.get(aws.plain, name)), name);

describe('the task of a job that opens', () => {
  test('the task opens an object once and reports it, in both schemas', async () => {
    for (const ChecksumAlgorithm of CHECKSUMS) {
      const name = `uploads/4711/x y+${ChecksumAlgorithm}`;
      await aws.upload(aws.envelopes, `${name}.kmseal`, sample(SIZE), { ChecksumAlgorithm });
      const expected = {
        invocationSchemaVersion: '1.0',
        invocationId: 'call-1',
        treatMissingKeysAs: 'PermanentFailure',
      };
      const first = tasks({ bucket: aws.envelopes, key: `${name}.kmseal` });
      const result = (resultString) => [{ taskId: 'task-0', resultCode: 'Succeeded', resultString }];
      assert.deepEqual(await handler(first), { ...expected, results: result('written') });
      await opensTo(name, sample(SIZE));
      const [{ s3BucketArn, ...task }] = first.tasks;
      const second = { ...first, invocationSchemaVersion: '2.0', tasks: [{ ...task, s3Bucket: aws.envelopes }] };
      assert.deepEqual(await handler(second), {
        ...expected,
        invocationSchemaVersion: '2.0',
        results: result('already there'),
      });
    }
  });

  test('the task opens again an object that was replaced', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/again.kmseal', sample(SIZE));
    assert.deepEqual(await outcome('uploads/4711/again.kmseal'), ['Succeeded', 'written']);
    await aws.upload(aws.envelopes, 'uploads/4711/again.kmseal', BIG);
    assert.deepEqual(await outcome('uploads/4711/again.kmseal'), ['Succeeded', 'written']);
    await opensTo('uploads/4711/again', BIG);
  });

  test('the task opens only the current version of each key, whatever the manifest names', async () => {
    const bucket = await aws.bucket('versions', { versioned: true });
    const old = await aws.upload(bucket, 'uploads/4711/v.kmseal', sample(SIZE));
    const current = await aws.upload(bucket, 'uploads/4711/v.kmseal', sample(SIZE + 1));
    const of = (versionId) => outcome('uploads/4711/v.kmseal', { bucket, versionId });
    assert.deepEqual(await of(old), ['PermanentFailure', 'superseded']);
    assert.deepEqual(await of(current), ['Succeeded', 'written']);
    assert.deepEqual(await of(old), ['PermanentFailure', 'superseded']);
    assert.deepEqual(await of(current), ['Succeeded', 'already there']);
    await opensTo('uploads/4711/v', sample(SIZE + 1));
    await aws.delete(bucket, 'uploads/4711/v.kmseal');
    assert.deepEqual(await of(current), ['PermanentFailure', 'source gone']);
  });

  test('the task reports that plaintext was deleted from a versioned target, and leaves it deleted', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/del.kmseal', sample(SIZE));
    await outcome('uploads/4711/del.kmseal');
    await aws.delete(aws.plain, 'uploads/4711/del');
    assert.deepEqual(await outcome('uploads/4711/del.kmseal'), ['PermanentFailure', 'deleted since']);
  });

  test('the task writes into an unversioned bucket too', async () => {
    const PLAIN_BUCKET = await aws.bucket('plain-unversioned');
    const into = await instance({ PLAIN_BUCKET });
    const key = 'uploads/4711/u.kmseal';
    for (const length of [SIZE, SIZE + 1]) {
      await aws.upload(aws.envelopes, key, sample(length));
      for (const expected of ['written', 'already there']) {
        assert.deepEqual(await outcomeOf(into, { bucket: aws.envelopes, key }), ['Succeeded', expected]);
      }
      assert.ok(Buffer.from(sample(length)).equals(await aws.get(PLAIN_BUCKET, 'uploads/4711/u')));
    }
  });

  test('the task reports an object that fails, and processes those after it', async () => {
    await aws.put(aws.envelopes, 'uploads/4711/text.kmseal', sample(SIZE));
    await aws.upload(aws.envelopes, 'uploads/4711/fine.kmseal', sample(SIZE));
    const keys = [
      'uploads/4711/text.kmseal',
      'x',
      'uploads/4711/a',
      'uploads/4711/.kmseal',
      'uploads/4711/none.kmseal',
      'uploads/4711/fine.kmseal',
    ];
    const mixed = tasks(...keys.map((key) => ({ bucket: aws.envelopes, key })));
    mixed.tasks[1].s3Key = '%E0%A4%A';
    const { results } = await handler(mixed);
    assert.deepEqual(
      results.map(({ taskId, resultCode }) => `${taskId} ${resultCode}`),
      [...[0, 1, 2, 3, 4].map((index) => `task-${index} PermanentFailure`), 'task-5 Succeeded'],
    );
    await opensTo('uploads/4711/fine', sample(SIZE));
  });
});

describe('permanent failures', () => {
  test('the task reports a fault of the envelope as a permanent failure', async () => {
    const envelope = await aws.sealer.seal(BIG);
    await aws.put(aws.envelopes, 'uploads/4711/cut.kmseal', envelope.subarray(0, 5_500_000));
    await aws.put(aws.envelopes, 'uploads/4711/empty.kmseal', new Uint8Array());
    const others = await new Sealer({ keys: [aws.key], encryptionContext: { other: 'context' } }).seal(sample(SIZE));
    await aws.put(aws.envelopes, 'uploads/4711/context.kmseal', others);
    for (const [name, code] of [
      ['cut', 'ERR_TRUNCATED'],
      ['empty', 'ERR_TRUNCATED'],
      ['context', 'ERR_CONTEXT'],
      ['none', 'source gone'],
    ]) {
      assert.deepEqual(await outcome(`uploads/4711/${name}.kmseal`), ['PermanentFailure', code]);
      assert.ok(!(await aws.left(aws.plain)).objects.includes(`uploads/4711/${name}`));
    }
    assert.deepEqual((await aws.left(aws.plain)).uploads, []);
  });

  for (const [operation, status, code] of [
    ['GetObject', 403, 'AccessDenied'],
    ['GetObject', 403, 'InvalidObjectState'],
    ['PutObject', 403, 'AccessDenied'],
    ['PutObject', 501, 'NotImplemented'],
    ['Decrypt', 400, 'AccessDeniedException'],
    ['Decrypt', 400, 'DisabledException'],
    ['Decrypt', 400, 'InvalidCiphertextException'],
  ]) {
    test(`the task reports ${code} at ${operation} as a permanent failure`, async () => {
      await aws.upload(aws.envelopes, 'uploads/4711/stays.kmseal', sample(SIZE));
      const fresh = operation === 'Decrypt' ? await instance() : handler;
      aws.proxy.fault = (call) => (call.operation === operation ? { status, code } : undefined);
      const [resultCode] = await outcomeOf(fresh, { bucket: aws.envelopes, key: 'uploads/4711/stays.kmseal' });
      assert.equal(resultCode, 'PermanentFailure');
    });
  }

  test('the task reports a HEAD without permission, which S3 answers without a body, as a permanent failure', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/head.kmseal', sample(SIZE));
    aws.proxy.fault = ({ operation }) =>
      ['HeadObject', 'GetObject'].includes(operation) ? { status: 403, code: 'AccessDenied' } : undefined;
    assert.deepEqual(await outcome('uploads/4711/head.kmseal'), ['PermanentFailure', 'AccessDenied']);
  });
});

describe('temporary failures', () => {
  const everywhere = ['HeadObject', 'GetObject', 'PutObject'];
  const cases = [
    ...everywhere.flatMap((operation) => [
      [operation, { status: 503, code: 'SlowDown' }],
      [operation, { status: 500, code: 'InternalError' }],
      [operation, 'hang up'],
      [operation, { status: 400, code: 'ExpiredToken' }],
      [operation, { status: 403, code: 'RequestTimeTooSkewed' }],
      [operation, { status: 400, code: 'RequestTimeout' }],
    ]),
    ['PutObject', { status: 409, code: 'OperationAborted' }],
    ['PutObject', { status: 409, code: 'ConditionalRequestConflict' }],
    ['ListObjectVersions', { status: 503, code: 'ServiceUnavailable' }],
    ['Decrypt', { status: 400, code: 'ThrottlingException' }],
    ['Decrypt', { status: 500, code: 'KMSInternalException' }],
    ['Decrypt', { status: 503, code: 'DependencyTimeoutException' }],
    ['Decrypt', { status: 400, code: 'ExpiredTokenException' }],
    ['Decrypt', { status: 400, code: 'LimitExceededException' }],
    ['Decrypt', 'hang up'],
    ['GetObject', { bytes: 100_000, then: 'hang up' }],
    ['GetObject', { bytes: 0, then: 'hang up' }],
  ];
  for (const [index, [operation, fault]] of cases.entries()) {
    test(`the task reports a temporary failure and succeeds later after ${operation} gets ${typeof fault === 'string' ? fault : Object.values(fault).join(' ')}`, async () => {
      const key = `uploads/4711/passes-${index}.kmseal`;
      await aws.upload(aws.envelopes, key, sample(SIZE));
      const fresh = operation === 'Decrypt' ? await instance() : handler;
      // A HEAD has no body: the function asks GET why.
      const struck = operation === 'HeadObject' ? ['HeadObject', 'GetObject'] : [operation];
      aws.proxy.fault = (call) => (struck.includes(call.operation) ? fault : undefined);
      const [resultCode, text] = await outcomeOf(fresh, { bucket: aws.envelopes, key });
      assert.equal(resultCode, 'TemporaryFailure', text);
      aws.proxy.reset();
      assert.deepEqual(await outcomeOf(fresh, { bucket: aws.envelopes, key }), ['Succeeded', 'written']);
    });
  }

  test('the task reports a temporary failure if S3 or KMS hangs, before an answer or in the middle of a body', async () => {
    const hangs = {
      HeadObject: 'hang',
      GetObject: 'hang',
      PutObject: 'hang',
      'GetObject, body': { bytes: 100_000, then: 'hang' },
    };
    const names = ['Decrypt', ...Object.keys(hangs)];
    const keyOf = (name) => `uploads/4711/hangs at ${name}.kmseal`;
    const envelope = await aws.sealer.seal(sample(SIZE));
    for (const name of names) await aws.put(aws.envelopes, keyOf(name), envelope);
    const fresh = await instance({ REQUEST_TIMEOUT_MS: '3000' });
    const isTemporary = async (name) => {
      const [resultCode, text] = await outcomeOf(fresh, { bucket: aws.envelopes, key: keyOf(name) });
      assert.equal(resultCode, 'TemporaryFailure', `${name}: ${text}`);
    };
    aws.proxy.fault = ({ operation }) => (operation === 'Decrypt' ? 'hang' : undefined);
    await isTemporary('Decrypt');
    aws.proxy.fault = ({ operation, key }) => {
      const name = Object.keys(hangs).find(
        (one) => one.split(',')[0] === operation && [keyOf(one), keyOf(one).replace('.kmseal', '')].includes(key),
      );
      return name && hangs[name];
    };
    await Promise.all(Object.keys(hangs).map(isTemporary));
    aws.proxy.reset();
    for (const name of names) assert.deepEqual(await outcome(keyOf(name)), ['Succeeded', 'written'], name);
  });
});

test('the second key opens while the region of the first is out of reach', async () => {
  const region = 'eu-west-1';
  const second = await KmsPublicKey.import(await aws.keyFor('OpenFunction', { region }));
  const key = 'uploads/4711/regions.kmseal';
  await aws.put(
    aws.envelopes,
    key,
    await new Sealer({ keys: [aws.key, second], encryptionContext: CONTEXT }).seal(sample(SIZE)),
  );
  for (const [index, fault] of [
    'hang up',
    { status: 503, code: 'ServiceUnavailable' },
    { status: 400, code: 'ThrottlingException' },
  ].entries()) {
    const both = await instance({
      KEY_ARN: `${aws.key.keyId}, ${second.keyId}`,
      PLAIN_BUCKET: await aws.bucket(`regions-${index}`),
    });
    const asked = [];
    aws.proxy.fault = (call) => {
      if (call.operation !== 'Decrypt') return undefined;
      asked.push(call.region);
      return call.region === region ? undefined : fault;
    };
    assert.deepEqual(await outcomeOf(both, { bucket: aws.envelopes, key }), ['Succeeded', 'written']);
    assert.deepEqual(asked, ['us-east-1', region]);
  }
});

describe('keys of other kinds', () => {
  /** Stores an envelope for a key of its own, which the function may use. */
  async function upload(spec) {
    const answer = await aws.keyFor('OpenFunction', { spec });
    const keys = await KmsPublicKey.import(answer, { experimental: true });
    const key = `uploads/4711/${spec}.kmseal`;
    await aws.put(aws.envelopes, key, await new Sealer({ keys, encryptionContext: CONTEXT }).seal(sample(SIZE)));
    return { key, arn: answer.KeyId };
  }

  test('the task opens what is sealed for an ML-KEM key', async () => {
    const { key, arn } = await upload('ML_KEM_768');
    const own = await instance({ KEY_ARN: arn });
    assert.deepEqual(await outcomeOf(own, { bucket: aws.envelopes, key }), ['Succeeded', 'written']);
    await opensTo('uploads/4711/ML_KEM_768', sample(SIZE));
  });

  test('the task opens what is sealed for an ECC key, with an RSA key beside it and alone', async () => {
    const { key, arn } = await upload('ECC_NIST_P384');
    const beside = 'uploads/4711/beside.kmseal';
    await aws.upload(aws.envelopes, beside, sample(SIZE + 1));
    const both = await instance({ ECC_KEY_ARN: arn });
    for (const key of [beside, 'uploads/4711/ECC_NIST_P384.kmseal'])
      assert.deepEqual(await outcomeOf(both, { bucket: aws.envelopes, key }), ['Succeeded', 'written']);
    await opensTo('uploads/4711/beside', sample(SIZE + 1));
    await opensTo('uploads/4711/ECC_NIST_P384', sample(SIZE));
    const alone = await instance({ KEY_ARN: '', ECC_KEY_ARN: arn, PLAIN_BUCKET: await aws.bucket('alone') });
    assert.deepEqual(await outcomeOf(alone, { bucket: aws.envelopes, key }), ['Succeeded', 'written']);
    assert.deepEqual(await outcomeOf(alone, { bucket: aws.envelopes, key: beside }), [
      'PermanentFailure',
      'ERR_NO_MATCHING_KEY',
    ]);
    await assert.rejects(instance({ KEY_ARN: '', ECC_KEY_ARN: 'alias/uploads' }), { message: /^ECC_KEY_ARN names/ });
  });
});

describe('parts of failed uploads', () => {
  for (const [what, operation, fault] of [
    ['a part that fails', 'UploadPart', { status: 503, code: 'SlowDown' }],
    ['a Complete that fails', 'CompleteMultipartUpload', { status: 503, code: 'SlowDown' }],
    ['a Complete that is refused', 'CompleteMultipartUpload', { status: 403, code: 'AccessDenied' }],
    ['a Complete without an answer', 'CompleteMultipartUpload', 'hang up'],
  ]) {
    test(`no parts of an upload remain after ${what}`, async () => {
      const key = `uploads/4711/${what}.kmseal`;
      await aws.upload(aws.envelopes, key, BIG);
      aws.proxy.fault = (call) => (call.operation === operation ? fault : undefined);
      const [resultCode] = await outcome(key);
      assert.equal(resultCode, fault.code === 'AccessDenied' ? 'PermanentFailure' : 'TemporaryFailure');
      const { objects, uploads } = await aws.left(aws.plain);
      assert.deepEqual({ isThere: objects.includes(`uploads/4711/${what}`), uploads }, { isThere: false, uploads: [] });
    });
  }

  test('an upload whose answer is lost is found, and not made twice', async () => {
    for (const [name, operation, plaintext] of [
      ['lost-big', 'CompleteMultipartUpload', BIG],
      ['lost', 'PutObject', sample(SIZE)],
    ]) {
      const key = `uploads/4711/${name}.kmseal`;
      await aws.upload(aws.envelopes, key, plaintext);
      aws.proxy.fault = (call) => (call.operation === operation ? 'lose the answer' : undefined);
      assert.equal((await outcome(key))[0], 'TemporaryFailure');
      aws.proxy.reset();
      assert.deepEqual(await outcome(key), ['Succeeded', 'already there']);
      await opensTo(`uploads/4711/${name}`, plaintext);
    }
    assert.deepEqual((await aws.left(aws.plain)).uploads, []);
  });
});
