// Randomness that other scripts have replaced: nothing is sealed under a key that somebody could guess, or that was used before.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import * as kmseal from 'kmseal';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { makeKeyPair } from '../support/page/engines.mjs';
import { startServer } from '../support/servers/server.mjs';
import * as randomness from './randomness.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

let pair;
before(async () => {
  pair = await makeKeyPair();
});

/** @param {(name: string) => Promise<any>} call calls a function of randomness.mjs where it is tested */
function tests(call) {
  test('every function that draws fails with ERR_PLATFORM under false randomness, and works again with real randomness', async () => {
    const outcomes = await call('underWrong');
    assert.equal(Object.keys(outcomes).length, 10 * Object.keys(randomness.WRONG).length);
    for (const [name, codes] of Object.entries(outcomes)) assert.deepEqual(codes, ['ERR_PLATFORM', 'no error'], name);
  });

  test('a repeating sequence is noticed before an envelope has the message id of another', async () => {
    for (const [name, { code, sealed, ids }] of Object.entries(await call('underRepeating'))) {
      assert.equal(code, 'ERR_PLATFORM', name);
      assert.equal(ids, sealed, name);
    }
  });

  test('a seed that is set again is noticed', async () => {
    assert.deepEqual(await call('underBegunAgain'), ['no error', 'ERR_PLATFORM']);
  });
}

describe('Node', () => tests((name) => randomness[name](kmseal, pair)));

// It is the .wasm that judges what is drawn.
for (const name of ANY_ENGINE) {
  describe(name, () => {
    let server;
    let browser;
    before(async () => {
      server = await startServer({ folders: { '/platform/': HERE } });
      browser = await launch(name);
      await browser.driver.get(`${server.origin}/pages/blank.html`);
    });
    after(async () => {
      await browser?.close();
      await server?.close();
    });

    tests((of) =>
      browser.evaluate(
        async (of, pair) => (await import('/platform/randomness.mjs'))[of](await import('/dist/index.js'), pair),
        of,
        pair,
      ),
    );
  });
}
