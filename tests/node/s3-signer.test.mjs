// The server's half of kmseal/s3: what it signs, and what not. And that the tests' S3 refuses small parts, as S3 does.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { multipart } from '../../www/server/multipart.mjs';
import { startS3 } from '../support/s3.mjs';

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

test('one object, of the size that was announced', async () => {
  const id = s3.begin();
  const signed = await ask(id, 'put', { size: 1000 });
  assert.equal((await put(signed, 1001)).status, 403);
  assert.equal((await put({ ...signed, headers: { 'content-type': 'text/html' } }, 1000)).status, 403);
  assert.equal((await put(signed, 1000)).status, 200);
});

test('an upload that is asked for twice, as answers get lost, is one upload', async () => {
  const id = s3.begin();
  const answers = await Promise.all([ask(id, 'create', PLAN), ask(id, 'create', PLAN)]);
  assert.deepEqual(answers, [{ status: 200 }, { status: 200 }]);
  assert.equal((await s3.unfinished()).length, 1);
  const parts = [];
  for (const [number, size] of [[1, 5 * MIB], [2, 5 * MIB], [3, MIB]]) {
    const { ETag } = await put(await ask(id, 'part', { number, size }), size);
    parts.push({ PartNumber: number, ETag });
  }
  assert.deepEqual(await Promise.all([ask(id, 'complete', { parts }), ask(id, 'complete', { parts })]), [{ status: 200 }, { status: 200 }]);
  assert.deepEqual(await ask(id, 'complete', { parts }), { status: 200 });
  assert.deepEqual([await s3.unfinished(), await s3.arrived(id)], [[], true]);
});

test('parts of the sizes that make the envelope, and no others', async () => {
  const id = s3.begin();
  await ask(id, 'create', PLAN);
  for (const [number, size] of [[0, 5 * MIB], [4, 5 * MIB], [1, MIB], [3, 5 * MIB], [1.5, 5 * MIB], ['1', 5 * MIB], [1, undefined]]) {
    const { status, error } = await ask(id, 'part', { number, size });
    assert.deepEqual([status, error], [400, 'BAD_PART'], `${number}, ${size}`);
  }
  assert.equal((await put(await ask(id, 'part', { number: 1, size: 5 * MIB }), MIB)).status, 403);
  for (const parts of [undefined, [], [{ PartNumber: 1, ETag: 'a' }], [1, 2, 2].map((PartNumber) => ({ PartNumber, ETag: 'a' }))]) {
    assert.equal((await ask(id, 'complete', { parts })).error, 'BAD_PARTS');
  }
  await ask(id, 'abort');
});

test('nothing for uploads that it does not know, did not create or has aborted', async () => {
  for (const step of ['put', 'create', 'part', 'complete', 'abort']) {
    assert.equal((await ask(randomUUID(), step, { ...PLAN, number: 1 })).error, 'UNKNOWN_UPLOAD', step);
  }
  const id = s3.begin();
  assert.equal((await ask(id, 'toString')).error, 'UNKNOWN_UPLOAD');
  assert.equal((await ask(id, 'part', { number: 1, size: 5 * MIB })).error, 'NOT_CREATED');
  assert.equal((await ask(id, 'complete', { parts: [] })).error, 'NOT_CREATED');
  // An abort may overtake the request that creates.
  assert.deepEqual(await ask(id, 'abort'), { status: 200 });
  assert.equal((await ask(id, 'create', PLAN)).status, 409);
  assert.deepEqual(await s3.unfinished(), []);
  const other = s3.begin();
  await ask(other, 'create', PLAN);
  assert.equal((await ask(other, 'create', { ...PLAN, size: PLAN.size + 1 })).error, 'OTHER_UPLOAD');
  await ask(other, 'abort');
  assert.equal((await ask(other, 'part', { number: 1, size: 5 * MIB })).error, 'ABORTED');
  assert.deepEqual(await s3.unfinished(), []);
});

test('no sizes that are none, too large, or against the rules of S3', async () => {
  const id = s3.begin();
  for (const size of [0, -1, 1.5, '100', null]) assert.equal((await ask(id, 'put', { size })).error, 'BAD_SIZE', String(size));
  assert.equal((await ask(id, 'put', { size: 101 * MIB })).error, 'TOO_LARGE');
  assert.equal((await ask(id, 'create', { size: 101 * MIB, partSize: 5 * MIB, parts: 21 })).error, 'TOO_LARGE');
  for (const plan of [{ ...PLAN, partSize: MIB, parts: 11 }, { ...PLAN, parts: 2 }, { ...PLAN, parts: 20_000 }, { size: PLAN.size }]) {
    assert.equal((await ask(id, 'create', plan)).error, 'BAD_PARTS');
  }
  assert.deepEqual(await s3.unfinished(), []);
});

test('the S3 of the tests refuses small parts', async () => {
  const place = { Bucket: s3.bucket, Key: 'small' };
  const { UploadId } = await s3.proxied.send(new CreateMultipartUploadCommand(place));
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await s3.proxied.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body: Buffer.alloc(MIB) }));
    Parts.push({ PartNumber, ETag });
  }
  const complete = new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } });
  await assert.rejects(s3.proxied.send(complete), { name: 'EntityTooSmall' });
});
