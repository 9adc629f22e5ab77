// Uploads that are kept, and two tabs of one origin: one at a time runs an upload, until it is closed or its process is killed.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { descendants, killAll } from '../support/browsers/processes.mjs';
import { openKit, setKit } from '../support/browsers/session.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

const LONG = { stallTimeout: 1_000_000, answerTimeout: 2_000_000 };
const STORE = "new (await import('/dist/store.js')).UploadStore()";
const KEPT = `{ store: ${STORE}, lists: true }`;

/** Without a process in reserve, each tab has one that is new. */
const NONE_IN_RESERVE = { args: ['--disable-features=SpareRendererForSitePerProcess'] };
const RENDERER = '--type=renderer';

/** A browser with as many tabs as a test opens. */
async function openTabs(name, { keys, ...options }) {
  const page = await openKit(name, { keys, browser: name === 'chromium' ? NONE_IN_RESERVE : undefined, ...options });
  const { driver } = page;
  const renderers = () => descendants().filter(({ command }) => command.includes(RENDERER));
  return Object.assign(page, {
    /** Opens another one, and goes there. */
    async another() {
      const before = renderers().map(({ pid }) => pid);
      await driver.switchTo().newWindow('tab');
      await driver.get(`${page.origin}/pages/blank.html`);
      await setKit(page, keys);
      const handle = await driver.getWindowHandle();
      return { handle, pids: renderers().flatMap(({ pid }) => (before.includes(pid) ? [] : [pid])) };
    },
  });
}

uploadsInBrowsers(
  (name) => openUploads(name, { open: openTabs }),
  (uploads, name) => {
    const inPage = (code) => uploads.page.evaluate(`(async () => { const store = ${STORE}; ${code} })()`);
    const list = () => inPage('return store.list();');
    const told = async (options) => {
      const { error } = await uploads.upload({ ...LONG, ...options }, KEPT);
      return { code: error?.code, said: /another page runs this upload/.test(error?.message) };
    };

    afterEach(async () => {
      const { driver } = uploads.page;
      const [first, ...others] = await driver.getAllWindowHandles();
      for (const other of others) {
        await driver.switchTo().window(other);
        await driver.close();
      }
      await driver.switchTo().window(first);
    });

    /** Ways in which a tab ends. The tab has the handle, and one or more processes. */
    const ENDS = {
      async 'is closed'({ handle }, first) {
        const { driver } = uploads.page;
        await driver.switchTo().window(handle);
        await driver.close();
        await driver.switchTo().window(first);
      },
      async 'is killed'({ pids }) {
        assert.equal(pids.length, 1, `its process: ${pids}`);
        await killAll(({ pid }) => pids.includes(pid));
      },
    };

    // The drivers of the other browsers end with a page that is killed.
    for (const [ending, end] of Object.entries(ENDS).slice(0, name === 'chromium' ? 2 : 1)) {
      test(`an upload runs in one tab at a time, and continues in another one when the first ${ending}`, async () => {
        const { s3, page } = uploads;
        const { driver } = page;
        const waiting = await driver.getWindowHandle();
        const sha256 = uploads.write(TWO_PARTS);
        const running = await page.another();
        s3.faults.add('PUT 2', { does: 'stall' });
        const id = await uploads.begin({ concurrency: 1, ...LONG }, KEPT);
        await seen(async () => (await list())[0]?.loaded === 5 * MIB);

        await driver.switchTo().window(waiting);
        assert.deepEqual(
          (await list()).map((one) => [one.id, one.isRunning]),
          [[id, true]],
        );
        for (const resumes of [true, false])
          assert.deepEqual(await told({ id, resumes }), { code: 'ERR_STORAGE', said: true }, `resumes: ${resumes}`);
        assert.deepEqual(
          (await list()).map((one) => [one.id, one.isRunning]),
          [[id, true]],
          'it is as it was',
        );

        await end(running, waiting);
        await seen(async () => (await list())[0].isRunning === false);
        const before = s3.faults.seen.length;
        s3.faults.fault = () => undefined;
        const { error } = await uploads.upload({ id, resumes: true }, KEPT);
        assert.equal(error, undefined);
        assert.equal((await s3.open(id)).sha256, sha256);
        const again = s3.faults.seen.slice(before).map((request) => request.name);
        assert.ok(!again.includes('PUT 1') && again.includes('PUT 2'), again.join());
        assert.deepEqual(await list(), []);
      });
    }
  },
);
