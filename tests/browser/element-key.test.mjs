// Where <kmseal-file> gets its key, and what it does with none or another: no file is sealed, and nothing is sent.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KmsPublicKey } from 'kmseal';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { startServer } from '../support/servers/server.mjs';
import { printed } from '../../tools/kms.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, events, form, idle, kmseal, part, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes) =>
  `<form method="post" enctype="multipart/form-data" action="/upload"><kmseal-file encryption-context='{}' name="doc" ${attributes}></kmseal-file></form>`;

let elsewhere;
let asked;
let fingerprint;
let keyId;
let fault;
/** A handler that answers only once requests of all these names have arrived. */
let meeting;
after(() => elsewhere?.close());
const { forms, files, inBrowsers } = testForms(async (start) => {
  elsewhere = await startServer({
    routes: (app) =>
      app.get('/key.json', (context) => {
        asked += 1;
        return context.body(JSON.stringify(printed(forms.key)), 200, { 'Access-Control-Allow-Origin': '*' });
      }),
  });
  await start({
    folders: { '/copy/': fileURLToPath(new URL('../../dist', import.meta.url)) },
    connect: [elsewhere.origin],
    routes(app) {
      app.get('/meeting-key.json', async (context) => {
        await meeting('key');
        return context.json(printed(forms.key));
      });
      app.get('/redirect', (context) => context.redirect(`${elsewhere.origin}/key.json`));
      for (const [path, file] of Object.entries({ '/key.pem': 'rsa-2048.pem', '/ecc.pem': 'ec-p256.pem' })) {
        app.get(path, (context) => context.body(readFileSync(new URL(`../keys/${file}`, import.meta.url))));
      }
      app.use('/kms-public-key.json', (context, next) => (fault ? context.text('no', fault) : next()));
      app.use('/dist/kmseal.wasm', async (context, next) => {
        if (fault) return context.text('no', fault);
        await meeting?.('wasm');
        await next();
        context.header('Cache-Control', 'no-store');
      });
    },
  });
  ({ fingerprint, keyId } = await KmsPublicKey.import(forms.key));
});

function meetingOf(...names) {
  const waiting = new Set(names);
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return (name) => {
    waiting.delete(name);
    if (waiting.size === 0) resolve();
    return promise;
  };
}

inBrowsers((page, name) => {
  /** The outcome of choosing a file: the error's code, or what arrives. */
  async function choose(attributes) {
    [asked, fault] = [0, undefined];
    await page.replace(FORM(attributes));
    await page.choose([files.create('chosen')]);
    return outcome();
  }
  const outcome = () =>
    page.evaluate(async () => {
      await idle();
      const code = events.findLast(([type]) => type === 'sealerror')?.[2];
      if (statesOf() === 'failed')
        return { code, values: values().length, valid: form.checkValidity(), files: element.files.length };
      return (await kmseal.inspect(element.files[0])).keyIds;
    });
  const failed = (code) => ({ code, values: 0, valid: false, files: 0 });

  const elsewhereKey = () => `key-src="${elsewhere.origin}/key.json"`;

  test('a redirect to another origin counts as another origin', async () => {
    await page.show('');
    assert.deepEqual(await choose('key-src="/redirect"'), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose(`key-src="/redirect" fingerprint="${fingerprint}" key-id="${keyId}"`), [keyId]);
  });

  test('the key and the .wasm are requested in parallel when the element is inserted, before a file is chosen', async () => {
    meeting = meetingOf('key', 'wasm');
    await page.show(FORM('key-src="/meeting-key.json"'));
    await page.evaluate(() =>
      until(() =>
        ['/meeting-key.json', '/dist/kmseal.wasm'].every((path) =>
          performance
            .getEntriesByType('resource')
            .some(({ name, responseEnd }) => new URL(name).pathname === path && responseEnd > 0),
        ),
      ),
    );
    meeting = undefined;
    await page.choose([files.create('chosen')]);
    assert.deepEqual(await outcome(), [keyId]);
    const requests = forms.requests.map(({ url }) => url);
    assert.equal(requests.slice(requests.lastIndexOf('/form')).filter((url) => url === '/meeting-key.json').length, 1);
  });

  test('a key or a .wasm that does not arrive blocks sealing, and the next try requests it again', async () => {
    for (const sent of ['/kms-public-key.json', '/dist/kmseal.wasm']) {
      // From the start, since the element asks for both as soon as it is in the page.
      fault = 503;
      await page.show(FORM('key-src="/kms-public-key.json" required'));
      if (sent.endsWith('.wasm')) {
        // The key arrives, the .wasm does not.
        await page.evaluate(() => element.setAttribute('key-src', '/redirect'));
        await page.evaluate((fingerprint, keyId) => Object.assign(element, { fingerprint, keyId }), fingerprint, keyId);
      }
      await page.choose([files.create('late')]);
      assert.deepEqual(await outcome(), failed('ERR_LOAD'), sent);
      await page.driver.executeScript('form.requestSubmit()');
      assert.equal(await page.evaluate(() => document.querySelector('#received')), null);
      const sending = await page.evaluate(
        async () => (await fetch('/upload', { method: 'POST', body: new FormData(form) })).status,
      );
      assert.equal(sending, 200);
      assert.deepEqual([...(await forms.received())], []);
      fault = undefined;
      await page.evaluate(() => part('retry').click());
      assert.deepEqual(await outcome(), [keyId], sent);
    }
  });

  test('a failed element adds nothing to form.submit(), which does not check validity, or holds it back', async () => {
    await page.show('');
    assert.deepEqual(await choose('key-src="/form" required'), failed('ERR_KEY_INVALID'));
    const uploads = forms.uploads();
    await page.leave('form.submit()');
    if (await page.evaluate(() => 'navigation' in globalThis)) {
      await page.evaluate(() => until(() => part('alert').textContent !== ''));
      assert.equal(forms.uploads(), uploads);
      return;
    }
    await page.sent();
    assert.deepEqual([...(await forms.received())], []);
  });

  // Our script decides which keys are taken. Engines add redirections, requests that fail, and forms, which are above.
  if (!ANY_ENGINE.includes(name)) return;

  test('a key from another origin needs both fingerprint and key-id, and is not requested without them', async () => {
    await page.show('');
    for (const pin of ['', `fingerprint="${fingerprint}"`, `key-id="${keyId}"`, 'fingerprint="" key-id=""']) {
      assert.deepEqual(await choose(`${elsewhereKey()} ${pin}`), failed('ERR_KEY_FINGERPRINT'), pin);
    }
    assert.deepEqual(
      await choose(`key-src="data:application/json,${encodeURIComponent('{}')}"`),
      failed('ERR_KEY_FINGERPRINT'),
    );
    assert.equal(asked, 0);
    assert.deepEqual(await choose(`${elsewhereKey()} fingerprint="${fingerprint}" key-id="${keyId}"`), [keyId]);
    assert.equal(asked, 1);
  });

  test('a sealer from another copy of the package is reported as such, and nothing is sealed with another', async () => {
    await page.show(FORM('key-src="/kms-public-key.json"'));
    const told = await page.evaluate(async () => {
      const copy = await import('/copy/index.js');
      const key = await copy.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).text());
      try {
        element.sealer = new copy.Sealer({ keys: [key] });
      } catch ({ name, message }) {
        return [name, message];
      }
    });
    assert.equal(told[0], 'TypeError');
    assert.match(told[1], /^sealer: this Sealer is from another copy of kmseal: this page has two/);
    await page.choose([files.create('chosen')]);
    assert.deepEqual(await outcome(), failed('ERR_KEY_INVALID'));
  });

  test('a key with an unexpected fingerprint or id is refused', async () => {
    await page.show('');
    const wrong = `SHA256:${Buffer.alloc(32).toString('base64')}`;
    const other = keyId.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    assert.deepEqual(
      await choose(`key-src="/kms-public-key.json" fingerprint="${wrong}"`),
      failed('ERR_KEY_FINGERPRINT'),
    );
    assert.deepEqual(await choose('key-src="/kms-public-key.json" fingerprint=""'), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose(`key-src="/kms-public-key.json" key-id="${other}"`), failed('ERR_KEY_ID'));
    assert.deepEqual(
      await choose(`${elsewhereKey()} fingerprint="${wrong}" key-id="${keyId}"`),
      failed('ERR_KEY_FINGERPRINT'),
    );
    assert.deepEqual(await choose(`key-src="/kms-public-key.json" fingerprint="${fingerprint}" key-id="${keyId}"`), [
      keyId,
    ]);
  });

  test('the key must match one of several fingerprints and key ids, as in a rotation', async () => {
    await page.show('');
    const wrong = [1, 2].map((byte) => `SHA256:${Buffer.alloc(32, byte).toString('base64')}`);
    const other = keyId.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const several = `fingerprint="${wrong[0]}\n  ${fingerprint}" key-id="${keyId} ${other}"`;
    for (const source of ['key-src="/kms-public-key.json"', elsewhereKey()]) {
      assert.deepEqual(await choose(`${source} ${several}`), [keyId]);
      assert.deepEqual(
        await choose(`${source} fingerprint="${wrong.join(' ')}" key-id="${keyId}"`),
        failed('ERR_KEY_FINGERPRINT'),
      );
      assert.deepEqual(
        await choose(`${source} fingerprint="${fingerprint}" key-id="${other} ${other}"`),
        failed('ERR_KEY_ID'),
      );
    }
  });

  test('a PEM key needs key-id, and text that is not a key is refused', async () => {
    await page.show('');
    assert.deepEqual(await choose('key-src="/key.pem"'), failed('ERR_KEY_ID'));
    assert.deepEqual(await choose(`key-src="/key.pem" key-id="${keyId}"`), [keyId]);
    assert.deepEqual(await choose('key-src="/form"'), failed('ERR_KEY_INVALID'));
    assert.deepEqual(await choose('key-src="http://["'), failed('ERR_LOAD'));
    assert.deepEqual(await choose(''), failed('ERR_LOAD'));
  });

  test('an ECC key in PEM needs key-usage beside key-id, and a key of another usage is refused', async () => {
    await page.show('');
    const pem = 'key-src="/ecc.pem"';
    const named = `${pem} key-id="${keyId}"`;
    for (const usage of ['', 'key-usage=""', 'key-usage="SIGN_VERIFY"', 'key-usage="ENCRYPT_DECRYPT"']) {
      assert.deepEqual(await choose(`${named} ${usage}`), failed('ERR_KEY_UNSUPPORTED'), usage);
    }
    assert.deepEqual(await choose(`${pem} key-usage="KEY_AGREEMENT"`), failed('ERR_KEY_ID'));
    const recipients = () =>
      page.evaluate(async () => (await kmseal.inspect(element.files[0])).encryptedDataKeys.map((key) => key.keySpec));
    await choose(`${named} key-usage="KEY_AGREEMENT"`);
    assert.deepEqual(await recipients(), ['ECC_NIST_P256']);
    await page.replace(FORM(named));
    await page.evaluate(() => Object.assign(element, { keyUsage: 'KEY_AGREEMENT' }));
    await page.choose([files.create('chosen')]);
    await outcome();
    assert.deepEqual(await recipients(), ['ECC_NIST_P256']);
    assert.equal(
      (await choose('key-src="/kms-public-key.json" key-usage="KEY_AGREEMENT"')).code,
      'ERR_KEY_UNSUPPORTED',
    );
  });
});
