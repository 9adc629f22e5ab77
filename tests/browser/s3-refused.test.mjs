// What S3 and the page's server refuse: whether the page is asked to continue, what it learns, and what they accept instead.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

const YES = '{ resume: () => true }';
const ERROR = (code, message) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
const DEMAND =
  'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters';
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('base64');

uploadsInBrowsers(openUploads, (uploads, name) => {
  let s3;
  let hash;
  before(async () => {
    ({ s3 } = uploads);
    hash = uploads.write(TWO_PARTS);
  });

  async function expectArrived({ id, error }, file = hash) {
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, file);
  }

  // What follows a status, our script decides. Engines hand over status and body: each shows it by one answer of S3, and one of the server.
  const anyEngine = ANY_ENGINE.includes(name);
  for (const { target, status, body } of [
    {
      target: 'PUT 2',
      status: 403,
      body: ERROR(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided.',
      ),
    },
    { target: 'createMultipartUpload', status: 413 },
    { target: 'PUT 2', status: 403, body: ERROR('AccessDenied', 'Access Denied') },
    { target: 'PUT 2', status: 404, body: ERROR('NoSuchUpload', 'The specified upload does not exist.') },
    {
      target: 'PUT 2',
      status: 400,
      body: ERROR('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size'),
    },
    { target: 'signPart 2', status: 400 },
    { target: 'signPart 2', status: 404 },
    { target: 'completeMultipartUpload', status: 422 },
  ].slice(0, anyEngine ? undefined : 2)) {
    const answer = `status ${status}${body ? ` (${/<Code>(\w+)/.exec(body)[1]})` : ''}`;
    test(`${target} with ${answer} ends the upload without a question, since a retry would fail again`, async () => {
      s3.faults.add(target, { does: 'answer', status, body });
      const { id, error, told } = await uploads.upload({ concurrency: 1 }, YES);
      assert.deepEqual({ code: error?.code, status: error?.status, told }, { code: 'ERR_UPLOAD', status, told: [] });
      if (body) assert.ok(error.message.endsWith(`S3 says: ${/<Message>([^<]*)</.exec(body)[1]}`), error.message);
      assert.equal(await s3.arrived(id), false);
    });
  }

  for (const { target, status } of [
    { target: 'signPart 2', status: 401 },
    { target: 'PUT 2', status: 403 },
    { target: 'signPart 2', status: 403 },
    { target: 'createMultipartUpload', status: 401 },
  ].slice(0, anyEngine ? undefined : 2)) {
    test(`${target} with status ${status} asks the page, which may sign in, and then continues`, async () => {
      s3.faults.add(target, { does: 'answer', status }, 1);
      const outcome = await uploads.upload({ concurrency: 1, retries: 0 }, YES);
      await expectArrived(outcome);
      assert.deepEqual(
        outcome.told.map((error) => error.status),
        [status],
      );
    });
  }

  test("an address that the page's policy forbids asks the page without a retry, and the error names connect-src", async () => {
    const forbidden = `{ resume: () => false, alter: (signed) => ({ ...signed, url: signed.url.replace('127.0.0.1', '127.0.0.2') }) }`;
    const { id, error, told, retries } = await uploads.upload({ concurrency: 1 }, forbidden);
    assert.match(
      error.message,
      /^the page's Content-Security-Policy forbids requests to http:\/\/127\.0\.0\.2:\d+; add it to connect-src$/,
    );
    const { code, status } = error;
    assert.deepEqual({ code, status }, { code: 'ERR_UPLOAD', status: undefined });
    assert.deepEqual({ told: told.length, retries }, { told: 1, retries: [] });
    assert.equal(await s3.arrived(id), false);
  });

  describe('a bucket with Object Lock', () => {
    /** As S3 does: the emulator asks for no checksum. */
    const demand = () => {
      s3.faults.fault = (asked, seen) =>
        asked.startsWith('PUT') && !seen.headers['x-amz-checksum-sha256']
          ? { does: 'answer', status: 400, body: ERROR('InvalidRequest', DEMAND) }
          : undefined;
    };

    test('a bucket with Object Lock gets the checksum of each part, and all of them with the completion', async () => {
      demand();
      const outcome = await uploads.upload({ checksumAlgorithm: 'SHA256' });
      await expectArrived(outcome);
      const { size } = outcome.result;
      assert.deepEqual(outcome.created, { size, partSize: 5 * MIB, parts: 2, checksumAlgorithm: 'SHA256' });
      const named = (name) => s3.faults.seen.find((seen) => seen.name === name);
      const checksums = [1, 2].map((number) => sha256(named(`PUT ${number}`).body));
      assert.deepEqual(
        [1, 2].map((number) => named(`PUT ${number}`).headers['x-amz-checksum-sha256']),
        checksums,
      );
      const { parts } = JSON.parse(named('completeMultipartUpload').body);
      assert.deepEqual(
        parts.map(({ ChecksumSHA256 }) => ChecksumSHA256),
        checksums,
      );
      const head = new HeadObjectCommand({ Bucket: s3.bucket, Key: s3.keyOf(outcome.id), ChecksumMode: 'ENABLED' });
      const composite = sha256(Buffer.concat(checksums.map((checksum) => Buffer.from(checksum, 'base64'))));
      assert.equal((await s3.proxied.send(head)).ChecksumSHA256, `${composite}-2`);
    });

    if (!anyEngine) return;

    test('a bucket with Object Lock says that it demands a checksum', async () => {
      demand();
      const { error, told } = await uploads.upload({}, YES);
      assert.deepEqual(
        { code: error?.code, status: error?.status, told },
        { code: 'ERR_UPLOAD', status: 400, told: [] },
      );
      assert.ok(error.message.includes(DEMAND), error.message);
    });

    test('a bucket with Object Lock gets the checksum of an envelope sent in one request', async () => {
      const small = uploads.write(MIB);
      demand();
      await expectArrived(await uploads.upload({ checksumAlgorithm: 'SHA256' }), small);
      const [put] = s3.faults.seen.filter((seen) => seen.name === 'PUT');
      assert.equal(put.headers['x-amz-checksum-sha256'], sha256(put.body));
      uploads.write(TWO_PARTS);
    });

    test('a bucket with Object Lock checks what arrives: bytes damaged on their way are sent again', async () => {
      s3.faults.add(
        'PUT 2',
        { does: 'answer', status: 400, body: ERROR('BadDigest', 'The SHA256 you specified did not match.') },
        1,
      );
      await expectArrived(await uploads.upload({ checksumAlgorithm: 'SHA256' }));
    });
  });

  if (!anyEngine) return;

  test('S3 itself refuses a signature that does not match the request', async () => {
    const wrong = `{ resume: () => true, alter: (signed) => ({ url: signed.url.replace(/(X-Amz-Signature=)./, (_, name) => name + 'x') }) }`;
    const { error, told } = await uploads.upload({ concurrency: 1 }, wrong);
    assert.deepEqual(
      { code: error?.code, status: error?.status, part: error?.part, told },
      { code: 'ERR_UPLOAD', status: 403, part: 1, told: [] },
    );
    assert.match(error.message, /\(SignatureDoesNotMatch\); see what the server signs\. S3 says: \w/);
  });

  test("S3's sentence is shown as text, at most 300 characters of it", async () => {
    s3.faults.add('PUT 2', {
      does: 'answer',
      status: 400,
      body: ERROR('InvalidRequest', `A &lt;b&gt; &amp; &quot;c&quot; ${'x'.repeat(5000)}`),
    });
    const { error } = await uploads.upload({ concurrency: 1 });
    assert.match(error.message, /S3 says: A <b> & "c" x{200,300}$/);
  });

  test('an unsupported checksum algorithm is refused before any request', async () => {
    const { error } = await uploads.upload({ checksumAlgorithm: 'MD5' });
    assert.deepEqual({ name: error?.name, seen: s3.faults.seen }, { name: 'TypeError', seen: [] });
    assert.match(error.message, /checksumAlgorithm must be 'SHA256'/);
  });
});
