// What is kept of uploads in IndexedDB, for how long, and by whom; and uploads that cannot be kept.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import {
  FIVE_PARTS,
  MIB,
  THREE_PARTS,
  TWO_PARTS,
  openUploads,
  uploadsInBrowsers,
} from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit -- of the page */

const DAY = 86_400_000;
const LONG = { stallTimeout: 1_000_000, answerTimeout: 2_000_000 };
const STORE = "new (await import('/dist/store.js')).UploadStore()";
const KEPT = `{ store: ${STORE}, lists: true }`;

uploadsInBrowsers(openUploads, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });
  const inPage = (code) => uploads.page.evaluate(`(async () => { const store = ${STORE}; ${code} })()`);
  const list = () => inPage('return store.list();');

  /** An upload that failed and is kept. */
  async function failed(options = {}, more = '') {
    uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'answer', status: 503 });
    const { id, error } = await uploads.upload({ retries: 0, concurrency: 1, ...options }, `{ ...${KEPT} ${more} }`);
    assert.equal(error?.status, 503, JSON.stringify(error));
    s3.faults.reset();
    return id;
  }

  test('a failure that can be fixed keeps the upload, and success removes it', async () => {
    const began = Date.now();
    const id = await failed();
    const [kept, ...others] = await list();
    assert.deepEqual(others, []);
    const { createdAt, expiresAt, total, ...rest } = kept;
    assert.deepEqual(rest, {
      id,
      way: 's3',
      size: TWO_PARTS,
      lastModified: Date.parse('2026-01-01T00:00:00Z'),
      loaded: 5 * MIB,
      hasHandle: false,
      isRunning: false,
    });
    assert.ok(createdAt >= began - 1000 && createdAt <= Date.now() && total > TWO_PARTS);
    assert.ok(expiresAt - createdAt >= 7 * DAY && expiresAt - createdAt < 7 * DAY + 600_000);
    const { error } = await uploads.upload({ id, resumes: true }, KEPT);
    assert.equal(error, undefined);
    assert.deepEqual(
      s3.faults.names().filter((asked) => asked.startsWith('PUT')),
      ['PUT 2'],
    );
    assert.equal((await s3.open(id)).size, total);
    assert.deepEqual(await list(), []);
  });

  test('only the size and time of a file are kept, and a name if the page gives one', async () => {
    await failed();
    const told = () =>
      inPage(`
        const { id } = (await store.list())[0];
        const state = await store.load(id);
        const raw = await crypto.subtle.exportKey('raw', state.sealed.key).catch(({ name }) => name);
        return { raw, usages: state.sealed.key.usages, text: JSON.stringify(state) };
      `);
    const { raw, usages, text } = await told();
    assert.deepEqual({ raw, usages }, { raw: 'InvalidAccessError', usages: ['encrypt'] });
    assert.doesNotMatch(text, /report|miller|pdf/);
    await inPage('await store.forget();');
    await failed({ name: 'my report' });
    assert.deepEqual(
      (await list()).map((kept) => kept.name),
      ['my report'],
    );
    await inPage('await store.forget();');
    assert.deepEqual(await list(), []);
    await s3.abortAll();
  });

  test('one page at a time runs an upload', async () => {
    uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'stall' });
    const id = await uploads.begin({ concurrency: 1, ...LONG }, KEPT);
    await inPage('while (!(await store.list())[0]?.isRunning) await new Promise((r) => setTimeout(r, 20));');
    await uploads.page.evaluate(() => {
      kit.first = kit.upload;
    });
    for (const resumes of [true, false]) {
      const { error } = await uploads.upload({ id, resumes }, KEPT);
      assert.deepEqual(
        { code: error?.code, said: /another page/.test(error?.message) },
        { code: 'ERR_STORAGE', said: true },
      );
    }
    await uploads.page.evaluate(() => kit.first.abort());
    assert.equal((await uploads.page.evaluate(() => kit.first.settled)).error, 'cancelled');
  });

  // That an engine keeps states and removes them, the tests above show. What follows is our script's alone: when it does so, and what it makes of stores
  // that are not IndexedDB or fail by themselves, of lists that servers give, and of an engine of ours.
  if (!ANY_ENGINE.includes(name)) return;

  test('an upload is forgotten a week after it was last saved, or when the page says', async () => {
    const id = await failed();
    const kept = await inPage(`
      const { now } = Date;
      const after = async (days) => {
        Date.now = () => now() + days * ${DAY};
        try { return (await store.list()).length; } finally { Date.now = now; }
      };
      return [await after(6.9), await after(7.1), await after(0)];
    `);
    assert.deepEqual(kept, [1, 0, 0]);
    const { error } = await uploads.upload({ id, resumes: true }, KEPT);
    assert.deepEqual(
      { code: error?.code, said: /has expired/.test(error?.message) },
      { code: 'ERR_STORAGE', said: true },
    );
    await s3.abortAll();
  });

  test('an upload that begins deletes what has expired, in a page that asks nothing else of its store', async () => {
    const expired = await failed({ name: 'a name in the clear' });
    await inPage(`
      const state = await store.load('${expired}');
      const { now } = Date;
      Date.now = () => now() - 8 * ${DAY};
      try { await store.save(state); } finally { Date.now = now; }
    `);
    const id = await failed();
    const left = await inPage(`
      const database = await new Promise((resolve) => {
        indexedDB.open('kmseal-uploads').onsuccess = ({ target }) => resolve(target.result);
      });
      const keys = await new Promise((resolve) => {
        database.transaction('uploads').objectStore('uploads').getAllKeys().onsuccess = ({ target }) => resolve(target.result);
      });
      database.close();
      return keys;
    `);
    assert.deepEqual(left, [id]);
    await inPage('await store.forget();');
    await s3.abortAll();
  });

  test('an upload that is cancelled, or that cannot be continued, is removed', async () => {
    uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'stall' });
    await uploads.begin({ concurrency: 1, ...LONG }, KEPT);
    await inPage(
      'while ((await store.list())[0]?.loaded !== 5 * 2 ** 20) await new Promise((r) => setTimeout(r, 20));',
    );
    assert.equal((await list())[0].isRunning, true);
    await uploads.abort();
    assert.equal((await uploads.settled()).error, 'cancelled');
    assert.deepEqual(await list(), []);
    s3.faults.reset();
    s3.faults.add('PUT 2', { does: 'answer', status: 400, body: '<Error><Code>MalformedXML</Code></Error>' });
    assert.equal((await uploads.upload({ concurrency: 1 }, KEPT)).error?.status, 400);
    assert.deepEqual(await list(), []);
  });

  test('an upload that is forgotten while it runs arrives, and is not kept again', async () => {
    const sha256 = uploads.write(THREE_PARTS);
    let release;
    const until = new Promise((resolve) => {
      release = resolve;
    });
    s3.faults.add('PUT 2', { does: 'hold', until, after: 'all' });
    const id = await uploads.begin(
      { concurrency: 1 },
      `{ ...${KEPT}, onUnsaved: ({ message }) => (kit.unsaved = message) }`,
    );
    await inPage(
      'while ((await store.list())[0]?.loaded !== 5 * 2 ** 20) await new Promise((r) => setTimeout(r, 20));',
    );
    await inPage('await store.forget((await store.list())[0].id);');
    release();
    assert.equal((await uploads.settled()).error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.deepEqual(await list(), []);
    assert.match(await uploads.page.evaluate('kit.unsaved'), /forgotten/);
  });

  test('an upload that is forgotten before its server has answered, as on sign-out, is not kept again', async () => {
    const sha256 = uploads.write(TWO_PARTS);
    let release;
    const until = new Promise((resolve) => {
      release = resolve;
    });
    s3.faults.add('POST', { does: 'hold', until, after: 'all' }, 1);
    const told = `{ ...${KEPT}, onUnsaved: ({ message }) => (kit.unsaved = message) }`;
    const id = await uploads.begin({ concurrency: 1 }, told);
    await seen(async () => s3.faults.names().includes('POST') && (await list()).length === 1);
    await inPage('await store.forget();');
    release();
    assert.equal((await uploads.settled()).error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.match(await uploads.page.evaluate('kit.unsaved'), /forgotten/);
  });

  test('an upload that is forgotten while a second owner in its page is refused is not kept again', async () => {
    uploads.write(THREE_PARTS);
    let release;
    const until = new Promise((resolve) => {
      release = resolve;
    });
    s3.faults.add('PUT 2', { does: 'hold', until, after: 'all' });
    const shared = '{ store: (kit.shared ??= ' + STORE + '), lists: true }';
    const id = await uploads.begin({ concurrency: 1 }, shared);
    await inPage(
      'while ((await store.list())[0]?.loaded !== 5 * 2 ** 20) await new Promise((r) => setTimeout(r, 20));',
    );
    await uploads.page.evaluate(() => {
      kit.first = kit.upload;
    });
    assert.equal((await uploads.upload({ id, resumes: true }, shared)).error?.code, 'ERR_STORAGE');
    await inPage('await store.forget();');
    s3.faults.add('PUT 3', { does: 'stall' });
    release();
    await seen(() => s3.faults.names().includes('PUT 3'));
    assert.deepEqual(await list(), []);
    await uploads.page.evaluate(() => kit.first.abort());
    await uploads.page.evaluate(() => kit.first.settled);
  });

  test('every state that is saved has the tags of all that it says has left', async () => {
    const sha256 = uploads.write(FIVE_PARTS);
    // A description that takes its time, as one does in a page that is busy: meanwhile other parts are sealed.
    const { id, error } = await uploads.upload(
      { concurrency: 4 },
      `await (async (store) => {
        const sealer = kit.sealer();
        const prepare = sealer.prepare.bind(sealer);
        sealer.prepare = async (...asked) => {
          const sealed = await prepare(...asked);
          const save = sealed.save.bind(sealed);
          sealed.save = async () => {
            const state = await save();
            await new Promise((resolve) => setTimeout(resolve, 300));
            return state;
          };
          return sealed;
        };
        kit.untagged = [];
        const save = (state) => {
          const { tags, frameLength, header } = state.sealed;
          const { partSize, parts } = state.remote;
          const tagged = (index) => tags.subarray(16 * index, 16 * index + 16).some((byte) => byte !== 0);
          for (const { PartNumber } of parts) {
            const last = Math.min(PartNumber * partSize, state.total) - 1 - header.length;
            if (!tagged(Math.min(Math.floor(last / (frameLength + 32)), tags.length / 16 - 1))) kit.untagged.push(PartNumber);
          }
          return store.save(state);
        };
        return { sealer, store: { own: (id) => store.own(id), load: (id) => store.load(id), save, forget: (id) => store.forget(id) } };
      })(${STORE})`,
    );
    assert.equal(error, undefined);
    assert.deepEqual(await uploads.page.evaluate('kit.untagged'), []);
    assert.equal((await s3.open(id)).sha256, sha256);
  });

  test('an upload is kept by a store in a Proxy, as Vue makes one of its state', async () => {
    const PROXY = `new Proxy(${STORE}, {})`;
    uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'answer', status: 503 });
    const { id, error } = await uploads.upload({ retries: 0, concurrency: 1 }, `{ store: ${PROXY}, lists: true }`);
    assert.equal(error?.status, 503);
    s3.faults.reset();
    const [kept] = await uploads.page.evaluate(`(async () => (${PROXY}).list())()`);
    assert.equal(kept?.id, id);
    assert.equal((await uploads.upload({ id, resumes: true }, `{ store: ${PROXY}, lists: true }`)).error, undefined);
    assert.deepEqual(await list(), []);
  });

  for (const { what, part } of [
    { what: 'other names', part: "{ part: 1, etag: 'a' }" },
    { what: 'numbers in texts', part: "{ PartNumber: '1', ETag: 'a' }" },
  ])
    test(`a list of parts with ${what} is a mistake that is named, and not a reason to send all of them again`, async () => {
      const id = await failed();
      const callbacks = `callbacks: { listParts: async () => [${part}] }`;
      const { error } = await uploads.upload({ id, resumes: true }, `{ store: ${STORE}, ${callbacks} }`);
      assert.equal(error?.name, 'TypeError');
      assert.match(error.message, /listParts must give an array of/);
      assert.deepEqual(
        s3.faults.names().filter((asked) => asked.startsWith('PUT')),
        [],
      );
    });

  test('the state of another upload under the id is not taken for its own', async () => {
    const id = await failed();
    const mixed = `await (async (store) => ({
      own: (id) => store.own(id), load: () => store.load('${id}'), save: (state) => store.save(state), forget: (id) => store.forget(id),
    }))(${STORE})`;
    const { error } = await uploads.upload({ id: s3.begin(), resumes: true }, `{ store: ${mixed} }`);
    assert.equal(error?.code, 'ERR_STORAGE');
    await inPage('await store.forget();');
    await s3.abortAll();
  });

  for (const { what, storage } of [
    {
      what: 'whose store cannot be opened',
      storage: "own: async () => { throw new DOMException('no', 'SecurityError'); }",
    },
    {
      what: 'whose first save fails',
      storage: "save: async () => { throw new DOMException('no', 'DataCloneError'); }",
    },
    {
      what: 'whose first save says that it failed, and did not',
      storage: "save: async (state) => { await store.save(state); throw new DOMException('no', 'TimeoutError'); }",
    },
    {
      what: 'whose store is full in the middle',
      storage:
        "save: async (state) => { if (state.loaded > 0) throw new DOMException('no', 'QuotaExceededError'); return store.save(state); }",
    },
  ]) {
    test(`an upload ${what} arrives, and no part of it is kept`, async () => {
      const sha256 = uploads.write(TWO_PARTS);
      const wrapped = `await (async (store) => ({
        own: (id) => store.own(id), load: (id) => store.load(id), save: (state) => store.save(state), forget: (id) => store.forget(id),
        ${storage},
      }))(${STORE})`;
      const { id, error } = await uploads.upload(
        { concurrency: 1 },
        `{ store: ${wrapped}, onUnsaved: (error) => (kit.told = (kit.told ?? 0) + 1) }`,
      );
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.deepEqual(await list(), []);
      assert.equal(await uploads.page.evaluate(() => [kit.told, (kit.told = 0)][0]), 1);
    });
  }

  test('no more leaves when an old state can neither be saved nor removed', async () => {
    uploads.write(THREE_PARTS);
    const fails = "async () => { throw new DOMException('no', 'UnknownError'); }";
    const { id, error } = await uploads.upload(
      { concurrency: 1 },
      `{ store: await (async (store) => ({
        own: (id) => store.own(id), load: (id) => store.load(id), forget: (id) => (kit.fails ? (${fails})() : store.forget(id)),
        save: (state) => (state.loaded > 0 ? ((kit.fails = true), (${fails})()) : store.save(state)),
      }))(${STORE}) }`,
    );
    assert.equal(error?.code, 'ERR_STORAGE');
    assert.equal(await s3.arrived(id), false);
    assert.equal(s3.faults.names().includes('PUT 3'), false);
    await inPage('await store.forget();');
  });

  test("an upload by the engine 'wasm' arrives, and says that it is not kept", async () => {
    const sha256 = uploads.write(TWO_PARTS);
    const { id, error } = await uploads.upload(
      {},
      `{ sealer: kit.sealer({ engine: 'wasm' }), store: ${STORE}, onUnsaved: ({ code }) => (kit.code = code) }`,
    );
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.equal(await uploads.page.evaluate('kit.code'), 'ERR_STORAGE');
    assert.deepEqual(await list(), []);
  });
});
