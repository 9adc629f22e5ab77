// What the demo's server holds on to: bodies that are not what it asked for, and uploads that are begun and never finished.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { Unfinished } from '../../www/server/unfinished.mjs';
import { openDemo } from '../support/demo.mjs';

const MIB = 2 ** 20;
const HOUR = 60 * 60 * 1000;

let now = Date.now();
let demo;
// The demo's own, so that what it keeps can be told from what others do.
const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-bounds-'));
before(async () => {
  process.env.TMPDIR = folder;
  demo = await openDemo({ unfinished: new Unfinished({ maxBytes: 100 * MIB, maxCount: 4, now: () => now }) });
});
after(async () => {
  await demo?.close();
  rmSync(folder, { recursive: true });
});

const contextOf = (id) => ({ purpose: 'kmseal-demo', upload: id });
const post = (id, step, body = {}, headers = {}) => demo.ask('POST', `/uploads/${id}/${step}`, { body, ...headers });
const errorOf = (answer) => [answer.status, answer.status < 400 ? undefined : answer.json().error];

/** Half a day later, when everything has expired that was not finished. */
const later = () => { now += 12 * HOUR; };

describe('bodies', () => {
  test('that are JSON, but no object, are refused with a sentence', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const body of [null, [], 'text', 7, true]) {
      for (const url of ['/uploads', ...['put', 'create', 'part', 'complete', 'abort', 'headObject'].map((step) => `/uploads/${id}/${step}`)]) {
        const answer = await demo.ask('POST', url, { body: Buffer.from(JSON.stringify(body)) });
        assert.deepEqual(errorOf(answer), [400, 'BAD_JSON'], `${url} ${JSON.stringify(body)}`);
      }
    }
    assert.deepEqual(errorOf(await demo.ask('POST', `/uploads/${id}/put`, { body: Buffer.from('{') })), [400, 'BAD_JSON']);
  });

  test('that are not said to be JSON are refused, since pages of other sites can send those', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const type of ['text/plain', 'text/plain; charset=application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      for (const url of ['/uploads', `/uploads/${id}/put`, `/uploads/${id}/abort`, `/uploads/${id}/open`]) {
        const answer = await demo.ask('POST', url, { 'content-type': type, body: { way: 's3', size: 1000 } });
        assert.deepEqual(errorOf(answer), [415, 'NOT_JSON'], `${url} as ${type}`);
      }
    }
    const answer = await post(id, 'put', { size: 1000 }, { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(answer.status, 200);
  });

  test('with names of what every object has are taken for nothing else', async () => {
    later();
    for (const way of [['s3'], '__proto__', 'constructor', { toString: 's3' }]) {
      assert.deepEqual(errorOf(await demo.ask('POST', '/uploads', { body: { way } })), [400, 'BAD_WAY'], JSON.stringify(way));
    }
    const id = await demo.createUpload('s3');
    for (const step of ['__proto__', 'constructor', 'hasOwnProperty']) assert.equal((await post(id, step)).status, 404, step);
    const body = Buffer.from('{"size":1000,"__proto__":{"checksumSHA256":1}}');
    assert.equal((await demo.ask('POST', `/uploads/${id}/put`, { body })).status, 200);
  });

  test('with fractions, or sizes that S3 has not, are refused', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const [partSize, parts] of [[5 * MIB + 0.5, 2], [5 * 2 ** 30 + 1, 1], ['5242880', 2], [NaN, 2], [6 * MIB, 1.5]]) {
      const answer = await post(id, 'create', { size: 10 * MIB, partSize, parts });
      assert.deepEqual(errorOf(answer), [400, 'BAD_PARTS'], `${partSize}`);
    }
    for (const checksumSHA256 of ['', 7, null, 'x'.repeat(44), `${'A'.repeat(43)}=\n`]) {
      assert.deepEqual(errorOf(await post(id, 'put', { size: 10, checksumSHA256 })), [400, 'BAD_CHECKSUM']);
    }
  });

  test('that ask for parts that there are not, or of no size, are refused', async () => {
    later();
    const id = await demo.createUpload('s3');
    assert.equal((await post(id, 'create', { size: 10 * MIB, partSize: 5 * MIB, parts: 2 })).status, 200);
    for (const body of [{}, { number: 1 }, { number: 3 }, { number: 0 }, { number: 'x' }, { number: 1e308 }, { number: 3, size: null }]) {
      assert.deepEqual(errorOf(await post(id, 'part', body)), [400, 'BAD_PART'], JSON.stringify(body));
    }
    assert.equal((await post(id, 'part', { number: 2, size: 5 * MIB })).status, 200);
  });

  test('that complete the parts of two envelopes are answered once', async () => {
    later();
    const id = await demo.createUpload('s3');
    assert.equal((await post(id, 'create', { size: 6 * MIB, partSize: 5 * MIB, parts: 2 })).status, 200);
    const parts = [];
    for (const [PartNumber, size] of [[1, 5 * MIB], [2, MIB]]) {
      const { url } = (await post(id, 'part', { number: PartNumber, size })).json();
      const { headers } = await fetch(url, { method: 'PUT', body: Buffer.alloc(size) });
      parts.push({ PartNumber, ETag: headers.get('etag') });
    }
    const others = parts.map((part) => ({ ...part, ETag: '"5d41402abc4b2a76b9719d911017c592"' }));
    assert.equal((await post(id, 'complete', { parts })).status, 200);
    assert.deepEqual(errorOf(await post(id, 'complete', { parts: others })), [409, 'OTHER_UPLOAD']);
    assert.equal((await post(id, 'complete', { parts })).status, 200, 'asked again, since the answer was lost');
  });

  for (const name of ['__proto__', 'constructor', 'toString']) {
    test(`that are forms with a file called ${name} are refused, and nothing is kept`, async () => {
      later();
      const keys = await demo.objectKeys();
      const id = await demo.createUpload('form');
      const form = new FormData();
      form.append('upload', id);
      form.append('doc', new Blob([await demo.seal('one', contextOf(id))]), 'file-1.kmseal');
      form.append(name, new Blob(['in the clear']), 'file-2.kmseal');
      const packed = new Response(form);
      const headers = { 'content-type': packed.headers.get('content-type') };
      const answer = await demo.ask('POST', '/form', { ...headers, body: Buffer.from(await packed.arrayBuffer()) });
      assert.deepEqual(errorOf(answer), [422, 'UNKNOWN_FIELD']);
      assert.deepEqual(await demo.objectKeys(), keys);
    });
  }
});

describe('uploads that are not finished', () => {
  const tusFiles = () => readdirSync(folder).filter((name) => name.startsWith('kmseal-tus-'))
    .flatMap((name) => readdirSync(path.join(folder, name)));
  const begun = async () => (await demo.s3.send(new ListMultipartUploadsCommand({ Bucket: demo.bucket }))).Uploads ?? [];
  const createTus = (upload, length) => demo.ask('POST', '/tus', {
    'tus-resumable': '1.0.0', 'upload-length': String(length), 'upload-metadata': `upload ${Buffer.from(upload).toString('base64')}`,
  });

  test('are so many at most, and expire', async () => {
    later();
    const ids = [];
    for (let count = 0; count < 4; count++) ids.push(await demo.createUpload('s3'));
    assert.deepEqual(errorOf(await demo.ask('POST', '/uploads', { body: { way: 's3' } })), [429, 'TOO_MANY']);
    now += HOUR / 2;
    assert.equal((await post(ids[0], 'put', { size: 1000 })).status, 200);
    now += HOUR / 2 + 1;
    const next = await demo.createUpload('s3');
    assert.equal((await post(next, 'put', { size: 1000 })).status, 200);
    assert.equal((await post(ids[0], 'put', { size: 1000 })).status, 200, 'heard of meanwhile');
    assert.deepEqual(errorOf(await post(ids[1], 'put', { size: 1000 })), [404, 'UNKNOWN_UPLOAD']);
  });

  test('are so large together, whichever way they come', async () => {
    later();
    const [put, parts, tus] = [await demo.createUpload('s3'), await demo.createUpload('s3'), await demo.createUpload('tus')];
    const plan = { size: 40 * MIB, partSize: 5 * MIB, parts: 8 };
    assert.equal((await post(put, 'put', { size: 40 * MIB })).status, 200);
    assert.equal((await post(parts, 'create', plan)).status, 200);
    assert.equal((await createTus(tus, 21 * MIB)).status, 429);
    assert.equal((await createTus(tus, 20 * MIB)).status, 201);
    assert.deepEqual(errorOf(await post(put, 'put', { size: 41 * MIB })), [429, 'TOO_MUCH']);
    assert.equal((await post(put, 'put', { size: 30 * MIB })).status, 200, 'a size that is declared again counts once');
    assert.equal((await post(parts, 'put', { size: 1 })).status, 200);
    assert.deepEqual(errorOf(await post(put, 'put', { size: 41 * MIB })), [429, 'TOO_MUCH'], 'the parts are there, whatever is declared later');
    assert.equal((await post(parts, 'abort')).status, 200);
    assert.equal((await post(put, 'put', { size: 80 * MIB })).status, 200, 'what was cancelled counts no more');
  });

  test('leave nothing in the bucket or on disk when they expire', async () => {
    later();
    const [parts, tus] = [await demo.createUpload('s3'), await demo.createUpload('tus')];
    await post(parts, 'create', { size: 40 * MIB, partSize: 5 * MIB, parts: 8 });
    // A further one takes the place of the first.
    await createTus(tus, MIB);
    await createTus(tus, 2 * MIB);
    assert.equal(tusFiles().filter((name) => !name.endsWith('.json')).length, 1);
    assert.equal((await begun()).length, 1);
    later();
    await demo.createUpload('s3');
    assert.deepEqual(await begun(), []);
    assert.deepEqual(tusFiles(), []);
    assert.deepEqual(errorOf(await createTus(tus, MIB)), [404, 'UNKNOWN_UPLOAD']);
  });

  test('by tus say how large they are', async () => {
    later();
    const id = await demo.createUpload('tus');
    const headers = { 'tus-resumable': '1.0.0', 'upload-defer-length': '1', 'upload-metadata': `upload ${Buffer.from(id).toString('base64')}` };
    assert.equal((await demo.ask('POST', '/tus', headers)).status, 400);
  });

  test('are not those that have arrived, though nobody told the server', async () => {
    later();
    const ids = [];
    for (let count = 0; count < 4; count++) {
      const id = await demo.createUpload('s3');
      const envelope = await demo.seal('here', contextOf(id));
      const { url, headers } = (await post(id, 'put', { size: envelope.byteLength })).json();
      assert.equal((await fetch(url, { method: 'PUT', body: envelope, headers })).status, 200);
      ids.push(id);
    }
    later();
    await demo.createUpload('s3');
    for (const id of ids) assert.equal((await post(id, 'open')).status, 200);
  });
});
