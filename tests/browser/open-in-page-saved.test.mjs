// What examples/open-in-page saves in three browsers: to a place that the user chooses, as a download, and from memory.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, before, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { BLOB_FIRST, openOpenInPage } from './open-in-page/pages.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { sample } from '../support/page/bytes.mjs';

/* global here, answer, tick, heard -- of the page: what lib.js exports, and what these tests put there */

/** What is kept as a Blob first, and what is more than that: the page asks for 8 MiB at a time. */
const LARGE = sample(3 * 2 ** 20 + 17);
const HUGE = sample(9 * 2 ** 20 + 17);
assert.ok(LARGE.length < BLOB_FIRST && HUGE.length > BLOB_FIRST);
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('base64');
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
      const digest = await here.digest(await (await (await root.getFileHandle('good.bin')).getFile()).arrayBuffer());
      const left = await root.getFileHandle('bad.bin').then(
        async (handle) => (await handle.getFile()).size,
        ({ name }) => name,
      );
      return { results, digest, left };
    }, ids);
    await page.visit();
    const { results, digest } = saved;
    assert.deepEqual({ results, digest }, { results: ['saved', 'ERR_AUTHENTICATION'], digest: digestOf(LARGE) });
    assert.ok(['NotFoundError', 0].includes(saved.left), `${saved.left}`);
  };
  // WebKitGTK has no such file system, and no such dialog either.
  if (name !== 'webkit') test('a chosen place gets the whole file, and nothing where the envelope is bad', chosenPlace);

  /** Opens the example's own page of a file, and presses Save. @param {() => Promise<void>} [prepare] just before that */
  async function pressSave(id, prepare = async () => {}) {
    await page.visit({ id });
    await page.evaluate((isWebKit) => {
      globalThis.showSaveFilePicker = undefined;
      if (!isWebKit) return;
      // WebKitGTK's test browser ends with any download. There a page in the worker's scope gets what it answers.
      const { set } = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, 'src');
      Object.defineProperty(HTMLIFrameElement.prototype, 'src', {
        set(url) {
          const client = document.createElement('iframe');
          globalThis.answer = new Promise((resolve) => (client.onload = resolve)).then(async () => {
            const response = await client.contentWindow.fetch(url);
            return {
              disposition: response.headers.get('content-disposition'),
              name: decodeURIComponent(url.slice(url.lastIndexOf('/') + 1)),
              digest: await here.digest(await response.arrayBuffer()),
            };
          });
          set.call(client, '/page/save/client');
          document.body.append(client);
        },
      });
    }, name === 'webkit');
    const button = await page.driver.findElement(By.id('save'));
    await page.driver.wait(until.elementIsEnabled(button), PATIENCE);
    await prepare();
    await button.click();
  }

  /** What the page says once it has ended saving. */
  async function told() {
    const status = await page.driver.findElement(By.id('status'));
    await page.driver.wait(async () => !(await status.getText()).startsWith('The server'), PATIENCE);
    return status.getText();
  }

  /** Waits until a download has all bytes. */
  async function arrived(title, bytes) {
    const file = path.join(page.downloads, title);
    await page.driver.wait(() => existsSync(file) && statSync(file).size > 0, PATIENCE, file);
    equal(readFileSync(file), bytes);
  }

  /** The downloads that have bytes under their names. Firefox keeps what came as a .part, beside an empty file of the name. */
  const downloads = () =>
    readdirSync(page.downloads).filter(
      (file) => !/\.(part|crdownload)$/.test(file) && statSync(path.join(page.downloads, file)).size > 0,
    );

  /** Presses Save, and has S3 wait in the middle of the download. @returns {Promise<() => void>} lets S3 continue */
  async function saveToTheMiddle(id) {
    let letGo;
    const until = new Promise((resolve) => (letGo = resolve));
    let asked = 0;
    let isHeld = false;
    await pressSave(id, async () => {
      page.relay.fault = () => {
        // The header, the final frame, and 8 MiB come before.
        isHeld = ++asked === 4;
        return isHeld ? { does: 'hold', after: 'all', until } : undefined;
      };
      await page.evaluate(() => {
        // However slow the test is, no source is taken for one that stalls; and `tick` is when the page looks after the worker.
        const { setTimeout } = globalThis;
        globalThis.setTimeout = (work, delay, ...values) => (delay >= 5000 ? 0 : setTimeout(work, delay, ...values));
        globalThis.setInterval = (tick) => void (globalThis.tick = tick);
        globalThis.MessageChannel = class extends MessageChannel {
          constructor() {
            super();
            this.port1.addEventListener('message', ({ data }) => data === 'here' && heard());
          }
        };
      });
    });
    const begun = () => readdirSync(page.downloads).some((file) => /\.(part|crdownload)$/.test(file));
    await page.driver.wait(() => isHeld && begun(), PATIENCE);
    return letGo;
  }
  afterEach(() => page.relay.reset());

  test('a service worker streams a download to disk, and a bad envelope becomes no file that looks whole', async () => {
    await pressSave(await page.putAltered(HUGE, { name: 'bad\ud83d.bin', type: '' }));
    assert.match(await told(), /^frame \d+ does not authenticate/);
    if (name === 'webkit') assert.equal(await page.evaluate(() => answer.catch(({ name }) => name)), 'TypeError');
    const title = 'Übersicht 1.bin';
    await pressSave(await page.put(HUGE, { name: title, type: '' }));
    assert.equal(await told(), 'It is among your downloads.');
    if (name === 'webkit') {
      const found = await page.evaluate(() => answer);
      assert.deepEqual(found, { disposition: 'attachment', name: title, digest: digestOf(HUGE) });
      return;
    }
    await arrived(title, HUGE);
    assert.deepEqual(downloads(), [title]);
  });

  const blobFirst = async () => {
    const before = downloads();
    await pressSave(await page.putAltered(LARGE, { name: 'small and bad.bin', type: '' }));
    assert.match(await told(), /^frame \d+ does not authenticate/);
    await pressSave(await page.put(LARGE, { name: 'small.bin', type: '' }));
    assert.equal(await told(), 'It is among your downloads.');
    await arrived('small.bin', LARGE);
    assert.deepEqual(downloads().sort(), [...before, 'small.bin'].sort());
  };

  /** In the page: once the worker runs whose file this is, the first one that `save` finds is another one. */
  const offerToAnother = async () => {
    URL.createObjectURL = () => {
      throw new Error('a Blob');
    };
    const container = navigator.serviceWorker;
    const register = container.register.bind(container);
    const registration = await register('save-worker.js', { scope: 'save/' });
    const isOurs = ({ active, waiting, installing }) =>
      !waiting && !installing && active?.state === 'activated' && active.scriptURL.endsWith('save-worker.js');
    while (!isOurs(registration)) await new Promise((resolve) => setTimeout(resolve, 20));
    container.register = async () => {
      delete container.register;
      const { scriptURL } = registration.active;
      return { active: { state: 'activated', scriptURL, postMessage: ({ port }) => port?.postMessage('ready') } };
    };
  };

  const replaced = async () => {
    const letGo = await saveToTheMiddle(await page.put(HUGE, { name: 'replaced.bin', type: '' }));
    const scopes = await page.evaluate(async () => {
      for (const [script, scope, state] of [
        ['newer-worker.js', 'save/', 'installed'],
        ['app-worker.js', './', 'activated'],
      ]) {
        const { installing: worker } = await navigator.serviceWorker.register(script, { scope });
        while (![state, 'activated'].includes(worker.state))
          await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
      }
      const all = await navigator.serviceWorker.getRegistrations();
      return all.map(({ scope }) => new URL(scope).pathname).sort();
    });
    letGo();
    await arrived('replaced.bin', HUGE);
    assert.equal(await told(), 'It is among your downloads.');
    // A worker that is told of the file may be replaced before the browser asks for it. The file is offered again, and no Blob takes its place.
    await pressSave(await page.put(HUGE, { name: 'next.bin', type: '' }), () => page.evaluate(offerToAnother));
    assert.equal(await told(), 'It is among your downloads.');
    await arrived('next.bin', HUGE);
    // The app's worker is still there, too.
    const app = await page.evaluate(async () => (await navigator.serviceWorker.getRegistration('./')).active.scriptURL);
    assert.deepEqual({ scopes, app: path.basename(app) }, { scopes: ['/page/', '/page/save/'], app: 'app-worker.js' });
  };

  const lost = async () => {
    const before = downloads();
    const letGo = await saveToTheMiddle(await page.put(HUGE, { name: 'lost.bin', type: '' }));
    await page.evaluate(async () => {
      for (let times = 0; times < 10; times++) {
        const answer = new Promise((resolve) => (globalThis.heard = resolve));
        tick();
        await answer;
      }
    });
    await page.driver.sendDevToolsCommand('ServiceWorker.enable', {});
    await page.driver.sendDevToolsCommand('ServiceWorker.stopAllWorkers', {});
    await page.evaluate(() => {
      for (let times = 0; times < 10; times++) tick();
    });
    assert.match(await told(), /^the browser ended the download; delete /);
    letGo();
    assert.deepEqual(downloads(), before);
  };

  if (name !== 'webkit') {
    test('a file of up to a limit becomes a download only when all of it is there', blobFirst);
    test("neither a newer worker nor the app's own one ends a download, and the app keeps its worker", replaced);
  }
  // Chromium alone lets a test stop a worker.
  if (name === 'chromium') test('a download whose worker has gone is not waited for', lost);

  // The way is chosen by size, and what would save is replaced here.
  if (!ANY_ENGINE.includes(name)) return;
  test('a file of up to 32 MiB, and a larger one without a service worker, is kept as a Blob, up to a stated limit', async () => {
    await page.visit();
    const saved = await page.evaluate(async () => {
      globalThis.showSaveFilePicker = undefined;
      const [blobs, did, how] = [[], [], []];
      navigator.serviceWorker.register = async () => {
        did.push('a worker is asked for');
        throw new DOMException('not in a private window', 'SecurityError');
      };
      URL.createObjectURL = (blob) => `blob:${blobs.push(blob)}`;
      HTMLAnchorElement.prototype.click = function click() {
        did.push(this.download);
      };
      let cancelled = false;
      const plaintextOf = (name) =>
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(name));
            controller.close();
          },
        });
      const endless = () => new ReadableStream({ cancel: () => void (cancelled = true) });
      for (const { name, size, plaintext = plaintextOf } of [
        { name: 'a', size: 32 * 2 ** 20 },
        { name: 'b', size: 32 * 2 ** 20 + 1 },
        { name: 'c', size: 256 * 2 ** 20 },
        { name: 'd', size: 256 * 2 ** 20 + 1, plaintext: endless },
      ])
        how.push(
          await here
            .save({ name, open: async () => ({ plaintext: plaintext(name), size }) })
            .catch(({ message }) => message),
        );
      return { how, cancelled, did, contents: await Promise.all(blobs.map((blob) => blob.text())) };
    });
    const asked = 'a worker is asked for';
    assert.deepEqual(saved, {
      how: [...Array(3).fill('downloading'), 'this browser saves at most 256 MiB; open the file in another one'],
      cancelled: true,
      did: ['a', asked, 'b', asked, 'c', asked],
      contents: ['a', 'b', 'c'],
    });
  });
});
