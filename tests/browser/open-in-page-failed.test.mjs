// examples/open-in-page where opening fails: what is left of it in the page.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { openOpenInPage } from './open-in-page/pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { sample } from '../support/page/bytes.mjs';

/* global here -- of the page: what lib.js exports */

/** It has several frames of 64 KiB. */
const LARGE = sample(2 ** 18 + 17);

/** Which keys are closed is the script's matter alone. */
const tests = (page) => {
  before(() => page.visit());

  test('a file that turns out to be bad while it is opened leaves no key in the page', async () => {
    const id = await page.put(LARGE, { name: 'a.bin', type: '' });
    const bad = await page.put(LARGE, { name: 'b.bin', type: '' }, (envelope) => (envelope[envelope.length - 1] ^= 1));
    const left = await page.evaluate(
      async (ids) => {
        const { Opener } = await import('/dist/index.js');
        const { close } = Opener.prototype;
        const { fetch } = globalThis;
        const closed = new Set();
        Opener.prototype.close = function () {
          closed.add(this);
          close.call(this);
        };
        // The description of another envelope.
        globalThis.fetch = async (url, options) => {
          const response = await fetch(url, options);
          if (!String(url).startsWith('/unlock/')) return response;
          const { description, ...unlocked } = await response.json();
          const other = { ...description, unlocked: unlocked.unlocked };
          return Response.json({ ...unlocked, description: other });
        };
        const found = [];
        for (const id of ids) {
          closed.clear();
          const code = await here.openHere(id).then(
            () => 'opened',
            (error) => error.code,
          );
          found.push({ code, closed: closed.size });
        }
        Object.assign(globalThis, { fetch });
        Opener.prototype.close = close;
        return found;
      },
      [id, bad],
    );
    assert.deepEqual(left, [
      { code: 'ERR_AUTHENTICATION', closed: 2 },
      { code: 'ERR_AUTHENTICATION', closed: 1 },
    ]);
  });
};

inBrowsers(openOpenInPage, tests, ANY_ENGINE);
