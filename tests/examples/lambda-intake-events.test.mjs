// examples/lambda-intake.mjs on events that are repeated, late or interrupted, what its events look like, and its settings.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { inspect } from 'kmseal';
import { blocksOf } from '../docs/blocks.mjs';
import { sample } from '../support/page/bytes.mjs';
import { startIntake } from './intake.mjs';

const SIZE = 400_000;

const fixture = await startIntake();
after(() => fixture.close());
const { aws, application, instance, handler, record, handled, isThere, called, sealed, refused } = fixture;
beforeEach(() => aws.proxy.reset());

describe('events that are repeated, late, or interrupted', () => {
  for (const operation of ['CopyObject', 'PutEvents', 'DeleteObject']) {
    test(`a refusal whose ${operation} fails is repeated, and complete afterwards`, async () => {
      const key = `uploads/4711/${operation}`;
      const versionId = await aws.put(aws.envelopes, key, Buffer.from('text'));
      aws.proxy.fault = (call) => (call.operation === operation ? { status: 403, code: 'AccessDenied' } : undefined);
      await assert.rejects(handler({ Records: [record(key, { versionId })] }), /AccessDenied|put in by a test/);
      assert.ok(await isThere(key), 'nothing is deleted before all else is done');
      if (operation === 'DeleteObject') await application.next();
      aws.proxy.reset();
      assert.equal(await handled(key, { versionId }), 'refused: ERR_ENVELOPE_INVALID');
      const { quarantine } = (await application.next()).detail;
      assert.ok(!(await isThere(key)));
      assert.equal(Buffer.from(await aws.get(aws.envelopes, quarantine.key)).toString(), 'text');
      assert.equal(await handled(key, { versionId }), 'source gone');
    });
  }

  test('an answer of EventBridge that the event was not taken is a failure, although the call succeeds', async () => {
    const key = 'uploads/4711/not told.kmseal';
    await aws.upload(aws.envelopes, key, sample(100));
    aws.proxy.fault = ({ operation }) =>
      operation === 'PutEvents' ? { status: 200, code: 'InternalFailure' } : undefined;
    await assert.rejects(handler({ Records: [record(key)] }), { name: 'InternalFailure' });
    aws.proxy.reset();
    assert.equal(await handled(key), 'accepted');
    await application.next();
  });

  test('an event of an earlier version does nothing, and the later version is looked at by its own', async () => {
    const key = 'uploads/4711/versions.kmseal';
    const bad = await aws.put(aws.envelopes, key, Buffer.from('text'));
    const good = await aws.upload(aws.envelopes, key, sample(100));
    assert.equal(await handled(key, { versionId: bad }), 'superseded');
    assert.deepEqual(called('PutEvents'), []);
    assert.equal(await handled(key, { versionId: good }), 'accepted');
    assert.equal((await application.next()).detail.object['version-id'], good);
  });

  for (const versioned of [true, false]) {
    const kind = versioned ? 'a versioned' : 'an unversioned';
    for (const operation of ['GetObject', 'CopyObject', 'PutEvents', 'DeleteObject']) {
      test(`an envelope that replaces a refused object of ${kind} bucket before ${operation} stays where it is`, async () => {
        const bucket = await aws.bucket(`replaced-${versioned}-${operation.toLowerCase()}`, { versioned });
        const key = 'uploads/4711/r.kmseal';
        // As long as the envelope, so that only the ETag tells them apart.
        const envelope = await sealed(sample(SIZE + 1));
        const versionId = await aws.put(bucket, key, sample(envelope.length));
        let newer;
        aws.proxy.fault = async (call) => {
          if (call.operation !== operation || newer) return;
          newer = { versionId: await aws.put(bucket, key, envelope) };
        };
        const first = await handled(key, { bucket, versionId });
        assert.ok(newer);
        const told = called('PutEvents').length;
        assert.equal(await handled(key, { bucket, ...newer }), 'accepted');
        assert.equal((await inspect(await aws.get(bucket, key))).plaintextSize, SIZE + 1);
        const types = [];
        for (let left = told + 1; left > 0; left--) types.push((await application.next())['detail-type']);
        const isEarly = operation === 'GetObject' || operation === 'CopyObject';
        assert.deepEqual(
          { first, types },
          isEarly && versioned
            ? { first: 'superseded', types: ['Envelope Accepted'] }
            : isEarly
              ? { first: 'accepted', types: ['Envelope Accepted', 'Envelope Accepted'] }
              : { first: 'refused: ERR_ENVELOPE_INVALID', types: ['Envelope Refused', 'Envelope Accepted'] },
        );
      });
    }
  }

  test('in a versioned bucket a refused object can be restored', async () => {
    const key = 'uploads/4711/restored';
    await refused(key, Buffer.from('text'), 'ERR_ENVELOPE_INVALID');
    const markers = await aws.markers(aws.envelopes, key);
    await aws.delete(aws.envelopes, key, markers[0].VersionId);
    assert.equal(Buffer.from(await aws.get(aws.envelopes, key)).toString(), 'text');
  });

  test('an answer to a queue names exactly the messages that failed', async () => {
    await aws.upload(aws.envelopes, 'uploads/4711/queued.kmseal', sample(100));
    await aws.put(aws.envelopes, 'uploads/4711/queued-bad', Buffer.from('text'));
    await aws.upload(aws.envelopes, 'uploads/4711/queued-2.kmseal', sample(100));
    aws.proxy.fault = ({ operation, key }) =>
      operation === 'HeadObject' && key === 'uploads/4711/queued-2.kmseal'
        ? { status: 501, code: 'NotImplemented' }
        : undefined;
    const message = (messageId, body) => ({ eventSource: 'aws:sqs', messageId, body: JSON.stringify(body) });
    const Records = [
      message('test', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: aws.envelopes }),
      message('other', { Type: 'Notification' }),
      message('fails', { Records: [record('uploads/4711/queued-2.kmseal')] }),
      message('refused', { Records: [record('uploads/4711/queued-bad')] }),
      message('gone', { Records: [record('uploads/4711/never.kmseal')] }),
      message('good', { Records: [record('uploads/4711/queued.kmseal')] }),
    ];
    assert.deepEqual(await handler({ Records }), {
      batchItemFailures: [{ itemIdentifier: 'other' }, { itemIdentifier: 'fails' }],
    });
    const types = [(await application.next())['detail-type'], (await application.next())['detail-type']];
    assert.deepEqual(types.sort(), ['Envelope Accepted', 'Envelope Refused']);
  });
});

test('the events that docs/receive.md shows have the fields of real ones', async () => {
  const [shown] = blocksOf('docs/receive.md').filter(
    ({ heading, language }) => heading === 'On the bucket, by a function' && language === 'json',
  );
  const shape = (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]))
      : typeof value;
  const versionId = await aws.put(aws.envelopes, 'uploads/4711/shown', Buffer.from('text'));
  await handled('uploads/4711/shown', { versionId, sequencer: '01' });
  const { source, 'detail-type': type, detail } = await application.next();
  const { envelope, ...refusal } = JSON.parse(shown.code);
  assert.deepEqual(shape({ source, 'detail-type': type, detail }), shape(refusal));
});

describe('settings', () => {
  for (const [what, settings, message] of [
    ['no key', { KEY_ARN: '' }, /none of KEY_ARN, KEY_FINGERPRINT and RAW_KEYS is set/],
    ['an alias in place of the key', { KEY_ARN: 'arn:aws:kms:us-east-1:000000000000:alias/a' }, /KEY_ARN names/],
    ['a fingerprint that is not one', { KEY_FINGERPRINT: 'SHA256:abc' }, /KEY_FINGERPRINT names 'SHA256:abc'/],
    ['raw keys without names', { RAW_KEYS: '[{"keyName":"a"}]' }, /RAW_KEYS is not a list/],
    ['no owner', { FROM_OWNER: '' }, /FROM_OWNER is not set/],
    ['a prefix that is not a folder', { QUARANTINE_PREFIX: 'quarantine' }, /QUARANTINE_PREFIX is not of the form/],
    ['a part size that is not a number', { PART_SIZE: '5 MiB' }, /PART_SIZE is not of the form/],
  ]) {
    test(`the function does not start with ${what}`, async () => {
      await assert.rejects(instance(settings), { message });
      assert.deepEqual(aws.proxy.calls, []);
    });
  }

  test("the function leaves another account's bucket as it is", async () => {
    await aws.put(aws.envelopes, 'uploads/4711/foreign', Buffer.from('text'));
    const strict = await instance({ FROM_OWNER: '111122223333' });
    await assert.rejects(strict({ Records: [record('uploads/4711/foreign')] }), { name: 'AccessDenied' });
    assert.ok(await isThere('uploads/4711/foreign'));
  });
});
