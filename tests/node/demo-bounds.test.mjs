// What the demo's server retains: bodies that are not what it asked for, and uploads that are begun and never finished.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { Unfinished } from '../../www/server/unfinished.mjs';
import { openDemo } from '../support/servers/demo.mjs';

const MIB = 2 ** 20;
const HOUR = 60 * 60 * 1000;

let now = Date.now();
let demo;
// The demo's own folder, so that its files are separate from those of others.
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
const errorOf = (answer) => ({ status: answer.status, error: answer.status < 400 ? undefined : answer.json().error });

/** Half a day later, when everything unfinished has expired. */
const later = () => {
  now += 12 * HOUR;
};

describe('request bodies', () => {
  test('the server refuses a JSON body that is not an object with a sentence', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const body of [null, [], 'text', 7, true]) {
      for (const url of [
        '/uploads',
        ...[
          'signPut',
          'createMultipartUpload',
          'signPart',
          'completeMultipartUpload',
          'abortMultipartUpload',
          'headObject',
        ].map((step) => `/uploads/${id}/${step}`),
      ]) {
        const answer = await demo.ask('POST', url, { body: Buffer.from(JSON.stringify(body)) });
        assert.deepEqual(errorOf(answer), { status: 400, error: 'BAD_JSON' }, `${url} ${JSON.stringify(body)}`);
      }
    }
    assert.deepEqual(errorOf(await demo.ask('POST', `/uploads/${id}/signPut`, { body: Buffer.from('{') })), {
      status: 400,
      error: 'BAD_JSON',
    });
  });

  test('the server refuses a body that is not declared as JSON, since pages of other sites can send it', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const type of [
      'text/plain',
      'text/plain; charset=application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      '',
    ]) {
      for (const url of [
        '/uploads',
        `/uploads/${id}/signPut`,
        `/uploads/${id}/abortMultipartUpload`,
        `/uploads/${id}/open`,
      ]) {
        const answer = await demo.ask('POST', url, { 'content-type': type, body: { way: 's3', size: 1000 } });
        assert.deepEqual(errorOf(answer), { status: 415, error: 'NOT_JSON' }, `${url} as ${type}`);
      }
    }
    const answer = await post(id, 'signPut', { size: 1000 }, { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(answer.status, 200);
  });

  test('the server treats names that every object has as unknown', async () => {
    later();
    for (const way of [['s3'], '__proto__', 'constructor', { toString: 's3' }]) {
      assert.deepEqual(
        errorOf(await demo.ask('POST', '/uploads', { body: { way } })),
        { status: 400, error: 'BAD_WAY' },
        JSON.stringify(way),
      );
    }
    const id = await demo.createUpload('s3');
    for (const step of ['__proto__', 'constructor', 'hasOwnProperty'])
      assert.equal((await post(id, step)).status, 404, step);
    const body = Buffer.from('{"size":1000,"__proto__":{"checksumSHA256":1}}');
    assert.equal((await demo.ask('POST', `/uploads/${id}/signPut`, { body })).status, 200);
  });

  test('the server refuses fractions, and sizes that S3 does not support', async () => {
    later();
    const id = await demo.createUpload('s3');
    for (const { partSize, parts } of [
      { partSize: 5 * MIB + 0.5, parts: 2 },
      { partSize: 5 * 2 ** 30 + 1, parts: 1 },
      { partSize: '5242880', parts: 2 },
      { partSize: NaN, parts: 2 },
      { partSize: 6 * MIB, parts: 1.5 },
    ]) {
      const answer = await post(id, 'createMultipartUpload', { size: 10 * MIB, partSize, parts });
      assert.deepEqual(errorOf(answer), { status: 400, error: 'BAD_PARTS' }, `${partSize}`);
    }
    for (const checksumSHA256 of ['', 7, null, 'x'.repeat(44), `${'A'.repeat(43)}=\n`]) {
      assert.deepEqual(errorOf(await post(id, 'signPut', { size: 10, checksumSHA256 })), {
        status: 400,
        error: 'BAD_CHECKSUM',
      });
    }
  });

  test('the server refuses part numbers that do not exist, and parts without a size', async () => {
    later();
    const id = await demo.createUpload('s3');
    assert.equal(
      (await post(id, 'createMultipartUpload', { size: 10 * MIB, partSize: 5 * MIB, parts: 2 })).status,
      200,
    );
    for (const body of [
      {},
      { number: 1 },
      { number: 3 },
      { number: 0 },
      { number: 'x' },
      { number: 1e308 },
      { number: 3, size: null },
    ]) {
      assert.deepEqual(
        errorOf(await post(id, 'signPart', body)),
        { status: 400, error: 'BAD_PART' },
        JSON.stringify(body),
      );
    }
    assert.equal((await post(id, 'signPart', { number: 2, size: 5 * MIB })).status, 200);
  });

  test('the server accepts one of two completions with the parts of different envelopes', async () => {
    later();
    const id = await demo.createUpload('s3');
    assert.equal((await post(id, 'createMultipartUpload', { size: 6 * MIB, partSize: 5 * MIB, parts: 2 })).status, 200);
    const parts = [];
    for (const { PartNumber, size } of [
      { PartNumber: 1, size: 5 * MIB },
      { PartNumber: 2, size: MIB },
    ]) {
      const { url } = (await post(id, 'signPart', { number: PartNumber, size })).json();
      const { headers } = await fetch(url, { method: 'PUT', body: Buffer.alloc(size) });
      parts.push({ PartNumber, ETag: headers.get('etag') });
    }
    const others = parts.map((part) => ({ ...part, ETag: '"5d41402abc4b2a76b9719d911017c592"' }));
    assert.equal((await post(id, 'completeMultipartUpload', { parts })).status, 200);
    assert.deepEqual(errorOf(await post(id, 'completeMultipartUpload', { parts: others })), {
      status: 409,
      error: 'OTHER_UPLOAD',
    });
    assert.equal(
      (await post(id, 'completeMultipartUpload', { parts })).status,
      200,
      'asked again, since the answer was lost',
    );
  });

  for (const name of ['__proto__', 'constructor', 'toString']) {
    test(`the server refuses a form with a file called ${name}, and stores nothing`, async () => {
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
      assert.deepEqual(errorOf(answer), { status: 422, error: 'UNKNOWN_FIELD' });
      assert.deepEqual(await demo.objectKeys(), keys);
    });
  }
});

describe('uploads that are not finished', () => {
  const tusFiles = () =>
    readdirSync(folder)
      .filter((name) => name.startsWith('kmseal-tus-'))
      .flatMap((name) => readdirSync(path.join(folder, name)));
  const begun = async () =>
    (await demo.s3.send(new ListMultipartUploadsCommand({ Bucket: demo.bucket }))).Uploads ?? [];
  const createTus = (upload, length) =>
    demo.ask('POST', '/tus', {
      'tus-resumable': '1.0.0',
      'upload-length': String(length),
      'upload-metadata': `upload ${Buffer.from(upload).toString('base64')}`,
    });

  test('unfinished uploads are limited in number, and expire', async () => {
    later();
    const ids = [];
    for (let count = 0; count < 4; count++) ids.push(await demo.createUpload('s3'));
    assert.deepEqual(errorOf(await demo.ask('POST', '/uploads', { body: { way: 's3' } })), {
      status: 429,
      error: 'TOO_MANY',
    });
    now += HOUR / 2;
    assert.equal((await post(ids[0], 'signPut', { size: 1000 })).status, 200);
    now += HOUR / 2 + 1;
    const next = await demo.createUpload('s3');
    assert.equal((await post(next, 'signPut', { size: 1000 })).status, 200);
    assert.equal((await post(ids[0], 'signPut', { size: 1000 })).status, 200, 'heard of meanwhile');
    assert.deepEqual(errorOf(await post(ids[1], 'signPut', { size: 1000 })), { status: 404, error: 'UNKNOWN_UPLOAD' });
  });

  test('unfinished uploads are limited in total size, however they arrive', async () => {
    later();
    const [put, parts, tus] = [
      await demo.createUpload('s3'),
      await demo.createUpload('s3'),
      await demo.createUpload('tus'),
    ];
    const plan = { size: 40 * MIB, partSize: 5 * MIB, parts: 8 };
    assert.equal((await post(put, 'signPut', { size: 40 * MIB })).status, 200);
    assert.equal((await post(parts, 'createMultipartUpload', plan)).status, 200);
    assert.equal((await createTus(tus, 21 * MIB)).status, 429);
    assert.equal((await createTus(tus, 20 * MIB)).status, 201);
    assert.deepEqual(errorOf(await post(put, 'signPut', { size: 41 * MIB })), { status: 429, error: 'TOO_MUCH' });
    assert.equal(
      (await post(put, 'signPut', { size: 30 * MIB })).status,
      200,
      'a size that is declared again counts once',
    );
    assert.equal((await post(parts, 'signPut', { size: 1 })).status, 200);
    assert.deepEqual(
      errorOf(await post(put, 'signPut', { size: 41 * MIB })),
      { status: 429, error: 'TOO_MUCH' },
      'the parts are there, whatever is declared later',
    );
    assert.equal((await post(parts, 'abortMultipartUpload')).status, 200);
    assert.equal((await post(put, 'signPut', { size: 80 * MIB })).status, 200, 'what was cancelled counts no more');
  });

  test('unfinished uploads leave nothing in the bucket or on disk when they expire', async () => {
    later();
    const [parts, tus] = [await demo.createUpload('s3'), await demo.createUpload('tus')];
    await post(parts, 'createMultipartUpload', { size: 40 * MIB, partSize: 5 * MIB, parts: 8 });
    // A further one takes the place of the first.
    await createTus(tus, MIB);
    await createTus(tus, 2 * MIB);
    assert.equal(tusFiles().filter((name) => !name.endsWith('.json')).length, 1);
    assert.equal((await begun()).length, 1);
    later();
    await demo.createUpload('s3');
    assert.deepEqual(await begun(), []);
    assert.deepEqual(tusFiles(), []);
    assert.deepEqual(errorOf(await createTus(tus, MIB)), { status: 404, error: 'UNKNOWN_UPLOAD' });
  });

  test('unfinished tus uploads declare their size', async () => {
    later();
    const id = await demo.createUpload('tus');
    const headers = {
      'tus-resumable': '1.0.0',
      'upload-defer-length': '1',
      'upload-metadata': `upload ${Buffer.from(id).toString('base64')}`,
    };
    assert.equal((await demo.ask('POST', '/tus', headers)).status, 400);
  });

  test('uploads that have arrived do not count as unfinished, even if nobody told the server', async () => {
    later();
    const ids = [];
    for (let count = 0; count < 4; count++) {
      const id = await demo.createUpload('s3');
      const envelope = await demo.seal('here', contextOf(id));
      const { url, headers } = (await post(id, 'signPut', { size: envelope.byteLength })).json();
      assert.equal((await fetch(url, { method: 'PUT', body: envelope, headers })).status, 200);
      ids.push(id);
    }
    later();
    await demo.createUpload('s3');
    for (const id of ids) assert.equal((await post(id, 'open')).status, 200);
  });
});
