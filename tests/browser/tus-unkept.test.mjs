// What kmseal/store keeps of uploads by tus in one page: nothing once they are done, and nothing leaves that it could not note.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { NAME, testTus } from '../support/browsers/tus-uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;
const SIZE = 3 * MIB;

const { server, offsets, open, inBrowsers } = testTus();

inBrowsers((page) => {
  test('an upload by tus that another Upload of its file has finished is not kept any more', async () => {
    await page.choose(SIZE);
    server.relay.fault = ({ headers }) =>
      headers['upload-offset'] === String(MIB) ? { does: 'answer', status: 400, body: '' } : undefined;
    const begin = (uploadUrl) =>
      page.evaluate(
        async (name, chunkSize, uploadUrl) => {
          const { UploadStore } = await import('/dist/store.js');
          tus.kept ??= tus.tusOptions({ sealer: kit.sealer(), store: new UploadStore() });
          return tus.start(kit.chosenFile(name), { ...tus.kept, chunkSize, uploadUrl }).done;
        },
        NAME,
        MIB,
        uploadUrl,
      );
    const list = () => page.evaluate(async () => new (await import('/dist/store.js')).UploadStore().list());
    const { error, url } = await begin(null);
    assert.notEqual(error, undefined);
    assert.equal((await list()).length, 1);
    server.relay.fault = () => undefined;
    assert.equal((await begin(url)).error, undefined);
    await seen(async () => (await list()).length === 0);
  });

  test('an upload by tus that is deleted is not kept any more, and another one of its file takes its id', async () => {
    const bytes = await page.choose(SIZE);
    server.relay.fault = ({ headers }) =>
      headers['upload-offset'] === String(MIB) ? { does: 'stall', after: 'half' } : undefined;
    const begin = () =>
      page.evaluate(
        async (name, chunkSize) => {
          const { UploadStore } = await import('/dist/store.js');
          tus.store = new UploadStore();
          tus.deletable ??= tus.tusOptions({ sealer: kit.sealer(), store: tus.store, id: () => 'mine' });
          tus.start(kit.chosenFile(name), { ...tus.deletable, chunkSize });
        },
        NAME,
        MIB,
      );
    const list = () => page.evaluate(async () => (await tus.store.list()).map(({ id, loaded }) => ({ id, loaded })));
    await begin();
    await seen(async () => (await list())[0]?.loaded === MIB);
    await page.evaluate(() => tus.last.abort(true));
    await seen(async () => (await list()).length === 0);
    await seen(() => page.evaluate(async () => (await navigator.locks.query()).held.length === 0));
    await begin();
    await seen(async () => (await list())[0]?.loaded === MIB);
    server.relay.fault = () => undefined;
    await page.evaluate(() => tus.last.abort().then(() => tus.last.start()));
    const { url, error } = await page.evaluate(() => tus.last.done);
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
    await seen(async () => (await list()).length === 0);
  });

  for (const [status, isKept] of Object.entries({ 413: false, 401: true })) {
    test(`an upload that the server will not create, with status ${status}, is ${isKept ? 'still' : 'not'} kept`, async () => {
      const bytes = await page.choose(SIZE);
      server.relay.fault = ({ method }) =>
        method === 'POST' ? { does: 'answer', status: Number(status), after: 'nothing' } : undefined;
      const list = () => page.evaluate(async () => (await tus.store.list()).map(({ id }) => id));
      const begin = () =>
        page.evaluate(
          async (name, chunkSize) => {
            const { UploadStore } = await import('/dist/store.js');
            tus.store = new UploadStore();
            tus.creatable ??= tus.tusOptions({ sealer: kit.sealer(), store: tus.store, id: () => 'mine' });
            return tus.start(kit.chosenFile(name), { ...tus.creatable, chunkSize, retryDelays: [] }).done;
          },
          NAME,
          MIB,
        );
      assert.notEqual((await begin()).error, undefined);
      await seen(() => page.evaluate(async () => (await navigator.locks.query()).pending.length === 0));
      await seen(async () => (await list()).length === (isKept ? 1 : 0));
      // Another one of the file is kept as any is.
      server.relay.fault = ({ headers }) =>
        headers['upload-offset'] === String(MIB) ? { does: 'answer', status: 400, body: '' } : undefined;
      assert.notEqual((await begin()).error, undefined);
      assert.deepEqual(await list(), ['mine']);
      server.relay.fault = () => undefined;
      const { url } = await page.again();
      assert.ok(bytes.equals(await open(url)));
      await seen(async () => (await list()).length === 0);
    });
  }

  test('an upload that the server has had stays kept where that neither finds it nor creates it again', async () => {
    await page.choose(SIZE);
    const answer = { does: 'answer', status: 404, after: 'nothing' };
    server.relay.fault = ({ method, headers }) =>
      method === 'HEAD' || headers['upload-offset'] === String(MIB) ? answer : undefined;
    const ended = await page.evaluate(
      async (name, chunkSize) => {
        const { UploadStore } = await import('/dist/store.js');
        tus.store = new UploadStore();
        const options = tus.tusOptions({ sealer: kit.sealer(), store: tus.store, id: () => 'mine' });
        return tus.start(kit.chosenFile(name), { ...options, chunkSize, retryDelays: [] }).done;
      },
      NAME,
      MIB,
    );
    assert.notEqual(ended.error, undefined);
    server.relay.fault = () => answer;
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          tus.last.options.onError = resolve;
          tus.last.start();
        }),
    );
    assert.deepEqual(
      server.relay.seen.slice(-2).map(({ method }) => method),
      ['HEAD', 'POST'],
    );
    // What ends an upload releases its lock last.
    const held = await page.evaluate(async () => (await navigator.locks.query()).held.length);
    assert.deepEqual({ held, kept: (await page.evaluate(() => tus.store.list())).length }, { held: 1, kept: 1 });
    await page.evaluate(() => tus.store.forget());
  });

  test('nothing more leaves by tus, however often it starts, once an old state can neither be saved nor removed', async () => {
    await page.choose(SIZE);
    const ended = await page.evaluate(
      async (name, chunkSize) => {
        const { UploadStore } = await import('/dist/store.js');
        const store = new UploadStore();
        let fails = false;
        const fail = async () => {
          throw new DOMException('no', 'UnknownError');
        };
        const failing = {
          own: (id) => store.own(id),
          load: (id) => store.load(id),
          save: (state) => ((fails ||= state.remote.sent > chunkSize) ? fail() : store.save(state)),
          forget: (id) => (fails ? fail() : store.forget(id)),
        };
        const options = tus.tusOptions({ sealer: kit.sealer(), store: failing });
        const upload = tus.start(kit.chosenFile(name), { ...options, chunkSize });
        const ends = [(await upload.done).error];
        ends.push((await tus.again()).error ?? 'success');
        await store.forget();
        return ends;
      },
      NAME,
      MIB,
    );
    assert.deepEqual(ended, ['ERR_STORAGE', 'ERR_STORAGE']);
    assert.deepEqual(offsets(), [0]);
  });
}, ANY_ENGINE);
