// examples/lambda-open.mjs, as S3 and SQS call it: under its role of infra/kmseal.yaml, on objects with the checksums that S3 gives.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { CHECKSUMS, startFunctions } from './functions.mjs';

const SIZE = 400_000;
/** Two parts of an upload. */
const BIG = sample(6 * 2 ** 20);

let aws;
let handler;
before(async () => {
  mock.method(console, 'log', () => {});
  mock.method(console, 'error', () => {});
  aws = await startFunctions();
  handler = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
});
after(() => aws?.close());
beforeEach(() => {
  aws.proxy.reset();
  console.log.mock.resetCalls();
});

let clock = 0x55aed6dcd90281n;
/** S3's events, later each time. */
const notification = (key, { bucket = aws.envelopes, sequencer = (clock++).toString(16), ...object } = {}) => ({
  eventSource: 'aws:s3',
  s3: {
    bucket: { name: bucket },
    object: { key: encodeURIComponent(key).replaceAll('%20', '+'), sequencer, ...object },
  },
});
const event = (...records) => ({
  Records: records.map((record) => (typeof record === 'string' ? notification(record) : record)),
});
/** The outcome of each record, by the function's log. */
const outcomes = () => console.log.mock.calls.map(({ arguments: [line] }) => JSON.parse(line).outcome);
const handled = async (...records) => {
  console.log.mock.resetCalls();
  await handler(event(...records));
  return outcomes();
};
const opensTo = async (name, plaintext) =>
  assert.ok(Buffer.from(plaintext).equals(await aws.get(aws.plain, name)), name);
const isMissing = async (name) => assert.ok(!(await aws.left(aws.plain)).objects.includes(name), name);

describe('opening on an event', () => {
  test('the function opens objects of any size, name and checksum into the other bucket', async () => {
    for (const ChecksumAlgorithm of CHECKSUMS) {
      for (const [name, plaintext] of [
        ['uploads/4711/a b&ü+c%41.pdf', sample(SIZE)],
        ['uploads/4711/deep/er/e', sample(100)],
        ['uploads/4711/empty', sample(0)],
        ['uploads/4711/a.kmseal', sample(10)],
        [`uploads/4711/${ChecksumAlgorithm}-large`, sample(700_000)],
      ]) {
        await aws.upload(aws.envelopes, `${name}.kmseal`, plaintext, { ChecksumAlgorithm });
        assert.deepEqual(await handled(`${name}.kmseal`), ['written'], name);
        await opensTo(name, plaintext);
      }
    }
    await aws.upload(aws.envelopes, 'uploads/4711/big.kmseal', BIG);
    assert.deepEqual(await handled('uploads/4711/big.kmseal'), ['written']);
    await opensTo('uploads/4711/big', BIG);
    assert.deepEqual((await aws.left(aws.plain)).uploads, []);
  });

  test('the function names the expected bucket owner in every call', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/owner.kmseal', BIG);
    await handled('uploads/4711/owner.kmseal');
    assert.ok(aws.proxy.calls.some(({ operation }) => operation === 'CompleteMultipartUpload'));
    for (const { operation, headers } of aws.proxy.calls.filter(({ service }) => service === 's3'))
      assert.equal(headers['x-amz-expected-bucket-owner'], '000000000000', operation);
  });

  test("the function reads nothing from, and writes nothing into, another account's bucket", async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/foreign.kmseal', sample(SIZE));
    const strict = await aws.load('lambda-open', 'OpenFunction', {
      PLAIN_BUCKET: aws.plain,
      FROM_OWNER: '111122223333',
    });
    await assert.rejects(strict(event('uploads/4711/foreign.kmseal')), { name: 'AccessDenied' });
    await assert.rejects(
      aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain, TO_OWNER: '111122223333' }),
      { name: 'AccessDenied' },
    );
    await isMissing('uploads/4711/foreign');
  });

  test('the function asks KMS once for all files of one data key, as long as the instance lives', async () => {
    const names = [1, 2, 3].map((index) => `uploads/4711/warm-${index}`);
    for (const name of names) await aws.upload(aws.envelopes, `${name}.kmseal`, sample(SIZE));
    const fresh = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
    for (const name of names) await fresh(event(`${name}.kmseal`));
    assert.equal(aws.proxy.calls.filter(({ operation }) => operation === 'Decrypt').length, 1);
  });
});

describe('refusals', () => {
  test('an envelope that is cut off or altered leaves nothing, not even parts', async () => {
    const envelope = await aws.sealer.seal(BIG);
    const altered = envelope.slice();
    altered[5_500_000] ^= 1;
    for (const [bytes, code] of [
      [envelope.subarray(0, 5_500_000), 'ERR_TRUNCATED'],
      [altered, 'ERR_AUTHENTICATION'],
    ]) {
      await aws.put(aws.envelopes, 'uploads/4711/bad.kmseal', bytes);
      await assert.rejects(handler(event('uploads/4711/bad.kmseal')), { code });
      await isMissing('uploads/4711/bad');
      assert.deepEqual((await aws.left(aws.plain)).uploads, []);
    }
  });

  test("the function does not open one person's envelope in place of another's", async () => {
    await aws.upload(aws.envelopes, 'uploads/4712/a.kmseal', sample(SIZE));
    await assert.rejects(handler(event('uploads/4712/a.kmseal')), { code: 'ERR_CONTEXT' });
    await isMissing('uploads/4712/a');
  });

  test('objects that are not envelopes, and keys that are not their names, fail and leave nothing', async () => {
    await aws.put(aws.envelopes, 'uploads/4711/text.kmseal', sample(SIZE));
    await aws.put(aws.envelopes, 'uploads/4711/nothing.kmseal', new Uint8Array());
    await assert.rejects(handler(event('uploads/4711/text.kmseal')), { code: 'ERR_ENVELOPE_INVALID' });
    await assert.rejects(handler(event('uploads/4711/nothing.kmseal')), { code: 'ERR_TRUNCATED' });
    const before = await aws.left(aws.plain);
    for (const key of [
      '.kmseal',
      'uploads/4711/.kmseal',
      'uploads/4711/a',
      'uploads/4711/',
      'uploads/4711',
      'uploads//a.kmseal',
      'a.kmseal',
      '4711/a.kmseal',
      'uploads/4711/../4712/a.kmseal',
      'uploads/../a.kmseal',
      'uploads/4711/./a.kmseal',
      'uploads/4711/...kmseal',
      'uploads/4711/..kmseal',
    ]) {
      await aws.upload(aws.envelopes, key, sample(SIZE));
      aws.proxy.reset();
      await assert.rejects(handler(event(key)), { code: 'REFUSED' }, key);
      assert.deepEqual(aws.proxy.calls, [], key);
    }
    await assert.rejects(handler(event({ s3: { bucket: { name: aws.envelopes }, object: { key: '%E0%A4%A' } } })), {
      name: 'URIError',
    });
    assert.deepEqual(await aws.left(aws.plain), before);
  });

  test('the plaintext never goes into the bucket of envelopes', async () => {
    const [Bucket, key] = [await aws.bucket('both', { versioned: true }), 'uploads/4711/same.kmseal'];
    await aws.upload(Bucket, key, sample(SIZE));
    const inPlace = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: Bucket });
    await assert.rejects(inPlace(event(notification(key, { bucket: Bucket }))), { code: 'REFUSED' });
    assert.deepEqual((await aws.left(Bucket)).objects, [key]);
  });

  test('a record that fails does not stop those after it', async () => {
    for (const name of ['one', 'three']) await aws.upload(aws.envelopes, `uploads/4711/${name}.kmseal`, sample(SIZE));
    await aws.put(aws.envelopes, 'uploads/4711/two.kmseal', sample(SIZE));
    await aws.upload(aws.envelopes, 'uploads/4712/b.kmseal', sample(SIZE));
    const all = event(
      'uploads/4711/two.kmseal',
      'uploads/4711/one.kmseal',
      'uploads/4712/b.kmseal',
      'uploads/4711/three.kmseal',
    );
    await assert.rejects(handler(all), ({ name, errors }) => {
      assert.deepEqual(
        [name, ...errors.map(({ code }) => code)],
        ['AggregateError', 'ERR_ENVELOPE_INVALID', 'ERR_CONTEXT'],
      );
      return true;
    });
    for (const name of ['one', 'three']) await opensTo(`uploads/4711/${name}`, sample(SIZE));
  });

  test('an answer to a queue names exactly the messages that failed', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/queued.kmseal', sample(SIZE));
    await aws.upload(aws.envelopes, 'uploads/4711/queued-2.kmseal', sample(SIZE));
    const message = (messageId, body) => ({
      eventSource: 'aws:sqs',
      messageId,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const answer = await handler({
      Records: [
        message('test', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: aws.envelopes }),
        message('text', 'no JSON'),
        message('other', { Type: 'Notification', Message: '{}' }),
        message('half', event('uploads/4711/queued.kmseal', 'uploads/4711/none.kmseal', 'uploads/4711/text')),
        message('bad', event('uploads/4711/text.kmseal')),
        message('good', event('uploads/4711/queued-2.kmseal')),
      ],
    });
    assert.deepEqual(answer, {
      batchItemFailures: ['text', 'other', 'half', 'bad'].map((itemIdentifier) => ({ itemIdentifier })),
    });
    for (const name of ['queued', 'queued-2']) await opensTo(`uploads/4711/${name}`, sample(SIZE));
    await assert.rejects(handler({ detail: {} }), { code: 'REFUSED' });
  });
});

describe('settings', () => {
  for (const [what, settings, message] of [
    ['no target', { PLAIN_BUCKET: '' }, /PLAIN_BUCKET is not set/],
    ['no key', { KEY_ARN: '' }, /KEY_ARN is not set/],
    [
      'an alias in place of the key',
      { KEY_ARN: 'arn:aws:kms:us-east-1:000000000000:alias/uploads' },
      /KEY_ARN names 'arn:.*alias/,
    ],
    [
      'one misspelt key of two',
      { KEY_ARN: 'arn:aws:kms:us-east-1:000000000000:key/1, arn:aws:kms:us-east-1:0:key/1' },
      /KEY_ARN names/,
    ],
    ['an owner that is not an account', { FROM_OWNER: 'me' }, /FROM_OWNER is not of the form/],
    ['a target that is not a bucket', { PLAIN_BUCKET: 'Plain/bucket' }, /PLAIN_BUCKET is not of the form/],
  ]) {
    test(`the function does not start with ${what}`, async () => {
      await assert.rejects(aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain, ...settings }), {
        message,
      });
      assert.ok(aws.proxy.calls.every(({ operation }) => operation === 'GetBucketVersioning'));
    });
  }

  test('the function does not start with an unversioned target, where deleted plaintext would come back', async () => {
    const Bucket = await aws.bucket('unversioned');
    await assert.rejects(
      aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: Bucket }),
      /not versioned: switch versioning on/,
    );
  });
});

for (const versioned of [false, true]) {
  describe(`from ${versioned ? 'a versioned' : 'an unversioned'} bucket`, () => {
    let bucket;
    before(async () => {
      bucket = await aws.bucket(versioned ? 'sealed-versioned' : 'sealed-unversioned', { versioned });
      handler = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
    });
    /** Uploads, and returns S3's event. */
    const uploaded = async (name, plaintext) =>
      notification(`${name}.kmseal`, { bucket, versionId: await aws.upload(bucket, `${name}.kmseal`, plaintext) });
    const [first, second] = [sample(SIZE), sample(SIZE + 1)];
    const nameOf = (what) => `uploads/4711/${what}-${versioned}`;

    test('an event that arrives twice is processed once', async () => {
      const told = await uploaded(nameOf('twice'), first);
      assert.deepEqual(await handled(told), ['written']);
      aws.proxy.reset();
      assert.deepEqual(await handled(told), ['already there']);
      assert.deepEqual(
        aws.proxy.calls.map(({ operation }) => operation),
        ['HeadObject'],
      );
      const { sequencer, ...object } = told.s3.object;
      assert.deepEqual(await handled({ s3: { ...told.s3, object } }), ['already there']);
      await opensTo(nameOf('twice'), first);
    });

    test('an old event, whenever it arrives, leaves newer plaintext', async () => {
      const name = nameOf('late');
      const old = await uploaded(name, first);
      const newer = await uploaded(name, second);
      assert.deepEqual(await handled(newer, old), ['written', 'superseded']);
      await opensTo(name, second);
      // Read before the other one, it already describes the newer object.
      const again = [await uploaded(name, first), await uploaded(name, second)];
      assert.deepEqual(await handled(...again), ['written', 'already there']);
      await opensTo(name, second);
    });

    test('a newer object replaces the plaintext of an older one', async () => {
      const name = nameOf('newer');
      assert.deepEqual(await handled(await uploaded(name, first)), ['written']);
      assert.deepEqual(await handled(await uploaded(name, second)), ['written']);
      await opensTo(name, second);
    });

    test('deleted plaintext does not come back with its event, but does with a new upload', async () => {
      const name = nameOf('deleted');
      const told = await uploaded(name, first);
      assert.deepEqual(await handled(told), ['written']);
      await aws.delete(aws.plain, name);
      assert.deepEqual(await handled(told), ['deleted since']);
      const { sequencer, ...object } = told.s3.object;
      assert.deepEqual(await handled({ s3: { ...told.s3, object } }), ['deleted since']);
      await isMissing(name);
      assert.deepEqual(await handled(await uploaded(name, second)), ['written']);
      await opensTo(name, second);
    });

    test('an object that was deleted is not opened, not even an old version of it', async () => {
      const name = nameOf('gone');
      const told = await uploaded(name, first);
      await aws.delete(bucket, `${name}.kmseal`);
      assert.deepEqual(await handled(told), ['source gone']);
      await isMissing(name);
    });

    test('the newer of two objects that are opened concurrently wins, before whichever call the older one is opened', async () => {
      for (let turn = 0; turn < 5; turn++) {
        // HEAD of the target, its versions, HEAD of the source, GET and PUT
        const name = nameOf(`race-${turn}`);
        const { s3: told } = await uploaded(name, first);
        const { sequencer, ...object } = told.object; // whose order would tell as well
        let seen = 0;
        aws.proxy.fault = async ({ service }) => {
          if (service !== 's3' || seen++ !== turn) return;
          seen = Infinity;
          await handler(event(await uploaded(name, second)));
        };
        await handler(event({ s3: { ...told, object } }));
        assert.equal(seen, Infinity, `there is a call ${turn}`);
        await opensTo(name, second);
      }
    });

    test('an upload while the old object is read is what gets opened', async () => {
      const name = nameOf('meanwhile');
      const old = await uploaded(name, first);
      let replaced;
      aws.proxy.fault = async ({ operation }) => {
        if (operation === 'GetObject') await (replaced ??= aws.upload(bucket, `${name}.kmseal`, second));
      };
      await handled(old);
      aws.proxy.reset();
      await handled(notification(`${name}.kmseal`, { bucket }));
      await opensTo(name, second);
    });
  });
}

test('sequencers of different lengths are compared as S3 specifies: zeros pad the shorter one on the right', async () => {
  const name = 'uploads/4711/lengths';
  await aws.upload(aws.envelopes, `${name}.kmseal`, sample(SIZE));
  const with_ = (sequencer) => notification(`${name}.kmseal`, { sequencer });
  assert.deepEqual(await handled(with_('00554D9F8B'), with_('00554d9f8a01'), with_('00554D9F8B00')), [
    'written',
    'superseded',
    'already there',
  ]);
  await aws.upload(aws.envelopes, `${name}.kmseal`, sample(SIZE + 1));
  assert.deepEqual(await handled(with_('00554D9F8A99'), with_('00554D9F8B01')), ['superseded', 'written']);
});

test('an event fails while only a delete marker is left of its plaintext, until the marker is deleted too', async () => {
  const name = 'uploads/4711/expired';
  await aws.upload(aws.envelopes, `${name}.kmseal`, sample(SIZE));
  await handled(`${name}.kmseal`);
  const { DeleteMarker, VersionId } = await aws.delete(aws.plain, name);
  assert.ok(DeleteMarker);
  await aws.expire(aws.plain, name);
  await assert.rejects(handler(event(`${name}.kmseal`)), { code: 'REFUSED', message: /delete its delete marker/ });
  await aws.delete(aws.plain, name, VersionId);
  assert.deepEqual(await handled(`${name}.kmseal`), ['written']);
});

test('an object that another program put at the target, or that came from another bucket, is not replaced', async () => {
  await aws.put(aws.plain, 'uploads/4711/theirs', 'theirs');
  await aws.upload(aws.envelopes, 'uploads/4711/theirs.kmseal', sample(SIZE));
  await assert.rejects(handler(event('uploads/4711/theirs.kmseal')), { code: 'REFUSED', message: /another object/ });
  await opensTo('uploads/4711/theirs', Buffer.from('theirs'));
  const other = await aws.bucket('other');
  for (const Bucket of [aws.envelopes, other]) await aws.upload(Bucket, 'uploads/4711/shared.kmseal', sample(SIZE));
  assert.deepEqual(await handled('uploads/4711/shared.kmseal'), ['written']);
  await assert.rejects(handler(event(notification('uploads/4711/shared.kmseal', { bucket: other }))), {
    code: 'REFUSED',
  });
});

test('an object that appears at the target during the write is not replaced', async () => {
  await aws.upload(aws.envelopes, 'uploads/4711/appears.kmseal', BIG);
  aws.proxy.fault = async ({ operation }) => {
    if (operation === 'CompleteMultipartUpload') await aws.put(aws.plain, 'uploads/4711/appears', 'theirs');
  };
  await assert.rejects(handler(event('uploads/4711/appears.kmseal')), { code: 'REFUSED' });
  await opensTo('uploads/4711/appears', Buffer.from('theirs'));
  assert.deepEqual((await aws.left(aws.plain)).uploads, []);
});
