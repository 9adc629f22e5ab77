// What is handed in and is not what it seems, in three browsers.
import { after, before, test } from 'node:test';
import { CASES } from '../support/page/input-cases.mjs';
import { kmsRoutes, remembering, startKms } from '../support/servers/kms.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit -- of kit.mjs, in the page */

let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = [await kms.createKey()];
});
after(() => kms?.close());

const routes = (app) => kmsRoutes({ decrypt: remembering(kms.decrypt) })(app);

inBrowsers(
  (name) => openKit(name, { routes, keys }),
  (page) => {
    for (const sentence of Object.keys(CASES)) {
      test(sentence, () =>
        page.evaluate(async (wanted) => {
          const { CASES: cases } = await import('/support/input-cases.mjs');
          await cases[wanted](kit);
        }, sentence),
      );
    }
  },
);
