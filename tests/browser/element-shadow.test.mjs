// <kmseal-file> in shadow trees, where events and forms end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global choose, context, element, form, part, root, statesOf, until -- of forms.mjs, in the page */

const FILE = '<kmseal-file name="doc" key-src="/kms-public-key.json"></kmseal-file>';
const FORM = (content) =>
  `<form method="post" enctype="multipart/form-data" action="/upload">${content}<button>Send</button></form>`;

const { forms, inBrowsers } = testForms();

inBrowsers((page) => {
  /** Shows a page with a shadow tree in its `host`. */
  async function show(outside, inside) {
    await page.show(outside);
    await page.evaluate((html) => {
      globalThis.root = document.querySelector('#host').attachShadow({ mode: 'open' });
      root.innerHTML = html;
      globalThis.element = root.querySelector('kmseal-file');
      globalThis.form = root.querySelector('form');
      element.encryptionContext = globalThis.context = { user: '1' };
      globalThis.choose = (text) => (element.files = [new File([text], 'my-diagnosis.pdf')]);
    }, inside);
  }

  test('a form in a shadow tree is held back when a listener at its root mutates the context in place', async () => {
    await show('<div id="host"></div>', FORM(FILE));
    const uploads = forms.uploads();
    const told = await page.evaluate(async () => {
      choose('the-plain-content');
      await until(() => statesOf() === 'sealed');
      root.addEventListener('submit', () => (context.user = '2'));
      form.requestSubmit();
      const told = part('alert').textContent;
      await until(() => statesOf() === 'sealed');
      return told;
    });
    assert.equal(told, 'The encryption is not finished. Wait a moment, then try again.');
    assert.equal(forms.uploads(), uploads);
    await page.leave('form.requestSubmit()');
    await page.sent();
    assert.deepEqual(await forms.arrived(), [{ bytes: Buffer.from('the-plain-content'), context: { user: '2' } }]);
  });

  test('an element with a name whose form is outside its shadow tree is reported in the console', async () => {
    await show(FORM('<div id="host"></div>'), FILE);
    const warnings = await page.evaluate(() => {
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      choose('the-plain-content');
      element.removeAttribute('name');
      choose('the-plain-content');
      return warnings;
    });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0],
      /^kmseal: a kmseal-file is in a shadow tree within a form, which does not send what is in such a tree;/,
    );
  });

  test('a formdata listener that changes the context leaves no file that is sealed for the previous one', async () => {
    for (const change of ['in place', 'setter']) {
      await show('<div id="host"></div>', FORM(FILE));
      const found = await page.evaluate(async (change) => {
        choose('the-plain-content');
        await until(() => statesOf() === 'sealed');
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        const set = () => (element.encryptionContext = { user: '2' });
        form.addEventListener('formdata', change === 'setter' ? set : () => (context.user = '2'), { once: true });
        const changed = [...new FormData(form).keys()];
        await until(() => statesOf() === 'sealed');
        return [changed, [...new FormData(form).keys()], warnings.length];
      }, change);
      assert.deepEqual(found, [[], ['doc'], 1], change);
    }
  });
});
