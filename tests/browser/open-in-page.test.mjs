// examples/open-in-page in three browsers, its server half in front of KMS and S3: what opens, and what the server must not unlock.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { openOpenInPage } from './open-in-page/pages.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { sample } from '../support/page/bytes.mjs';
import { readHeader, serializeContext } from '../support/message.mjs';

/* global here, file -- of the page: what lib.js exports */

/** It has several frames of 64 KiB. */
const LARGE = sample(2 ** 18 + 17);
/** A PNG of 3 by 2 pixels, and a PDF of one empty page. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4z8AARAwQCgAf7gP9Q3rRoQAAAABJRU5ErkJggg==',
  'base64',
);
const PDF = Buffer.from(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
`);
const equal = (found, expected) => assert.ok(Buffer.from(expected).equals(Buffer.from(found)), 'other bytes');

/** A header with some of its bytes replaced. */
function replaced(envelope, field, bytes) {
  const [start, end] = readHeader(envelope).places[field];
  assert.equal(bytes.length, end - start);
  return Buffer.concat([envelope.subarray(0, start), bytes, envelope.subarray(end)]);
}

const open = (name) => openOpenInPage(name, { hasWindows: true }); // for Chromium's viewer of PDF files

inBrowsers(open, (page, name) => {
  before(() => page.visit());

  /** What the server says when the page asks it for a file: nothing, or the sentence of the refusal. */
  const refusal = (id) =>
    page.evaluate(
      (id) =>
        here.openHere(id).then(
          (file) => file.close() ?? null,
          ({ status, code = null, message }) => ({ status, code, message }),
        ),
      id,
    );

  test('a file opens in the page, whole and in ranges, and KMS is asked once for its name and content', async () => {
    const id = await page.put(LARGE, { name: 'Übersicht.bin', type: 'application/x-thing' });
    const calls = page.kms.calls.length;
    const opened = await page.evaluate(async (id) => {
      const file = await here.openHere(id);
      const bytesOf = async ({ plaintext }) => new Uint8Array(await new Response(plaintext).arrayBuffer());
      const whole = await file.open();
      const { start, end } = await file.open({ start: -1000, end: -1 });
      const part = await bytesOf(await file.open({ start: -1000, end: -1 }));
      const { name, type } = file;
      const result = { name, type, size: whole.size, start, end, part, bytes: await bytesOf(whole) };
      file.close();
      return result;
    }, id);
    const { bytes, part, ...rest } = opened;
    equal(bytes, LARGE);
    equal(part, LARGE.subarray(-1000, -1));
    const size = LARGE.length;
    assert.deepEqual(rest, {
      name: 'Übersicht.bin',
      type: 'application/x-thing',
      size,
      start: size - 1000,
      end: size - 1,
    });
    assert.equal(page.kms.calls.length, calls + 1);
  });

  test('a read that fails is tried again, and a URL that has expired is asked for again', async () => {
    const id = await page.put(LARGE);
    const faults = [
      { does: 'cut' },
      { does: 'answer', status: 403, body: '' },
      { does: 'answer', status: 503, body: '' },
    ];
    page.relay.fault = ({ url, headers }) =>
      url.includes('X-Amz-Signature') && headers.range ? faults.shift() : undefined;
    const logged = page.logged.length;
    const bytes = await page.evaluate(async (id) => {
      const file = await here.openHere(id);
      const { plaintext } = await file.open();
      return new Uint8Array(await new Response(plaintext).arrayBuffer());
    }, id);
    page.relay.reset();
    equal(bytes, LARGE);
    assert.deepEqual({ faults, asked: page.logged.length - logged }, { faults: [], asked: 2 });
  });

  test('an image and a PDF are shown by Blobs of their types, and no trace of them is left after close', async () => {
    for (const [type, bytes, tag] of [
      ['image/png', PNG, 'img'],
      ['application/pdf', PDF, 'iframe'],
    ]) {
      const id = await page.put(bytes, { name: '<b>"x"', type });
      const shown = await page.evaluate(async (id) => {
        const file = await here.openHere(id);
        const place = document.createElement('div');
        document.body.append(place);
        const { close } = await here.show(file, place);
        const [element] = place.children;
        const { localName, title, src, naturalWidth = null } = element;
        const result = { tag: localName, title, src, naturalWidth, sandbox: element.hasAttribute('sandbox') };
        const [revoked, { revokeObjectURL }] = [[], URL];
        URL.revokeObjectURL = (url) => revoked.push(url);
        close();
        URL.revokeObjectURL = revokeObjectURL;
        file.close();
        const code = await file.open().catch(({ code }) => code);
        return { ...result, left: place.innerHTML, revoked: revoked.includes(src), code };
      }, id);
      const { src, naturalWidth, ...rest } = shown;
      assert.match(src, /^blob:http/);
      assert.equal(naturalWidth, tag === 'img' ? 3 : null);
      assert.deepEqual(rest, { tag, title: '<b>"x"', sandbox: false, left: '', revoked: true, code: 'ERR_CLOSED' });
    }
  });

  test('an image that is closed while it is decoded is not left in the page', async () => {
    const id = await page.put(PNG, { name: 'a.png', type: 'image/png' });
    const shown = await page.evaluate(async (id) => {
      const [file, place, stop] = [await here.openHere(id), document.createElement('div'), new AbortController()];
      new MutationObserver(() => stop.abort()).observe(place, { childList: true });
      return [await here.show(file, place, stop).catch(({ name }) => name), place.innerHTML];
    }, id);
    assert.deepEqual(shown, ['AbortError', '']);
  });

  test('neither types that browsers run are shown, nor bytes that are not an image', async () => {
    const html = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.ran = true"></svg>');
    const showing = (id) =>
      page.evaluate(async (id) => {
        const file = await here.openHere(id);
        const place = document.createElement('div');
        document.body.append(place);
        const message = await here.show(file, place).then(
          () => 'shown',
          ({ message }) => message,
        );
        return { can: here.canShow(file), message, left: place.innerHTML, ran: Boolean(globalThis.ran) };
      }, id);
    // The types that are shown are a list of the example's: each engine shows that what else would run is not shown.
    for (const type of [
      'text/html',
      'image/svg+xml',
      'application/xhtml+xml',
      'text/xml',
      '',
      'toString',
      'IMAGE/PNG',
    ].slice(0, ANY_ENGINE.includes(name) ? undefined : 2)) {
      const { message, ...rest } = await showing(await page.put(html, { name: 'a', type }));
      assert.match(message, /is not shown; save it$/, type);
      assert.deepEqual(rest, { can: false, left: '', ran: false }, type);
    }
    assert.deepEqual(await showing(await page.put(html, { name: 'a', type: 'image/png' })), {
      can: true,
      message: 'the file is not the image that it was said to be; save it',
      left: '',
      ran: false,
    });
  });

  test("the example's page shows a file and wipes it on close, and when the user leaves", async () => {
    const id = await page.put(PNG, { name: '<i>photo</i>.png', type: 'image/png' });
    const read = () =>
      page.evaluate(() => {
        const [image] = document.querySelectorAll('#place img');
        const disabled = ['show', 'save', 'close'].map((id) => document.getElementById(id).disabled);
        return { title: document.querySelector('h1').textContent, shown: image?.naturalWidth ?? 0, disabled };
      });
    const press = async (id) =>
      (await page.driver.wait(until.elementIsEnabled(page.driver.findElement(By.id(id))), PATIENCE)).click();
    const says = async (text) => {
      const status = await page.driver.findElement(By.id('status'));
      await page.driver.wait(until.elementTextContains(status, text), PATIENCE).catch(async (cause) => {
        throw new Error(`it says: ${await status.getText()}`, { cause });
      });
    };
    for (const leave of [() => press('close'), () => page.evaluate(() => void dispatchEvent(new Event('pagehide')))]) {
      await page.visit({ id });
      await press('show');
      await says('This is the file');
      assert.deepEqual(await read(), { title: '<i>photo</i>.png', shown: 3, disabled: [false, false, false] });
      await leave();
      assert.deepEqual(await read(), { title: '<i>photo</i>.png', shown: 0, disabled: [true, true, true] });
    }
    await page.visit({ id: 'unknown' });
    await says('there is no such file for you');
  });

  // What the server refuses, and what the page refuses by the type or the header: none of it depends on the engine.
  if (!ANY_ENGINE.includes(name)) return;

  test("an attacker's upload with a victim's encrypted data key is refused, though KMS would decrypt that key", async () => {
    const victims = await page.seal(LARGE, 'victims-upload', 'a');
    const [mine, id] = [await page.seal(sample(10), 'mine', 'b'), 'mine'];
    const stolen = readHeader(victims).edks[0].ciphertext;
    await page.store(id, replaced(mine, 'ciphertext 0', stolen));
    // The obvious server: Bob may see what his own header says, and KMS knows of no context.
    assert.equal(readHeader(mine).context.includes('b'), true);
    const { Plaintext } = await page.kms.decrypt({
      KeyId: page.key.keyId,
      CiphertextBlob: stolen,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    assert.equal(Plaintext.length, 80, "the victim's data key and its digest");
    await page.visit({ user: 'bob' });
    const { status, code } = await refusal(id);
    await page.visit();
    assert.deepEqual({ status, code }, { status: 422, code: 'ERR_CONTEXT' });
  });

  test('a header with an altered context is refused', async () => {
    const envelope = await page.seal(LARGE, 'altered', 'a');
    const forged = serializeContext([
      ['purpose', 'upload'],
      ['tenant', 'b'],
      ['upload', 'altered'],
    ]);
    await page.store('altered', replaced(envelope, 'context', forged));
    await page.visit({ user: 'bob' });
    const { status, code } = await refusal('altered');
    await page.visit();
    assert.deepEqual({ status, code }, { status: 422, code: 'ERR_CONTEXT' });
  });

  test("an envelope that was put in another one's place is refused by the server, and later by the page", async () => {
    const [id, other] = [await page.put(LARGE), await page.put(LARGE.slice().reverse())];
    const calls = page.kms.calls.length;
    await page.store('place', await page.seal(LARGE, other));
    assert.deepEqual(await refusal('place'), {
      status: 422,
      code: 'ERR_CONTEXT',
      message: 'this file was altered or put in another one’s place; it is not opened',
    });
    assert.equal(page.kms.calls.length, calls, 'KMS was asked');
    // Another envelope for the same upload, once the page has what it needs.
    const replacement = await page.seal(LARGE, id);
    await page.evaluate(async (id) => {
      globalThis.file = await here.openHere(id);
    }, id);
    await page.store(id, replacement);
    const error = await page.evaluate(() => file.open().catch(({ code, message }) => ({ code, message })));
    assert.equal(error.code, 'ERR_AUTHENTICATION');
    assert.match(error.message, /not the header that was unlocked/);
  });

  test('a user of another tenant, an unknown id and a visitor without a session get nothing', async () => {
    const id = await page.put(LARGE);
    const none = { status: 404, code: null, message: 'there is no such file for you' };
    await page.visit({ user: 'otto' });
    assert.equal(await refusal(id), null);
    await page.visit({ user: 'bob' });
    assert.deepEqual(await refusal(id), none);
    assert.deepEqual(await refusal('unknown'), none);
    await page.visit({ user: 'nobody' });
    assert.deepEqual(await refusal(id), { status: 401, code: null, message: 'sign in again' });
    await page.visit();
    const told = page.logged
      .slice(-4)
      .map(({ user, id, status, keyId }) => ({ user, id, status, opened: Boolean(keyId) }));
    assert.deepEqual(told, [
      { user: 'otto', id, status: 200, opened: true },
      { user: 'bob', id, status: 404, opened: false },
      { user: 'bob', id: 'unknown', status: 404, opened: false },
      { user: undefined, id: undefined, status: 401, opened: false },
    ]);
  });

  test('a PDF is not shown where the browser has no viewer for it, whose frame would stay empty', async () => {
    const id = await page.put(PDF, { name: 'a.pdf', type: 'application/pdf' });
    const found = await page.evaluate(async (id) => {
      const [file, place] = [await here.openHere(id), document.createElement('div')];
      const can = [here.canShow(file)];
      // What a phone says, and a browser that is set to download PDFs.
      Object.defineProperty(navigator, 'pdfViewerEnabled', { value: false, configurable: true });
      can.push(here.canShow(file));
      const message = await here.show(file, place).catch(({ message }) => message);
      delete navigator.pdfViewerEnabled;
      return { can, message, left: place.innerHTML };
    }, id);
    assert.deepEqual(found, {
      can: [true, false],
      message: 'a file of the type "application/pdf" is not shown; save it',
      left: '',
    });
  });

  test('a file that is altered behind its header fails, and is neither shown nor saved as a shorter one', async () => {
    const id = await page.putAltered(LARGE, { name: 'altered.png', type: 'image/png' });
    const failed = await page.evaluate(async (id) => {
      const file = await here.openHere(id);
      const place = document.createElement('div');
      const shown = await here.show(file, place).catch(({ name }) => name);
      return { shown, left: place.innerHTML };
    }, id);
    assert.notEqual(failed.shown, undefined);
    assert.equal(failed.left, '');
  });
});
