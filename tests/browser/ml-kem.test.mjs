// What a page loads to seal for ML-KEM keys, and when: nothing without such a key, and the second .wasm only where SubtleCrypto lacks ML-KEM.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { startServer } from '../support/servers/server.mjs';

/* global encapsulations -- in the page */

const wasm = await readFile(new URL('../../dist/ml-kem.wasm', import.meta.url));
const TYPE = { 'Content-Type': 'application/wasm' };
// A custom section at the end: a valid module that does the same, and yet not the one that was built.
const tampered = Buffer.concat([wasm, Buffer.from([0, 5, 4, ...Buffer.from('evil')])]);

let kms;
const answers = {};
before(async () => {
  kms = await startKms();
  for (const spec of ['RSA_2048', 'ML_KEM_768', 'ML_KEM_1024']) answers[spec] = await kms.createKey({ spec });
});
after(() => kms?.close());

let requests = [];
/** What the server does with a file of the package, by its name. */
let faults = {};

/** The build that has every kind of key, as a bundler takes it under the condition `every-kind`. */
const EVERY_KIND = { '/every-kind/': fileURLToPath(new URL('../../dist/inline', import.meta.url)) };

async function open(name) {
  const server = await startServer({
    folders: EVERY_KIND,
    routes: (app) =>
      app.use('*', async (context, next) => {
        const file = context.req.path.split('/').at(-1);
        if (/\.(?:js|wasm)$/.test(file)) requests.push(file);
        if (faults[file]) return faults[file](context);
        await next();
        context.header('Cache-Control', 'no-store');
      }),
  });
  const browser = await launch(name);
  return {
    evaluate: browser.evaluate,
    load: () => browser.driver.get(`${server.origin}/pages/blank.html`),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

const WITHOUT = 'Object.defineProperty(SubtleCrypto.prototype, "encapsulateBits", { value: undefined })';

inBrowsers(open, (page, name) => {
  const isNative = name === 'chromium';
  // How a .wasm or a script loads in each engine, load.test.mjs shows.
  const anyEngine = ANY_ENGINE.includes(name);

  beforeEach(async () => {
    faults = {};
    await page.load();
    requests = [];
  });

  const fetched = (file) => requests.filter((request) => request === file).length;

  /** Seals in the page, with the build of a folder; returns the envelope, or the error's code and message. */
  const seal = (spec, folder = 'every-kind') =>
    page.evaluate(
      async (answer, folder) => {
        const { KmsPublicKey, Sealer } = await import(`/${folder}/index.js`);
        try {
          const keys = await KmsPublicKey.import(answer, { experimental: true });
          return await new Sealer({ keys }).seal(new Uint8Array(100));
        } catch ({ code, message }) {
          return { code, message };
        }
      },
      printed(answers[spec]),
      folder,
    );

  async function opens(envelope, spec) {
    assert.ok(envelope.length > 100, JSON.stringify(envelope));
    const opener = await kms.openerFor(answers[spec]);
    assert.equal((await opener.open(new Uint8Array(envelope))).plaintext.length, 100);
  }

  test('a page without an ML-KEM key requests the main script and one .wasm alone', async () => {
    await opens(await seal('RSA_2048', 'dist'), 'RSA_2048');
    assert.deepEqual(requests, ['index.js', 'kmseal.wasm']);
    requests = [];
    await opens(await seal('RSA_2048'), 'RSA_2048');
    assert.deepEqual(requests, ['index.js']);
  });

  test('the first ML-KEM key brings its script, once', async () => {
    await opens(await seal('ML_KEM_768'), 'ML_KEM_768');
    await opens(await seal('ML_KEM_1024'), 'ML_KEM_1024');
    assert.deepEqual(requests, ['index.js', 'ml-kem.js']);
  });

  test('SubtleCrypto encapsulates where it has ML-KEM', async () => {
    await page.evaluate(() => {
      globalThis.encapsulations = 0;
      const own = crypto.subtle.encapsulateBits;
      if (!own) return;
      crypto.subtle.encapsulateBits = function (...args) {
        encapsulations++;
        return own.apply(this, args);
      };
    });
    await seal('ML_KEM_768');
    const count = () => page.evaluate(() => encapsulations);
    const proof = await count();
    await opens(await seal('ML_KEM_768'), 'ML_KEM_768');
    // Once for the envelope, and not again to try it.
    assert.equal((await count()) - proof, isNative ? 1 : 0);
  });

  test('a SubtleCrypto that a script has broken is passed over, before and after it was tried', async () => {
    for (const attempt of [1, 2]) {
      if (attempt === 2) await opens(await seal('ML_KEM_768'), 'ML_KEM_768');
      await page.evaluate(() => {
        crypto.subtle.encapsulateBits = async () => ({
          ciphertext: new ArrayBuffer(1088),
          sharedKey: new ArrayBuffer(32),
        });
      });
      await opens(await seal('ML_KEM_768'), 'ML_KEM_768');
      await page.evaluate(() => {
        delete crypto.subtle.encapsulateBits;
      });
    }
  });

  describe('the script that loads ml-kem.wasm from beside itself', () => {
    /** Encapsulates in the page, and has KMS decapsulate; or the error's code and message. */
    async function agrees() {
      const { KeyId, PublicKey } = answers.ML_KEM_768;
      const [given, secret] = await page.evaluate(async (key) => {
        const { encapsulate } = await import('/dist/ml-kem.js');
        const { generateRandom } = await import('/dist/index.js');
        try {
          const [sent, secret] = await encapsulate('ML_KEM_768', key, generateRandom);
          return [sent, secret];
        } catch ({ code, message }) {
          return [{ code, message }];
        }
      }, PublicKey.slice(-1184));
      if (!secret) return given;
      const input = { KeyId, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: new Uint8Array(given) };
      const { SharedSecret } = await kms.decapsulate(input);
      return Buffer.from(SharedSecret).equals(Buffer.from(secret));
    }

    test('it fetches the .wasm once, and not at all where SubtleCrypto has ML-KEM', async () => {
      assert.equal(await agrees(), true);
      assert.equal(await agrees(), true);
      assert.equal(fetched('ml-kem.wasm'), isNative ? 0 : 1);
      await page.evaluate(WITHOUT);
      assert.equal(await agrees(), true);
      assert.equal(fetched('ml-kem.wasm'), 1);
    });

    if (!anyEngine) return;

    for (const [what, [answer, says]] of Object.entries({
      'is missing': [
        (context) => context.text('no', 404),
        /ml-kem\.wasm answered with status 404; let the build copy ml-kem\.wasm there.*load\(\) of kmseal\/ml-kem/,
      ],
      'was tampered with': [
        (context) => context.body(tampered, 200, TYPE),
        /ml-kem\.wasm is of another version, or came/,
      ],
      'is a page': [(context) => context.html('<!doctype html>'), /ml-kem\.wasm is an HTML page and not ml-kem\.wasm/],
    })) {
      test(`ERR_LOAD reports that ml-kem.wasm ${what}, and the next call tries again`, async () => {
        await page.evaluate(WITHOUT);
        faults = { 'ml-kem.wasm': answer };
        const { code, message } = await agrees();
        assert.equal(code, 'ERR_LOAD', message);
        assert.match(message, says);
        faults = {};
        assert.equal(await agrees(), true);
      });
    }

    test('load takes the bytes by hand, and refuses another module', async () => {
      await page.evaluate(WITHOUT);
      const outcomes = await page.evaluate(async () => {
        const { load } = await import('/dist/ml-kem.js');
        const outcomes = [];
        for (const source of ['/dist/kmseal.wasm', new TextEncoder().encode('no')])
          await load(source).catch(({ code }) => outcomes.push(code));
        await load(7).catch(({ name }) => outcomes.push(name));
        await load(await (await fetch('/dist/ml-kem.wasm')).arrayBuffer());
        await load('/nowhere.wasm');
        return outcomes;
      });
      assert.deepEqual(outcomes, ['ERR_LOAD', 'ERR_LOAD', 'TypeError']);
      requests = [];
      assert.equal(await agrees(), true);
      assert.equal(fetched('ml-kem.wasm'), 0);
    });
  });

  if (!anyEngine) return;

  test('ERR_LOAD reports that the script for ML-KEM is missing, and other keys do not need it', async () => {
    faults = { 'ml-kem.js': (context) => context.text('no', 404) };
    const { code, message } = await seal('ML_KEM_768');
    assert.equal(code, 'ERR_LOAD');
    assert.match(message, /^ml-kem\.js could not be loaded; serve it beside index\.js, then reload the page$/);
    await opens(await seal('RSA_2048'), 'RSA_2048');
  });
});
