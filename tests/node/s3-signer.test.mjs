// The server's half of kmseal/s3: what it signs and what it refuses. And that the tests' S3 refuses small parts, as S3 does.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { multipart } from '../../www/server/multipart.mjs';
import { startS3 } from '../support/servers/s3.mjs';

const MIB = 2 ** 20;

let s3;
let app;
before(async () => {
  s3 = await startS3();
  app = multipart({ s3: s3.proxied, bucket: s3.bucket, keyOf: s3.keyOf, maxSize: 100 * MIB });
});
after(() => s3?.close());

async function ask(id, step, body = {}) {
  const response = await app.request(`/${id}/${step}`, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, ...(text.startsWith('{') && JSON.parse(text)) };
}

const put = async ({ url, headers }, length) => {
  const response = await fetch(url, { method: 'PUT', headers, body: Buffer.alloc(length) });
  return { status: response.status, ETag: response.headers.get('etag') };
};

const PLAN = { size: 11 * MIB, partSize: 5 * MIB, parts: 3 };

test('the signer signs one object of the announced size', async () => {
  const id = s3.begin();
  const signed = await ask(id, 'signPut', { size: 1000 });
  assert.equal((await put(signed, 1001)).status, 403);
  assert.equal((await put({ ...signed, headers: { 'content-type': 'text/html' } }, 1000)).status, 403);
  assert.equal((await put(signed, 1000)).status, 200);
});

test('the signer reports what is stored under an upload, or that nothing is', async () => {
  const id = s3.begin();
  assert.deepEqual(await ask(id, 'headObject').then(({ status, error }) => [status, error]), [404, 'NOT_STORED']);
  await put(await ask(id, 'signPut', { size: 1000 }), 1000);
  assert.deepEqual(
    await ask(id, 'headObject').then(({ status, ContentLength }) => [status, ContentLength]),
    [200, 1000],
  );
});

test('the signer makes one upload of a repeated request, as lost answers cause', async () => {
  const id = s3.begin();
  const answers = await Promise.all([ask(id, 'createMultipartUpload', PLAN), ask(id, 'createMultipartUpload', PLAN)]);
  assert.deepEqual(answers, [{ status: 200 }, { status: 200 }]);
  assert.equal((await s3.unfinished()).length, 1);
  const parts = [];
  for (const { number, size } of [
    { number: 1, size: 5 * MIB },
    { number: 2, size: 5 * MIB },
    { number: 3, size: MIB },
  ]) {
    const { ETag } = await put(await ask(id, 'signPart', { number, size }), size);
    parts.push({ PartNumber: number, ETag });
  }
  // The SDK makes an empty object of these.
  for (const body of ['<Error><Code>InternalError</Code></Error>\n', '<html><body>Sign in</body></html>']) {
    s3.faults.add('POST', { does: 'answer', status: 200, body });
    assert.equal((await ask(id, 'completeMultipartUpload', { parts })).status, 502);
    s3.faults.reset();
  }
  assert.deepEqual(
    await Promise.all([ask(id, 'completeMultipartUpload', { parts }), ask(id, 'completeMultipartUpload', { parts })]),
    [{ status: 200 }, { status: 200 }],
  );
  assert.deepEqual(await ask(id, 'completeMultipartUpload', { parts }), { status: 200 });
  assert.deepEqual(
    { unfinished: await s3.unfinished(), arrived: await s3.arrived(id) },
    { unfinished: [], arrived: true },
  );
});

test('the signer signs parts of the sizes that make the envelope, and no others', async () => {
  const id = s3.begin();
  await ask(id, 'createMultipartUpload', PLAN);
  for (const { number, size } of [
    { number: 0, size: 5 * MIB },
    { number: 4, size: 5 * MIB },
    { number: 1, size: MIB },
    { number: 3, size: 5 * MIB },
    { number: 1.5, size: 5 * MIB },
    { number: '1', size: 5 * MIB },
    { number: 1, size: undefined },
  ]) {
    const { status, error } = await ask(id, 'signPart', { number, size });
    assert.deepEqual({ status, error }, { status: 400, error: 'BAD_PART' }, `${number}, ${size}`);
  }
  assert.equal((await put(await ask(id, 'signPart', { number: 1, size: 5 * MIB }), MIB)).status, 403);
  for (const parts of [
    undefined,
    [],
    [{ PartNumber: 1, ETag: 'a' }],
    [1, 2, 2].map((PartNumber) => ({ PartNumber, ETag: 'a' })),
  ]) {
    assert.equal((await ask(id, 'completeMultipartUpload', { parts })).error, 'BAD_PARTS');
  }
  await ask(id, 'abortMultipartUpload');
});

test('the signer refuses uploads that it does not know, did not create or has aborted', async () => {
  for (const step of [
    'signPut',
    'createMultipartUpload',
    'signPart',
    'completeMultipartUpload',
    'abortMultipartUpload',
  ]) {
    assert.equal((await ask(randomUUID(), step, { ...PLAN, number: 1 })).error, 'UNKNOWN_UPLOAD', step);
  }
  const id = s3.begin();
  assert.equal((await ask(id, 'toString')).error, 'UNKNOWN_UPLOAD');
  assert.equal((await ask(id, 'signPart', { number: 1, size: 5 * MIB })).error, 'NOT_CREATED');
  assert.equal((await ask(id, 'completeMultipartUpload', { parts: [] })).error, 'NOT_CREATED');
  // An abort may overtake the request that creates.
  assert.deepEqual(await ask(id, 'abortMultipartUpload'), { status: 200 });
  assert.equal((await ask(id, 'createMultipartUpload', PLAN)).status, 409);
  assert.deepEqual(await s3.unfinished(), []);
  const other = s3.begin();
  await ask(other, 'createMultipartUpload', PLAN);
  assert.equal((await ask(other, 'createMultipartUpload', { ...PLAN, size: PLAN.size + 1 })).error, 'OTHER_UPLOAD');
  await ask(other, 'abortMultipartUpload');
  assert.equal((await ask(other, 'signPart', { number: 1, size: 5 * MIB })).error, 'ABORTED');
  assert.deepEqual(await s3.unfinished(), []);
});

test('the signer gives no object the description of an earlier envelope', async () => {
  for (const length of [1000, 3000]) {
    const [first, second] = ['a', 'b'].map((letter) => letter.repeat(length));
    const id = s3.begin();
    const create = (description) => ask(id, 'createMultipartUpload', { ...PLAN, description });
    assert.equal((await create(first)).status, 200);
    assert.equal((await create(first)).status, 200, 'its answer was lost');
    for (const other of [second, undefined]) assert.equal((await create(other)).error, 'OTHER_UPLOAD', `${length}`);
    await ask(id, 'abortMultipartUpload');
    const put = s3.begin();
    const sign = (description) => ask(put, 'signPut', { size: 1000, description });
    assert.equal((await sign(first)).status, 200);
    assert.equal((await sign(first)).status, 200);
    // In the metadata it is stored in one go with the object.
    assert.equal((await sign(second)).status, length > 2000 ? 409 : 200);
  }
});

test('the signer refuses sizes that are invalid, too large, or against the rules of S3', async () => {
  const id = s3.begin();
  for (const size of [0, -1, 1.5, '100', null])
    assert.equal((await ask(id, 'signPut', { size })).error, 'BAD_SIZE', String(size));
  assert.equal((await ask(id, 'signPut', { size: 101 * MIB })).error, 'TOO_LARGE');
  assert.equal(
    (await ask(id, 'createMultipartUpload', { size: 101 * MIB, partSize: 5 * MIB, parts: 21 })).error,
    'TOO_LARGE',
  );
  for (const plan of [
    { ...PLAN, partSize: MIB, parts: 11 },
    { ...PLAN, parts: 2 },
    { ...PLAN, parts: 20_000 },
    { size: PLAN.size },
  ]) {
    assert.equal((await ask(id, 'createMultipartUpload', plan)).error, 'BAD_PARTS');
  }
  assert.deepEqual(await s3.unfinished(), []);
});

test('the S3 emulator refuses small parts', async () => {
  const place = { Bucket: s3.bucket, Key: 'small' };
  const { UploadId } = await s3.proxied.send(new CreateMultipartUploadCommand(place));
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await s3.proxied.send(
      new UploadPartCommand({ ...place, UploadId, PartNumber, Body: Buffer.alloc(MIB) }),
    );
    Parts.push({ PartNumber, ETag });
  }
  const complete = new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } });
  await assert.rejects(s3.proxied.send(complete), { name: 'EntityTooSmall' });
});
