// uploadSealed against S3 through the page's server: what arrives, in which requests, and what is refused before any.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { MIB, THREE_PARTS, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

uploadsInBrowsers(openUploads, (uploads, name) => {
  const anyEngine = ANY_ENGINE.includes(name);
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });

  test('an upload sends parts of the minimum size but the last, each of exactly the signed length', async () => {
    const sha256 = uploads.write(THREE_PARTS);
    const { id, result, error, created, progress } = await uploads.upload();
    assert.equal(error, undefined);
    assert.deepEqual(created, { size: result.size, partSize: 5 * MIB, parts: 3 });
    assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
    const bodies = s3.faults.seen.filter(({ name }) => name.startsWith('PUT')).map(({ body }) => body.length);
    assert.deepEqual(
      bodies.sort((a, b) => b - a),
      [5 * MIB, 5 * MIB, result.size - 10 * MIB],
    );
    assert.deepEqual(s3.faults.names(), [
      'POST',
      'POST',
      'PUT 1',
      'PUT 2',
      'PUT 3',
      'completeMultipartUpload',
      'createMultipartUpload',
      'signPart 1',
      'signPart 2',
      'signPart 3',
    ]);
    assert.ok(
      progress.length > 1 &&
        progress.every(([loaded, total], index) => total === result.size && loaded > (progress[index - 1]?.[0] ?? 0)),
    );
    assert.equal(progress.at(-1)[0], result.size);
  });

  for (const { what, size } of [
    { what: 'a small file', size: 1000 },
    { what: 'an empty file', size: 0 },
    { what: 'a file of almost a part', size: 5 * MIB - 2000 },
  ].slice(0, anyEngine ? undefined : 2)) {
    test(`${what} is uploaded by a single PUT`, async () => {
      const sha256 = uploads.write(size);
      const { id, result, error, progress } = await uploads.upload();
      assert.equal(error, undefined);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
      assert.deepEqual(s3.faults.names(), ['PUT', 'signPut']);
      assert.deepEqual(progress.at(-1), [result.size, result.size]);
    });
  }

  test('parts are larger where there would be more than 10,000', async () => {
    uploads.writeHoles(60 * 2 ** 30);
    const stop = "{ callbacks: { createMultipartUpload() { throw new Error('seen enough'); } } }";
    const { created, error } = await uploads.upload({}, stop);
    assert.deepEqual({ code: error.code, cause: error.cause }, { code: 'ERR_UPLOAD', cause: 'Error: seen enough' });
    assert.equal(created.partSize, Math.ceil(created.size / 10_000));
    assert.equal(created.parts, 10_000);
    assert.ok(created.partSize > 5 * MIB);
  });

  test("an upload stops and says why if the page cannot see the parts' ETags", async () => {
    uploads.write(TWO_PARTS);
    await s3.allow(uploads.page.origin, { ExposeHeaders: [] });
    const { id, error } = await uploads.upload({ concurrency: 1 });
    await s3.allow(uploads.page.origin);
    assert.deepEqual({ code: error.code, part: error.part }, { code: 'ERR_UPLOAD', part: 1 });
    assert.match(error.message, /ExposeHeaders: ETag/);
    assert.deepEqual(
      s3.faults.names().filter((name) => name.startsWith('PUT')),
      ['PUT 1'],
    );
    assert.equal(await s3.arrived(id), false);
  });

  test('a wrong answer from a callback is reported to the page, and the upload aborted', async () => {
    uploads.write(TWO_PARTS);
    const unsigned = await uploads.upload({}, '{ callbacks: { signPart: () => ({ href: "/" }) } }');
    assert.equal(unsigned.error.name, 'TypeError');
    assert.match(unsigned.error.message, /server\.signPart must give \{ url, headers\? \}/);
    const unusable = await uploads.upload(
      {},
      '{ callbacks: { signPart: () => ({ url: "/put", headers: { "a b": "" } }) } }',
    );
    assert.deepEqual(
      { code: unusable.error.code, hasPart: unusable.error.part > 0 },
      { code: 'ERR_UPLOAD', hasPart: true },
    );
    assert.match(unusable.error.message, /no URL or headers that can be used/);
    const thrown = await uploads.upload({}, '{ onProgress() { throw new TypeError("no bar"); } }');
    assert.equal(thrown.error.message, 'no bar');
    assert.ok(s3.faults.names().filter((name) => name === 'abortMultipartUpload').length === 3);
  });

  // What is asked for, when and how often, is arithmetic and order of ours.
  if (!anyEngine) return;

  test('parts are signed just before they are sent, at most as many as may be in flight', async () => {
    uploads.write(THREE_PARTS);
    const { error } = await uploads.upload({ concurrency: 1 });
    assert.equal(error, undefined);
    const names = s3.faults.seen.map(({ name }) => name).filter((name) => /^(signPart|PUT)/.test(name));
    assert.deepEqual(names, ['signPart 1', 'PUT 1', 'signPart 2', 'PUT 2', 'signPart 3', 'PUT 3']);
  });

  test('two uploads together have no more parts in flight than browsers have connections', async () => {
    const sha256 = uploads.write(15.5 * MIB); // four parts
    await uploads.page.evaluate(() => {
      const { send } = XMLHttpRequest.prototype;
      const gate = Promise.withResolvers();
      kit.flight = { now: 0, most: 0 };
      XMLHttpRequest.prototype.send = async function counted(...args) {
        kit.flight.most = Math.max(kit.flight.most, ++kit.flight.now);
        this.addEventListener('loadend', () => {
          kit.flight.now--;
        });
        // None finishes before there are six, and a seventh had time to begin.
        if (kit.flight.now === 6) setTimeout(gate.resolve, 500);
        await gate.promise;
        send.apply(this, args);
      };
    });
    const first = await uploads.begin({ concurrency: 20 });
    await uploads.page.evaluate(() => {
      kit.first = kit.upload;
    });
    const second = await uploads.upload({ concurrency: 20 });
    const { error } = await uploads.page.evaluate(() => kit.first.settled);
    assert.equal(error, undefined);
    assert.equal(second.error, undefined);
    for (const id of [first, second.id]) assert.equal((await s3.open(id)).sha256, sha256);
    assert.equal(await uploads.page.evaluate(() => kit.flight.most), 6);
  });

  test('an envelope one byte larger than a part is uploaded in two parts', async () => {
    const sha256 = uploads.write(5 * MIB);
    const { id, error } = await uploads.upload();
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.ok(s3.faults.names().includes('PUT 2'));
  });

  test('an expired signature is replaced by a fresh one', async () => {
    const sha256 = uploads.write(TWO_PARTS);
    s3.faults.add('signPart 2', { does: 'wait' }, 1);
    const { id, error } = await uploads.upload({ path: '/brief' });
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.equal(s3.faults.names().filter((name) => name === 'signPart 2').length, 2);
  });

  test('an upload that cannot work is refused before any request', async () => {
    uploads.write(10);
    for (const { options, code, name, says } of [
      { options: { partSize: 5 * MIB - 1 }, code: '{}', name: 'RangeError', says: /partSize/ },
      { options: { partSize: 5 * 2 ** 30 + 1 }, code: '{}', name: 'RangeError', says: /partSize/ },
      { options: { partSize: '8 MiB' }, code: '{}', name: 'TypeError', says: /partSize/ },
      { options: { concurrency: 0 }, code: '{}', name: 'RangeError', says: /concurrency/ },
      { options: { retries: -1 }, code: '{}', name: 'RangeError', says: /retries/ },
      { options: { stallTimeout: 0 }, code: '{}', name: 'RangeError', says: /stallTimeout/ },
      { options: {}, code: '{ sealer: undefined }', name: 'TypeError', says: /sealer must be/ },
      { options: {}, code: '{ server: undefined }', name: 'TypeError', says: /server\.createMultipartUpload/ },
      {
        options: {},
        code: '{ callbacks: { abortMultipartUpload: undefined } }',
        name: 'TypeError',
        says: /server\.abortMultipartUpload/,
      },
    ]) {
      const { error } = await uploads.upload(options, code);
      assert.deepEqual({ name: error?.name, code: error?.code }, { name, code: undefined }, JSON.stringify(options));
      assert.match(error.message, says);
    }
    assert.deepEqual(s3.faults.seen, []);
  });
});
