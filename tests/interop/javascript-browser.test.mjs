// AWS's Encryption SDK for JavaScript and kmseal in one page open what the other sealed for raw RSA keys.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { bundle } from '../support/browsers/bundle.mjs';
import { inBrowsers, openPage } from '../support/browsers/session.mjs';
import { rawRsaKey } from './kinds.mjs';

async function open(name) {
  const script = await bundle(
    `import { Buffer } from 'buffer';
    globalThis.Buffer = Buffer; // before the SDK's parts look for Node's
    export const aws = await import('@aws-crypto/client-browser');`,
  );
  const javascript = { 'content-type': 'text/javascript' };
  return openPage(name, {
    everyKind: true,
    routes: (app) => app.get('/aws.js', (context) => context.body(script, 200, javascript)),
  });
}

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/** One for all hashes: making one takes long. */
let key;
before(async () => {
  key = await rawRsaKey(2048);
});

inBrowsers(open, (page, browser) => {
  // WebKitGTK leaves out the zeros with which one data key in 256 begins, and the SDK does not put them back: it gets another envelope then.
  const tries = browser === 'webkit' ? 3 : 1;
  // A hash is a parameter that the SDK's script and ours hand on alike: one of them shows both at work in each browser.
  for (const hash of ANY_ENGINE.includes(browser) ? HASHES : ['SHA-256']) {
    test(`AWS's SDK and kmseal in a page open each other's envelopes for a raw RSA key with ${hash}`, async () => {
      const { publicKey, privateKey, ...name } = key;
      const pair = { publicKey: base64(publicKey), privateKey: base64(privateKey) };
      const opened = await page.evaluate(
        async (pair, name, hash, tries) => {
          const { aws } = await import('/aws.js');
          const { Opener, RsaPublicKey, Sealer } = await import('/dist/index.js');
          const { sample } = await import('/support/bytes.mjs');
          const { encrypt, decrypt } = aws.buildClient(aws.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
          const suiteId = aws.AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
          const der = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          const algorithm = { name: 'RSA-OAEP', hash };
          const half = (format, text, usage) => crypto.subtle.importKey(format, der(text), algorithm, true, [usage]);
          const sealing = await half('spki', pair.publicKey, 'wrapKey');
          const opening = await half('pkcs8', pair.privateKey, 'unwrapKey');
          const keyring = new aws.RawRsaKeyringWebCrypto({ ...name, publicKey: sealing, privateKey: opening });
          const sealer = new Sealer({
            keys: [await RsaPublicKey.import(pair.publicKey, { ...name, hash })],
            frameLength: 4096,
          });
          const own = await half('pkcs8', pair.privateKey, 'decrypt');
          const opener = new Opener({ rawKeys: [{ ...name, privateKey: own }] });

          const encryptionContext = { user: '4711', '\uff5e': 'x', '\u{1f600}': 'y' };
          async function openWithSdk(plaintext, options, left = tries) {
            try {
              return await decrypt(keyring, await sealer.seal(plaintext, options));
            } catch (error) {
              if (left === 1) throw error;
              return openWithSdk(plaintext, options, left - 1);
            }
          }
          const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
          const lengths = [];
          for (const length of [0, 1, 4096, 65_537]) {
            const plaintext = sample(length);
            const ours = await openWithSdk(plaintext, { encryptionContext });
            const { result } = await encrypt(keyring, plaintext, { suiteId, frameLength: 4096, encryptionContext });
            const theirs = await opener.open(new Uint8Array(result), { encryptionContext });
            const contexts = [ours.messageHeader, theirs].map((one) =>
              JSON.stringify(Object.entries(one.encryptionContext).sort()),
            );
            const right = same(ours.plaintext, plaintext) && same(theirs.plaintext, plaintext);
            if (right && contexts[0] === contexts[1]) lengths.push(length);
          }
          return lengths;
        },
        pair,
        name,
        hash,
        tries,
      );
      assert.deepEqual(opened, [0, 1, 4096, 65_537]);
    });
  }
});
