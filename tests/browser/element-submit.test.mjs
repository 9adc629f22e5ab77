// <kmseal-file> in real forms: what arrives at the endpoint opens through KMS, and nothing else ever leaves the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { readHeader } from '../support/message.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global drop, element, file, form, events, hold, held, idle, part, parts, statesOf, until, values, violations -- of forms.mjs, in the page */

const FORM = (attributes = '', formAttributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload" ${formAttributes}>
    <label for="doc">Identity paper</label>
    <fieldset><kmseal-file encryption-context='{}' id="doc" name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file></fieldset>
    <input name="note" value="hello"><button>Send</button>
  </form>`;

const { forms, files, inBrowsers } = testForms();

/** Field names and file names. */
const fieldsOf = (form) => [...form].map(([name, value]) => [name, value.name ?? value]);

inBrowsers((page, name) => {
  test('a plain form sends a sealed file under a neutral name', async () => {
    const paper = files.create('paper', { length: 600_000 });
    await page.show(FORM('required'));
    await page.choose([paper]);
    await page.idle();
    assert.equal(await page.evaluate(() => statesOf()), 'sealed');
    await page.press('button');
    await page.sent();
    const sent = await forms.received();
    assert.deepEqual(fieldsOf(sent), [
      ['doc', 'file-1.kmseal'],
      ['note', 'hello'],
    ]);
    assert.equal(sent.get('doc').type, 'application/octet-stream');
    assert.deepEqual(await forms.open(sent.get('doc')), paper.bytes);
  });

  test('fetch(new FormData(form)) and the files property give the envelope', async () => {
    const paper = files.create('fetched');
    await page.show(FORM());
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await idle();
      const { status } = await fetch('/upload', { method: 'POST', body: new FormData(form) });
      const [file] = element.files;
      element.required = true;
      return {
        status,
        name: file.name,
        type: file.type,
        same: element.files[0] === file && new FormData(form).get('doc').size === file.size,
        events,
      };
    });
    assert.deepEqual(
      { ...found, events: undefined },
      { status: 200, name: 'file-1.kmseal', type: 'application/octet-stream', same: true, events: undefined },
    );
    assert.deepEqual(found.events, [
      ['beforeseal', paper.name, null],
      ['seal', paper.name, null],
      ['change', null, null],
    ]);
    assert.deepEqual(await forms.open((await forms.received()).get('doc')), paper.bytes);
  });

  test('the element is invalid and empty while it seals, so form.submit(), which does not check validity, is held back or sends no part of it', async () => {
    const paper = files.create('busy');
    await page.show(FORM('required'));
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const busy = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      const { customError, valueMissing } = element.validity;
      const checked = form.checkValidity();
      form.requestSubmit();
      return {
        customError,
        valueMissing,
        checked,
        message: element.validationMessage,
        values: values(),
        events,
        files: element.files.length,
      };
    });
    assert.deepEqual(busy, {
      customError: true,
      valueMissing: false,
      checked: false,
      message: 'The encryption is not finished. Wait a moment, then try again.',
      values: [['note', 'hello']],
      events: [['beforeseal', paper.name, null]],
      files: 0,
    });
  });

  test('form.submit(), which asks nobody, waits for a file that is being sealed where a page hears of navigation, and sends no part of it elsewhere', async () => {
    await page.show(FORM());
    const hears = await page.evaluate(() => {
      globalThis.held = hold();
      drop(file('my-diagnosis.pdf'));
      return 'navigation' in globalThis;
    });
    const uploads = forms.uploads();
    await page.leave('form.submit()');
    if (hears) {
      const told = await page.evaluate(async () => {
        await until(() => part('error'));
        const told = part('alert').textContent;
        held.release();
        await idle();
        return told;
      });
      assert.equal(told, 'The encryption is not finished. Wait a moment, then try again.');
      await page.leave('form.enctype = ""; form.submit()');
      await page.evaluate(async () => {
        await until(() => part('error')?.textContent.startsWith('This page is not ready'));
        form.enctype = 'multipart/form-data';
      });
      assert.equal(forms.uploads(), uploads);
      await page.leave('form.submit()');
    }
    await page.sent();
    const sent = [...(hears ? [['doc', 'file-1.kmseal']] : []), ['note', 'hello']];
    assert.deepEqual(fieldsOf(await forms.received()), sent);
  });

  test('a required element is missing a value until a file is chosen', async () => {
    await page.show(FORM('required'));
    const check = () =>
      page.evaluate(() => ({
        missing: element.validity.valueMissing,
        valid: form.checkValidity(),
        message: element.validationMessage,
        willValidate: element.willValidate,
      }));
    const fine = { missing: false, valid: true, message: '', willValidate: true };
    assert.deepEqual(await check(), { ...fine, missing: true, valid: false, message: 'Choose a file.' });
    await page.evaluate(() => (element.required = false));
    assert.deepEqual(await check(), fine);
    await page.evaluate(() => (element.required = true));
    await page.choose([files.create('needed')]);
    await page.idle();
    assert.deepEqual(await check(), fine);
    await page.evaluate(() => element.setCustomValidity('Not this one.'));
    assert.deepEqual(await check(), { ...fine, valid: false, message: 'Not this one.' });
  });

  test('a reset empties the element, also while it seals', async () => {
    for (const busy of [false, true]) {
      await page.show(FORM('required'));
      if (busy) await page.evaluate(() => (globalThis.held = hold()));
      await page.choose([files.create('reset')]);
      if (!busy) await page.idle();
      const found = await page.evaluate(async () => {
        form.reset();
        globalThis.held?.release();
        await new Promise((resolve) => setTimeout(resolve, 100));
        return [
          statesOf(),
          values(),
          element.files.length,
          element.validity.valueMissing,
          events.map(([type]) => type),
        ];
      });
      const before = busy ? ['beforeseal'] : ['beforeseal', 'seal', 'change'];
      assert.deepEqual(found, ['', [['note', 'hello']], 0, true, before]);
      await page.choose([files.create('again')]);
      await page.idle();
      assert.equal(await page.evaluate(() => statesOf()), 'sealed');
    }
  });

  test('a disabled fieldset or the disabled attribute removes the element from the form', async () => {
    await page.show(FORM('required'));
    await page.choose([files.create('disabled')]);
    const found = await page.evaluate(async () => {
      await idle();
      const fieldset = document.querySelector('fieldset');
      const look = () => [
        values().length,
        element.willValidate,
        element.shadowRoot.querySelector('input').disabled,
        element.shadowRoot.querySelector('button:not([hidden])').disabled,
      ];
      const all = [];
      fieldset.disabled = true;
      all.push(look());
      fieldset.disabled = false;
      all.push(look());
      element.disabled = true;
      all.push(look());
      element.disabled = false;
      all.push(look());
      return all;
    });
    const [off, on] = [
      [1, false, true, true],
      [2, true, false, false],
    ];
    assert.deepEqual(found, [off, on, off, on]);
  });

  test('no part of the element is sent with scripts off, or before it is defined', async () => {
    forms.show(FORM('required'));
    await page.driver.get(`${forms.origin}/form`);
    await page.press('button');
    await page.sent();
    assert.deepEqual(fieldsOf(await forms.received()), [['note', 'hello']]);
  });

  test('what stands between its tags is shown where the element is not defined, and only there', async () => {
    forms.show(FORM('required').replace('></kmseal-file>', '>Reload this page.</kmseal-file>'));
    const shown = () => page.driver.executeScript("return document.querySelector('form').innerText.includes('Reload')");
    await page.driver.get(`${forms.origin}/form`);
    const before = await shown();
    await page.visit('/form');
    assert.deepEqual([before, await shown()], [true, false]);
  });

  test('a form that the browser restores comes back empty', async () => {
    await page.show(`<script type="module" src="/dist/define.js"></script>${FORM('required meta-name="doc-meta"')}`);
    await page.choose([files.create('restored')]);
    await page.idle();
    await page.evaluate(() => {
      form.querySelector('[name=note]').value = 'changed';
      globalThis.old = true;
      // Otherwise the page would simply continue instead of being restored.
      addEventListener('unload', () => {});
    });
    if (name === 'webkit') {
      await page.driver.navigate().refresh();
    } else {
      await page.driver.get(`${forms.origin}/pages/blank.html`);
      await page.driver.navigate().back();
    }
    const restored = await page.evaluate(async () => {
      await customElements.whenDefined('kmseal-file');
      const element = document.querySelector('kmseal-file');
      const form = document.querySelector('form');
      return {
        old: globalThis.old ?? false,
        files: element.files.length,
        inner: element.shadowRoot.querySelector('input').files.length,
        names: [...new FormData(form).keys()],
        missing: element.validity.valueMissing,
        note: new FormData(form).get('note'),
      };
    });
    // WebKit restores nothing on a reload, and on going back the page continues in spite of the listener.
    assert.equal(restored.note, name === 'webkit' ? 'hello' : 'changed');
    assert.deepEqual(
      { ...restored, note: undefined },
      { old: false, files: 0, inner: 0, names: ['note'], missing: true, note: undefined },
    );
  });

  test('the element is styled under a policy that forbids inline styles', async () => {
    await page.show(FORM());
    await page.choose([files.create('styled')]);
    const found = await page.evaluate(async () => {
      await idle();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [
        violations,
        getComputedStyle(element).display,
        element.shadowRoot.querySelectorAll('style, [style]').length,
      ];
    });
    assert.deepEqual(found, [[], 'block', 0]);
  });

  test('form="id" associates the element with a form elsewhere', async () => {
    await page.show(
      `<form id="far"></form><kmseal-file encryption-context='{}' name="doc" form="far" key-src="/kms-public-key.json"></kmseal-file>`,
    );
    await page.choose([files.create('far')]);
    const found = await page.evaluate(async () => {
      await idle();
      return [element.form.id, values(), element.labels.length, element.type];
    });
    assert.deepEqual(found, ['far', [['doc', 'file-1.kmseal']], 0, 'file']);
  });

  // The element decides what the form is given of several files. Each engine shows by one that it is sent.
  if (!ANY_ENGINE.includes(name)) return;

  test('several files, each with a description under the same data key, need one KMS call', async () => {
    const chosen = [
      files.create('first', { length: 300_000 }),
      files.create('empty', { length: 20, extension: '.vcf' }),
      files.create('third'),
    ];
    await page.show(FORM('multiple required meta-name="doc-meta"'));
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    await page.choose(chosen);
    await page.idle();
    await page.press('button');
    await page.sent();
    const sent = await forms.received();
    const docs = sent.getAll('doc');
    const metas = sent.getAll('doc-meta');
    assert.deepEqual(
      docs.map((file) => file.name),
      ['file-1.kmseal', 'file-2.kmseal', 'file-3.kmseal'],
    );
    assert.deepEqual(
      metas.map((file) => file.name),
      ['file-1.meta.kmseal', 'file-2.meta.kmseal', 'file-3.meta.kmseal'],
    );
    const context = { user: '4711' };
    const calls = forms.kms.calls.length;
    for (const [index, { name, type, bytes }] of chosen.entries()) {
      assert.deepEqual(await forms.open(docs[index], context), bytes);
      const meta = JSON.parse(await forms.open(metas[index], context));
      assert.deepEqual(Object.keys(meta), ['name', 'type', 'size', 'lastModified', 'messageId']);
      const { messageId } = readHeader(new Uint8Array(await docs[index].arrayBuffer()));
      assert.deepEqual(
        { name: meta.name, size: meta.size, messageId: meta.messageId },
        { name, size: bytes.length, messageId: messageId.toString('base64url') },
      );
      assert.ok(['', type].includes(meta.type), meta.type); // a browser may not know it
      assert.ok(Math.abs(meta.lastModified - Date.now()) < 600_000);
    }
    assert.equal(forms.kms.calls.length - calls, chosen.length);
    const edk = async (file) =>
      readHeader(new Uint8Array(await file.arrayBuffer()))
        .edks.map(({ ciphertext }) => ciphertext.toString('hex'))
        .join();
    const keys = await Promise.all([...docs, ...metas].map(edk));
    assert.deepEqual(keys.slice(0, 3), keys.slice(3));
    assert.equal(new Set(keys).size, 3, 'a data key for each file');
    const ids = await Promise.all(
      [...docs, ...metas].map(async (file) =>
        readHeader(new Uint8Array(await file.arrayBuffer())).messageId.toString('hex'),
      ),
    );
    assert.equal(new Set(ids).size, 6);
    await assert.rejects(forms.open(docs[0], { user: '4712' }), { code: 'ERR_CONTEXT' });
  });

  test('one file that is still being sealed holds all others back', async () => {
    await page.show(FORM('multiple meta-name="doc-meta"'));
    await page.evaluate(() => element.addEventListener('seal', () => (globalThis.held = hold()), { once: true }));
    await page.choose([files.create('done'), files.create('held')]);
    const values = await page.evaluate(async () => {
      await until(() => parts('item-sealed').length === 1 && element.files.length === 0);
      const before = globalThis.values();
      held.release();
      await idle();
      return [before, globalThis.values().map(([, name]) => name)];
    });
    assert.deepEqual(values, [
      [['note', 'hello']],
      ['file-1.kmseal', 'file-1.meta.kmseal', 'file-2.kmseal', 'file-2.meta.kmseal', 'hello'],
    ]);
  });
});
