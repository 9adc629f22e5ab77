// Uploads by tus whose page is reloaded, and that continue in another one with the same envelope.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { openLives } from '../support/browsers/lives.mjs';
import { NAME, testTus } from '../support/browsers/tus-uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;
const SIZE = 9 * MIB; // files are read 8 MiB at a time
const CHUNK = 2 * MIB;
/** Where the last chunk of the envelope begins. */
const LAST = 4 * CHUNK;
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

// That what the store keeps outlives the browser's processes, s3-lives.test.mjs shows in each engine, by the same code. Here pages are reloaded, in
// browsers that a run has already: to start two for a kill takes as long as ten of these tests.
const { server, file, patches, open, inBrowsers } = testTus({
  open: (name, options) => openLives(name, { ...options, isNeverKilled: true }),
});

/** Changes the byte at a place, and neither the size nor the time. */
function alter(at) {
  const bytes = readFileSync(file);
  if (at !== undefined) bytes[at] ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, LONG_AGO, LONG_AGO);
  return bytes;
}

const offsetOf = ({ headers }) => Number(headers['upload-offset']);

/** Every place of an envelope left in one form only. */
function assertOneCiphertext() {
  const wires = {};
  for (const patch of patches()) {
    const wire = (wires[patch.url] ??= { bytes: Buffer.alloc(2 * SIZE), end: 0 });
    const [at, { body }] = [offsetOf(patch), patch];
    const known = Math.max(0, Math.min(wire.end - at, body.length));
    assert.ok(wire.bytes.subarray(at, at + known).equals(body.subarray(0, known)), `two forms from ${at} on`);
    body.copy(wire.bytes, at);
    wire.end = Math.max(wire.end, at + body.length);
  }
}

/** How many bytes the server has of the upload that was begun last; undefined if there is none. */
async function arrived() {
  const url = patches().at(-1)?.url;
  return url && (await server.upload(new URL(url, server.endpoint))).offset;
}

const isCreated = () => readdirSync(path.dirname(server.fileOf(`${server.endpoint}/none`))).length > 0;

/**
 * When the page ends: `at` the chunk from there on or, without it, when the upload is created. `after`: how much of the request the
 * server has by then; `ready`: the page has not sent it.
 */
const MOMENTS = {
  'at the start': { after: 'nothing' },
  'when it was created and does not know it': { after: 'all' },
  'when the tags of its first chunk are on disk and nothing has left': { at: 0, after: 'ready' },
  'in the middle of a chunk': { at: 2 * CHUNK, after: 'half' },
  'when the tags of a chunk are on disk and no byte of it has left': { at: 2 * CHUNK, after: 'ready' },
  'when a chunk has arrived and its answer has not': { at: 2 * CHUNK, after: 'all' },
  'when all chunks have arrived and it does not know it': { at: LAST, after: 'all' },
};
/** That which shows what an engine has a part in: a request on its way. */
const FEWER = ['in the middle of a chunk'];

inBrowsers((page, name) => {
  const list = () => page.evaluate(async () => new (await import('/dist/store.js')).UploadStore().list());

  /** Begins an upload that is kept. The page itself holds the request of the chunk at `held` back, once its tags are on disk. */
  const begin = (held = null) =>
    page.evaluate(
      async (name, chunkSize, held) => {
        const { UploadStore } = await import('/dist/store.js');
        const options = tus.tusOptions({ sealer: kit.sealer(), store: new UploadStore(), id: () => 'mine' });
        const onBeforeRequest = (request) => {
          if (request.getMethod() !== 'PATCH' || Number(request.getHeader('Upload-Offset')) !== held) return undefined;
          tus.isHeld = true;
          return new Promise(() => {});
        };
        tus.start(kit.chosenFile(name), { ...options, chunkSize, onBeforeRequest });
      },
      NAME,
      CHUNK,
      held,
    );

  /** An upload whose page ends at a moment, as `end` has it. */
  async function ended({ at, after }) {
    await page.choose(SIZE);
    alter();
    await page.chooseFiles([file]);
    let stalled;
    server.relay.fault = (request) => {
      const isIt = at === undefined ? request.method === 'POST' : offsetOf(request) === at;
      if (!isIt || after === 'ready') return undefined;
      stalled = request;
      return { does: 'stall', after };
    };
    await begin(after === 'ready' ? at : null);
    if (after === 'ready') await seen(() => page.evaluate(() => tus.isHeld === true));
    else await seen(() => stalled);
    if (after === 'half') await seen(() => stalled.body.length > MIB / 2);
    if (after === 'all' && at === undefined) await seen(isCreated);
    if (at === undefined) await seen(async () => (await list()).length === 1);
    if (after === 'all' && at !== undefined) await seen(async () => (await arrived()) > at);
    await page.reload();
    await page.setUp();
    server.relay.fault = () => undefined;
    await page.chooseFiles([file]);
  }

  /** Continues it, and says how that ends. With `isAway`, the file's beginning cannot be read until `tus.isAway` is false. */
  const resumed = ({ isAway = false } = {}) =>
    page.evaluate(
      async (name, chunkSize, isAway) => {
        const { UploadStore } = await import('/dist/store.js');
        const chosen = kit.chosenFile(name);
        tus.isAway = isAway;
        const { slice } = Blob.prototype;
        const away = async () => {
          throw new DOMException('away', 'NotReadableError');
        };
        const stream = () => new ReadableStream({ type: 'bytes', pull: away });
        if (isAway)
          Blob.prototype.slice = function (start, ...rest) {
            const part = slice.call(this, start, ...rest);
            if (tus.isAway && (this.isAway || (this === chosen && start === 0)))
              Object.assign(part, { isAway: true, stream, arrayBuffer: away });
            return part;
          };
        const store = new UploadStore();
        try {
          const options = await tus.resumeTusOptions(chosen, { sealer: kit.sealer(), store, id: 'mine' });
          return await tus.start(chosen, { ...options, chunkSize }).done;
        } catch ({ code, message }) {
          return { error: code, message };
        }
      },
      NAME,
      CHUNK,
      isAway,
    );

  const anyEngine = ANY_ENGINE.includes(name);
  for (const moment of anyEngine ? Object.keys(MOMENTS) : FEWER) {
    const { at, after } = MOMENTS[moment];
    test(`an upload by tus whose page is reloaded ${moment} continues where the server is, and arrives whole`, async () => {
      await ended({ at, after });
      await seen(async () => (await list())[0]?.isRunning === false); // a page's locks go a moment after it
      const told = (await list()).map(({ id, way, size, loaded, isRunning }) => ({ id, way, size, loaded, isRunning }));
      assert.deepEqual(told, [{ id: 'mine', way: 'tus', size: SIZE, loaded: at ?? 0, isRunning: false }]);
      const sent = patches().length;
      const before = await arrived();
      const { error, message, url } = await resumed();
      assert.deepEqual({ error, message }, { error: undefined, message: undefined });
      assert.ok((await open(url)).equals(alter()));
      const again = patches().slice(sent);
      assert.deepEqual(
        again.filter((patch) => offsetOf(patch) < (before ?? 0)),
        [],
        'nothing that the server has is sent twice',
      );
      assertOneCiphertext();
      await seen(async () => (await list()).length === 0);
    });
  }

  for (const { where, at } of [
    { where: 'in what has arrived', at: 10 },
    { where: 'in what has left by half', at: 5 * MIB },
  ].slice(0, anyEngine ? 2 : 1)) {
    test(`a file that changed ${where} is not mixed with it by tus`, async () => {
      await ended(MOMENTS['in the middle of a chunk']);
      alter(at);
      await page.chooseFiles([file]);
      assert.equal((await resumed()).error, 'ERR_SOURCE_CHANGED');
      assertOneCiphertext();
      assert.ok(patches().every((patch) => offsetOf(patch) + patch.body.length < SIZE));
      await page.evaluate(async () => new (await import('/dist/store.js')).UploadStore().forget());
    });
  }

  if (anyEngine)
    test('an upload by tus that the server has refused in an earlier page begins again, and does not count as done', async () => {
      await page.choose(SIZE);
      server.hook.refuses = { status_code: 422, body: 'refused' };
      await begin();
      const { error, url } = await page.evaluate(() => tus.last.done);
      assert.equal(error, 'Error');
      server.hook.refuses = undefined;
      await page.reload();
      await page.setUp();
      await page.chooseFiles([file]);
      await seen(async () => (await list())[0]?.isRunning === false);
      const done = await resumed();
      assert.equal(done.error, undefined, done.message);
      assert.notEqual(done.url, url);
      assert.ok((await open(done.url)).equals(readFileSync(file)));
      assertOneCiphertext();
      await seen(async () => (await list()).length === 0);
    });

  // What follows, our script decides by what it reads and is handed.
  if (!anyEngine) return;

  test('an upload by tus whose file could not be read when it was compared starts again in the same page', async () => {
    await ended(MOMENTS['in the middle of a chunk']);
    await page.evaluate(() => {
      tus.random = Math.random;
      Math.random = () => 0; // no wait between two reads
    });
    assert.equal((await resumed({ isAway: true })).error, 'ERR_READ');
    assert.ok(patches().every((patch) => offsetOf(patch) < LAST));
    const { error, url } = await page.evaluate(() => {
      Math.random = tus.random;
      tus.isAway = false;
      return tus.again();
    });
    assert.equal(error, undefined);
    assert.ok((await open(url)).equals(alter()));
    assertOneCiphertext();
  });

  test('the options that continue an upload by tus refuse another file, which would lack its context', async () => {
    await ended(MOMENTS['in the middle of a chunk']);
    const before = server.relay.seen.length;
    const refused = await page.evaluate(async (name) => {
      const { UploadStore } = await import('/dist/store.js');
      const chosen = kit.chosenFile(name);
      const store = new UploadStore();
      const options = await tus.resumeTusOptions(chosen, { sealer: kit.sealer(), store, id: 'mine' });
      const other = new File([chosen], name, { lastModified: chosen.lastModified });
      const { error, message } = await tus.start(other, { ...options, uploadUrl: null }).done;
      await store.forget();
      return { error, message };
    }, NAME);
    assert.equal(refused.error, 'TypeError');
    assert.match(refused.message, /for one upload of the File/);
    assert.deepEqual(server.relay.seen.slice(before), []);
  });
});
