// Uploads that are kept, and two tabs of one origin: one at a time runs an upload, until it is closed or its process is killed.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { openKit, setKit } from '../support/browsers/session.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

const LONG = { stallTimeout: 1_000_000, answerTimeout: 2_000_000 };
const STORE = "new (await import('/dist/store.js')).UploadStore()";
const KEPT = `{ store: ${STORE}, lists: true }`;

/** A browser with as many tabs as a test opens. */
async function openTabs(name, { keys, ...options }) {
  // Without windows Chromium's driver does not get over a tab that was killed.
  const page = await openKit(name, { keys, browser: { hasWindows: true }, ...options });
  const { driver } = page;
  return Object.assign(page, {
    /** Opens another one, goes there, and returns its handle. */
    async another() {
      await driver.switchTo().newWindow('tab');
      await driver.get(`${page.origin}/pages/blank.html`);
      await setKit(page, keys);
      return driver.getWindowHandle();
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

    /** Ways in which the tab ends that the driver is in. */
    const ENDS = {
      'is closed': (driver) => driver.close(),
      // Its process ends at once, without a chance for the page to do anything.
      'is killed': (driver) => assert.rejects(driver.get('chrome://kill'), /tab crashed/),
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

        await driver.switchTo().window(running);
        await end(driver);
        await driver.switchTo().window(waiting);
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
