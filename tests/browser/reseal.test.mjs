// Envelopes moved to another key in three browsers, in every form and on both engines.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { inBrowsers, openKit } from '../support/browsers/session.mjs';

/* global kit -- of kit.mjs, in the page */

const FRAME = 4096;

let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = [await kms.createKey(), await kms.createKey()];
});
after(() => kms?.close());

inBrowsers(
  (name) => openKit(name, { routes: kmsRoutes(kms), keys }),
  (page, name) => {
    // It opens and seals: that both engines do so in each browser, seal.test.mjs shows. Here it is how it reads each form.
    for (const engine of ANY_ENGINE.includes(name) ? ['webcrypto', 'wasm'] : ['webcrypto']) {
      for (const form of ['Uint8Array', 'Blob', 'ReadableStream']) {
        test(`reseal turns ${form} into ${form}, engine ${engine}`, async () => {
          const { forms, keyIds, equal, stored, refused, others } = await page.evaluate(
            async (engine, form, frameLength) => {
              const [old, fresh] = kit.keys;
              const plaintext = kit.sample(3 * frameLength + 10);
              const give = {
                Uint8Array: (bytes) => bytes,
                Blob: (bytes) => new Blob([bytes]),
                ReadableStream: (bytes) => kit.inPieces(bytes, 1000),
              }[form];
              const contexts = { encryptionContext: { tenant: '7' }, requiredEncryptionContext: { secret: 's' } };
              const envelope = await kit.sealer({ keys: old, frameLength, ...contexts }).seal(plaintext);
              const openerOf = ({ keyId }) => kit.opener({ keyIds: [keyId], engine });
              const options = {
                opener: openerOf(old),
                sealer: kit.sealer({ keys: fresh, engine }),
                encryptionContext: { tenant: '7', secret: 's' },
              };
              const moved = await kit.reseal(give(envelope), options);
              const forms = moved.constructor.name;
              const bytes = await kit.collect(moved);
              const { keyIds, encryptionContext } = await kit.inspect(bytes);
              const opened = await openerOf(fresh).open(bytes, { encryptionContext: { secret: 's' } });
              const code = (promise) =>
                promise.then(
                  () => 'none',
                  (error) => error.code,
                );
              const cut = async () => kit.collect(await kit.reseal(give(envelope.slice(0, -20)), options));
              return {
                forms,
                keyIds,
                equal: opened.plaintext.toHex() === plaintext.toHex(),
                stored: { ...encryptionContext },
                refused: await code(openerOf(fresh).open(bytes)),
                others: [
                  await code(openerOf(old).open(bytes, { encryptionContext: { secret: 's' } })),
                  await code(cut()),
                ],
              };
            },
            engine,
            form,
            FRAME,
          );
          assert.deepEqual(
            { forms, keyIds, equal, stored, refused, others },
            {
              forms: form,
              keyIds: [keys[1].KeyId],
              equal: true,
              stored: { tenant: '7' },
              refused: 'ERR_CONTEXT',
              others: ['ERR_NO_MATCHING_KEY', 'ERR_TRUNCATED'],
            },
          );
        });
      }
    }
  },
);
