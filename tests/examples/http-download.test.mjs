// examples/http-download.mjs: whole files, ranges, versions, and downloads that fail.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, mock, test } from 'node:test';
import { PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { downloads } from '../../examples/http-download.mjs';
import { startAws } from '../support/servers/aws.mjs';
import { sample } from '../support/page/bytes.mjs';
import { curl, looksWhole } from '../serving/serving.mjs';

const FRAME = 64 * 1024;
const PLAINTEXT = sample(20 * FRAME + 10);
const CONTEXT = { purpose: 'upload', user: '4711' };

let aws;
let server;
let origin;
let seal;
let prepare;
let calls = 0;
/** Ranges that S3 was asked for, and the bodies that it returned. */
let asked = 0;
let bodies = [];
let encryptionContext = CONTEXT;
before(async () => {
  aws = await startAws(['uploads', 'versioned']);
  const key = await KmsPublicKey.import(await aws.kms.createKey());
  seal = (data, options) =>
    new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT, ...options }).seal(data);
  prepare = (file) => new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT }).prepare(file);
  const envelope = await seal(PLAINTEXT);
  const altered = envelope.slice();
  altered[envelope.length >> 1] ^= 1;
  await aws.put('uploads', 'whole', envelope);
  await aws.put('uploads', 'cut', envelope.subarray(0, envelope.length >> 1));
  await aws.put('uploads', 'altered', altered);
  await aws.put('uploads', 'empty', await seal(new Uint8Array()));
  await aws.put('uploads', 'others', await seal(PLAINTEXT, { encryptionContext: { ...CONTEXT, user: '1' } }));
  const decrypt = (...asked) => {
    calls++;
    return aws.kms.decrypt(...asked);
  };
  const opener = new Opener({ keyIds: [key.keyId], decrypt, cache: { maxAge: 60_000 } });
  aws.s3.middlewareStack.add(
    (next) => async (args) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(args.input.Range ?? '') ?? [];
      if (to) asked += to - from + 1;
      const result = await next(args);
      bodies.push(result.output.Body);
      return result;
    },
    { name: 'watch' },
  );
  const authorize = async ({ url, headers }) => {
    const [, , name] = url.split('/');
    if (name.startsWith('described')) return { key: name, encryptionContext };
    return headers.authorization === '4711'
      ? { key: name, encryptionContext, filename: 'Übersicht.pdf', type: 'application/pdf' }
      : undefined;
  };
  const handlers = Object.fromEntries(
    ['uploads', 'versioned'].map((bucket) => [bucket, downloads({ s3: aws.s3, bucket, opener, authorize })]),
  );
  // A slow machine must not make the reader use a connection that the server has just given up.
  server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    handlers[request.url.split('/')[1]](request, response),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  mock.method(console, 'error', () => {});
});
after(async () => {
  server?.closeAllConnections();
  server?.close();
  await aws?.close();
});
beforeEach(() => {
  [asked, bodies, encryptionContext] = [0, [], CONTEXT];
  console.error.mock.resetCalls();
});

const get = (path, headers, more) =>
  fetch(`${origin}/${path.includes('/') ? path : `uploads/${path}`}`, {
    headers: { authorization: '4711', ...headers },
    ...more,
  });
const bytesOf = async (response) => Buffer.from(await response.arrayBuffer());
const logged = () => console.error.mock.calls.map(({ arguments: [line] }) => line.split(': ')[1]);

test('a whole file comes with its length, as an attachment that is inert in every origin', async () => {
  const response = await get('whole');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-length'), `${PLAINTEXT.length}`);
  assert.equal(response.headers.get('content-type'), 'application/pdf');
  assert.match(response.headers.get('content-disposition'), /^attachment; .*%C3%9Cbersicht\.pdf$/);
  for (const [name, value] of [
    ['x-content-type-options', /^nosniff$/],
    ['content-security-policy', /^sandbox/],
    ['cross-origin-resource-policy', /^same-origin$/],
    ['cache-control', /no-store/],
    ['accept-ranges', /^bytes$/],
  ]) {
    assert.match(response.headers.get(name), value);
  }
  assert.ok((await bytesOf(response)).equals(PLAINTEXT));
  const empty = await get('empty');
  assert.deepEqual(
    { status: empty.status, contentLength: empty.headers.get('content-length'), length: (await bytesOf(empty)).length },
    { status: 200, contentLength: '0', length: 0 },
  );
});

test('a range that begins in the file is a 206, and one that does not is a 416', async () => {
  for (const [range, start, end] of [
    ['0-0', 0, 1],
    [`${FRAME - 1}-${FRAME}`, FRAME - 1, FRAME + 1],
    ['100-', 100, undefined],
    ['-10', -10, undefined],
    ['5-99999999', 5, undefined],
    ['0-', 0, undefined],
    ['-99999999', 0, undefined],
  ]) {
    const response = await get('whole', { range: `bytes=${range}` });
    assert.equal(response.status, 206);
    const expected = PLAINTEXT.slice(start, end);
    assert.ok((await bytesOf(response)).equals(expected), range);
    const first = start < 0 ? PLAINTEXT.length + start : start;
    assert.equal(
      response.headers.get('content-range'),
      `bytes ${first}-${first + expected.length - 1}/${PLAINTEXT.length}`,
    );
  }
  for (const range of [`${PLAINTEXT.length}-`, '-0', '9-3']) {
    const none = await get('whole', { range: `bytes=${range}` });
    assert.deepEqual(
      { status: none.status, contentRange: none.headers.get('content-range') },
      { status: 416, contentRange: `bytes */${PLAINTEXT.length}` },
      range,
    );
  }
  const none = await get('empty', { range: 'bytes=0-' });
  assert.deepEqual(
    { status: none.status, contentRange: none.headers.get('content-range') },
    { status: 416, contentRange: 'bytes */0' },
  );
});

test('a request for anything but one range of bytes gets the whole file', async () => {
  // RFC 9110, 14.2 allows that.
  for (const range of ['bytes=-', 'bytes=0-1,5-6', 'lines=1-2']) {
    const response = await get('whole', { range });
    assert.deepEqual(
      { status: response.status, length: (await bytesOf(response)).length },
      { status: 200, length: PLAINTEXT.length },
      range,
    );
  }
});

test('a file has the name and type of its description, in metadata or beside it, for one call of KMS', async () => {
  const name = '../Pass\r\nx: "Müller".pdf';
  for (const { key, beside } of [
    { key: 'described', beside: false },
    { key: 'described-beside', beside: true },
  ]) {
    const prepared = await prepare(new File([PLAINTEXT], name, { type: 'application/pdf' }));
    const Body = new Uint8Array(await (await prepared.slice()).arrayBuffer());
    const description = await prepared.describe();
    const Metadata = { 'kmseal-description': Buffer.from(description).toString('base64url') };
    await aws.s3.send(new PutObjectCommand({ Bucket: 'uploads', Key: key, Body, ...(!beside && { Metadata }) }));
    if (beside) await aws.put('uploads', `${key}.description`, description);
    calls = 0;
    const response = await get(key, { range: 'bytes=0-9' });
    assert.equal(response.headers.get('content-type'), 'application/pdf');
    assert.match(
      response.headers.get('content-disposition'),
      /^attachment; filename="[^"]*"; filename\*=UTF-8''Passx%3A%20%22M%C3%BCller%22\.pdf$/,
    );
    assert.equal((await bytesOf(response)).length, 10);
    assert.equal(calls, 1);
  }
});

test("a file with another file's description is not served, and one without a description has no name", async () => {
  const [one, other] = await Promise.all(['one', 'other'].map((name) => prepare(new File([PLAINTEXT], name))));
  const Body = new Uint8Array(await (await one.slice()).arrayBuffer());
  const Metadata = { 'kmseal-description': Buffer.from(await other.describe()).toString('base64url') };
  await aws.s3.send(new PutObjectCommand({ Bucket: 'uploads', Key: 'described-swapped', Body, Metadata }));
  assert.equal((await get('described-swapped')).status, 502);
  assert.deepEqual(logged(), ['ERR_AUTHENTICATION']);
  await aws.put('uploads', 'described-not', Body);
  const response = await get('described-not');
  assert.equal(response.headers.get('content-disposition'), 'attachment');
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  await response.arrayBuffer();
});

test('a range of one byte reads the header and two frames', async () => {
  await aws.put('uploads', 'long', await seal(sample(20 * 2 ** 20), { frameLength: undefined }));
  asked = 0;
  const response = await get('long', { range: 'bytes=15000000-15000000' });
  assert.deepEqual({ status: response.status, length: (await bytesOf(response)).length }, { status: 206, length: 1 });
  assert.ok(asked < 700_000, `${asked} bytes`);
});

test('a range of one byte is refused before it is read if frames have 16 MiB', async () => {
  await aws.put('uploads', 'huge', await seal(sample(29 * 2 ** 20), { frameLength: 2 ** 24 }));
  for (const range of ['bytes=0-0', 'bytes=-1', 'bytes=20000000-20000999']) {
    asked = 0;
    assert.equal((await get('huge', { range })).status, 416, range);
    assert.ok(asked < 200_000, `${asked} bytes`);
  }
  // Most of what is read for a long range is what it returns.
  const long = await get('huge', { range: 'bytes=1000-' });
  assert.deepEqual(
    { status: long.status, length: (await bytesOf(long)).length },
    { status: 206, length: 29 * 2 ** 20 - 1000 },
  );
  assert.equal((await bytesOf(await get('huge'))).length, 29 * 2 ** 20);
});

test('HEAD returns the headers of GET', async () => {
  const [head, whole] = [await get('whole', {}, { method: 'HEAD' }), await get('whole')];
  const told = ({ status, headers }) => [
    status,
    ...[...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)),
  ];
  assert.deepEqual(told(head), told(whole));
  assert.equal((await bytesOf(head)).length, 0);
  await bytesOf(whole);
  // Range applies to GET only (RFC 9110, 14.2).
  assert.equal((await get('whole', { range: 'bytes=0-0' }, { method: 'HEAD' })).status, 200);
  assert.equal((await get('cut', {}, { method: 'HEAD' })).status, 502);
  assert.deepEqual([(await get('whole', {}, { method: 'DELETE' })).status], [405]);
});

test('a range of another version gets the whole of the current one', async () => {
  const etag = (await get('whole', {}, { method: 'HEAD' })).headers.get('etag');
  const range = 'bytes=5-9';
  assert.equal((await get('whole', { range, 'if-range': etag })).status, 206);
  for (const other of ['"other"', `W/${etag}`, new Date().toUTCString()]) {
    const response = await get('whole', { range, 'if-range': other });
    assert.deepEqual(
      { status: response.status, length: (await bytesOf(response)).length },
      { status: 200, length: PLAINTEXT.length },
      other,
    );
  }
});

test('conditions are compared with the version', async () => {
  const etag = (await get('whole', {}, { method: 'HEAD' })).headers.get('etag');
  for (const [headers, status] of [
    [{ 'if-match': etag }, 200],
    [{ 'if-match': `"a", ${etag}` }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"a"' }, 412],
    [{ 'if-match': `W/${etag}` }, 412],
    [{ 'if-match': '' }, 412],
    [{ 'if-none-match': '"a"' }, 200],
    [{ 'if-none-match': `"a", ${etag}` }, 304],
    [{ 'if-none-match': `W/${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-match': '"a"', 'if-none-match': etag }, 412],
    [{ 'if-match': '"a"', range: 'bytes=0-0' }, 412],
  ]) {
    const response = await get('whole', headers);
    assert.deepEqual(
      { status: response.status, etag: response.headers.get('etag') },
      { status, etag },
      JSON.stringify(headers),
    );
    assert.equal((await bytesOf(response)).length, status === 200 ? PLAINTEXT.length : 0);
  }
});

test('an object that is replaced while it is read does not mix versions', async () => {
  await aws.s3.send(
    new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const other = await seal(PLAINTEXT.slice().reverse());
  for (const bucket of ['uploads', 'versioned']) {
    for (const headers of [{}, { range: `bytes=${FRAME * 5}-${FRAME * 6}` }]) {
      await aws.put(bucket, 'moving', await seal(PLAINTEXT));
      let replaced = false;
      aws.s3.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args);
          // The header and the first frames were read.
          if (!replaced && args.input.Range) {
            replaced = true;
            await aws.put(bucket, 'moving', other);
          }
          return result;
        },
        { name: 'replace' },
      );
      const response = await get(`${bucket}/moving`, headers);
      aws.s3.middlewareStack.remove('replace');
      assert.equal(response.status, 503);
      const again = await get(`${bucket}/moving`);
      assert.ok((await bytesOf(again)).equals(PLAINTEXT.slice().reverse()));
    }
  }
});

test('a cut object, and one of no bytes, are refused before the first byte', async () => {
  await aws.put('uploads', 'no-bytes', Buffer.alloc(0));
  for (const name of ['cut', 'no-bytes'])
    for (const headers of [{}, { range: 'bytes=0-9' }]) assert.equal((await get(name, headers)).status, 502);
  assert.deepEqual(logged(), Array(4).fill('ERR_TRUNCATED'));
});

test('an altered object is a failed download for every reader', async () => {
  for (const version of ['--http1.0', '--http1.1']) {
    const answer = await curl(`${origin}/uploads/altered`, version, '--header', 'authorization: 4711');
    assert.ok(!looksWhole(answer), version);
    assert.ok(answer.body.equals(PLAINTEXT.subarray(0, answer.body.length)));
  }
  await assert.rejects(async () => bytesOf(await get('altered')));
  assert.deepEqual(logged(), ['ERR_AUTHENTICATION', 'ERR_AUTHENTICATION', 'ERR_AUTHENTICATION']);
});

test('a user cannot download the object of another', async () => {
  const missing = [get('whole', { authorization: '1' }), get('none'), get('none', { range: 'bytes=0-9' })];
  for (const { status, headers } of await Promise.all(missing)) {
    // A cache keeps a 404 by default, and gives it to those who may see the object.
    assert.deepEqual([status, headers.get('cache-control')], [404, 'no-store']);
  }
  assert.equal((await get('others')).status, 502);
  assert.deepEqual(logged().at(-1), 'ERR_CONTEXT');
});

test('an authorize that returns no context is refused', async () => {
  for (const none of [undefined, null, {}]) {
    encryptionContext = none;
    for (const headers of [{}, { range: 'bytes=0-9' }]) assert.equal((await get('whole', headers)).status, 500);
  }
  assert.equal(asked, 0);
});

test('a reader who leaves ends the read from S3', async () => {
  await aws.put('uploads', 'large', await seal(sample(24 * 2 ** 20)));
  bodies = [];
  const abort = new AbortController();
  const response = await get('large', {}, { signal: abort.signal });
  const reader = response.body.getReader();
  await reader.read();
  abort.abort();
  await assert.rejects(reader.read());
  assert.ok(asked < 24 * 2 ** 20, 'it had read everything');
  await Promise.all(bodies.map((body) => body.destroyed || once(body, 'close')));
});
