// Secrets in the memory of WebAssembly, in three browsers: found while sealing and opening, gone once that has ended.
import { after, before } from 'node:test';
import { BROWSERS } from '../../tools/browsers.mjs';
import { forgets } from '../support/forgets.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { openPage } from '../support/browsers/session.mjs';

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

for (const name of BROWSERS) {
  forgets(name, async () => {
    const answers = [await kms.createKey(), await kms.createKey()];
    const page = await openPage(name, { routes: kmsRoutes(kms) });
    try {
      const keys = answers.map(({ KeyId, PublicKey }) => ({ KeyId, PublicKey }));
      return await page.evaluate(async (keys) => {
        const { watchForgetting } = await import('/support/forgetting.mjs');
        const { decrypt } = await import('/support/kit.mjs');
        return watchForgetting(() => import('/dist/index.js'), keys, decrypt);
      }, keys);
    } finally {
      await page.close();
    }
  });
}
