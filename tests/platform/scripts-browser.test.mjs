// kmseal in three browsers beside scripts of others that replace the platform's own functions.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { makeKeyPair } from '../support/page/engines.mjs';
import { publish, startServer } from '../support/servers/server.mjs';
import { BY_ENGINE, SCRIPTS, SMALLER, bundled } from './scripts.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** In the page: the outcome of every operation after the script. */
async function tryAll(script, pair, isLarge) {
  const { everyOperation } = await import('/platform/operations.mjs');
  await new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), { src: script, onload: resolve, onerror: reject });
    document.head.append(element);
  });
  const left = [];
  addEventListener('unhandledrejection', ({ reason }) => left.push(String(reason)));
  const define = () => import('/dist/define.js');
  const outcomes = await everyOperation(await import('/dist/index.js'), pair, { isLarge, define });
  return { outcomes, left };
}

for (const name of BROWSERS) {
  describe(name, () => {
    let pair;
    let server;
    let browser;
    before(async () => {
      pair = await makeKeyPair();
      server = await startServer({ folders: { '/platform/': HERE } });
      browser = await launch(name);
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });

    for (const [beside, contents] of Object.entries(SCRIPTS)) {
      if (!BY_ENGINE.includes(beside) && !ANY_ENGINE.includes(name)) continue;
      test(`every operation works beside ${beside}, and leaves no unhandled rejection`, async () => {
        await browser.driver.get(`${server.origin}/pages/blank.html`);
        const isLarge = !SMALLER.includes(beside);
        const { outcomes, left } = await browser.evaluate(tryAll, publish(await bundled(contents)), pair, isLarge);
        assert.deepEqual(
          Object.entries(outcomes).filter(([, outcome]) => outcome !== 'right'),
          [],
        );
        assert.deepEqual(left, []);
        assert.equal(Object.keys(outcomes).length, isLarge ? 18 : 16);
      });
    }
  });
}
