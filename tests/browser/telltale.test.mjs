// What a page reveals of what it seals and opens: no content, key or required pair appears in its tree, its console, its errors,
// its addresses or its storage, and a file's name appears only where people see it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { printed } from '../../tools/kms.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { inBrowsers, openPage } from '../support/browsers/session.mjs';

const OUTCOMES = {
  'the element seals': 'done',
  'opening what the element sealed': 'done',
  'the element: a file that cannot be read': 'ERR_READ',
  'the element: another key': 'ERR_KEY_FINGERPRINT',
  'encrypting too much': 'ERR_TOO_LONG',
};
const OF_ENGINES = {
  sealing: 'done',
  opening: 'done',
  'opening: altered': 'ERR_AUTHENTICATION',
  'opening: cut': 'ERR_TRUNCATED',
  'opening: another stored pair': 'ERR_CONTEXT',
  'opening: another required pair': 'ERR_CONTEXT',
  'opening: KMS denies': 'ERR_KMS',
  'opening: another data key': 'ERR_AUTHENTICATION',
  'sealing: the source fails': 'ERR_READ',
  'sealing: longer than announced': 'ERR_SOURCE_CHANGED',
  'sealing: two values for a pair': 'ERR_CONTEXT',
  'sealing: too long a pair': 'ERR_CONTEXT',
};
for (const engine of ['webcrypto', 'wasm']) {
  for (const [name, outcome] of Object.entries(OF_ENGINES)) OUTCOMES[`${name}, ${engine}`] = outcome;
}

let kms;
let key;
before(async () => {
  kms = await startKms();
  key = await kms.createKey();
});
after(() => kms?.close());

function routes(app) {
  kmsRoutes(kms)(app);
  app.get('/kms-public-key.json', (context) => context.json(printed(key)));
}

inBrowsers(
  (name) => openPage(name, { routes }),
  (page, name) => {
    test('the search finds a secret wherever it is planted', async () => {
      const { missed, tried } = await page.evaluate(async () => (await import('/support/telltale.mjs')).plant());
      assert.deepEqual(missed, []);
      assert.equal(tried, 19 * 5);
    });

    test('the search finds no secret of what was sealed and opened', async () => {
      const { KeyId, PublicKey } = key;
      const watch = async (answer) => (await import('/support/telltale.mjs')).watchTelling(answer);
      const { outcomes, told, names, handedOver, secrets } = await page.evaluate(watch, { KeyId, PublicKey });
      assert.deepEqual(outcomes, OUTCOMES);
      assert.deepEqual(told, []);
      assert.deepEqual(names, { shown: true, elsewhere: false }, 'the name of the file');
      assert.deepEqual(
        { handedOver, secrets },
        { handedOver: 5, secrets: 47 },
        'content keys that SubtleCrypto got, among what was looked for',
      );
    });
  },
);
