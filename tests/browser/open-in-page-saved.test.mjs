// What examples/open-in-page saves in three browsers: to a place that the user chooses, as a download, and from memory.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { openOpenInPage } from './open-in-page/pages.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { sample } from '../support/page/bytes.mjs';

/* global here, answer -- of the page: what lib.js exports */

const LARGE = sample(3 * 2 ** 20 + 17);
const equal = (found, expected) => assert.ok(Buffer.from(expected).equals(Buffer.from(found)), 'other bytes');

inBrowsers(openOpenInPage, (page, name) => {
  before(() => page.visit());

  const chosenPlace = async () => {
    const ids = [
      await page.put(LARGE, { name: 'good.bin', type: '' }),
      await page.putAltered(LARGE, { name: 'bad.bin', type: '' }),
    ];
    const saved = await page.evaluate(async (ids) => {
      // The dialog alone is replaced: the place is in the browser's own file system.
      const root = await navigator.storage.getDirectory();
      globalThis.showSaveFilePicker = ({ suggestedName }) => root.getFileHandle(suggestedName, { create: true });
      const results = [];
      for (const id of ids) {
        const file = await here.openHere(id);
        results.push(await here.save(file).catch(({ code, name, message }) => code ?? `${name} ${message}`));
      }
      const bytes = new Uint8Array(await (await (await root.getFileHandle('good.bin')).getFile()).arrayBuffer());
      const left = await root.getFileHandle('bad.bin').then(
        async (handle) => (await handle.getFile()).size,
        ({ name }) => name,
      );
      return { results, bytes, left };
    }, ids);
    await page.visit();
    equal(saved.bytes, LARGE);
    assert.deepEqual(saved.results, ['saved', 'ERR_AUTHENTICATION']);
    assert.ok(['NotFoundError', 0].includes(saved.left), `${saved.left}`);
  };
  // WebKitGTK has no such file system, and no such dialog either.
  if (name !== 'webkit') test('a chosen place gets the whole file, and nothing where the envelope is bad', chosenPlace);

  /** Opens the example's own page of a file, and presses Save. What the page then says. */
  async function pressSave(id) {
    await page.visit({ id });
    await page.evaluate((isWebKit) => {
      globalThis.showSaveFilePicker = undefined;
      if (!isWebKit) return;
      // WebKitGTK's test browser ends with any download. There the page gets what the worker answers.
      const { set } = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, 'src');
      Object.defineProperty(HTMLIFrameElement.prototype, 'src', {
        set(url) {
          if (url.startsWith('blob:')) return set.call(this, url);
          globalThis.answer = fetch(url).then(async (response) => ({
            disposition: response.headers.get('content-disposition'),
            name: decodeURIComponent(url.slice(url.lastIndexOf('/') + 1)),
            bytes: await response.arrayBuffer().then((bytes) => new Uint8Array(bytes)),
          }));
        },
      });
    }, name === 'webkit');
    const button = await page.driver.findElement(By.id('save'));
    await page.driver.wait(until.elementIsEnabled(button), PATIENCE);
    await button.click();
    const status = await page.driver.findElement(By.id('status'));
    await page.driver.wait(async () => !(await status.getText()).startsWith('The server'), PATIENCE);
    return status.getText();
  }

  test('a service worker streams a download to disk, and a bad envelope becomes no file that looks whole', async () => {
    const bad = await pressSave(await page.putAltered(LARGE, { name: 'bad\ud83d.bin', type: '' }));
    assert.match(bad, /^frame \d+ does not authenticate/);
    if (name === 'webkit') assert.equal(await page.evaluate(() => answer.catch(({ name }) => name)), 'TypeError');
    const title = 'Übersicht 1.bin';
    assert.equal(await pressSave(await page.put(LARGE, { name: title, type: '' })), 'It is among your downloads.');
    if (name === 'webkit') {
      const { bytes, ...rest } = await page.evaluate(() => answer);
      equal(bytes, LARGE);
      assert.deepEqual(rest, { disposition: 'attachment', name: title });
      return;
    }
    const file = path.join(page.folder, title);
    await page.driver.wait(() => existsSync(file) && statSync(file).size === LARGE.length, PATIENCE, file);
    equal(readFileSync(file), LARGE);
    // Firefox keeps what came as a .part, beside an empty file of the name.
    const others = readdirSync(page.folder).filter((other) => other !== title && !other.endsWith('.part'));
    assert.deepEqual(
      others.map((other) => statSync(path.join(page.folder, other)).size).filter((size) => size > 0),
      [],
    );
  });

  test('without a service worker a file is kept as a Blob first, up to a limit that the error states', async () => {
    const id = await page.put(LARGE, { name: 'a.bin', type: '' });
    const saved = await page.evaluate(async (id) => {
      globalThis.showSaveFilePicker = undefined;
      navigator.serviceWorker.register = async () => {
        throw new DOMException('not in a private window', 'SecurityError');
      };
      const [blobs, names] = [[], []];
      URL.createObjectURL = (blob) => `blob:${blobs.push(blob)}`;
      HTMLAnchorElement.prototype.click = function click() {
        names.push(this.download);
      };
      const file = await here.openHere(id);
      const how = await here.save(file);
      let cancelled = false;
      const plaintext = new ReadableStream({ cancel: () => (cancelled = true) });
      const large = { name: 'b', open: async () => ({ plaintext, size: here.LARGEST_BLOB + 1 }) };
      const message = await here.save(large).catch(({ message }) => message);
      return { how, message, cancelled, names, bytes: new Uint8Array(await blobs[0].arrayBuffer()) };
    }, id);
    const { bytes, ...rest } = saved;
    equal(bytes, LARGE);
    assert.deepEqual(rest, {
      how: 'downloading',
      message: 'this browser saves at most 256 MiB; open the file in another one',
      cancelled: true,
      names: ['a.bin'],
    });
  });
});
