// <kmseal-file> in a page that is left while a file is sealed, and that the browser shows again, with all that it had in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global idle, parts, statesOf, until, values -- of forms.mjs, in the page */

const FORM = `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" multiple key-src="/kms-public-key.json" encryption-context="{}"></kmseal-file>
    <input name="note"><button>Send</button>
  </form>`;

const { forms, files, inBrowsers } = testForms((start) =>
  start({ routes: (app) => app.get('/next', (context) => context.html('<!doctype html><title>next</title>')) }),
);

inBrowsers((page) => {
  test('a file whose page is left while it is sealed is sealed when Back shows the page again', async () => {
    const chosen = [files.create('first'), files.create('second')];
    await page.show(FORM);
    await page.evaluate(async () => {
      globalThis.shown = new Promise((resolve) => addEventListener('pageshow', ({ persisted }) => resolve(persisted)));
      document.querySelector('input').value = 'typed';
      // What is read when the page is left never arrives, as in Firefox 153.
      const { whenReading } = await import('/pages/watch.js');
      whenReading(() => new Promise(() => {}));
      addEventListener('pagehide', () => whenReading(undefined));
    });
    await page.choose(chosen);
    await page.evaluate(() => until(() => parts('item-sealing').length === 1));
    await page.driver.get(`${forms.origin}/next`);
    await page.driver.navigate().back();
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
});
