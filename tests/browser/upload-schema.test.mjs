// Uploads that are kept, where another version of kmseal has the same database: before, after, and at the same time in another tab.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit -- of the page */

/** Longer than a driver waits: it passes when a test says so. */
const PATIENCE = 1_000_000;

/** kmseal/store as a newer version has it: with the next version of the schema, which changes nothing that this one has. */
function newerStore() {
  const own = readFileSync(new URL('../../dist/store.js', import.meta.url), 'utf8');
  const newer = own
    .replace(/VERSION = 1\b/, 'VERSION = 2')
    .replace(/PATIENCE_MS = (?:1e4|10_?000)\b/, `PATIENCE_MS = ${PATIENCE}`);
  assert.equal(newer.length - own.length, String(PATIENCE).length - 3, 'two numbers are others');
  return newer;
}

const routes = (app) =>
  app.get('/newer-store.js', (c) => c.body(newerStore(), 200, { 'Content-Type': 'text/javascript' }));
const storeOf = (file) => `new (await import('${file}')).UploadStore()`;
const OLDER = storeOf('/dist/store.js');
const NEWER = storeOf('/newer-store.js');
/** What an upload is begun with; what it is told goes to `kit.told`. */
const kept = (store) =>
  `{ store: ${store}, lists: true, onUnsaved: ({ code, message }) => kit.told.push({ code, message }) }`;

uploadsInBrowsers(
  (name) => openUploads(name, { routes }),
  (uploads, name) => {
    let s3;
    before(() => {
      ({ s3 } = uploads);
      return uploads.page.evaluate(() => void (kit.told = []));
    });
    const inPage = (code) => uploads.page.evaluate(`(async () => { ${code} })()`);
    const list = (store) => inPage(`return (${store}).list();`);
    const idsOf = async (store) => (await list(store)).map(({ id }) => id);
    const told = () => uploads.page.evaluate(() => kit.told.splice(0));

    afterEach(async () => {
      await inPage(`
        kit.held?.close();
        kit.held = undefined;
        await new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase('kmseal-uploads'), { onsuccess: resolve, onerror: reject }));
      `);
    });

    /** An upload that failed and is kept. */
    async function failed(store) {
      const sha256 = uploads.write(TWO_PARTS);
      s3.faults.add('PUT 2', { does: 'answer', status: 503 });
      const { id, error } = await uploads.upload({ retries: 0, concurrency: 1 }, kept(store));
      assert.equal(error?.status, 503);
      s3.faults.reset();
      return { id, sha256 };
    }

    /** A held upload, once its first part has arrived. */
    async function waiting(store) {
      const upload = await uploads.beginHeld(kept(store));
      await seen(async () => (await list(store))[0]?.loaded === 5 * MIB);
      return upload;
    }

    const resumed = (id, store) => uploads.upload({ id, resumes: true }, kept(store));

    test('a newer version continues what an older one kept', async () => {
      const { id, sha256 } = await failed(OLDER);
      assert.deepEqual(await idsOf(NEWER), [id]);
      const { error } = await resumed(id, NEWER);
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.deepEqual(await list(NEWER), []);
    });

    test('a page that is older than what was kept resumes nothing, says so, and uploads all the same', async () => {
      const { id } = await failed(NEWER);
      assert.deepEqual(await list(OLDER), []);
      const { error } = await resumed(id, OLDER);
      assert.equal(error?.code, 'ERR_STORAGE');
      assert.match(error.message, /newer version of kmseal.*reload this page/);

      const sha256 = uploads.write(TWO_PARTS, 1);
      const other = await uploads.upload({}, kept(OLDER));
      assert.equal(other.error, undefined);
      assert.equal((await s3.open(other.id)).sha256, sha256);
      const [{ code, message }, ...more] = await told();
      assert.deepEqual({ code, more }, { code: 'ERR_STORAGE', more: [] });
      assert.match(message, /not kept.*newer version of kmseal/);
      assert.deepEqual(await idsOf(NEWER), [id], 'and nothing is lost');
      await s3.abortAll();
    });

    test('an upload during which a newer page takes the database over arrives, and is not kept any more', async () => {
      const { id, sha256, release, finish } = await waiting(OLDER);
      assert.deepEqual(await idsOf(NEWER), [id], 'the newer page need not wait');
      release();
      await seen(() => uploads.page.evaluate(() => kit.told.length > 0));
      assert.deepEqual(await list(NEWER), [], 'no state is left that lacks what leaves from now on');
      finish();
      assert.equal((await uploads.settled()).error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.deepEqual(
        (await told()).map(({ code }) => code),
        ['ERR_STORAGE'],
      );
    });

    test('a database that a page holds open in an older version delays an upload, and does not stop it', async () => {
      await list(OLDER);
      await inPage(`
        kit.held = await new Promise((resolve) => {
          const request = indexedDB.open('kmseal-uploads', 1);
          request.onsuccess = () => resolve(request.result);
        });
      `);
      const sha256 = uploads.write(3 * MIB);
      const id = await uploads.begin({}, kept(NEWER));
      // That of the save, and that of the removal of what it may have left. On a busy machine both are held at once.
      await inPage('void kit.upload.settled.then(() => (kit.hasSettled = true));');
      await seen(async () => {
        await uploads.expire(PATIENCE);
        return uploads.page.evaluate(() => kit.hasSettled === true);
      });
      const { error } = await uploads.settled();
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      const [{ code, message }, ...more] = await told();
      assert.deepEqual({ code, more }, { code: 'ERR_STORAGE', more: [] });
      assert.match(message, /did not open.*another page has another version/);
      // As soon as that page lets go, it works again, and nobody holds it.
      await inPage('kit.held.close();');
      assert.deepEqual(await list(NEWER), []);
    });

    // Which states it takes, and that it removes them as any other, is our script's.
    if (!ANY_ENGINE.includes(name)) return;

    test('a page that is older than what was kept can still forget it', async () => {
      await failed(NEWER);
      await inPage(`await (${OLDER}).forget();`);
      assert.deepEqual(await list(NEWER), []);
      await s3.abortAll();
    });

    test('what no version of ours has written is neither listed nor resumed', async () => {
      await list(OLDER);
      await inPage(`
        const database = await new Promise((resolve) => {
          const request = indexedDB.open('kmseal-uploads');
          request.onsuccess = () => resolve(request.result);
        });
        const transaction = database.transaction('uploads', 'readwrite');
        const entries = { a: { version: 2, way: 's3' }, b: undefined, c: { version: 1, way: 's4' }, d: { version: 1, way: 's3', sealed: {} } };
        for (const [id, state] of Object.entries(entries)) transaction.objectStore('uploads').put({ id, savedAt: Date.now(), state });
        await new Promise((resolve) => { transaction.oncomplete = resolve; });
        database.close();
      `);
      uploads.write(1000);
      for (const id of ['a', 'b', 'c', 'd']) assert.equal((await resumed(id, OLDER)).error?.code, 'ERR_STORAGE', id);
      assert.deepEqual(
        (await idsOf(OLDER)).filter((id) => 'ab'.includes(id)),
        [],
      );
    });
  },
);
