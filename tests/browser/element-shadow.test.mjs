// <kmseal-file> in shadow trees, where events and forms end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global choose, context, element, form, hold, part, root, statesOf, until -- of forms.mjs, in the page */

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
      globalThis.element = (root.querySelector('kmseal-file') ? root : document).querySelector('kmseal-file');
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

  test('a form waits for an element that a component in it has in its shadow tree, or that is in a slot of the form', async () => {
    for (const [outside, inside] of [
      [FORM('<div id="host"></div>'), FILE],
      [`<div id="host">${FILE}</div>`, FORM('<slot></slot>')],
    ]) {
      await show(outside, inside);
      const found = await page.evaluate(async () => {
        const held = hold();
        choose('the-plain-content');
        await until(() => statesOf() === 'sealing');
        const button = (form ? root : document).querySelector('button');
        const sent = [];
        button.form.addEventListener('submit', (event) => {
          event.preventDefault();
          sent.push(statesOf());
        });
        button.form.noValidate = true;
        button.click();
        const told = part('alert').textContent;
        const hidden = [];
        console.warn = (text) => hidden.push(text.replace(/.*: /, ''));
        element.hidden = true;
        button.form.requestSubmit();
        hidden.push(document.querySelector('[role=alert]')?.textContent ?? '');
        held.release();
        await until(() => statesOf() === 'sealed');
        button.click();
        return { told, hidden: hidden.join(''), sent };
      });
      const told = 'The encryption is not finished. Wait a moment, then try again.';
      assert.deepEqual(found, { told, hidden: told, sent: ['sealed'] }, outside);
    }
  });

  test('an element with a name is reported in the console if the form around it, or the one that it names, is in another tree', async () => {
    const warnings = () =>
      page.evaluate(() => {
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        choose('the-plain-content');
        element.removeAttribute('name');
        choose('the-plain-content');
        return warnings;
      });
    await show(FORM('<div id="host"></div>'), FILE);
    const around = await warnings();
    await show(`<div id="host">${FILE}</div>`, FORM('<slot></slot>'));
    const slotted = await warnings();
    await show('<div id="host"></div>', FORM(FILE.replace('>', ' form="far">')));
    const named = await warnings();
    const another =
      'kmseal: a kmseal-file is in a shadow tree within a form, or in a slot of one, and a form sends only what is in its own tree; put both into the same tree';
    assert.deepEqual(
      [around, slotted, named],
      [
        [another],
        [another],
        ['kmseal: a kmseal-file has form="far", which is the id of no form in its tree, so nothing sends its files'],
      ],
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
