// What is handed in and is not what it seems, in Node; tests/browser/inputs.test.mjs does the same in pages.
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { CASES } from '../support/page/input-cases.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

let kms;
let kit;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  const decrypt = remembering(kms.decrypt);
  kit = {
    keys: [key],
    sealer: (options) => new Sealer({ keys: [key], ...options }),
    opener: (options) => new Opener({ keyIds: [key.keyId], decrypt, ...options }),
    inspect,
    reseal,
  };
});
after(() => kms?.close());

for (const [sentence, run] of Object.entries(CASES)) test(sentence, () => run(kit));
