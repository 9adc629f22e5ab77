// tusOptions in @uppy/tus, which looks for previous uploads by itself and has its own rules for repeating.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { leaks } from '../support/servers/relay.mjs';
import { NAMES, testUppy } from '../support/browsers/uppy.mjs';

/* global kit, up -- of the page */

const MIB = 2 ** 20;

const { servers, inBrowsers } = testUppy();

const patches = () => servers.relays.tus.seen.filter(({ method }) => method === 'PATCH');
const offsets = () => patches().map(({ headers }) => Number(headers['upload-offset']));
/** From the second chunk on nothing arrives as it should. */
const breakDown = () => {
  servers.relays.tus.fault = ({ method }) =>
    method === 'PATCH' && patches().length > 1 ? { does: 'answer', status: 500, after: 'half' } : undefined;
};

/** Runs in the page. */
async function setUp({ tus: endpoint }) {
  globalThis.up = { ...(await import('/uppy.js')) };
  /** An Uppy with the chosen files and a sealing uploader. */
  up.make = (options) => {
    const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
    uppy.use(up.Tus, {
      ...up.tusOptions({ sealer: kit.sealer() }),
      endpoint,
      chunkSize: 2 ** 20,
      retryDelays: [50, 50],
      ...options,
    });
    for (const file of document.querySelector('input').files) uppy.addFile(file);
    uppy.errors = [];
    uppy.on('upload-error', (file, error) =>
      uppy.errors.push({ code: error.causingError?.code, message: error.message }),
    );
    up.last = uppy;
    return uppy;
  };
  up.urls = () => up.last.getFiles().map(({ uploadURL, tus }) => uploadURL ?? tus?.uploadUrl);
  up.counts = ({ successful, failed }) => [successful.length, failed.length];
}

// What Uppy repeats and resumes, its script decides. What each engine makes of a connection that is cut, tus.test.mjs shows.
inBrowsers(
  setUp,
  (page) => {
    beforeEach(() => page.evaluate(() => localStorage.clear()));

    const upload = (options) =>
      page.evaluate(
        async (options) => ({
          counts: up.counts(await up.make(options).upload()),
          urls: up.urls(),
          errors: up.last.errors,
        }),
        options,
      );

    const opened = (url) => servers.open(servers.tus.read(url));

    test('two files arrive sealed, without their names, while the page shows them', async () => {
      const contents = await page.choose(2.5 * MIB, 100);
      const { counts, urls, errors } = await upload();
      assert.deepEqual({ counts, errors }, { counts: [2, 0], errors: [] });
      for (const [index, url] of urls.entries()) {
        assert.ok(contents[index].equals(await opened(url)));
        assert.equal((await servers.tus.upload(url)).metadata, undefined);
      }
      assert.deepEqual(await page.evaluate(() => [up.last.getFiles().map((file) => file.name), { ...localStorage }]), [
        NAMES,
        {},
      ]);
    });

    test('the search would find the names in an unsealed upload', async () => {
      await page.choose(100);
      await upload({ allowedMetaFields: true });
      assert.deepEqual(leaks(servers.seen(), [NAMES[0]]), ['POST headers']);
      servers.reset();
    });

    test('an upload continues with the same envelope after connections are cut midway', async () => {
      const [bytes] = await page.choose(3.5 * MIB);
      const cut = new Set();
      servers.relays.tus.fault = ({ method }) => {
        const turn = patches().length;
        if (method !== 'PATCH' || ![1, 3].includes(turn)) return undefined;
        cut.add(turn);
        return { does: 'cut', after: 'half' };
      };
      const { counts, urls, errors } = await upload();
      assert.deepEqual({ counts, errors, size: cut.size }, { counts: [1, 0], errors: [], size: 2 });
      assert.ok(bytes.equals(await opened(urls[0])));
    });

    test('a repeated upload that failed continues with the same envelope', async () => {
      const [bytes] = await page.choose(2.5 * MIB);
      breakDown();
      const { counts, urls } = await upload({ retryDelays: [] });
      assert.deepEqual(counts, [0, 1]);
      servers.reset();
      const again = await page.evaluate(async () => [up.counts(await up.last.retryAll()), up.urls()]);
      assert.deepEqual(again, [[1, 0], urls]);
      assert.ok(offsets()[0] > MIB, `continued at ${offsets()[0]}`);
      assert.ok(bytes.equals(await opened(urls[0])));
    });

    test('an upload that is paused and resumed arrives', async () => {
      const [bytes] = await page.choose(3.5 * MIB);
      const result = await page.evaluate(async () => {
        const uppy = up.make();
        uppy.once('upload-progress', () => {
          uppy.pauseAll();
          setTimeout(() => uppy.resumeAll(), 300);
        });
        return [up.counts(await uppy.upload()), up.urls()];
      });
      assert.deepEqual(result[0], [1, 0]);
      assert.ok(bytes.equals(await opened(result[1][0])));
    });

    /** Leaves a half-finished upload of the file behind, as an earlier life of the page would, and remembers it. */
    async function leaveHalf() {
      breakDown();
      const { urls } = await upload({ retryDelays: [] });
      await page.evaluate(
        (endpoint, uploadUrl) => {
          const upload = { size: 3, metadata: {}, creationTime: 'yesterday', uploadUrl };
          localStorage.setItem(`tus::tus-${up.last.getFiles()[0].id}-${endpoint}::17`, JSON.stringify(upload));
        },
        servers.places.tus,
        urls[0],
      );
      servers.reset();
      return urls[0];
    }

    test('an upload from before a page reload is not found', async () => {
      const [bytes] = await page.choose(2.5 * MIB);
      const old = await leaveHalf();
      const { counts, urls } = await upload();
      assert.deepEqual(counts, [1, 0]);
      assert.notEqual(urls[0], old);
      assert.ok(bytes.equals(await opened(urls[0])));
    });

    test('the URL of an upload that was begun with another envelope is refused, even if a later upload is further along', async () => {
      await page.choose(3.5 * MIB);
      breakDown();
      const {
        urls: [old],
      } = await upload({ retryDelays: [] });
      servers.reset();
      const { counts, errors } = await page.evaluate(async (uploadUrl) => {
        const uppy = up.make();
        const [{ id }] = uppy.getFiles();
        let stopped;
        // Two chunks further, and then with the old URL, as from saved state.
        uppy.on('upload-progress', (file, { bytesUploaded }) => {
          if (stopped || bytesUploaded < 2 * 2 ** 20) return;
          stopped = true;
          uppy.pauseAll();
        });
        uppy.upload().catch(() => {});
        while (!stopped)
          await new Promise((resolve) => {
            setTimeout(resolve, 10);
          });
        uppy.cancelAll();
        uppy.addFile(document.querySelector('input').files[0]);
        uppy.setFileState(id, { tus: { uploadUrl } });
        return { counts: up.counts(await uppy.upload()), errors: uppy.errors };
      }, old);
      assert.deepEqual({ counts, codes: errors.map(({ code }) => code) }, { counts: [0, 1], codes: ['ERR_UPLOAD'] });
    });

    test('an upload from before a reload is refused if the page finds it by a URL storage', async () => {
      await page.choose(2.5 * MIB);
      await leaveHalf();
      const { counts, errors } = await page.evaluate(async () => {
        const uppy = up.make({ urlStorage: up.tusDefaults.urlStorage });
        return { counts: up.counts(await uppy.upload()), errors: uppy.errors };
      });
      assert.deepEqual({ counts, codes: errors.map(({ code }) => code) }, { counts: [0, 1], codes: ['ERR_UPLOAD'] });
      assert.match(errors[0].message, /not begun with this envelope; forget its URL and start a new one/);
      assert.deepEqual(
        servers.relays.tus.seen.map(({ method }) => method),
        ['HEAD'],
      );
    });
  },
  ANY_ENGINE,
);
