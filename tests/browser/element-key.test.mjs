// Where <kmseal-file> gets its key, and what it does when it gets none, or another: no file is sealed, and nothing is sent.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { KmsPublicKey } from 'kmseal';
import { startServer } from '../support/server.mjs';
import { printed } from '../../scripts/lib/kms.mjs';
import { testForms } from '../support/forms.mjs';

/* global element, events, form, idle, kmseal, part, statesOf, values -- of forms.mjs, in the page */

const FORM = (attributes) =>
  `<form method="post" enctype="multipart/form-data" action="/upload"><kmseal-file encryption-context='{}' name="doc" ${attributes}></kmseal-file></form>`;

let elsewhere;
let asked;
let fingerprint;
let keyId;
let fault;
after(() => elsewhere?.close());
const { forms, files, inBrowsers } = testForms(async (start) => {
  elsewhere = await startServer({
    routes: (app) => app.get('/key.json', (context) => {
      asked += 1;
      return context.body(JSON.stringify(printed(forms.key)), 200, { 'Access-Control-Allow-Origin': '*' });
    }),
  });
  await start({
    connect: [elsewhere.origin],
    routes(app) {
      app.get('/redirect', (context) => context.redirect(`${elsewhere.origin}/key.json`));
      app.get('/key.pem', (context) => context.body(readFileSync(new URL('../keys/rsa-2048.pem', import.meta.url))));
      app.use('/kms-public-key.json', (context, next) => (fault ? context.text('no', fault) : next()));
      app.use('/dist/kmseal.wasm', async (context, next) => {
        if (fault) return context.text('no', fault);
        await next();
        context.header('Cache-Control', 'no-store');
      });
    },
  });
  ({ fingerprint, keyId } = await KmsPublicKey.import(forms.key));
});

inBrowsers((page) => {
  /** What comes of choosing a file; the error's code, or what arrives. */
  async function choose(attributes) {
    [asked, fault] = [0, undefined];
    await page.show(FORM(attributes));
    await page.choose([files.create('chosen')]);
    return outcome();
  }
  const outcome = () => page.evaluate(async () => {
    await idle();
    const code = events.findLast(([type]) => type === 'sealerror')?.[2];
    if (statesOf() === 'failed') return { code, values: values().length, valid: form.checkValidity(), files: element.files.length };
    return (await kmseal.inspect(element.files[0])).keyIds;
  });
  const failed = (code) => ({ code, values: 0, valid: false, files: 0 });

  const elsewhereKey = () => `key-src="${elsewhere.origin}/key.json"`;

  test('a key of another origin needs both fingerprint and key-id, and is not even asked for without', async () => {
    for (const pin of ['', `fingerprint="${fingerprint}"`, `key-id="${keyId}"`, 'fingerprint="" key-id=""']) {
      assert.deepEqual(await choose(`${elsewhereKey()} ${pin}`), failed('ERR_KEY_FINGERPRINT'), pin);
    }
    assert.deepEqual(await choose(`key-src="data:application/json,${encodeURIComponent('{}')}"`), failed('ERR_KEY_FINGERPRINT'));
    assert.equal(asked, 0);
    assert.deepEqual(await choose(`${elsewhereKey()} fingerprint="${fingerprint}" key-id="${keyId}"`), [keyId]);
    assert.equal(asked, 1);
  });

  test('a redirect to another origin counts as one', async () => {
    assert.deepEqual(await choose('key-src="/redirect"'), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose(`key-src="/redirect" fingerprint="${fingerprint}" key-id="${keyId}"`), [keyId]);
  });

  test('another key than the one that is known', async () => {
    const wrong = `SHA256:${Buffer.alloc(32).toString('base64')}`;
    const other = keyId.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    assert.deepEqual(await choose(`key-src="/kms-public-key.json" fingerprint="${wrong}"`), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose('key-src="/kms-public-key.json" fingerprint=""'), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose(`key-src="/kms-public-key.json" key-id="${other}"`), failed('ERR_KEY_ID'));
    assert.deepEqual(await choose(`${elsewhereKey()} fingerprint="${wrong}" key-id="${keyId}"`), failed('ERR_KEY_FINGERPRINT'));
    assert.deepEqual(await choose(`key-src="/kms-public-key.json" fingerprint="${fingerprint}" key-id="${keyId}"`), [keyId]);
  });

  test('PEM needs key-id; a key that is none is refused', async () => {
    assert.deepEqual(await choose('key-src="/key.pem"'), failed('ERR_KEY_ID'));
    assert.deepEqual(await choose(`key-src="/key.pem" key-id="${keyId}"`), [keyId]);
    assert.deepEqual(await choose('key-src="/form"'), failed('ERR_KEY_INVALID'));
    assert.deepEqual(await choose('key-src="http://["'), failed('ERR_LOAD'));
    assert.deepEqual(await choose(''), failed('ERR_LOAD'));
  });

  test('a key, or a .wasm, that does not come fails closed, and the next try asks again', async () => {
    for (const sent of ['/kms-public-key.json', '/dist/kmseal.wasm']) {
      await page.show(FORM('key-src="/kms-public-key.json" required'));
      fault = 503;
      if (sent.endsWith('.wasm')) {
        // The key comes, the .wasm does not.
        await page.evaluate(() => element.setAttribute('key-src', '/redirect'));
        await page.evaluate((fingerprint, keyId) => Object.assign(element, { fingerprint, keyId }), fingerprint, keyId);
      }
      await page.choose([files.create('late')]);
      assert.deepEqual(await outcome(), failed('ERR_LOAD'), sent);
      await page.driver.executeScript('form.requestSubmit()');
      assert.equal(await page.evaluate(() => document.querySelector('#received')), null);
      const sending = await page.evaluate(async () => (await fetch('/upload', { method: 'POST', body: new FormData(form) })).status);
      assert.equal(sending, 200);
      assert.deepEqual([...(await forms.received())], []);
      fault = undefined;
      await page.evaluate(() => part('retry').click());
      assert.deepEqual(await outcome(), [keyId], sent);
    }
  });

  test('a failed one leaves nothing to form.submit(), which asks for no validity', async () => {
    assert.deepEqual(await choose('key-src="/form" required'), failed('ERR_KEY_INVALID'));
    await page.leave('form.submit()');
    await page.sent();
    assert.deepEqual([...(await forms.received())], []);
  });
});
