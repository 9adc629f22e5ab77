// <kmseal-file> in a page that is left while a file is sealed, and that the browser shows again, with all that it had in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global asked, drop, file, idle, part, parts, statesOf, until, values -- of forms.mjs, in the page */

const FORM = `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" multiple key-src="/kms-public-key.json" encryption-context="{}"></kmseal-file>
    <input name="note"><button>Send</button>
  </form>`;

/**
 * What is in progress when the page is left, and never ends there, as in Firefox 153. Each function runs in the page and returns what undoes it. The
 * page's `begun` says that the work is in progress. Nothing may wait for the network then: only WebKit 2.50 keeps such a page, and its requests fail.
 */
const IN_PROGRESS = {
  'a file is read': async () => {
    const { whenReading } = await import('/pages/watch.js');
    whenReading(() => new Promise(() => (globalThis.begun = true)));
    return () => whenReading(undefined);
  },
  'the key is loaded': () => {
    const { fetch } = globalThis;
    globalThis.fetch = async (...args) => {
      const response = await fetch(...args);
      if (!response.url.endsWith('/kms-public-key.json')) return response;
      await response.arrayBuffer();
      return new Promise(() => (globalThis.begun = true));
    };
    return () => (globalThis.fetch = fetch);
  },
  'the .wasm is compiled': () => {
    const { compileStreaming } = WebAssembly;
    WebAssembly.compileStreaming = async (...args) => {
      await compileStreaming(...args);
      return new Promise(() => (globalThis.begun = true));
    };
    return () => (WebAssembly.compileStreaming = compileStreaming);
  },
};

const { forms, files, inBrowsers } = testForms((start) =>
  start({ routes: (app) => app.get('/next', (context) => context.html('<!doctype html><title>next</title>')) }),
);

inBrowsers((page) => {
  /** Lets it begin, and never end until the page is left. */
  async function begin(work) {
    await page.evaluate(() => {
      globalThis.shown = new Promise((resolve) => addEventListener('pageshow', ({ persisted }) => resolve(persisted)));
    });
    await page.evaluate(`Promise.resolve((${work})()).then((end) => addEventListener('pagehide', end))`);
  }
  async function leaveAndReturn() {
    await page.driver.get(`${forms.origin}/next`);
    await page.driver.navigate().back();
  }

  for (const [what, work] of Object.entries(IN_PROGRESS)) {
    test(`files are sealed when Back shows the page again that was left while ${what}`, async () => {
      const chosen = [files.create('first'), files.create('second')];
      await page.show('');
      await begin(work);
      await page.replace(FORM);
      await page.choose(chosen);
      await page.evaluate(() => {
        const hasCome = (name) => performance.getEntriesByType('resource').some((entry) => entry.name.endsWith(name));
        return until(() => globalThis.begun && ['/kms-public-key.json', '/kmseal.wasm'].every(hasCome));
      });
      await leaveAndReturn();
      const found = await page.evaluate(async () => {
        if (!(await globalThis.shown)) return undefined;
        await idle();
        return { state: statesOf(), fields: values().map(([name]) => name) };
      });
      // Where the browser shows another page in its place, nothing is left of the choice.
      if (!found) return;
      assert.deepEqual(found, { state: 'sealed', fields: ['doc', 'doc', 'note'] });
      assert.deepEqual(
        await page.opened(),
        chosen.map(({ bytes }) => bytes),
      );
    });
  }

  test('files that the page or the element was looking at when the page was left are looked at again when Back shows it', async () => {
    const paper = files.create('scanned');
    await page.show(FORM);
    await page.choose([paper]);
    await page.idle();
    await page.evaluate(() => {
      globalThis.asked = [];
      document.addEventListener('beforeseal', (event) => {
        const { file, signal } = event.detail;
        const scan = async () => {
          await file.slice(0, 2).arrayBuffer();
          asked.push([file.name, signal.aborted]);
        };
        event.waitUntil(scan());
      });
    });
    await begin(IN_PROGRESS['a file is read']);
    await page.evaluate(() => {
      const [{ name, type, lastModified, size }] = part('input').files;
      drop(new File([new Uint8Array(size)], name, { type, lastModified })); // to be compared with the one on the list
      drop(file('new.pdf'));
    });
    await page.evaluate(() => until(() => statesOf() === 'sealing'));
    await leaveAndReturn();
    const found = await page.evaluate(async () => {
      if (!(await globalThis.shown)) return undefined;
      await idle();
      return { state: statesOf(), asked, fields: values().map(([name]) => name) };
    });
    if (!found) return;
    assert.deepEqual(found, {
      state: 'sealed',
      asked: [
        ['new.pdf', false],
        [paper.name, false],
      ],
      fields: ['doc', 'doc', 'doc', 'note'],
    });
  });
});
