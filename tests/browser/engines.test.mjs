// The two engines compared in three browsers, whose SubtleCrypto differs from Node's.
import { after, before, describe, test } from 'node:test';
import * as kmseal from 'kmseal';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { holds, opensAlike, sealsAlike } from '../support/engine-cases.mjs';
import { makeEngines, makeKeyPair } from '../support/page/engines.mjs';
import { openPage } from '../support/browsers/session.mjs';

for (const name of BROWSERS) {
  // Node runs hundreds of these cases. What a browser's SubtleCrypto does otherwise, it does to every one that is long enough.
  const [sealings, openings] = ANY_ENGINE.includes(name) ? [30, 60] : [15, 30];

  describe(name, () => {
    let page;
    let here;
    before(async () => {
      const pair = await makeKeyPair();
      here = await makeEngines(kmseal, pair);
      page = await openPage(name);
      await page.evaluate(async (pair) => {
        const { makeEngines } = await import('/support/engines.mjs');
        globalThis.engines = await makeEngines(await import('/dist/index.js'), pair);
      }, pair);
    });
    after(() => page?.close());

    test('both engines seal to the same bytes', () =>
      holds(
        sealsAlike((its) => page.evaluate((its) => engines.seal(its), its)),
        sealings,
      ));

    test('both engines open to the same plaintext, or fail alike after the same bytes', () =>
      holds(
        opensAlike((its) => page.evaluate((its) => engines.open(its), its), here.message),
        openings,
      ));
  });
}
