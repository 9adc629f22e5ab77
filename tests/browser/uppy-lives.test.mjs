// Uploads by @uppy/tus that end with their page, and continue in Uppy in another one as docs/uppy.md says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { setKit } from '../support/browsers/session.mjs';
import { blocksOf } from '../docs/blocks.mjs';
import { NAMES, testUppy } from '../support/browsers/uppy.mjs';
import { seen } from '../support/until.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const [{ code: CONTINUE }] = blocksOf('docs/uppy.md').filter(
  ({ heading }) => heading === 'Tus in Uppy, after a reload',
);

const { servers, inBrowsers } = testUppy();
const patches = () => servers.relays.tus.seen.filter(({ method }) => method === 'PATCH');
const offsetOf = ({ headers }) => Number(headers['upload-offset']);

/** Runs in the page. */
async function setUp({ tus: endpoint }) {
  globalThis.up = { ...(await import('/uppy.js')) };
  up.store = new up.UploadStore();
  const settings = { endpoint, chunkSize: 2 ** 20, retryDelays: [] };
  /** An Uppy whose uploads are kept, with the chosen files. */
  up.make = (description) => {
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
    const sealing = {
      sealer: kit.sealer(),
      store: up.store,
      id: (file) => `upload of ${file.size}`,
      describe: description,
    };
    uppy.use(up.Tus, { ...up.tusOptions(sealing), ...settings });
    for (const file of document.querySelector('input').files) uppy.addFile(file);
    up.last = uppy;
    return uppy;
  };
  /** Has the files that the store knows continue, by their size and time. `give` is the guide's code. */
  up.continue = async (give) => {
    const { resumeTusOptions, store, last: uppy } = up;
    for (const { id: fileId, data } of uppy.getFiles()) {
      const { id } = (await store.list()).find(
        ({ size, lastModified }) => size === data.size && lastModified === data.lastModified,
      );
      await give({ uppy, fileId, resumeTusOptions, sealer: kit.sealer(), store, id });
      const { tus } = uppy.getFile(fileId);
      uppy.setFileState(fileId, { tus: { ...tus, chunkSize: settings.chunkSize } });
    }
  };
  up.upload = async () => {
    const { successful, failed } = await up.last.upload();
    return {
      failed: failed.map(({ error }) => error),
      urls: successful.map(({ uploadURL }) => uploadURL),
    };
  };
}

// What of an upload by tus outlives its page in each engine, tus-lives.test.mjs shows. Uppy only hands it on.
inBrowsers(
  setUp,
  (page) => {
    test('uploads that ended with their page continue in Uppy, each with the envelope that it was begun with', async () => {
      const contents = await page.choose(3.5 * MIB, 2.5 * MIB);
      const fault = (request) =>
        request.method === 'PATCH' && offsetOf(request) === MIB ? { does: 'stall', after: 'half' } : undefined;
      servers.relays.tus.fault = fault;
      await page.evaluate(() => void up.make({ title: 'a letter' }).upload());
      await seen(
        () => patches().filter((request) => offsetOf(request) === MIB && request.body.length >= MIB / 2).length === 2,
      );

      await page.driver.navigate().refresh();
      await setKit(page, [servers.key]);
      await page.evaluate(setUp, servers.places);
      servers.relays.tus.fault = () => undefined;
      const sent = patches().length;
      await page.rechoose(2);
      await page.evaluate(() => void up.make());
      await page.evaluate(
        `up.continue(async ({ uppy, fileId, resumeTusOptions, sealer, store, id }) => { ${CONTINUE} })`,
      );
      const { failed, urls } = await page.evaluate(() => up.upload());
      assert.deepEqual({ failed, count: urls.length }, { failed: [], count: 2 });
      const opened = await Promise.all(urls.map((url) => servers.open(servers.tus.read(url))));
      for (const bytes of contents) assert.ok(opened.some((one) => one.equals(bytes)));
      const again = patches().slice(sent);
      assert.ok(again.length >= 4 && again.every((request) => offsetOf(request) >= MIB), again.map(offsetOf).join());
      assert.deepEqual(
        new Set(again.map(({ url }) => url)),
        new Set(
          patches()
            .slice(0, sent)
            .map(({ url }) => url),
        ),
      );
      await seen(async () => (await page.evaluate(() => up.store.list())).length === 0);
      assert.deepEqual(await page.evaluate(() => up.last.getFiles().map(({ name }) => name)), NAMES);
    });
  },
  ANY_ENGINE,
);
