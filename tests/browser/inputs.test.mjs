// What is handed in and is not what it seems, in three browsers.
import { after, before, test } from 'node:test';
import { CASES } from '../support/input-cases.mjs';
import { decryptRoute, remembering, startKms } from '../support/kms.mjs';
import { inBrowsers, openKit } from '../support/session.mjs';

/* global kit -- of page.mjs, in the page */

let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = [await kms.createKey()];
});
after(() => kms?.close());

const routes = (app) => decryptRoute({ decrypt: remembering(kms.decrypt) })(app);

inBrowsers((name) => openKit(name, { routes, keys }), (page) => {
  for (const title of Object.keys(CASES)) {
    test(title, () => page.evaluate(async (wanted) => {
      const { CASES: cases } = await import('/support/input-cases.mjs');
      await cases[wanted](kit);
    }, title));
  }
});
