// The README's server half of uploads to S3, asked for what it must not do: by other sites and users, for other sizes, twice.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startS3 } from '../support/s3.mjs';
import { blocksOf, serverOf } from './blocks.mjs';

const MIB = 2 ** 20;
const PLAN = { size: 11 * MIB, partSize: 5 * MIB, parts: 3 };
const ERROR = (code) => `<Error><Code>${code}</Code><Message>We encountered an internal error.</Message></Error>`;

let s3;
let client;
let handle;
let uploads;
before(async () => {
  s3 = await startS3();
  Object.assign(process.env, { AWS_ENDPOINT_URL: s3.origin, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  client = new S3Client({ forcePathStyle: true });
  const codes = blocksOf('README.md').filter(({ heading }) => heading === 'To S3, in parts').map(({ code }) => code);
  ({ handle, uploads } = await serverOf(codes));
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
    method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type },
  });
  const response = await handle(request, user);
  return { status: response.status, ...(await response.json()) };
}

const begin = async (user) => (await ask('', {}, { user })).id;
const objectOf = (id) => ({ Bucket: 'uploads', Key: `uploads/${id}` });
const stored = async (id) => (await client.send(new GetObjectCommand(objectOf(id)))).Body.transformToString();
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('base64');

async function put({ url, headers }, body) {
  const response = await fetch(url, { method: 'PUT', headers, body });
  await response.text();
  return { status: response.status, ETag: response.headers.get('etag') };
}

/** A multipart upload with all of its parts. */
async function withParts() {
  const id = await begin();
  assert.equal((await ask(`/${id}/create`, PLAN)).status, 200);
  const parts = [];
  for (const [number, size] of [[1, 5 * MIB], [2, 5 * MIB], [3, MIB]]) {
    const { ETag } = await put(await ask(`/${id}/part`, { number, size }), Buffer.alloc(size, number));
    parts.push({ PartNumber: number, ETag });
  }
  return { id, parts };
}

test('a PUT stores the bytes that were announced, and overwrites nothing', async () => {
  const id = await begin();
  const signed = await ask(`/${id}/put`, { size: 5, checksumSHA256: sha256('first') });
  const { 'if-none-match': once, ...overwriting } = signed.headers;
  assert.equal(once, '*');
  assert.equal((await put({ ...signed, headers: overwriting }, 'first')).status, 403);
  assert.equal((await put(signed, 'other')).status, 400);
  assert.equal((await put(signed, 'longer')).status, 403);
  assert.equal((await put(signed, 'first')).status, 200);
  assert.equal((await put(await ask(`/${id}/put`, { size: 5, checksumSHA256: sha256('other') }), 'other')).status, 412);
  assert.equal(await stored(id), 'first');
  assert.deepEqual(await ask(`/${id}/headObject`, { size: 5 }), { status: 200, ContentLength: 5, ChecksumSHA256: sha256('first') });
});

test('parts become one object, also where a question is asked again', async () => {
  const { id, parts } = await withParts();
  assert.equal((await ask(`/${id}/create`, PLAN)).status, 200);
  assert.equal((await s3.unfinished()).length, 1);
  const answers = await Promise.all([ask(`/${id}/complete`, { parts }), ask(`/${id}/complete`, { parts })]);
  assert.deepEqual(answers, [{ status: 200 }, { status: 200 }]);
  assert.equal((await stored(id)).length, PLAN.size);
});

test('a complete that S3 has done, and says it has not, is looked up', async () => {
  for (const [status, code] of [[412, 'PreconditionFailed'], [404, 'NoSuchUpload']]) {
    const { id, parts } = await withParts();
    s3.faults.add('POST', { does: 'answer', status, after: 'all', body: ERROR(code) }, 1);
    assert.deepEqual(await ask(`/${id}/complete`, { parts }), { status: 200 }, code);
    assert.equal((await stored(id)).length, PLAN.size);
  }
});

test('a complete of other parts than those of the first one is not taken for done', async () => {
  const { id, parts } = await withParts();
  assert.equal((await ask(`/${id}/complete`, { parts })).status, 200);
  const others = parts.map((part) => ({ ...part, ETag: '"5d41402abc4b2a76b9719d911017c592"' }));
  assert.equal((await ask(`/${id}/complete`, { parts: others })).status, 400);
  assert.equal((await ask(`/${id}/complete`, { parts })).status, 200);
});

test('a complete does not overwrite, and is not taken for done where another object is', async () => {
  const { id, parts } = await withParts();
  await client.send(new PutObjectCommand({ ...objectOf(id), Body: 'another' }));
  assert.deepEqual(await ask(`/${id}/complete`, { parts }), { status: 409, error: 'PreconditionFailed' });
  assert.equal(await stored(id), 'another');
  await ask(`/${id}/abort`, {});
  assert.deepEqual(await s3.unfinished(), []);
});

test('status 200 with an <Error> is no complete: tried again, and told', async () => {
  const { id, parts } = await withParts();
  const fault = { does: 'answer', status: 200, body: ERROR('InternalError') };
  s3.faults.add('POST', fault);
  assert.equal((await ask(`/${id}/complete`, { parts })).status, 502);
  await assert.rejects(stored(id), { name: 'NoSuchKey' });
  s3.faults.reset();
  s3.faults.add('POST', fault, 1);
  assert.equal((await ask(`/${id}/complete`, { parts })).status, 200);
  assert.equal((await stored(id)).length, PLAN.size);
});

test('nothing for what is not said to be JSON, which pages of other sites can send', async () => {
  const id = await begin();
  for (const type of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded', 'text/plain; application/json']) {
    for (const path of ['', `/${id}/put`, `/${id}/abort`]) assert.equal((await ask(path, {}, { type })).status, 415, `${path} as ${type}`);
  }
});

test('nothing for steps that there are not, for other users, and for bodies that are no object', async () => {
  const id = await begin();
  const request = { size: 5, checksumSHA256: sha256('first') };
  for (const step of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'other', '']) {
    assert.equal((await ask(`/${id}/${step}`, request)).status, 404, step);
  }
  assert.equal((await ask(`/${id}/put`, request, { user: 'somebody else' })).status, 404);
  for (const other of ['__proto__', 'constructor', crypto.randomUUID()]) assert.equal((await ask(`/${other}/put`, request)).status, 404, other);
  for (const body of ['null', '7', '', '{', '"put"', '[]']) {
    for (const step of ['put', 'create', 'part', 'complete']) assert.equal((await ask(`/${id}/${step}`, body)).status, 400, `${step} ${body}`);
  }
});

test('nothing for sizes and numbers of parts that were not agreed, or that S3 has not', async () => {
  const id = await begin();
  const checksumSHA256 = sha256('x');
  for (const size of [0, -1, 1.5, '5', null, 2 ** 60, undefined]) assert.equal((await ask(`/${id}/put`, { size, checksumSHA256 })).status, 400);
  assert.equal((await ask(`/${id}/put`, { size: 5 })).status, 400);
  for (const plan of [
    { ...PLAN, partSize: MIB, parts: 11 }, { ...PLAN, partSize: 5 * MIB + 0.5 }, { ...PLAN, parts: 2 }, { ...PLAN, parts: 2.5 },
    { size: 100 * 2 ** 30, partSize: 2 ** 30, parts: 100 }, { size: 9 * 2 ** 30, partSize: 5 * MIB / 8, parts: 14_746 }, { size: 5 },
  ]) assert.equal((await ask(`/${id}/create`, plan)).status, 400, JSON.stringify(plan));
  assert.equal((await ask(`/${id}/part`, { number: 1, size: 5 * MIB })).status, 400, 'not created yet');
  assert.equal((await ask(`/${id}/create`, PLAN)).status, 200);
  assert.equal((await ask(`/${id}/create`, { ...PLAN, size: PLAN.size + 1 })).status, 400);
  for (const [number, size] of [[0, 5 * MIB], [4, 5 * MIB], [1, MIB], [3, 5 * MIB], [1.5, 5 * MIB], ['1', 5 * MIB], [1, undefined]]) {
    assert.equal((await ask(`/${id}/part`, { number, size })).status, 400, `${number}, ${size}`);
  }
  const part = { PartNumber: 1, ETag: 'a' };
  for (const parts of [undefined, [], [part], [null, null, null], [{}, {}, {}], ['a', 'b', 'c'], [part, part, part]]) {
    assert.equal((await ask(`/${id}/complete`, { parts })).status, 400, JSON.stringify(parts));
  }
  assert.equal((await ask(`/${id}/abort`, {})).status, 200);
  assert.equal((await ask(`/${id}/create`, PLAN)).status, 400, 'aborted');
  assert.deepEqual(await s3.unfinished(), []);
});

test('so many unfinished uploads of a user, and not more', async () => {
  const ids = [];
  for (let count = 0; count < 20; count++) ids.push(await begin());
  assert.equal((await ask('', {})).status, 429);
  assert.equal((await ask('', {}, { user: 'somebody else' })).status, 201);
  assert.equal((await ask(`/${ids[0]}/abort`, {})).status, 200);
  assert.equal((await ask('', {})).status, 201);
});

test('any number of single PUTs that have arrived', async () => {
  const ids = [];
  for (let count = 0; count < 20; count++) ids.push(await begin());
  for (const id of ids.slice(1)) {
    const signed = await ask(`/${id}/put`, { size: 1, checksumSHA256: sha256('x') });
    assert.equal((await put(signed, 'x')).status, 200);
  }
  const { id } = await ask('', {});
  assert.match(id, /^[\da-f-]{36}$/);
  assert.equal((await ask(`/${ids[1]}/create`, PLAN)).status, 400, 'nothing more for what is finished');
  assert.equal((await ask(`/${ids[0]}/create`, PLAN)).status, 200);
  await ask(`/${ids[0]}/abort`, {});
});
