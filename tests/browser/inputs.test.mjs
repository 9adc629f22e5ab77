// What is handed in and is not what it seems, in three browsers.
import { after, before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
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
  (page, name) => {
    for (const sentence of Object.keys(CASES)) {
      // It goes over 9 MiB a dozen times, to show what we copy. What SubtleCrypto reads late, other cases show in each engine.
      if (sentence === 'a source may read into one buffer again and again' && !ANY_ENGINE.includes(name)) continue;
      test(sentence, () =>
        page.evaluate(async (wanted) => {
          const { CASES: cases } = await import('/support/input-cases.mjs');
          await cases[wanted](kit);
        }, sentence),
      );
    }
  },
);
