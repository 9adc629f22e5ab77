// The server's half of uploads to S3 (docs/uploads.md), asked for what it must not do: by other sites and users, for other sizes, twice.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startS3 } from '../support/servers/s3.mjs';
import { blocksOf, serverOf } from './blocks.mjs';

const MIB = 2 ** 20;
const PLAN = { size: 11 * MIB, partSize: 5 * MIB, parts: 3 };
const ERROR = (code) => `<Error><Code>${code}</Code><Message>We encountered an internal error.</Message></Error>`;

let s3;
let client;
let handle;
let uploads;
before(async () => {
  s3 = await startS3({ bucket: 'uploads' });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: s3.origin,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
  client = new S3Client({ forcePathStyle: true });
  const [{ code }] = blocksOf('docs/uploads.md').filter(({ heading }) => heading === "The server's half");
  ({ handle, uploads } = await serverOf(code));
});
after(async () => {
  client?.destroy();
  await s3?.close();
});
afterEach(() => {
  uploads.clear();
  s3.faults.reset();
});

async function ask(path, body, { user = 'somebody', type = 'application/json' } = {}) {
  const request = new Request(`https://www.example.com/uploads${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': type },
  });
  const response = await handle(request, user);
  return { status: response.status, ...(await response.json()) };
}

const begin = async (user) => (await ask('', {}, { user })).id;
const objectOf = (id, ending = '') => ({ Bucket: 'uploads', Key: `uploads/somebody/${id}.kmseal${ending}` });
const stored = async (id, ending) =>
  (await client.send(new GetObjectCommand(objectOf(id, ending)))).Body.transformToString();
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('base64');

async function put({ url, headers }, body) {
  const response = await fetch(url, { method: 'PUT', headers, body });
  await response.text();
  return { status: response.status, ETag: response.headers.get('etag') };
}

/** A multipart upload with all of its parts. */
async function withParts() {
  const id = await begin();
  assert.equal((await ask(`/${id}/createMultipartUpload`, PLAN)).status, 200);
  const parts = [];
  for (const { number, size } of [
    { number: 1, size: 5 * MIB },
    { number: 2, size: 5 * MIB },
    { number: 3, size: MIB },
  ]) {
    const body = Buffer.alloc(size, number);
    const ChecksumSHA256 = sha256(body);
    const { ETag } = await put(await ask(`/${id}/signPart`, { number, size, checksumSHA256: ChecksumSHA256 }), body);
    parts.push({ PartNumber: number, ETag, ChecksumSHA256 });
  }
  return { id, parts };
}

test('a PUT stores the announced bytes, and overwrites nothing', async () => {
  const id = await begin();
  const signed = await ask(`/${id}/signPut`, { size: 5, checksumSHA256: sha256('first') });
  const { 'if-none-match': once, ...overwriting } = signed.headers;
  assert.equal(once, '*');
  assert.equal((await put({ ...signed, headers: overwriting }, 'first')).status, 403);
  assert.equal((await put(signed, 'other')).status, 400);
  assert.equal((await put(signed, 'longer')).status, 403);
  assert.equal((await put(signed, 'first')).status, 200);
  assert.equal(
    (await put(await ask(`/${id}/signPut`, { size: 5, checksumSHA256: sha256('other') }), 'other')).status,
    412,
  );
  assert.equal(await stored(id), 'first');
  assert.deepEqual(await ask(`/${id}/headObject`, { size: 5 }), {
    status: 200,
    ContentLength: 5,
    ChecksumSHA256: sha256('first'),
  });
});

test('a sealed description is kept in the metadata of its object, or beside it if it is long, and only once', async () => {
  const metadata = async (id) => (await client.send(new HeadObjectCommand(objectOf(id)))).Metadata;
  const checksumSHA256 = sha256('first');
  for (const { length, inMetadata } of [
    { length: 2000, inMetadata: true },
    { length: 2001, inMetadata: false },
  ]) {
    const description = 'a-_9'.repeat(600).slice(0, length);
    const id = await begin();
    const signed = await ask(`/${id}/signPut`, { size: 5, checksumSHA256, description });
    assert.equal((await put(signed, 'first')).status, 200);
    const created = await begin();
    assert.equal((await ask(`/${created}/createMultipartUpload`, { ...PLAN, description })).status, 200);
    assert.deepEqual(await metadata(id), inMetadata ? { 'kmseal-description': description } : {});
    for (const one of [id, created]) {
      const beside = client.send(new GetObjectCommand(objectOf(one, '.description')));
      if (inMetadata) await assert.rejects(beside, { name: 'NoSuchKey' });
      else
        assert.deepEqual(
          Buffer.from(await (await beside).Body.transformToByteArray()),
          Buffer.from(description, 'base64url'),
        );
    }
    // It is asked again after a lost answer, and another one replaces nothing.
    assert.equal((await ask(`/${created}/createMultipartUpload`, { ...PLAN, description })).status, 200);
    // For a second envelope: the object would be the second one's, and the description the first one's.
    const other = 'b'.repeat(3000);
    assert.equal((await ask(`/${created}/createMultipartUpload`, { ...PLAN, description: other })).status, 400);
    assert.equal((await ask(`/${created}/createMultipartUpload`, PLAN)).status, 400);
    if (!inMetadata) {
      assert.equal((await ask(`/${id}/signPut`, { size: 5, checksumSHA256, description: other })).status, 400);
      assert.equal((await stored(id, '.description')).startsWith('bbb'), false);
    }
    await ask(`/${created}/abortMultipartUpload`, {});
  }
  const id = await begin();
  for (const description of ['', 'a b', 'a=', 7, null, {}, 'a'.repeat(200_001)]) {
    assert.equal((await ask(`/${id}/signPut`, { size: 5, checksumSHA256, description })).status, 400);
    assert.equal((await ask(`/${id}/createMultipartUpload`, { ...PLAN, description })).status, 400);
  }
});

test('a part stores the bytes whose checksum was announced', async () => {
  const id = await begin();
  await ask(`/${id}/createMultipartUpload`, PLAN);
  const [body, other] = [1, 2].map((fill) => Buffer.alloc(MIB, fill));
  const signed = await ask(`/${id}/signPart`, { number: 3, size: MIB, checksumSHA256: sha256(body) });
  assert.equal((await put(signed, other)).status, 400);
  assert.equal((await put({ ...signed, headers: {} }, body)).status, 403);
  assert.equal((await put(signed, body)).status, 200);
  await ask(`/${id}/abortMultipartUpload`, {});
});

test('parts become one object, even if a request is repeated', async () => {
  const { id, parts } = await withParts();
  assert.equal((await ask(`/${id}/createMultipartUpload`, PLAN)).status, 200);
  assert.equal((await s3.unfinished()).length, 1);
  const answers = await Promise.all([
    ask(`/${id}/completeMultipartUpload`, { parts }),
    ask(`/${id}/completeMultipartUpload`, { parts }),
  ]);
  assert.deepEqual(answers, [{ status: 200 }, { status: 200 }]);
  assert.equal((await stored(id)).length, PLAN.size);
});

test('a complete that S3 has done but reports as failed is looked up', async () => {
  for (const { status, code } of [
    { status: 412, code: 'PreconditionFailed' },
    { status: 404, code: 'NoSuchUpload' },
  ]) {
    const { id, parts } = await withParts();
    s3.faults.add('POST', { does: 'answer', status, after: 'all', body: ERROR(code) }, 1);
    assert.deepEqual(await ask(`/${id}/completeMultipartUpload`, { parts }), { status: 200 }, code);
    assert.equal((await stored(id)).length, PLAN.size);
  }
});

test('a complete of parts other than those of the first one does not count as done', async () => {
  const { id, parts } = await withParts();
  assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts })).status, 200);
  const others = parts.map((part) => ({ ...part, ETag: '"5d41402abc4b2a76b9719d911017c592"' }));
  assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts: others })).status, 400);
  assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts })).status, 200);
});

test('a complete does not overwrite, and does not count as done where another object exists', async () => {
  const { id, parts } = await withParts();
  await client.send(new PutObjectCommand({ ...objectOf(id), Body: 'another' }));
  assert.deepEqual(await ask(`/${id}/completeMultipartUpload`, { parts }), {
    status: 409,
    error: 'PreconditionFailed',
  });
  assert.equal(await stored(id), 'another');
  await ask(`/${id}/abortMultipartUpload`, {});
  assert.deepEqual(await s3.unfinished(), []);
});

test('status 200 with an <Error>, a page or half an answer does not count as a complete: it is retried, then reported', async () => {
  const { id, parts } = await withParts();
  const bodies = {
    error: ERROR('InternalError'),
    'error and a newline': `${ERROR('InternalError')}\n`,
    page: '<!doctype html><html><body>Sign in</body></html>',
    half: '<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUploadResult><ETag>"5d41',
    nothing: '',
  };
  for (const [name, body] of Object.entries(bodies)) {
    s3.faults.add('POST', { does: 'answer', status: 200, body });
    assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts })).status, 502, name);
    await assert.rejects(stored(id), { name: 'NoSuchKey' });
    s3.faults.reset();
  }
  s3.faults.add('POST', { does: 'answer', status: 200, body: bodies.error }, 1);
  assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts })).status, 200);
  assert.equal((await stored(id)).length, PLAN.size);
});

test('the list of parts ends where S3 says so, whatever marker it names', async () => {
  const id = await begin();
  await ask(`/${id}/createMultipartUpload`, PLAN);
  const part = (PartNumber) => ({ PartNumber, ETag: `"${PartNumber}"` });
  const lists = {
    empty: [{ numbers: [], next: 0, more: false }],
    'two pages': [
      { numbers: [1, 2], next: 2, more: true },
      { numbers: [3], next: 3, more: false },
    ],
  };
  for (const [name, pages] of Object.entries(lists)) {
    const left = [...pages];
    s3.faults.fault = () => {
      const { numbers, next, more } = left.shift() ?? {};
      if (!numbers) return { does: 'answer', status: 403, body: ERROR('AskedOnceMore') };
      const parts = numbers.map((number) => `<Part><PartNumber>${number}</PartNumber><ETag>"${number}"</ETag></Part>`);
      const end = `<NextPartNumberMarker>${next}</NextPartNumberMarker><IsTruncated>${more}</IsTruncated>`;
      return { does: 'answer', status: 200, body: `<ListPartsResult>${parts.join('')}${end}</ListPartsResult>` };
    };
    const all = pages.flatMap(({ numbers }) => numbers).map(part);
    assert.deepEqual(await ask(`/${id}/listParts`, {}), { status: 200, ...all }, name);
  }
  assert.match(s3.faults.seen.at(-1).url, /part-number-marker=2\b/);
  s3.faults.reset();
  await ask(`/${id}/abortMultipartUpload`, {});
});

test('the server answers only requests declared as JSON, since pages of other sites cannot send those', async () => {
  const id = await begin();
  for (const type of [
    'text/plain',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'text/plain; application/json',
  ]) {
    for (const path of ['', `/${id}/signPut`, `/${id}/abortMultipartUpload`])
      assert.equal((await ask(path, {}, { type })).status, 415, `${path} as ${type}`);
  }
});

test("the server refuses unknown steps, other users' uploads, and bodies that are not an object", async () => {
  const id = await begin();
  const request = { size: 5, checksumSHA256: sha256('first') };
  for (const step of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'other', '']) {
    assert.equal((await ask(`/${id}/${step}`, request)).status, 404, step);
  }
  assert.equal((await ask(`/${id}/signPut`, request, { user: 'somebody else' })).status, 404);
  for (const other of ['__proto__', 'constructor', crypto.randomUUID()])
    assert.equal((await ask(`/${other}/signPut`, request)).status, 404, other);
  for (const body of ['null', '7', '', '{', '"put"', '[]']) {
    for (const step of ['signPut', 'createMultipartUpload', 'signPart', 'completeMultipartUpload'])
      assert.equal((await ask(`/${id}/${step}`, body)).status, 400, `${step} ${body}`);
  }
});

test('the server refuses sizes and part numbers that were not agreed, or that S3 does not support', async () => {
  const id = await begin();
  const checksumSHA256 = sha256('x');
  for (const size of [0, -1, 1.5, '5', null, 2 ** 60, undefined])
    assert.equal((await ask(`/${id}/signPut`, { size, checksumSHA256 })).status, 400);
  assert.deepEqual(await ask(`/${id}/signPut`, { size: 5 }), { status: 400, error: 'NotAsAgreed' });
  for (const plan of [
    { ...PLAN, partSize: MIB, parts: 11 },
    { ...PLAN, partSize: 5 * MIB + 0.5 },
    { ...PLAN, parts: 2 },
    { ...PLAN, parts: 2.5 },
    { size: 100 * 2 ** 30, partSize: 2 ** 30, parts: 100 },
    { size: 9 * 2 ** 30, partSize: (5 * MIB) / 8, parts: 14_746 },
    { size: 5 },
  ])
    assert.equal((await ask(`/${id}/createMultipartUpload`, plan)).status, 400, JSON.stringify(plan));
  assert.equal(
    (await ask(`/${id}/signPart`, { number: 1, size: 5 * MIB, checksumSHA256 })).status,
    400,
    'not created yet',
  );
  assert.equal((await ask(`/${id}/createMultipartUpload`, PLAN)).status, 200);
  assert.equal((await ask(`/${id}/createMultipartUpload`, { ...PLAN, size: PLAN.size + 1 })).status, 400);
  for (const { number, size } of [
    { number: 0, size: 5 * MIB },
    { number: 4, size: 5 * MIB },
    { number: 1, size: MIB },
    { number: 3, size: 5 * MIB },
    { number: 1.5, size: 5 * MIB },
    { number: '1', size: 5 * MIB },
    { number: 1, size: undefined },
  ]) {
    assert.equal((await ask(`/${id}/signPart`, { number, size, checksumSHA256 })).status, 400, `${number}, ${size}`);
  }
  for (const checksum of [undefined, '', 'x', 7]) {
    assert.equal(
      (await ask(`/${id}/signPart`, { number: 1, size: 5 * MIB, checksumSHA256: checksum })).status,
      400,
      `${checksum}`,
    );
  }
  const part = { PartNumber: 1, ETag: 'a', ChecksumSHA256: checksumSHA256 };
  for (const parts of [undefined, [], [part], [null, null, null], [{}, {}, {}], ['a', 'b', 'c'], [part, part, part]]) {
    assert.equal((await ask(`/${id}/completeMultipartUpload`, { parts })).status, 400, JSON.stringify(parts));
  }
  assert.equal((await ask(`/${id}/abortMultipartUpload`, {})).status, 200);
  assert.equal((await ask(`/${id}/createMultipartUpload`, PLAN)).status, 400, 'aborted');
  assert.deepEqual(await s3.unfinished(), []);
});

test('parts of a stream, whose number and sizes nobody knew, become one object, and no more than the largest', async () => {
  const body = (size, fill) => Buffer.alloc(size, fill);
  const bodies = [body(5 * MIB, 1), body(5 * MIB, 2), body(7, 3)];
  const id = await begin();
  const plan = { partSize: 5 * MIB };
  for (const bad of [{}, { partSize: MIB }, { ...plan, parts: 3 }, { ...plan, size: 0 }, { ...plan, size: 9 }])
    assert.equal((await ask(`/${id}/createMultipartUpload`, bad)).status, 400, JSON.stringify(bad));
  for (let tries = 0; tries < 2; tries++) assert.equal((await ask(`/${id}/createMultipartUpload`, plan)).status, 200);
  assert.equal((await ask(`/${id}/createMultipartUpload`, PLAN)).status, 400, 'another plan');
  const parts = [];
  for (const [index, bytes] of bodies.entries()) {
    const [number, size, ChecksumSHA256] = [index + 1, bytes.length, sha256(bytes)];
    const { ETag } = await put(await ask(`/${id}/signPart`, { number, size, checksumSHA256: ChecksumSHA256 }), bytes);
    parts.push({ PartNumber: number, ETag, ChecksumSHA256 });
  }
  const checksumSHA256 = sha256('x');
  for (const { number, size } of [
    { number: 1, size: 6 * MIB },
    { number: 4, size: 0 },
    { number: 10_001, size: 1 },
  ])
    assert.equal((await ask(`/${id}/signPart`, { number, size, checksumSHA256 })).status, 400, `${number}, ${size}`);
  const size = 10 * MIB + 7;
  for (const bad of [
    { size: size - 7, parts: parts.slice(0, 2) },
    { size: size - 7, parts },
    { parts },
    { size, parts: [parts[1], parts[0], parts[2]] },
  ])
    assert.equal((await ask(`/${id}/completeMultipartUpload`, bad)).status, 400, JSON.stringify(bad));
  s3.faults.add('POST', { does: 'answer', status: 404, after: 'all', body: ERROR('NoSuchUpload') }, 1);
  assert.deepEqual(await ask(`/${id}/completeMultipartUpload`, { size, parts }), { status: 200 });
  assert.equal((await stored(id)).length, size);

  const endless = await begin();
  assert.equal((await ask(`/${endless}/createMultipartUpload`, plan)).status, 200);
  const sign = (number) => ask(`/${endless}/signPart`, { number, size: 4 * 2 ** 30, checksumSHA256 });
  assert.deepEqual(
    [await sign(1), await sign(2), await sign(3)].map(({ status }) => status),
    [200, 200, 400],
    'over 10 GiB together',
  );
  await ask(`/${endless}/abortMultipartUpload`, {});
});

test('a user can have a limited number of unfinished uploads', async () => {
  const ids = [];
  for (let count = 0; count < 20; count++) ids.push(await begin());
  assert.equal((await ask('', {})).status, 429);
  assert.equal((await ask('', {}, { user: 'somebody else' })).status, 201);
  assert.equal((await ask(`/${ids[0]}/abortMultipartUpload`, {})).status, 200);
  assert.equal((await ask('', {})).status, 201);
});

test('a user can have any number of single PUTs that have arrived', async () => {
  const ids = [];
  for (let count = 0; count < 20; count++) ids.push(await begin());
  for (const id of ids.slice(1)) {
    const signed = await ask(`/${id}/signPut`, { size: 1, checksumSHA256: sha256('x') });
    assert.equal((await put(signed, 'x')).status, 200);
  }
  const { id } = await ask('', {});
  assert.match(id, /^[\da-f-]{36}$/);
  assert.equal((await ask(`/${ids[1]}/createMultipartUpload`, PLAN)).status, 400, 'nothing more for what is finished');
  assert.equal((await ask(`/${ids[0]}/createMultipartUpload`, PLAN)).status, 200);
  await ask(`/${ids[0]}/abortMultipartUpload`, {});
});
