// <kmseal-file> where frameworks render again, change what they have set in its place, or swallow what it refuses.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testForms } from '../support/forms.mjs';
import { bundlePages } from '../support/frameworks.mjs';

/* global change, element, events, form, idle, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

let bundles;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages(['inline.jsx', 'reactive-vue.js', 'reactive-svelte.js', 'attribute-vue.js']);
  await start({ folders: { '/frameworks/': bundles.folder } });
});

inBrowsers((page) => {
  async function show(name) {
    await page.show(`<div id="app"></div><script type="module" src="/frameworks/${name}.js"></script>`);
    await page.evaluate(async () => {
      await until(() => document.querySelector('kmseal-file'));
      globalThis.element = document.querySelector('kmseal-file');
      globalThis.form = document.querySelector('form');
    });
  }

  test('React: a Sealer and a context that are new at each rendering, and a state set by each seal, seal a file once', async () => {
    const paper = files.create('inline');
    await show('inline');
    await page.choose([paper]);
    const seals = await page.evaluate(async () => {
      // What is rendered sets the properties first: had they changed anything, the file would be sealed again by then.
      await until(() => Number(document.querySelector('output').textContent) > 0);
      const state = statesOf();
      await idle();
      await fetch('/upload', { method: 'POST', body: new FormData(form) });
      return [state, document.querySelector('output').textContent, events.filter(([type]) => type === 'seal').length];
    });
    assert.deepEqual(seals, ['sealed', '1', 1]);
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
  });

  for (const [name, bundle] of [['Vue: a reactive', 'reactive-vue'], ['Svelte: a $state', 'reactive-svelte']]) {
    test(`${name} context that changes after the sealing is what the envelope has`, async () => {
      const paper = files.create(bundle);
      await show(bundle);
      await page.choose([paper]);
      const uploads = forms.uploads();
      await page.evaluate(async () => {
        await idle();
        change('4711');
        form.requestSubmit();
        await until(() => document.querySelector('output').textContent === '4711');
        await idle();
      });
      assert.equal(forms.uploads(), uploads);
      await page.leave("document.querySelector('form').requestSubmit()");
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4711' } }]);

      await show(bundle);
      await page.choose([paper]);
      const refused = await page.evaluate(async () => {
        await idle();
        change(4711);
        form.requestSubmit();
        await idle();
        return [statesOf(), values().length, form.checkValidity(), part('alert').textContent.slice(0, 22)];
      });
      assert.deepEqual(refused, ['failed', 0, false, 'This page is not ready']);
      await page.evaluate(async () => {
        change('4712');
        form.requestSubmit();
        await idle();
      });
      await page.leave("document.querySelector('form').requestSubmit()");
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4712' } }]);
    });
  }

  test('Vue: an object bound to the attribute encryption-context is refused, and the page told so', async () => {
    await show('attribute-vue');
    await page.choose([files.create('attribute')]);
    const found = await page.evaluate(async () => {
      const told = [];
      console.error = (error) => told.push(error.message);
      await until(() => statesOf() === 'failed');
      part('retry').click();
      await until(() => told.length > 0);
      await idle();
      return [values().length, form.checkValidity(), told[0]];
    });
    assert.deepEqual(found.slice(0, 2), [0, false]);
    assert.match(found[2], /an object was set as an attribute; set the property encryptionContext in its place \(in Vue, :encryptionContext\.prop\)/);
  });
});
