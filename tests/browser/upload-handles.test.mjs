// Uploads that are kept with the handle of their file: another life of the page continues them without a new choice. The files are those of the
// origin's own file system, whose handles are like those of the user's files, and need no permission.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { openLives } from '../support/browsers/lives.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit -- of the page */

const NAME = 'scan of mister miller.bin';

/** Runs in the page: `kit.handles`, which writes a file, begins its upload with its handle, and continues it from the store. */
async function setUp(name) {
  const { begin, timers } = await import('/support/upload-page.mjs');
  const store = new (await import('/dist/store.js')).UploadStore();
  kit.timers = timers;
  const handleOf = async () => (await navigator.storage.getDirectory()).getFileHandle(name, { create: true });
  const start = (file, options) => {
    kit.upload = begin(file, { sealer: kit.sealer(), store, lists: true, partSize: 5 * 2 ** 20, ...options });
  };
  kit.handles = {
    store,
    async write(size, seed) {
      const writable = await (await handleOf()).createWritable();
      const bytes = kit.sample(size + seed).subarray(seed);
      await writable.write(bytes);
      await writable.close();
      return kit.sha256(bytes);
    },
    async begin(options) {
      const handle = await handleOf();
      start(await handle.getFile(), { handle, ...options });
    },
    /** Without a choice of the user's. */
    async resume(id) {
      const file = await store.file(id);
      start(file, { id, resumes: true });
      const { error } = await kit.upload.settled;
      return { name: file.name, code: error?.code };
    },
  };
}

// s3-lives.test.mjs shows in each engine that what it keeps outlives its processes. Here another page of the same browser reads the handle.
const isKilled = (name) => ANY_ENGINE.includes(name);

uploadsInBrowsers(
  (name) =>
    openUploads(name, { open: (name, options) => openLives(name, { ...options, isNeverKilled: !isKilled(name) }) }),
  (uploads, name) => {
    let s3;
    before(() => {
      ({ s3 } = uploads);
    });
    const list = () => uploads.page.evaluate(() => kit.handles.store.list());
    const write = (seed) => uploads.page.evaluate((size, seed) => kit.handles.write(size, seed), TWO_PARTS, seed);
    const resume = (id) => uploads.page.evaluate((id) => kit.handles.resume(id), id);

    /** An upload that is kept with a handle, and whose page ended, as `end` has it, after its first part. */
    async function ended(end) {
      await uploads.page.evaluate(setUp, NAME);
      const sha256 = await write(0);
      s3.faults.add('PUT 2', { does: 'stall' });
      const id = s3.begin();
      await uploads.page.evaluate((id) => kit.handles.begin({ id, concurrency: 1 }), id);
      await seen(async () => (await list())[0]?.loaded === 5 * MIB);
      await end();
      await uploads.page.evaluate(setUp, NAME);
      s3.faults.reset();
      return { id, sha256 };
    }

    test(`an upload with a handle continues after its page was ${isKilled(name) ? 'killed' : 'reloaded'}, and nobody chooses the file again`, async () => {
      const { id, sha256 } = await ended(isKilled(name) ? uploads.page.restart : uploads.page.reload);
      assert.deepEqual(
        (await list()).map(({ id, hasHandle }) => ({ id, hasHandle })),
        [{ id, hasHandle: true }],
      );
      assert.deepEqual(await resume(id), { name: NAME });
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.deepEqual(await list(), []);
    });

    test('the user is asked whether the page may read a kept file, and it gets none without a yes', async () => {
      await uploads.page.evaluate(setUp, NAME);
      await write(0);
      const id = s3.begin();
      s3.faults.add('PUT 2', { does: 'answer', status: 503 });
      await uploads.page.evaluate((id) => kit.handles.begin({ id, retries: 0, concurrency: 1 }), id);
      assert.equal((await uploads.page.evaluate(() => kit.upload.settled)).error?.status, 503);
      // A driven browser shows no prompt, and these files need none: the platform's two questions are answered here.
      const told = await uploads.page.evaluate(async (id) => {
        const asked = [];
        const file = async (before, answer) => {
          const ask = (name, says) => async (descriptor) => (asked.push({ name, ...descriptor }), says);
          FileSystemHandle.prototype.queryPermission = ask('query', before);
          FileSystemHandle.prototype.requestPermission = ask('request', answer);
          return (await kit.handles.store.file(id))?.name;
        };
        const files = [
          await file('granted', 'denied'),
          await file('prompt', 'granted'),
          await file('prompt', 'denied'),
        ];
        return { files: [...files, await file('denied', 'granted')].map((name) => name ?? null), asked };
      }, id);
      assert.deepEqual(told.files, [NAME, NAME, null, null]);
      const names = ['query', 'query', 'request', 'query', 'request', 'query'];
      assert.deepEqual(
        told.asked,
        names.map((name) => ({ name, mode: 'read' })),
      );
      assert.equal(await uploads.page.evaluate(async () => (await kit.handles.store.file('another')) ?? null), null);
      await uploads.page.evaluate(() => kit.handles.store.forget());
      await s3.abortAll();
    });

    test('a file that has changed behind its handle is refused before anything is sent', async () => {
      const { id } = await ended(uploads.page.reload);
      await write(1);
      assert.deepEqual(await resume(id), { name: NAME, code: 'ERR_SOURCE_CHANGED' });
      assert.deepEqual(s3.faults.names(), []);
      await uploads.page.evaluate(() => kit.handles.store.forget());
      await s3.abortAll();
    });
  },
  BROWSERS.filter((name) => name !== 'webkit'), // which has no file system of an origin in WebKitGTK
);
