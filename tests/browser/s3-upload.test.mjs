// uploadSealed against S3 through the page's server: what arrives, in which requests, and what is refused before any.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { MIB, openUploads } from '../support/uploads.mjs';

/* global kit -- of the page */

for (const name of ['chromium', 'firefox', 'webkit']) {
  describe(name, () => {
    let uploads;
    let s3;
    before(async () => {
      uploads = await openUploads(name);
      ({ s3 } = uploads);
    });
    after(() => uploads?.close());
    afterEach(() => uploads.check());

    test('several parts, all but the last of the least size, of exactly the length that was signed', async () => {
      const sha256 = uploads.write(23 * MIB);
      const { id, result, error, created, progress } = await uploads.upload();
      assert.equal(error, undefined);
      assert.deepEqual(created, { size: result.size, partSize: 5 * MIB, parts: 5 });
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
      const bodies = s3.faults.seen.filter(({ name }) => name.startsWith('PUT')).map(({ body }) => body.length);
      assert.deepEqual(bodies.sort((a, b) => b - a), [...Array(4).fill(5 * MIB), result.size - 20 * MIB]);
      assert.deepEqual(s3.faults.names(), [
        'POST', 'POST', 'PUT 1', 'PUT 2', 'PUT 3', 'PUT 4', 'PUT 5',
        'complete', 'create', 'part 1', 'part 2', 'part 3', 'part 4', 'part 5',
      ]);
      assert.ok(progress.length > 1 && progress.every(([loaded, total], index) => total === result.size && loaded > (progress[index - 1]?.[0] ?? 0)));
      assert.equal(progress.at(-1)[0], result.size);
    });

    test('parts are signed when they are about to be sent, as many as may be in flight', async () => {
      uploads.write(17 * MIB);
      const { error } = await uploads.upload({ concurrency: 1 });
      assert.equal(error, undefined);
      const names = s3.faults.seen.map(({ name }) => name).filter((name) => /^(part|PUT)/.test(name));
      assert.deepEqual(names, ['part 1', 'PUT 1', 'part 2', 'PUT 2', 'part 3', 'PUT 3', 'part 4', 'PUT 4']);
    });

    test('of two uploads together, no more parts than browsers have connections for', async () => {
      const sha256 = uploads.write(23 * MIB);
      await uploads.page.evaluate(() => {
        const { send } = XMLHttpRequest.prototype;
        const gate = Promise.withResolvers();
        kit.flight = { now: 0, most: 0 };
        XMLHttpRequest.prototype.send = async function counted(...args) {
          kit.flight.most = Math.max(kit.flight.most, ++kit.flight.now);
          this.addEventListener('loadend', () => { kit.flight.now--; });
          // None is done before there are six, and a seventh had time to begin.
          if (kit.flight.now === 6) setTimeout(gate.resolve, 500);
          await gate.promise;
          send.apply(this, args);
        };
      });
      const first = await uploads.begin({ concurrency: 20 });
      await uploads.page.evaluate(() => { kit.first = kit.upload; });
      const second = await uploads.upload({ concurrency: 20 });
      const { error } = await uploads.page.evaluate(() => kit.first.settled);
      assert.deepEqual([error, second.error], [undefined, undefined]);
      for (const id of [first, second.id]) assert.equal((await s3.open(id)).sha256, sha256);
      assert.equal(await uploads.page.evaluate(() => kit.flight.most), 6);
    });

    for (const [what, size] of [['a small file', 1000], ['an empty file', 0], ['a file of almost a part', 5 * MIB - 2000]]) {
      test(`${what}: a single PUT`, async () => {
        const sha256 = uploads.write(size);
        const { id, result, error, progress } = await uploads.upload();
        assert.equal(error, undefined);
        assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
        assert.deepEqual(s3.faults.names(), ['PUT', 'put']);
        assert.deepEqual(progress.at(-1), [result.size, result.size]);
      });
    }

    test('an envelope that is a byte larger than a part: two', async () => {
      const sha256 = uploads.write(5 * MIB);
      const { id, error } = await uploads.upload();
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.ok(s3.faults.names().includes('PUT 2'));
    });

    test('larger parts where there would be over 10,000', async () => {
      uploads.writeHoles(60 * 2 ** 30);
      const stop = "{ signer: { create() { throw new Error('seen enough'); } } }";
      const { created, error } = await uploads.upload({}, stop);
      assert.deepEqual([error.code, error.cause], ['ERR_UPLOAD', 'Error: seen enough']);
      assert.equal(created.partSize, Math.ceil(created.size / 10_000));
      assert.equal(created.parts, 10_000);
      assert.ok(created.partSize > 5 * MIB);
    });

    test('an expired signature gets a fresh one', async () => {
      const sha256 = uploads.write(12 * MIB);
      s3.faults.add('part 2', { does: 'wait' }, 1);
      const { id, error } = await uploads.upload({ path: '/brief' });
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.equal(s3.faults.names().filter((name) => name === 'part 2').length, 2);
    });

    test('parts whose ETag the page may not see: it says so, and sends no more', async () => {
      uploads.write(12 * MIB);
      await s3.allow(uploads.page.origin, { ExposeHeaders: [] });
      const { id, error } = await uploads.upload({ concurrency: 1 });
      await s3.allow(uploads.page.origin);
      assert.deepEqual([error.code, error.part], ['ERR_UPLOAD', 1]);
      assert.match(error.message, /ExposeHeaders: ETag/);
      assert.deepEqual(s3.faults.names().filter((name) => name.startsWith('PUT')), ['PUT 1']);
      assert.equal(await s3.arrived(id), false);
    });

    test('what cannot work is refused before anything is asked', async () => {
      uploads.write(10);
      for (const [options, code, name, says] of [
        [{ partSize: 5 * MIB - 1 }, '{}', 'RangeError', /partSize/],
        [{ partSize: 5 * 2 ** 30 + 1 }, '{}', 'RangeError', /partSize/],
        [{ partSize: '8 MiB' }, '{}', 'RangeError', /partSize/],
        [{ concurrency: 0 }, '{}', 'RangeError', /concurrency/],
        [{ retries: -1 }, '{}', 'RangeError', /retries/],
        [{ stallTimeout: 0 }, '{}', 'RangeError', /stallTimeout/],
        [{}, '{ sealer: undefined }', 'TypeError', /sealer must be/],
        [{}, '{ sign: undefined }', 'TypeError', /sign\.put/],
        [{}, '{ signer: { abort: undefined } }', 'TypeError', /sign\.abort/],
      ]) {
        const { error } = await uploads.upload(options, code);
        assert.deepEqual([error?.name, error?.code], [name, undefined], JSON.stringify(options));
        assert.match(error.message, says);
      }
      assert.deepEqual(s3.faults.seen, []);
    });

    test('what callbacks give wrongly is told to the page, and the upload aborted', async () => {
      uploads.write(12 * MIB);
      const unsigned = await uploads.upload({}, '{ signer: { part: () => ({ href: "/" }) } }');
      assert.equal(unsigned.error.name, 'TypeError');
      assert.match(unsigned.error.message, /sign\.part must give \{ url, headers\? \}/);
      const unusable = await uploads.upload({}, '{ signer: { part: () => ({ url: "/put", headers: { "a b": "" } }) } }');
      assert.deepEqual([unusable.error.code, unusable.error.part > 0], ['ERR_UPLOAD', true]);
      assert.match(unusable.error.message, /no URL or headers that can be used/);
      const thrown = await uploads.upload({}, '{ onProgress() { throw new TypeError("no bar"); } }');
      assert.equal(thrown.error.message, 'no bar');
      assert.ok(s3.faults.names().filter((name) => name === 'abort').length === 3);
    });
  });
}
