// Uploads whose store is lost while they run: no space, a database that is deleted or closed. They arrive, say once that they are not kept any
// more, and leave no state behind that lacks what has left since.
import assert from 'node:assert/strict';
import { afterEach, before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { openKit } from '../support/browsers/session.mjs';
import { MIB, THREE_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit -- of the page */

const STORE = "new (await import('/dist/store.js')).UploadStore()";
const KEPT = `{ store: ${STORE}, lists: true, onUnsaved: ({ code, message }) => kit.told.push({ code, message }) }`;

/** How an origin gets little space: Chromium's tests say so when they want it, Firefox by a preference (20 MiB in all), and WebKit not at all. */
const LIMITED = { firefox: { 'dom.quotaManager.temporaryStorage.fixedLimit': 20 * 1024 } };
/** Clears the site's data, as its user may at any time. */
const routes = (app) => app.get('/clear', (c) => c.body('', 200, { 'Clear-Site-Data': '"storage"' }));
const open = (name) =>
  openUploads(name, {
    routes,
    open: (name, options) =>
      openKit(name, { ...options, ...(LIMITED[name] && { browser: { preferences: LIMITED[name] } }) }),
  });

uploadsInBrowsers(open, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
    return uploads.page.evaluate(() => void (kit.told = []));
  });
  const inPage = (code) => uploads.page.evaluate(`(async () => { const store = ${STORE}; ${code} })()`);
  const list = () => inPage('return store.list();');
  const devTools = (command, values) =>
    uploads.page.driver.sendAndGetDevToolsCommand(command, { origin: uploads.page.origin, ...values });

  afterEach(() => inPage('await store.forget();'));

  /** Has an upload wait while its second part arrives, does something to its store, and says how it ends. */
  async function lost(happens) {
    const { id, sha256, release, finish } = await uploads.beginHeld(KEPT);
    await seen(async () => (await list())[0]?.loaded === 5 * MIB);
    await happens(release);
    release();
    await seen(() => uploads.page.evaluate(() => kit.told.length > 0));
    assert.deepEqual(await list(), [], 'while more leaves');
    finish();
    const { error } = await uploads.settled();
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.deepEqual(
      (await uploads.page.evaluate(() => kit.told.splice(0))).map(({ code }) => code),
      ['ERR_STORAGE'],
    );
    assert.deepEqual(await list(), []);
  }

  /** Leaves no space to the page's origin. */
  const fill = () =>
    inPage(`
      const database = await new Promise((resolve) => {
        const request = indexedDB.open('filler');
        request.onupgradeneeded = () => request.result.createObjectStore('bytes', { autoIncrement: true });
        request.onsuccess = () => resolve(request.result);
      });
      const fits = (size) => new Promise((resolve) => {
        try {
          const transaction = database.transaction('bytes', 'readwrite');
          transaction.onabort = () => resolve(false);
          transaction.oncomplete = () => resolve(true);
          transaction.objectStore('bytes').add(crypto.getRandomValues(new Uint8Array(size)));
        } catch {
          resolve(false); // Firefox, once it has no space
        }
      });
      for (const size of [65536, 8192, 512]) while (await fits(size));
      database.close();
    `);
  const empty = () =>
    inPage("await new Promise((resolve) => { indexedDB.deleteDatabase('filler').onsuccess = resolve; });");

  // The first of all tests, since Chromium looks at the space that is left only from time to time.
  if (name === 'chromium')
    test('an upload without space for its state arrives', async () => {
      await devTools('Storage.overrideQuotaForOrigin', { quotaSize: 2 * MIB });
      await lost(fill);
      await devTools('Storage.overrideQuotaForOrigin', {});
      await empty();
    });

  /** Has an upload find no space from the start. */
  async function refused(options) {
    const sha256 = uploads.write(THREE_PARTS);
    const { id, error } = await uploads.upload({}, options);
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    const told = await uploads.page.evaluate(() => kit.told.splice(0).map(({ code }) => code));
    assert.deepEqual(told, ['ERR_STORAGE']);
  }

  // A small state fits into the pages that Firefox's database has in any case.
  if (name === 'firefox')
    test('an upload that finds no space for its state from the start arrives', async () => {
      await fill();
      await refused(`{ ...${KEPT}, name: 'n'.repeat(${3 * MIB}) }`);
      await empty();
      assert.deepEqual(await list(), []);
    });

  // Nothing limits the space of an origin there, so this is not WebKit's own quota: `put` fails as it does without space. What then happens, the other
  // engines show above.
  if (name === 'webkit' && ANY_ENGINE.includes(name)) {
    const refuse = () =>
      inPage(`
        kit.put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = () => { throw new DOMException('no space', 'QuotaExceededError'); };
      `);
    const restore = () => inPage('IDBObjectStore.prototype.put = kit.put;');

    test('an upload whose state is refused from the start arrives', async () => {
      await refuse();
      await refused(KEPT);
      await restore();
      assert.deepEqual(await list(), []);
    });

    test('an upload whose state is refused later arrives', async () => {
      await lost(refuse);
      await restore();
    });
  }

  test('an upload whose database is deleted by another script arrives', () =>
    lost(() =>
      inPage("await new Promise((resolve) => { indexedDB.deleteDatabase('kmseal-uploads').onsuccess = resolve; });"),
    ));

  // The page keeps one of the store's transactions open until it is ended from outside.
  const HOLD = `
      const { put } = IDBObjectStore.prototype;
      kit.isHeld = false;
      IDBObjectStore.prototype.put = function (...values) {
        IDBObjectStore.prototype.put = put;
        const again = () => {
          kit.isHeld = true;
          this.count().onsuccess = again;
        };
        again();
        return put.apply(this, values);
      };
    `;
  /** Has something happen while a save of the upload runs. */
  const lostAtSave = (happens) =>
    lost(async (release) => {
      await inPage(HOLD);
      release();
      await seen(() => uploads.page.evaluate(() => kit.isHeld));
      await happens();
    });

  test('an upload whose site’s data is cleared between two saves arrives', () =>
    lost(() => inPage("await fetch('/clear');")));

  test('an upload whose site’s data is cleared during a save arrives', () =>
    lostAtSave(() => inPage("await fetch('/clear');")));

  if (name === 'chromium')
    test('an upload whose database the browser closes during a save, as its developer tools do, arrives', () =>
      lostAtSave(() => devTools('Storage.clearDataForOrigin', { storageTypes: 'indexeddb' })));
});
