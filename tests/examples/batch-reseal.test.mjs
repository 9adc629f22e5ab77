// examples/batch-reseal.mjs, as S3 Batch Operations calls it: in place under its role of infra/kmseal.yaml, and into other buckets.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { Opener, inspect } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { sample } from '../support/page/bytes.mjs';
import { CHECKSUMS, CONTEXT, startFunctions } from './functions.mjs';
import { outcomeOf } from './tasks.mjs';

const SIZE = 400_000;
/** Two parts of an upload. */
const BIG = sample(6 * 2 ** 20);
const TAGS = [
  { Key: 'expires', Value: 'in 30 days' },
  { Key: 'of/whom+=&', Value: 'ü' },
];
const ALONG = {
  Metadata: { note: 'to be kept', 'kmseal-note': 'this, too' },
  ContentType: 'application/x-kmseal',
  CacheControl: 'no-store',
  ContentDisposition: 'attachment',
  ContentLanguage: 'de',
  StorageClass: 'STANDARD_IA',
  Expires: new Date('2030-01-01T00:00:00Z'),
};
const Tagging = TAGS.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join('&');

let aws;
let answers;
let versioned;
before(async () => {
  mock.method(console, 'log', () => {});
  aws = await startFunctions();
  answers = await Promise.all([aws.kms.createKey(), aws.kms.createKey()]);
  versioned = await aws.bucket('versioned', { versioned: true });
});
after(() => aws?.close());
beforeEach(() => aws.proxy.reset());

/** A job for one of the two keys. */
const job = (answer, TO_BUCKET, settings) =>
  aws.load('batch-reseal', 'ResealFunction', {
    TO_BUCKET,
    PUBLIC_KEY: JSON.stringify(printed(answer)),
    AWS_MAX_ATTEMPTS: '1',
    ...settings,
  });
/** Asserts that the object opens with this key only, and to this. */
async function isSealedFor({ KeyId }, bucket, key, plaintext) {
  const envelope = await aws.get(bucket, key);
  assert.deepEqual((await inspect(envelope)).keyIds, [KeyId]);
  const opened = await new Opener({ keyIds: [KeyId], decrypt: aws.kms.decrypt }).open(envelope, {
    encryptionContext: CONTEXT,
  });
  assert.ok(Buffer.from(plaintext).equals(opened.plaintext));
}

describe('resealing into another bucket', () => {
  for (const kind of ['unversioned', 'versioned']) {
    test(`the task reseals once for each key that it is run for, in ${kind} buckets`, async () => {
      const [from, to] = [
        await aws.bucket(`from-${kind}`, { versioned: kind === 'versioned' }),
        await aws.bucket(`to-${kind}`, { versioned: kind === 'versioned' }),
      ];
      for (const [index, plaintext] of [sample(SIZE), BIG, sample(0)].entries()) {
        const key = `uploads/4711/ü b+${index}.kmseal`;
        await aws.upload(from, key, plaintext, plaintext === BIG ? {} : { ChecksumAlgorithm: CHECKSUMS[index % 2] });
        for (const answer of answers) {
          const handler = await job(answer, to);
          for (const expected of ['written', 'already there']) {
            const [code, text] = await outcomeOf(handler, { bucket: from, key });
            assert.deepEqual({ code, text: text.split(' over ')[0] }, { code: 'Succeeded', text: expected });
            await isSealedFor(answer, to, key, plaintext);
          }
        }
      }
      assert.deepEqual((await aws.left(to)).uploads, []);
    });
  }

  test('an object that was opened by mistake is sealed, and the report says that plaintext was there', async () => {
    const [from, to] = [await aws.bucket('mistake'), await aws.bucket('mistake-to', { versioned: true })];
    await aws.upload(from, 'uploads/4711/m.kmseal', sample(SIZE));
    const opening = await aws.load('batch-open', 'OpenFunction', { PLAIN_BUCKET: to });
    assert.deepEqual(await outcomeOf(opening, { bucket: from, key: 'uploads/4711/m.kmseal' }), [
      'Succeeded',
      'written',
    ]);
    // The opened object under the key of the resealed one too, as if somebody had changed plainKey().
    await aws.s3.send(
      new CopyObjectCommand({ Bucket: to, Key: 'uploads/4711/m.kmseal', CopySource: `${to}/uploads/4711/m` }),
    );
    const [code, text] = await outcomeOf(await job(answers[0], to), { bucket: from, key: 'uploads/4711/m.kmseal' });
    assert.deepEqual(
      { code, text },
      {
        code: 'Succeeded',
        text: "written over the result of 'open', which a versioned bucket keeps as an old version",
      },
    );
    await isSealedFor(answers[0], to, 'uploads/4711/m.kmseal', sample(SIZE));
  });

  test('an object that another program put at the target is not replaced', async () => {
    const [from, to] = [await aws.bucket('theirs'), await aws.bucket('theirs-to')];
    await aws.upload(from, 'uploads/4711/t.kmseal', sample(SIZE));
    await aws.put(to, 'uploads/4711/t.kmseal', 'theirs');
    assert.deepEqual(await outcomeOf(await job(answers[0], to), { bucket: from, key: 'uploads/4711/t.kmseal' }), [
      'PermanentFailure',
      'REFUSED',
    ]);
    assert.equal(Buffer.from(await aws.get(to, 'uploads/4711/t.kmseal')).toString(), 'theirs');
  });
});

describe('resealing in place', () => {
  test("resealing in place replaces the current version once, and the template's role permits it", async () => {
    await aws.version(aws.envelopes);
    const key = 'uploads/4711/in place.kmseal';
    const versionId = await aws.upload(aws.envelopes, key, BIG, { ...ALONG, Tagging });
    const handler = await job(answers[0], aws.envelopes);
    const run = (more) => outcomeOf(handler, { bucket: aws.envelopes, key, ...more });
    assert.deepEqual(await run({ versionId }), ['Succeeded', 'written']);
    await isSealedFor(answers[0], aws.envelopes, key, BIG);
    const { VersionId } = await aws.head(aws.envelopes, key);
    // S3 asks again for the version in the manifest, which is the previous one.
    assert.deepEqual(await run({ versionId }), ['Succeeded', 'already there']);
    assert.deepEqual(await run(), ['Succeeded', 'already there']);
    assert.deepEqual(await run({ versionId: VersionId }), ['Succeeded', 'already there']);
    assert.equal((await aws.head(aws.envelopes, key)).VersionId, VersionId);
    await goesAlong(aws.envelopes, key);
  });

  test('resealing in place is refused in an unversioned bucket', async () => {
    const bucket = await aws.bucket('in-place-unversioned');
    await aws.upload(bucket, 'uploads/4711/i.kmseal', sample(SIZE));
    const envelope = await aws.get(bucket, 'uploads/4711/i.kmseal');
    assert.deepEqual(await outcomeOf(await job(answers[0], bucket), { bucket, key: 'uploads/4711/i.kmseal' }), [
      'PermanentFailure',
      'REFUSED',
    ]);
    assert.ok(Buffer.from(envelope).equals(await aws.get(bucket, 'uploads/4711/i.kmseal')));
  });

  for (const [what, operation] of [
    ['read', 'GetObject'],
    ['written', 'PutObject'],
  ]) {
    test(`an upload while the old object is ${what} stays, and is sealed for the new key next`, async () => {
      const key = `uploads/4711/meanwhile-${what}.kmseal`;
      const versionId = await aws.upload(versioned, key, sample(SIZE));
      const handler = await job(answers[0], versioned);
      let replaced;
      aws.proxy.fault = async (call) => {
        if (call.operation === operation) await (replaced ??= aws.upload(versioned, key, sample(SIZE + 1)));
      };
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key, versionId }), [
        'PermanentFailure',
        'superseded',
      ]);
      await isSealedFor({ KeyId: aws.key.keyId }, versioned, key, sample(SIZE + 1));
      assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', 'written']);
      await isSealedFor(answers[0], versioned, key, sample(SIZE + 1));
    });
  }

  test('an object that is deleted meanwhile is not restored', async () => {
    const key = 'uploads/4711/deleted.kmseal';
    await aws.upload(versioned, key, BIG);
    const handler = await job(answers[0], versioned);
    let gone;
    aws.proxy.fault = async ({ operation }) => {
      if (operation === 'CompleteMultipartUpload') await (gone ??= aws.delete(versioned, key));
    };
    assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['PermanentFailure', 'source gone']);
    const { objects, uploads } = await aws.left(versioned);
    assert.deepEqual({ isThere: objects.includes(key), uploads }, { isThere: false, uploads: [] });
  });

  test('resealing for a second key needs the first one to open', async () => {
    const key = 'uploads/4711/twice.kmseal';
    await aws.upload(versioned, key, sample(SIZE));
    assert.equal((await outcomeOf(await job(answers[0], versioned), { bucket: versioned, key }))[0], 'Succeeded');
    const second = await job(answers[1], versioned);
    assert.deepEqual(await outcomeOf(second, { bucket: versioned, key }), ['PermanentFailure', 'ERR_NO_MATCHING_KEY']);
    const both = await job(answers[1], versioned, { KEY_ARN: `${aws.key.keyId}, ${answers[0].KeyId}` });
    // The template's role may not use that key: KMS refuses, and nothing is replaced.
    assert.deepEqual(await outcomeOf(both, { bucket: versioned, key }), ['PermanentFailure', 'ERR_KMS']);
    await isSealedFor(answers[0], versioned, key, sample(SIZE));
  });
});

test('the task reseals from an RSA key to an ECC key, and from that to an ML-KEM key', async () => {
  const key = 'uploads/4711/kinds.kmseal';
  await aws.upload(versioned, key, sample(SIZE));
  const [ecc, mlKem] = await Promise.all(
    ['ECC_NIST_P384', 'ML_KEM_768'].map((spec) => aws.keyFor('ResealFunction', { spec })),
  );
  for (const [answer, settings] of [
    [ecc, {}],
    [mlKem, { KEY_ARN: '', ECC_KEY_ARN: ecc.KeyId, EXPERIMENTAL: '1' }],
  ]) {
    const handler = await job(answer, versioned, settings);
    assert.equal((await outcomeOf(handler, { bucket: versioned, key }))[0], 'Succeeded');
    const envelope = await aws.get(versioned, key);
    assert.equal((await inspect(envelope)).encryptedDataKeys.length, 1);
    const opener = await aws.kms.openerFor(answer);
    const { plaintext } = await opener.open(envelope, { encryptionContext: CONTEXT });
    assert.ok(Buffer.from(sample(SIZE)).equals(plaintext));
  }
  await assert.rejects(job(mlKem, versioned), { code: 'ERR_KEY_UNSUPPORTED', message: /experimental/ });
});

/** An RSA key outside KMS: the setting that names it, and what opens with it. */
async function makeOfflineKey() {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['encrypt', 'decrypt'],
  );
  const PublicKey = Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64');
  const name = { keyNamespace: 'example', keyName: 'offline-2026' };
  const RAW_PUBLIC_KEY = JSON.stringify({ ...name, PublicKey });
  return { setting: { RAW_PUBLIC_KEY }, opener: new Opener({ rawKeys: [{ ...name, privateKey }] }) };
}

test('the task keeps an offline key beside the new key of KMS', async () => {
  const key = 'uploads/4711/offline.kmseal';
  await aws.upload(versioned, key, sample(SIZE));
  const { setting, opener } = await makeOfflineKey();
  for (const expected of ['written', 'already there']) {
    const handler = await job(answers[0], versioned, setting);
    assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', expected]);
  }
  await isSealedFor(answers[0], versioned, key, sample(SIZE));
  const { plaintext } = await opener.open(await aws.get(versioned, key), { encryptionContext: CONTEXT });
  assert.ok(Buffer.from(sample(SIZE)).equals(plaintext));
});

test('the task keeps an offline key beside an ML-KEM key only with MIXED=1', async () => {
  const key = 'uploads/4711/mixed.kmseal';
  await aws.upload(versioned, key, sample(SIZE));
  const mlKem = await aws.keyFor('ResealFunction', { spec: 'ML_KEM_768' });
  const { setting, opener } = await makeOfflineKey();
  const settings = { ...setting, EXPERIMENTAL: '1' };
  await assert.rejects(job(mlKem, versioned, settings), { code: 'ERR_KEY_UNSUPPORTED', message: /mixed/ });
  const handler = await job(mlKem, versioned, { ...settings, MIXED: '1' });
  assert.deepEqual(await outcomeOf(handler, { bucket: versioned, key }), ['Succeeded', 'written']);
  const envelope = await aws.get(versioned, key);
  for (const one of [opener, await aws.kms.openerFor(mlKem)]) {
    const { plaintext } = await one.open(envelope, { encryptionContext: CONTEXT });
    assert.ok(Buffer.from(sample(SIZE)).equals(plaintext));
  }
});

test('resealing in place opens nothing again, and restores no plaintext that was deleted', async () => {
  const bucket = await aws.bucket('opened-and-resealed', { versioned: true });
  const opening = await aws.load('lambda-open', 'OpenFunction', { PLAIN_BUCKET: aws.plain });
  let sequencer = 10;
  /** S3's event after an upload or a reseal, and the function's log. */
  const told = async (key) => {
    console.log.mock.resetCalls();
    await opening({ Records: [{ s3: { bucket: { name: bucket }, object: { key, sequencer: `00${sequencer++}` } } }] });
    return JSON.parse(console.log.mock.calls[0].arguments[0]).outcome;
  };
  const [kept, gone] = ['uploads/4711/kept.kmseal', 'uploads/4711/gone.kmseal'];
  for (const key of [kept, gone]) {
    await aws.upload(bucket, key, sample(SIZE));
    assert.equal(await told(key), 'written');
  }
  await aws.delete(aws.plain, 'uploads/4711/gone');
  const second = await aws.keyFor('ResealFunction');
  for (const [answer, keys] of [
    [second, aws.key.keyId],
    [answers[0], second.KeyId],
  ]) {
    const handler = await job(answer, bucket, { KEY_ARN: keys });
    for (const key of [kept, gone]) {
      assert.deepEqual(await outcomeOf(handler, { bucket, key }), ['Succeeded', 'written']);
      assert.equal(await told(key), key === kept ? 'already there' : 'deleted since');
    }
  }
  // A new upload is one.
  await aws.upload(bucket, gone, sample(SIZE));
  assert.equal(await told(gone), 'written');
});

/** Asserts that the object's other fields are the same as before. */
async function goesAlong(bucket, key) {
  const { Metadata, ...head } = await aws.head(bucket, key);
  const { Metadata: metadata, Expires, ...headers } = ALONG;
  for (const [name, value] of Object.entries(metadata)) assert.equal(Metadata[name], value);
  for (const [name, value] of Object.entries(headers)) assert.equal(head[name], value, name);
  assert.equal(new Date(head.ExpiresString).getTime(), Expires.getTime());
  const byKey = (tags) => tags.map(({ Key, Value }) => `${Key}: ${Value}`).sort();
  assert.deepEqual(byKey(await aws.tags(bucket, key)), byKey(TAGS));
}

test('metadata, headers, storage class and tags are kept, in one part and in several', async () => {
  const [from, to] = [await aws.bucket('along'), await aws.bucket('along-to')];
  const handler = await job(answers[0], to);
  for (const [key, plaintext] of [
    ['uploads/4711/small.kmseal', sample(SIZE)],
    ['uploads/4711/big.kmseal', BIG],
  ]) {
    await aws.upload(from, key, plaintext, { ...ALONG, Tagging });
    assert.deepEqual(await outcomeOf(handler, { bucket: from, key }), ['Succeeded', 'written']);
    await goesAlong(to, key);
  }
  await aws.upload(from, 'uploads/4711/plain.kmseal', sample(SIZE));
  assert.deepEqual(await outcomeOf(handler, { bucket: from, key: 'uploads/4711/plain.kmseal' }), [
    'Succeeded',
    'written',
  ]);
  assert.deepEqual(await aws.tags(to, 'uploads/4711/plain.kmseal'), []);
});

test('a body that stalls midway is a temporary failure that leaves no parts', async () => {
  const [from, to] = [await aws.bucket('stalls'), await aws.bucket('stalls-to')];
  const key = 'uploads/4711/s.kmseal';
  await aws.upload(from, key, BIG);
  const handler = await job(answers[0], to, { REQUEST_TIMEOUT_MS: '3000' });
  aws.proxy.fault = ({ operation }) => (operation === 'GetObject' ? { bytes: 5_900_000, then: 'hang' } : undefined);
  assert.deepEqual(await outcomeOf(handler, { bucket: from, key }), ['TemporaryFailure', 'ERR_READ']);
  assert.deepEqual(await aws.left(to), { objects: [], uploads: [] });
});

test('a complete that S3 answers with status 200 and an error is a failure that leaves no parts', async () => {
  const [from, to] = [await aws.bucket('errors'), await aws.bucket('errors-to')];
  const key = 'uploads/4711/e.kmseal';
  await aws.upload(from, key, BIG);
  const handler = await job(answers[0], to);
  aws.proxy.fault = ({ operation }) =>
    operation === 'CompleteMultipartUpload' ? { status: 200, code: 'InternalError' } : undefined;
  assert.deepEqual(await outcomeOf(handler, { bucket: from, key }), ['TemporaryFailure', 'InternalError']);
  assert.deepEqual(await aws.left(to), { objects: [], uploads: [] });
});

test('a record that an object carries has no effect elsewhere', async () => {
  const [from, to] = [await aws.bucket('records'), await aws.bucket('records-to')];
  const key = 'uploads/4711/r.kmseal';
  await aws.upload(from, key, sample(SIZE));
  const handler = await job(answers[0], to);
  await outcomeOf(handler, { bucket: from, key });
  const { Metadata } = await aws.head(to, key);
  // As after a bucket was copied with its metadata, which then describes another object.
  const copied = await aws.bucket('records-copied', { versioned: true });
  await aws.upload(copied, key, sample(SIZE), { Metadata });
  assert.deepEqual(await outcomeOf(await job(answers[0], copied), { bucket: copied, key }), ['Succeeded', 'written']);
  await isSealedFor(answers[0], copied, key, sample(SIZE));
});

describe('settings of a job that reseals', () => {
  const key = 'uploads/4711/never.kmseal';
  let to;
  before(async () => {
    to = await aws.bucket('never');
    await aws.upload(aws.envelopes, key, sample(SIZE));
  });
  for (const [what, settings, message] of [
    ['no public key', { PUBLIC_KEY: '' }, /PUBLIC_KEY is not set/],
    ['a misspelt setting', { PUBLIC_KEY: '', PUBLICKEY: '{}' }, /PUBLIC_KEY is not set/],
    ['a public key that is not JSON', { PUBLIC_KEY: 'alias/new' }, /PUBLIC_KEY is not JSON/],
    ['JSON that is not a key', { PUBLIC_KEY: '{}' }, /KeyId|keyId|PublicKey/],
    ['no target', { TO_BUCKET: '' }, /TO_BUCKET is not set/],
  ]) {
    test(`a job with ${what} does not start, and opens nothing`, async () => {
      await assert.rejects(job(answers[0], to, settings), { message });
      delete process.env.PUBLICKEY;
      assert.ok(aws.proxy.calls.every(({ operation }) => operation === 'GetBucketVersioning'));
      assert.deepEqual(await aws.left(to), { objects: [], uploads: [] });
    });
  }
});
