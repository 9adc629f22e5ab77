// <kmseal-file> in pages of React, Preact, Vue, Svelte and Solid: properties, events, rendering again, and leaving the page. And under a polyfill.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, form, held, hold, idle, part, render, statesOf, until, violations -- of forms.mjs and the page, in the page */

const PAGES = { react: 'react.jsx', preact: 'preact.jsx', vue: 'vue.js', svelte: 'svelte.js', solid: 'solid.jsx' };

let bundles;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages([...Object.values(PAGES), 'scoped.js']);
  await start({ folders: { '/frameworks/': bundles.folder } });
});

inBrowsers((page, name) => {
  // No engine decides how a framework sets properties: each shows by React that the element takes them, and leaves nothing running.
  for (const framework of Object.keys(PAGES).slice(0, ANY_ENGINE.includes(name) ? undefined : 1)) {
    test(`the element works in ${framework}`, async () => {
      await page.show(`<div id="app"></div><script type="module" src="/frameworks/${framework}.js"></script>`);
      await page.evaluate(async () => {
        await until(() => globalThis.render);
        globalThis.show = async (props) => {
          await render(props);
          await until(() => Boolean(document.querySelector('kmseal-file')) === Boolean(props));
          globalThis.element = document.querySelector('kmseal-file');
        };
        globalThis.output = () => document.querySelector('output').textContent;
        await show({ user: '1', required: true });
      });
      const first = await page.evaluate(() => ({
        form: element.form.id,
        label: part('input').getAttribute('aria-label'),
        required: element.required,
        multiple: element.multiple,
        accept: part('input').accept,
        keySrc: element.keySrc,
        metaName: element.metaName,
        context: { ...element.encryptionContext },
        missing: element.validity.valueMissing,
        attributes: element.getAttribute('encryptioncontext'),
      }));
      assert.deepEqual(first, {
        form: 'form',
        label: 'Identity paper',
        required: true,
        multiple: true,
        accept: '.pdf',
        keySrc: '/kms-public-key.json',
        metaName: 'doc-meta',
        context: { user: '1' },
        missing: true,
        attributes: null,
      });

      const [a, b] = [files.create('a'), files.create('b')];
      await page.choose([a, b]);
      const send = () =>
        page.evaluate(() =>
          fetch('/upload', { method: 'POST', body: new FormData(document.querySelector('#form')) }).then(
            ({ status }) => status,
          ),
        );
      await page.idle();
      await page.evaluate(() => until(() => output() === 'file-1.kmseal file-2.kmseal'));
      assert.equal(await send(), 200);
      const docs = (await forms.received()).getAll('doc');
      assert.deepEqual(await Promise.all(docs.map((doc) => forms.open(doc, { user: '1' }))), [a.bytes, b.bytes]);

      // An equal context in a new object: nothing is sealed again.
      const same = await page.evaluate(async () => {
        const [sealed] = element.files;
        await show({ user: '1', required: false });
        await until(() => !element.required);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return element.files[0].size === sealed.size && statesOf() === 'sealed' && output();
      });
      assert.equal(same, 'file-1.kmseal file-2.kmseal');

      await page.evaluate(async () => {
        await show({ user: '2', required: false });
        await until(() => output() === 'file-1.kmseal file-2.kmseal file-1.kmseal file-2.kmseal');
      });
      assert.equal(await send(), 200);
      assert.deepEqual(await forms.open((await forms.received()).get('doc'), { user: '2' }), a.bytes);

      // An element that leaves the page leaves nothing running.
      await page.evaluate(() => {
        element.value = '';
        globalThis.held = hold();
      });
      await page.choose([a]);
      const left = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        const gone = element;
        let sealed = 0;
        gone.addEventListener('seal', () => sealed++);
        await show(null);
        held.release();
        await new Promise((resolve) => setTimeout(resolve, 200));
        return { isConnected: gone.isConnected, sealed, files: gone.files.length, violations };
      });
      assert.deepEqual(left, { isConnected: false, sealed: 0, files: 0, violations: [] });

      // A refused context falls back to no other, whether the framework swallows the exception, reports it, or removes the form.
      await page.evaluate(() => show({ user: '5', required: false }));
      await page.choose([a]);
      await page.idle();
      await page.evaluate(async () => {
        addEventListener('error', (event) => event.preventDefault());
        try {
          await render({ user: 3, required: false });
        } catch {
          // Told.
        }
        await until(() => !document.contains(element) || statesOf() === 'failed');
      });
      assert.deepEqual(
        await page.evaluate(() => [
          new FormData(element.form ?? undefined).getAll('doc').length,
          element.checkValidity(),
        ]),
        [0, false],
      );
      if (await page.evaluate(() => document.contains(element))) {
        await page.evaluate(async () => {
          await render({ user: '4', required: false });
          await until(() => statesOf() === 'sealed');
        });
        assert.equal(await send(), 200);
        assert.deepEqual((await forms.arrived())[0], { bytes: a.bytes, context: { user: '4' } });
      }
    });
  }

  // In Chromium and WebKit the element has no labels yet then, and in Firefox it has.
  test('the element belongs to its form under a polyfill of scoped registries, which hands it attributes while it is being made', async () => {
    const paper = files.create('polyfilled');
    await page.show(`
      <form novalidate><kmseal-file name="doc" required key-src="/kms-public-key.json" encryption-context="{}"></kmseal-file></form>
      <script type="module" src="/frameworks/scoped.js"></script>`);
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const isHeld = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      form.requestSubmit();
      held.release();
      return part('alert').textContent !== '';
    });
    assert.equal(isHeld, true);
    assert.deepEqual(await page.opened({}), [paper.bytes]);
  });
});
