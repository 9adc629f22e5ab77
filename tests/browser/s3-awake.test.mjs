// keepAwake: the screen stays on while an upload runs, and not longer.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { BROWSERS } from '../../tools/browsers.mjs';
import { openKit } from '../support/browsers/session.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

uploadsInBrowsers(
  (name) =>
    openUploads(name, { open: (name, options) => openKit(name, { ...options, browser: { hasWindows: true } }) }),
  (uploads) => {
    let s3;
    before(() => {
      ({ s3 } = uploads);
    });

    /** Notes the page's own wake locks from now on. */
    const watch = () =>
      uploads.page.evaluate(() => {
        const { request } = WakeLock.prototype;
        kit.locks = [];
        WakeLock.prototype.request = async function watched(type) {
          const lock = await request.call(this, type);
          kit.locks.push(lock);
          return lock;
        };
      });
    const locks = () => uploads.page.evaluate(() => kit.locks.map(({ type, released }) => ({ type, released })));

    test('an upload holds a screen wake lock until its end, and asks again when the page is seen', async () => {
      await watch();
      const sha256 = uploads.write(TWO_PARTS);
      let release;
      const until = new Promise((resolve) => {
        release = resolve;
      });
      s3.faults.add('PUT 2', { does: 'hold', until, after: 'all' });
      const id = await uploads.begin({ keepAwake: true });
      await uploads.page.evaluate(async () => {
        while (kit.locks.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      });
      assert.deepEqual(await locks(), [{ type: 'screen', released: false }]);
      await uploads.page.evaluate(async () => {
        document.dispatchEvent(new Event('visibilitychange'));
        while (!kit.locks[0].released) await new Promise((resolve) => setTimeout(resolve, 20));
      });
      assert.deepEqual(await locks(), [
        { type: 'screen', released: true },
        { type: 'screen', released: false },
      ]);
      release();
      assert.equal((await uploads.settled()).error, undefined);
      assert.deepEqual(
        (await locks()).map(({ released }) => released),
        [true, true],
      );
      assert.equal((await s3.open(id)).sha256, sha256);
    });

    test('no upload holds a wake lock by default, and one that may not have it arrives', async () => {
      uploads.write(3 * MIB);
      await uploads.page.evaluate(() => (kit.locks = []));
      assert.equal((await uploads.upload()).error, undefined);
      assert.deepEqual(await locks(), []);
      await uploads.page.evaluate(() => {
        WakeLock.prototype.request = async () => {
          throw new DOMException('low battery', 'NotAllowedError');
        };
      });
      const { id, error } = await uploads.upload({ keepAwake: true });
      assert.equal(error, undefined);
      assert.equal(await s3.arrived(id), true);
    });
  },
  BROWSERS.filter((name) => name === 'chromium'), // the headless Firefox and WebKitGTK have no screen to keep on
);
