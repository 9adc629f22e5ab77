// examples/http-download.mjs: whole files, ranges, and downloads that fail in the middle.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { downloads } from '../../examples/http-download.mjs';
import { startAws } from '../support/aws.mjs';
import { sample } from '../support/bytes.mjs';

const FRAME = 64 * 1024;
const PLAINTEXT = sample(20 * FRAME + 10);
const CONTEXT = { purpose: 'upload', user: '4711' };

let aws;
let server;
let origin;
let envelope;
before(async () => {
  aws = await startAws(['uploads']);
  const key = await KmsPublicKey.import(await aws.kms.createKey());
  envelope = await new Sealer({ keys: key, frameLength: FRAME, encryptionContext: CONTEXT }).seal(PLAINTEXT);
  const altered = envelope.slice();
  altered[envelope.length >> 1] ^= 1;
  await aws.put('uploads', 'whole', envelope);
  await aws.put('uploads', 'cut', envelope.subarray(0, envelope.length >> 1));
  await aws.put('uploads', 'altered', altered);
  await aws.put('uploads', 'others', await new Sealer({ keys: key, encryptionContext: { ...CONTEXT, user: '1' } }).seal(PLAINTEXT));
  const opener = new Opener({ keyIds: [key.keyId], decrypt: aws.kms.decrypt });
  const authorize = async ({ url, headers }) => (headers.authorization === '4711' ? { key: url.slice(1), encryptionContext: CONTEXT } : undefined);
  server = createServer(downloads({ s3: aws.s3, bucket: 'uploads', opener, authorize })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  mock.method(console, 'error', () => {});
});
after(async () => {
  server?.closeAllConnections();
  server?.close();
  await aws?.close();
});

const get = (path, headers) => fetch(`${origin}/${path}`, { headers: { authorization: '4711', ...headers } });
const bytesOf = async (response) => Buffer.from(await response.arrayBuffer());

test('a whole file', async () => {
  const response = await get('whole');
  assert.equal(response.status, 200);
  assert.ok((await bytesOf(response)).equals(PLAINTEXT));
});

test('ranges', async () => {
  for (const [range, start, end] of [
    ['0-0', 0, 1], [`${FRAME - 1}-${FRAME}`, FRAME - 1, FRAME + 1], ['100-', 100, undefined], ['-10', -10, undefined], ['5-99999999', 5, undefined],
  ]) {
    const response = await get('whole', { range: `bytes=${range}` });
    assert.equal(response.status, 206);
    const expected = PLAINTEXT.slice(start, end);
    assert.ok((await bytesOf(response)).equals(expected), range);
    const first = start < 0 ? PLAINTEXT.length + start : start;
    assert.equal(response.headers.get('content-range'), `bytes ${first}-${first + expected.length - 1}/${PLAINTEXT.length}`);
  }
  for (const range of [`${PLAINTEXT.length}-`, '-0', '9-3']) {
    const none = await get('whole', { range: `bytes=${range}` });
    assert.deepEqual([none.status, none.headers.get('content-range')], [416, `bytes */${PLAINTEXT.length}`], range);
  }
  // What is no range, or more than one, may be answered with everything (RFC 9110, 14.2).
  for (const range of ['bytes=-', 'bytes=0-1,5-6', 'lines=1-2']) assert.equal((await get('whole', { range })).status, 200, range);
});

test('what is cut off or altered is a failed download, not a short file', async () => {
  for (const name of ['cut', 'altered']) {
    const response = await get(name);
    assert.equal(response.status, 200);
    let received = 0;
    await assert.rejects((async () => {
      for await (const chunk of response.body) {
        assert.ok(Buffer.from(chunk).equals(PLAINTEXT.subarray(received, received + chunk.length)));
        received += chunk.length;
      }
    })(), name);
    assert.ok(received < PLAINTEXT.length);
  }
  const codes = console.error.mock.calls.map(({ arguments: [line] }) => line.split(': ')[1]);
  assert.deepEqual(codes, ['ERR_TRUNCATED', 'ERR_AUTHENTICATION']);
  assert.equal((await get('cut', { range: 'bytes=0-9' })).status, 502);
});

test('nothing for others', async () => {
  assert.equal((await get('whole', { authorization: '1' })).status, 404);
  assert.equal((await get('none')).status, 404);
  assert.equal((await get('none', { range: 'bytes=0-9' })).status, 404);
  assert.equal((await get('others')).status, 502);
  assert.match(console.error.mock.calls.at(-1).arguments[0], /ERR_CONTEXT/);
});

test('a reader who leaves ends the read from S3', async () => {
  const requests = [];
  aws.s3.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    requests.push(result.output.Body);
    return result;
  }, { name: 'watch' });
  const abort = new AbortController();
  const response = await fetch(`${origin}/whole`, { headers: { authorization: '4711' }, signal: abort.signal });
  const reader = response.body.getReader();
  await reader.read();
  abort.abort();
  await assert.rejects(reader.read());
  while (!requests[0].destroyed) await delay(5);
  aws.s3.middlewareStack.remove('watch');
});
