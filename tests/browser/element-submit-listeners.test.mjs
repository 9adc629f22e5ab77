// Listeners of submit that change the form, the element or its context while the event is on its way: no form goes without its files unnoticed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { pressHeldBack } from '../support/browsers/held-back.mjs';

/* global element, form, hold, held, idle, part, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '', formAttributes = '') => `
  <form id="form" method="post" enctype="multipart/form-data" action="/upload" ${formAttributes}>
    <fieldset><kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context="{}" ${attributes}></kmseal-file></fieldset>
    <input name="note" value="hello"><button>Send</button>
  </form>`;
const BUSY = 'The encryption is not finished. Wait a moment, then try again.';

const { forms, files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  test('a fieldset that is disabled in a submit listener drops the file, and the console says so', async () => {
    const paper = files.create('twice');
    await page.show(FORM());
    await page.choose([paper]);
    const warnings = await page.evaluate(async () => {
      await idle();
      globalThis.warnings = [];
      console.warn = (text) => warnings.push(text);
      const fieldset = document.querySelector('fieldset');
      values();
      fieldset.disabled = true;
      values();
      const before = warnings.length;
      fieldset.disabled = false;
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        fieldset.disabled = true;
        globalThis.fields = values();
      });
      form.requestSubmit();
      return [before, ...warnings, fields];
    });
    assert.equal(warnings[0], 0);
    assert.match(
      warnings[1],
      /^kmseal: a kmseal-file was disabled, perhaps with its fieldset, .* disable the button instead$/,
    );
    assert.deepEqual(warnings[2], [['note', 'hello']]);
  });

  test('a form that is reset in a submit listener is held back, since its file is gone, and the console says so', async () => {
    await page.show(FORM('', 'target="frame"') + '<iframe name="frame"></iframe>');
    await page.choose([files.create('reset')]);
    const uploads = forms.uploads();
    const warnings = await page.evaluate(async () => {
      await idle();
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      form.addEventListener('submit', () => form.reset(), { once: true });
      document.querySelector('button').click();
      await until(() => warnings.length > 0);
      return warnings;
    });
    assert.equal(forms.uploads(), uploads);
    await page.evaluate(async () => {
      document.querySelector('button').click();
      await until(() => document.querySelector('iframe').contentDocument.querySelector('#received'));
    });
    assert.equal(forms.uploads(), uploads + 1);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0],
      /^kmseal: a kmseal-file was emptied in submit, before its form was read, so the files are missing;/,
    );
  });

  const LOST = {
    'is disabled': [() => (element.disabled = true), /was disabled, .* disable the button instead$/],
    'has its fieldset disabled': [
      () => (document.querySelector('fieldset').disabled = true),
      /was disabled, perhaps with its fieldset/,
    ],
    'is taken out': [() => element.remove(), /was taken out of its form in submit, .* take it out later$/],
    'is put into another form': [
      () => document.body.appendChild(document.createElement('form')).append(element),
      /was taken out of its form/,
    ],
    'loses its file': [() => (element.value = ''), /was emptied in submit/],
  };
  test('a form that loses the element in a submit listener is held back wherever the listener is, and page and console say so', async () => {
    await page.show('');
    for (const [what, [lose, warning]] of Object.entries(LOST)) {
      for (const place of ['form', 'document', 'capturing window']) {
        // Engines decide in which order listeners run, and what becomes of a form: each shows every place once, and every loss once.
        if (!ANY_ENGINE.includes(name) && place !== 'form' && what !== 'is taken out') continue;
        await page.replace(FORM('', 'novalidate'));
        await page.choose([files.create(what)]);
        const uploads = forms.uploads();
        const found = await page.evaluate(`(async () => {
          await idle();
          const warnings = [];
          console.warn = (text) => warnings.push(text);
          const target = { form, document, 'capturing window': window }['${place}'];
          target.addEventListener('submit', ${lose}, { capture: '${place}'.startsWith('capturing'), once: true });
          document.querySelector('button').click();
          await new Promise((resolve) => setTimeout(resolve, 50));
          return [warnings, document.querySelector('button') !== null];
        })()`);
        assert.equal(found[0].length, 1, `${what}, ${place}: ${found[0]}`);
        assert.match(found[0][0], warning, `${what}, ${place}`);
        assert.equal(found[1], true, 'the page is still there');
        assert.equal(forms.uploads(), uploads, `${what}, ${place}`);
      }
    }
  });

  test('a form that loses its file is held back by a listener that reads the form first, and by one that stops the event', async () => {
    await page.show('');
    const ways = {
      read: () => void new FormData(form),
      stopped: (event) => event.stopPropagation(),
    };
    for (const [way, first] of Object.entries(ways)) {
      for (const [what, [lose, warning]] of Object.entries(LOST)) {
        // How a listener loses the file is above.
        if (!ANY_ENGINE.includes(name) && what !== 'has its fieldset disabled') continue;
        await page.replace(FORM('', 'novalidate'));
        await page.choose([files.create(what)]);
        const uploads = forms.uploads();
        const warnings = await page.evaluate(`(async () => {
          await idle();
          const warnings = [];
          console.warn = (text) => warnings.push(text);
          form.addEventListener('submit', ${first}, { once: true });
          form.addEventListener('submit', ${lose}, { once: true });
          document.querySelector('button').click();
          await new Promise((resolve) => setTimeout(resolve, 50));
          return warnings;
        })()`);
        assert.equal(warnings.length, 1, `${what}, ${way}: ${warnings}`);
        assert.match(warnings[0], warning, `${what}, ${way}`);
        assert.equal(forms.uploads(), uploads, `${what}, ${way}`);
      }
    }
  });

  test('a form that would send only the names of its files is held back by a listener that stops the event', async () => {
    await page.show(FORM().replace('enctype="multipart/form-data"', ''));
    await page.choose([files.create('stopped names')]);
    const uploads = forms.uploads();
    await page.evaluate(() => form.addEventListener('submit', (event) => event.stopPropagation()));
    const [, ...warnings] = await pressHeldBack(page);
    assert.equal(warnings.length, 1, `${warnings}`);
    assert.match(warnings[0], /would send only the names of its files/);
    assert.equal(forms.uploads(), uploads);
  });

  test('an element without a name gives the form nothing to lose, so any form goes', async () => {
    await page.show(FORM().replace('enctype="multipart/form-data"', '').replace('name="doc"', ''));
    await page.choose([files.create('sent elsewhere')]);
    await page.idle();
    await page.press('button');
    await page.sent();
    assert.deepEqual([...(await forms.received())], [['note', 'hello']]);
  });

  test('a listener may remove the element once it has read the form, or if it handles the submit event itself', async () => {
    for (const how of ['read', 'answered']) {
      const paper = files.create(how);
      await page.show(FORM('', 'novalidate'));
      await page.choose([paper]);
      const warnings = await page.evaluate(async (how) => {
        await idle();
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        let sent;
        form.addEventListener('submit', (event) => {
          if (how === 'answered') event.preventDefault();
          sent = fetch('/upload', { method: 'POST', body: new FormData(form) });
          element.remove();
          event.preventDefault();
        });
        document.querySelector('button').click();
        await sent;
        return warnings;
      }, how);
      assert.deepEqual(warnings, []);
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: {} }]);
    }
  });

  test('a listener ahead of the form that stops the event does not let the form go while a file is sealed', async () => {
    const uploads = forms.uploads();
    for (const place of ['window', 'document', 'document.body']) {
      await page.show(FORM('', 'novalidate'));
      await page.evaluate((place) => {
        const target = { window, document, 'document.body': document.body }[place];
        target.addEventListener('submit', (event) => event.stopPropagation(), true);
        globalThis.held = hold();
      }, place);
      await page.choose([files.create('stopped')]);
      const told = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        document.querySelector('button').click();
        await new Promise((resolve) => setTimeout(resolve, 50));
        const told = part('alert').textContent;
        held.release();
        await idle();
        return told;
      });
      assert.equal(told, BUSY, place);
    }
    assert.equal(forms.uploads(), uploads);
  });

  test('a listener that changes the context after waiting and then submits the form sends no file, and the person learns it', async () => {
    const paper = files.create('waited');
    await page.show(FORM());
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await idle();
      const answered = Promise.withResolvers();
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        await fetch('/form');
        element.encryptionContext = { user: '2' };
        await fetch('/upload', { method: 'POST', body: new FormData(form) });
        answered.resolve();
      });
      globalThis.held = hold();
      form.requestSubmit();
      await answered.promise;
      const told = part('alert').textContent;
      held.release();
      await idle();
      return [told, part('alert').textContent];
    });
    assert.deepEqual(found, [BUSY, '']);
    assert.deepEqual([...(await forms.received()).keys()], ['note']);
  });
});
