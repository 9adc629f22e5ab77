// examples/lambda-intake.mjs under its role of infra/kmseal.yaml: what it takes, and what it moves away.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { Sealer, inspect } from 'kmseal';
import { makeKind } from '../support/kinds.mjs';
import { sample } from '../support/page/bytes.mjs';
import { FRAME, withDataKeys } from './envelopes.mjs';
import { CHECKSUMS, CONTEXT } from './functions.mjs';
import { startIntake } from './intake.mjs';

const SIZE = 400_000;
const FRAME_LENGTH = 65_536;

const fixture = await startIntake();
after(() => fixture.close());
const { aws, application, instance, handler, record, handled, isThere, called, sealed, refused } = fixture;
beforeEach(() => aws.proxy.reset());

describe('what is accepted', () => {
  test('the function accepts envelopes of any size, name and checksum, and leaves them where they are', async () => {
    for (const ChecksumAlgorithm of CHECKSUMS) {
      for (const [key, size] of [
        ['uploads/4711/a b&ü+c%41.kmseal', SIZE],
        ['uploads/4711/deep/er/e.kmseal', 100],
        ['uploads/4711/empty.kmseal', 0],
        [`uploads/4711/${ChecksumAlgorithm}.kmseal`, 4 * 2 ** 18],
      ]) {
        const versionId = await aws.upload(aws.envelopes, key, sample(size), { ChecksumAlgorithm });
        assert.equal(await handled(key, { versionId }), 'accepted', key);
        assert.ok(await isThere(key), key);
        const { 'detail-type': type, source, detail } = await application.next();
        const { messageId } = await inspect(await aws.get(aws.envelopes, key));
        assert.deepEqual({ type, source }, { type: 'Envelope Accepted', source: 'kmseal.intake' });
        const { ContentLength, ETag } = await aws.head(aws.envelopes, key);
        const object = { key, size: ContentLength, etag: ETag.replaceAll('"', ''), 'version-id': versionId };
        assert.deepEqual(detail, {
          bucket: { name: aws.envelopes },
          object,
          kind: 'file',
          envelope: { messageId, plaintextSize: size },
        });
      }
    }
  });

  test('the function reads the header and the head of the final frame only, and calls no KMS', async () => {
    const key = 'uploads/4711/ranges.kmseal';
    await aws.upload(aws.envelopes, key, sample(2 ** 20));
    assert.equal(await handled(key), 'accepted');
    await application.next();
    const { ContentLength } = await aws.head(aws.envelopes, key);
    const last = ContentLength - 2 ** 18 - 16 - 24;
    assert.deepEqual(
      called('GetObject').map(({ headers }) => headers.range),
      ['bytes=0-65535', `bytes=${last}-${last + 23}`],
    );
    assert.deepEqual(
      aws.proxy.calls.filter(({ service }) => service === 'kms'),
      [],
    );
  });

  test('a final frame that is full, with an empty one behind it or without, is accepted', async () => {
    const envelope = await sealed(sample(2 * FRAME_LENGTH), { frameLength: FRAME_LENGTH });
    await aws.put(aws.envelopes, 'uploads/4711/full.kmseal', envelope);
    assert.equal(await handled('uploads/4711/full.kmseal'), 'accepted');
    await application.next();
    // As AWS's SDKs end a message; its tags are wrong, which nobody sees without a key.
    const { headerLength } = await inspect(envelope);
    const regular = Buffer.from(envelope.subarray(headerLength, headerLength + FRAME_LENGTH + FRAME));
    regular.writeUInt32BE(2, 0);
    regular.writeUInt32BE(2, 12);
    const empty = Buffer.from('ffffffff0000000300000000000000000000000300000000'.padEnd(80, '0'), 'hex');
    const first = envelope.subarray(0, headerLength + FRAME_LENGTH + FRAME);
    await aws.put(aws.envelopes, 'uploads/4711/full-2.kmseal', Buffer.concat([first, regular, empty]));
    assert.equal(await handled('uploads/4711/full-2.kmseal'), 'accepted');
    assert.equal((await application.next()).detail.envelope.plaintextSize, 2 * FRAME_LENGTH);
  });

  test('a description beside its object is accepted as one, by the context of the object', async () => {
    const key = 'uploads/4711/described.kmseal';
    const file = new Blob([sample(SIZE)], { type: 'application/pdf' });
    const prepared = await new Sealer({ keys: [aws.key], encryptionContext: CONTEXT }).prepare(file);
    const description = await prepared.describe({ name: 'Passport Müller.pdf' });
    await aws.put(aws.envelopes, key, new Uint8Array(await (await prepared.slice()).arrayBuffer()));
    await aws.put(aws.envelopes, `${key}.description`, description);
    for (const [one, kind] of [
      [key, 'file'],
      [`${key}.description`, 'description'],
    ]) {
      assert.equal(await handled(one), 'accepted');
      const { detail } = await application.next();
      assert.deepEqual({ kind: detail.kind, key: detail.object.key }, { kind, key: one });
    }
    await refused('uploads/4711/large.kmseal.description', await sealed(sample(65_537)), 'REFUSED');
    await refused('uploads/4712/other.kmseal.description', description, 'ERR_CONTEXT');
  });

  test('an event of EventBridge, whose keys are not encoded, is taken, too; and the function that opens takes those of this one', async () => {
    const key = 'uploads/4711/a b+%41.kmseal';
    const versionId = await aws.upload(aws.envelopes, key, sample(SIZE));
    const detail = { bucket: { name: aws.envelopes }, object: { key, 'version-id': versionId, sequencer: '01' } };
    await handler({ source: 'aws.s3', 'detail-type': 'Object Created', detail });
    const accepted = await application.next();
    assert.equal(accepted.detail.object.key, key);
    const open = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
    await open(accepted);
    assert.ok(Buffer.from(sample(SIZE)).equals(await aws.get(aws.plain, 'uploads/4711/a b+%41')));
  });
});

describe('keys of every kind', () => {
  for (const kind of [
    'RSA_2048',
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ML_KEM_768',
    'raw RSA, SHA-256',
  ]) {
    test(`an envelope for a key of the kind ${kind} is accepted where that key is set, and refused elsewhere`, async () => {
      const { key } = await makeKind(aws.kms, kind);
      const { keyNamespace, keyName } = key;
      const settings = kind.startsWith('raw')
        ? { RAW_KEYS: JSON.stringify([{ keyNamespace, keyName }]) }
        : kind.startsWith('ECC')
          ? { KEY_FINGERPRINT: `SHA256:${'A'.repeat(43)}=, ${key.fingerprint}` }
          : { KEY_ARN: key.keyId };
      const own = await instance({ KEY_ARN: '', ...settings });
      const name = `uploads/4711/${kind}.kmseal`;
      const envelope = await sealed(sample(100), { keys: [key] });
      await aws.put(aws.envelopes, name, envelope);
      assert.equal(await handled(name, {}, own), 'accepted');
      await application.next();
      await refused(name, envelope, 'ERR_NO_MATCHING_KEY');
      // One recipient of several is enough.
      await aws.put(aws.envelopes, name, await sealed(sample(100), { keys: [aws.key, key], mixed: true }));
      for (const intake of [own, handler]) {
        assert.equal(await handled(name, {}, intake), 'accepted');
        await application.next();
      }
    });
  }

  test('a multi-Region key is known by its id, in whichever Region the page took it', async () => {
    const replica = 'arn:aws:kms:eu-west-1:000000000000:key/mrk-1234abcd12ab34cd56ef1234567890ab';
    const own = await instance({ KEY_ARN: replica.replace('eu-west-1', 'us-east-1') });
    const key = 'uploads/4711/mrk.kmseal';
    const providerInfo = Buffer.from(replica);
    const dataKey = { providerId: 'aws-kms-rsa', providerInfo, ciphertext: Buffer.alloc(256) };
    const bytes = await withDataKeys(await sealed(sample(100)), [dataKey]);
    await aws.put(aws.envelopes, key, bytes);
    assert.equal(await handled(key, {}, own), 'accepted');
    await application.next();
    await refused(key, bytes, 'ERR_NO_MATCHING_KEY');
  });

  test('an encrypted data key of another provider does not count, whatever ARN it names', async () => {
    const dataKey = { providerId: 'aws-kms', providerInfo: Buffer.from(aws.key.keyId), ciphertext: Buffer.alloc(256) };
    await refused(
      'uploads/4711/symmetric.kmseal',
      await withDataKeys(await sealed(sample(100)), [dataKey]),
      'ERR_NO_MATCHING_KEY',
    );
  });
});

describe('what is refused', () => {
  test('what is not an envelope is moved to quarantine, tagged and told of', async () => {
    await refused('uploads/4711/passport.pdf', Buffer.from('%PDF-1.7 in the clear'), 'ERR_ENVELOPE_INVALID');
    await refused('uploads/4711/nothing.kmseal', new Uint8Array(), 'ERR_TRUNCATED');
    const envelope = await sealed(sample(100));
    await refused(
      'uploads/4711/as text.kmseal',
      Buffer.from(Buffer.from(envelope).toString('utf8')),
      'ERR_ENVELOPE_INVALID',
    );
    await refused('uploads/4711/ü&+%41.kmseal', envelope.subarray(0, 200), 'ERR_TRUNCATED');
  });

  test('an envelope whose context is not the one that its key says is refused', async () => {
    const envelope = await sealed(sample(100));
    await refused('uploads/4712/a.kmseal', envelope, 'ERR_CONTEXT');
    for (const encryptionContext of [{ ...CONTEXT, admin: 'yes' }, { purpose: 'upload' }, {}]) {
      await refused('uploads/4711/a.kmseal', await sealed(sample(100), { encryptionContext }), 'ERR_CONTEXT');
    }
  });

  test('a key that names nobody, or has segments . and .., is refused', async () => {
    const envelope = await sealed(sample(100));
    for (const key of ['uploads/4711', 'uploads//a.kmseal', 'uploads/4711/../4712/a.kmseal'])
      await refused(key, envelope, 'REFUSED');
    await assert.rejects(
      handler({ Records: [{ s3: { bucket: { name: aws.envelopes }, object: { key: '%E0%A4%A' } } }] }),
      {
        name: 'URIError',
      },
    );
  });

  test('an envelope that is not as long as its frames say is refused, wherever it was cut', async () => {
    const whole = await sealed(sample(5 * FRAME_LENGTH + 100), { frameLength: FRAME_LENGTH });
    const { headerLength, frames } = await inspect(whole);
    assert.equal(frames, 6);
    const frame = (index) => headerLength + index * (FRAME_LENGTH + FRAME);
    const cases = {
      'cut in a frame': whole.subarray(0, frame(3) + 1000),
      'cut between two frames': whole.subarray(0, frame(3)),
      'cut in the final frame': whole.subarray(0, whole.length - 1),
      'its header alone': whole.subarray(0, headerLength),
      'a frame lost in the middle': Buffer.concat([whole.subarray(0, frame(2)), whole.subarray(frame(3))]),
      'bytes lost in the middle': Buffer.concat([whole.subarray(0, frame(2)), whole.subarray(frame(2) + 40)]),
      'one byte more': Buffer.concat([whole, Buffer.alloc(1)]),
      'a frame more': Buffer.concat([whole, whole.subarray(frame(4), frame(5))]),
      'twice itself': Buffer.concat([whole, whole]),
    };
    for (const [name, bytes] of Object.entries(cases))
      await refused(`uploads/4711/${name}.kmseal`, bytes, 'ERR_TRUNCATED');
    // By the length of one byte alone the end is where it should be.
    const altered = Buffer.from(whole);
    altered[frame(5) + 23] ^= 1;
    await refused('uploads/4711/altered.kmseal', altered, 'ERR_TRUNCATED');
  });

  test('an envelope that no opener takes by default is refused: nine data keys, or frames of 32 MiB', async () => {
    const envelope = await sealed(sample(100));
    const dataKey = {
      providerId: 'aws-kms-rsa',
      providerInfo: Buffer.from(aws.key.keyId),
      ciphertext: Buffer.alloc(512),
    };
    await refused(
      'uploads/4711/nine.kmseal',
      await withDataKeys(envelope, Array(9).fill(dataKey)),
      'ERR_ENVELOPE_UNSUPPORTED',
    );
    const { headerLength } = await inspect(envelope);
    const long = Buffer.from(envelope);
    long.writeUInt32BE(2 ** 25, headerLength - 52);
    await refused('uploads/4711/long.kmseal', long, 'ERR_ENVELOPE_UNSUPPORTED');
  });

  test('a long key, or one with dots, has a name of fixed length in quarantine', async () => {
    const key = `uploads/4711/${'x'.repeat(1000)}`;
    const { quarantine } = await refused(key, Buffer.from('text'), 'ERR_ENVELOPE_INVALID');
    assert.match(quarantine.key, /^quarantine\/[\da-f]{64}\.[\da-f]{32}$/);
    const short = await refused('uploads/4711/x', Buffer.from('text'), 'ERR_ENVELOPE_INVALID');
    assert.match(short.quarantine.key, /^quarantine\/uploads\/4711\/x\.[\da-f]{32}$/);
  });

  test('what is in quarantine starts nothing, whatever the filter of the bucket says', async () => {
    await aws.put(aws.envelopes, 'quarantine/uploads/4711/a', Buffer.from('text'));
    assert.equal(await handled('quarantine/uploads/4711/a'), 'in quarantine');
    assert.deepEqual(aws.proxy.calls, []);
    const elsewhere = await instance({ QUARANTINE_PREFIX: 'uploads/4711/refused/' });
    const { quarantine } = await refusedElsewhere(elsewhere);
    assert.equal(await handled(quarantine.key, {}, elsewhere), 'in quarantine');
  });

  /** Under the prefix of uploads, where the role may write only in a bucket of the tests. */
  async function refusedElsewhere(intake) {
    const bucket = await aws.bucket('one-prefix', { versioned: true });
    await aws.put(bucket, 'uploads/4711/bad', Buffer.from('text'));
    assert.equal(await handled('uploads/4711/bad', { bucket }, intake), 'refused: ERR_ENVELOPE_INVALID');
    return (await application.next()).detail;
  }

  test('an object stays where S3 answers its copy with status 200 and an error', async () => {
    const key = 'uploads/4711/not-copied';
    aws.proxy.fault = ({ operation }) =>
      operation === 'CopyObject' ? { status: 200, code: 'InternalError' } : undefined;
    const versionId = await aws.put(aws.envelopes, key, Buffer.from('text'));
    await assert.rejects(handler({ Records: [record(key, { versionId })] }), /S3 did not say that the object was made/);
    assert.ok(await isThere(key));
    assert.deepEqual(called('PutEvents'), []);
  });

  test('a large object is copied in parts, with its tags, and leaves no upload behind when that fails', async () => {
    const large = sample(12 * 2 ** 20);
    const inParts = await instance({ PART_SIZE: String(5 * 2 ** 20) });
    const key = 'uploads/4711/large';
    aws.proxy.fault = ({ operation, query }) =>
      operation === 'UploadPartCopy' && query.get('partNumber') === '2'
        ? { status: 403, code: 'AccessDenied' }
        : undefined;
    const versionId = await aws.put(aws.envelopes, key, large);
    const failsBy = async (error) => {
      await assert.rejects(inParts({ Records: [record(key, { versionId })] }), error);
      assert.deepEqual((await aws.left(aws.envelopes)).uploads, []);
      assert.ok(await isThere(key));
      assert.deepEqual(called('PutEvents'), []);
    };
    await failsBy({ name: 'AccessDenied' });
    aws.proxy.fault = ({ operation }) =>
      operation === 'CompleteMultipartUpload' ? { status: 200, code: 'InternalError' } : undefined;
    await failsBy(/S3 did not say that the object was made/);
    aws.proxy.reset();
    await refused(key, large, 'ERR_ENVELOPE_INVALID', { intake: inParts });
    assert.deepEqual(
      called('UploadPartCopy').map(({ headers }) => headers['x-amz-copy-source-range']),
      ['bytes=0-5242879', 'bytes=5242880-10485759', 'bytes=10485760-12582911'],
    );
    assert.deepEqual(called('CopyObject'), []);
  });
});
