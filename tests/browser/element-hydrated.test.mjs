// <kmseal-file> that a server has rendered: the context in its attribute is there before, and after, the page is hydrated.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages, serverModules } from '../support/browsers/frameworks.mjs';

/* global element, form, hold, held, idle, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

const CONTEXT = { user: '4711', note: `"it's" <4711> & more` };

let bundles;
let rendered;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  rendered = await serverModules(['react-server.jsx', 'vue-server.js', 'svelte-server.js']);
  bundles = await bundlePages(['react-client.jsx', 'vue-client.js', 'svelte-client.js']);
  await start({ folders: { '/frameworks/': bundles.folder } });
});

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

inBrowsers((page, name) => {
  // No engine decides what a framework keeps of its server's HTML: each shows by React that a context which is there stays.
  const frameworks = ANY_ENGINE.includes(name) ? ['react', 'vue', 'svelte'] : ['react'];

  /** Shows what the framework's server rendered, hydrated or, without scripts, only with the element defined. */
  async function show(framework, props, { hydrated = true } = {}) {
    const html = await rendered[`${framework}-server`].render(props);
    const script = `<script type="module" src="/frameworks/${framework}-client.js"></script>`;
    await page.show(
      `<div id="app" data-props="${escaped(JSON.stringify(props))}">${html}</div>${hydrated ? script : ''}`,
    );
  }
  const submit = () =>
    page.evaluate(async () => {
      await idle(document.querySelector('kmseal-file'));
      document.querySelector('button').click();
    });

  for (const framework of frameworks) {
    for (const hydrated of [true, false]) {
      test(`the file is sealed for the attribute's context in ${framework}, ${hydrated ? 'after' : 'before'} hydration`, async () => {
        const paper = files.create(`${framework} ${hydrated}`);
        await show(framework, { context: CONTEXT, how: 'attribute' }, { hydrated });
        await page.choose([paper]);
        await page.evaluate(async () => {
          globalThis.element = document.querySelector('kmseal-file');
          globalThis.form = document.querySelector('form');
          await idle();
          await fetch('/upload', { method: 'POST', body: new FormData(form) });
        });
        assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
      });
    }
  }

  test('a React action is held back while a file is sealed, then gets the envelope', async () => {
    const paper = files.create('action');
    await show('react', { context: CONTEXT, how: 'attribute' });
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const uploads = forms.uploads();
    const said = await page.evaluate(async () => {
      await until(() => document.querySelector('form').action.startsWith('javascript:'));
      await until(() => statesOf() === 'sealing');
      form.noValidate = true;
      document.querySelector('button').click();
      return [part('alert').textContent, document.querySelector('output').textContent];
    });
    assert.deepEqual(said, ['The encryption is not finished. Wait a moment, then try again.', 'not sent ']);
    assert.equal(forms.uploads(), uploads);
    await page.evaluate(async () => {
      held.release();
      await idle();
    });
    await submit();
    await page.evaluate(() => until(() => document.querySelector('output').textContent.startsWith('sent 200')));
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
    // React resets the form of an action.
    assert.deepEqual(
      await page.evaluate(() => [
        element.files.length,
        statesOf(),
        element.getAttribute('encryption-context') !== null,
      ]),
      [0, '', true],
    );
  });

  for (const framework of frameworks) {
    test(`a property that ${framework} drops on hydration leaves the form without a file and says so; a kept one takes effect`, async () => {
      const paper = files.create(`property ${framework}`);
      await show(framework, { context: CONTEXT, how: 'property' });
      await page.choose([paper]);
      const outcome = await page.evaluate(async () => {
        await until(() => ['sealed', 'failed'].includes(statesOf()));
        if (statesOf() === 'failed')
          return {
            values: values().length,
            valid: form.checkValidity(),
            alert: part('alert').textContent.slice(0, 22),
          };
        await fetch('/upload', { method: 'POST', body: new FormData(form) });
        return 'sent';
      });
      if (outcome === 'sent') assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
      else assert.deepEqual(outcome, { values: 0, valid: false, alert: 'This page is not ready' });
    });
  }
});
