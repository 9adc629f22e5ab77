// A page served over plain http from another machine, as browsers see it: there is no SubtleCrypto. Nothing is sealed unless the
// caller asks for the wasm engine, and KMS opens what that seals.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Opener } from 'kmseal';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { kmsRoutes, startKms } from '../support/servers/kms.mjs';
import { startServer } from '../support/servers/server.mjs';

const HOST = 'insecure.test';
const SUPPORT = new URL('../support/page/', import.meta.url).pathname;

let kms;
let key;
let server;
let origin;
const profile = mkdtempSync(path.join(tmpdir(), 'kmseal-profile-'));
before(async () => {
  kms = await startKms();
  key = await kms.createKey();
  server = await startServer({ routes: kmsRoutes(kms), folders: { '/support/': SUPPORT } });
  origin = `http://${HOST}:${new URL(server.origin).port}`;
  writeFileSync(path.join(profile, 'user.js'), `user_pref('network.dns.localDomains', '${HOST}');\n`);
});
after(async () => {
  await server?.close();
  await kms?.close();
  rmSync(profile, { recursive: true });
});

/** How each browser finds our server under a name other than this machine's own. */
const NAMED = {
  chromium: () => [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`],
  firefox: () => ['-profile', profile],
};

// What an insecure page lacks, Web IDL says of each interface ("SecureContext"), and so it is the same in each engine.
for (const name of ANY_ENGINE.filter((name) => name in NAMED)) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name, { args: NAMED[name]() });
      await browser.driver.get(`${origin}/pages/blank.html`);
      await browser.evaluate(async (answer) => {
        const { decrypt } = await import('/support/kit.mjs');
        const { KmsPublicKey, Opener, Sealer, generateRandom } = await import('/dist/index.js');
        const key = await KmsPublicKey.import(answer);
        const make = (engine) => ({
          sealer: new Sealer({ keys: [key], engine, frameLength: 4096, encryptionContext: { page: 'insecure' } }),
          opener: new Opener({ keyIds: [key.keyId], decrypt, engine }),
        });
        globalThis.page = { key, make, generateRandom };
      }, key);
    });
    after(() => browser?.close());

    test('the browser treats the page as not secure', async () => {
      assert.deepEqual(await browser.evaluate(() => [isSecureContext, typeof crypto.subtle]), [false, 'undefined']);
    });

    for (const engine of [undefined, 'webcrypto']) {
      test(`engine ${engine} fails with ERR_INSECURE_CONTEXT, which names the remedy`, async () => {
        const errors = await browser.evaluate(async (engine) => {
          const { sealer, opener } = page.make(engine ?? undefined);
          const calls = {
            bytes: () => sealer.seal(new Uint8Array(1)),
            Blob: () => sealer.seal(new Blob(['a'])),
            stream: () => sealer.seal(new Blob(['a']).stream()),
            prepare: () => sealer.prepare(new Blob(['a'])),
            open: async () => opener.open(await page.make('wasm').sealer.seal(new Uint8Array(1))),
          };
          const errors = [];
          for (const [name, call] of Object.entries(calls)) {
            await call().then(
              () => errors.push([name]),
              ({ code, message }) => errors.push([name, code, message]),
            );
          }
          return errors;
        }, engine);
        assert.equal(errors.length, 5);
        for (const [call, code, message] of errors) {
          assert.equal(code, 'ERR_INSECURE_CONTEXT', call);
          assert.match(message, /https.*localhost.*engine: 'wasm'/);
        }
      });
    }

    test("engine 'wasm' seals, and KMS opens the envelope", async () => {
      const plaintext = new Uint8Array(10_000).map((_, index) => index);
      const envelopes = await browser.evaluate(async (plaintext) => {
        const { sealer } = page.make('wasm');
        const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
        const blob = new Blob([plaintext]);
        const prepared = await sealer.prepare(blob);
        return {
          bytes: await sealer.seal(plaintext),
          Blob: await bytesOf(await sealer.seal(blob)),
          stream: new Uint8Array(await new Response(await sealer.seal(blob.stream())).arrayBuffer()),
          slices: await bytesOf(new Blob([await prepared.slice(0, 5000), await prepared.slice(5000)])),
        };
      }, plaintext);
      const opener = new Opener({ keyIds: [key.KeyId], decrypt: kms.decrypt });
      for (const [way, envelope] of Object.entries(envelopes)) {
        const opened = await opener.open(envelope, { encryptionContext: { page: 'insecure' } });
        assert.deepEqual(opened.plaintext, plaintext, way);
      }
    });

    test("engine 'wasm' opens an envelope", async () => {
      const plaintext = new Uint8Array(10_000).fill(7);
      const opened = await browser.evaluate(async (plaintext) => {
        const { sealer, opener } = page.make('wasm');
        return (await opener.open(await sealer.seal(plaintext), { encryptionContext: { page: 'insecure' } })).plaintext;
      }, plaintext);
      assert.deepEqual(opened, plaintext);
    });

    test('encrypt, generateDataKey and generateRandom work without SubtleCrypto', async () => {
      const { ciphertext, generated, random } = await browser.evaluate(() => ({
        ciphertext: page.key.encrypt(new TextEncoder().encode('a secret')),
        generated: page.key.generateDataKey(),
        random: page.generateRandom(24).length,
      }));
      const open = (CiphertextBlob) =>
        kms.decrypt({ KeyId: key.KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' });
      assert.equal(Buffer.from((await open(ciphertext)).Plaintext).toString(), 'a secret');
      assert.deepEqual(new Uint8Array((await open(generated.ciphertextBlob)).Plaintext), generated.plaintext);
      assert.equal(random, 24);
    });
  });
}
