// Secrets in the memory of WebAssembly, in Node; tests/browser/memory.test.mjs does the same in pages.
import { after, before } from 'node:test';
import { startKms } from '../support/servers/kms.mjs';
import { watchForgetting } from '../support/page/forgetting.mjs';
import { forgets } from '../support/forgets.mjs';

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

forgets('Node', async () => {
  const answers = [await kms.createKey(), await kms.createKey()];
  return watchForgetting(
    () => import('kmseal'),
    answers,
    (input, options) => kms.decrypt(input, options),
  );
});
