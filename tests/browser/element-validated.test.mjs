// <kmseal-file> in forms of jQuery, jquery-validation and Parsley, which switch the browser's own validation off.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';

/* global element, form, hold, held, idle, jQuery, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

const FORM = (script, attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload" ${attributes}>
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"4711"}' required></kmseal-file>
    <input name="note" value="hello" required><button>Send</button>
  </form><script type="module" src="/frameworks/${script}.js"></script>`;

let bundles;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages(['jquery.js', 'parsley.js']);
  await start({ folders: { '/frameworks/': bundles.folder } });
});

inBrowsers((page, name) => {
  const SET_UPS = {
    'jquery-validation': ['jquery', () => void jQuery('form').validate()],
    'jquery-validation with a submitHandler': [
      'jquery',
      () => void jQuery('form').validate({ submitHandler: (form) => form.submit() }),
    ],
    Parsley: ['parsley', () => void jQuery('form').parsley()],
  };
  // Each of them sets novalidate, and asks nobody else: one shows what an engine makes of that.
  for (const [library, [script, setUp]] of Object.entries(SET_UPS).slice(
    0,
    ANY_ENGINE.includes(name) ? undefined : 1,
  )) {
    test(`${library} holds the form back while a file is sealed despite novalidate, and then sends the envelope`, async () => {
      const paper = files.create(library);
      await page.show(FORM(script));
      await page.evaluate(() => until(() => globalThis.jQuery));
      await page.evaluate(setUp);
      const uploads = forms.uploads();
      await page.evaluate(() => (globalThis.held = hold()));
      await page.choose([paper]);
      const found = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        document.querySelector('button').click();
        return { noValidate: form.noValidate, alert: part('alert').textContent };
      });
      const alert = 'The encryption is not finished. Wait a moment, then try again.';
      assert.deepEqual(found, { noValidate: true, alert });
      await page.evaluate(async () => {
        held.release();
        await idle();
      });
      assert.equal(forms.uploads(), uploads);
      await page.press('button');
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
    });
  }

  // element-value.test.mjs shows the properties behind it in each engine.
  if (!ANY_ENGINE.includes(name)) return;

  test("jQuery .val('') clears the element so that the old file is not sent again, and .val() returns the neutral name", async () => {
    const paper = files.create('cleared');
    await page.show(FORM('jquery'));
    await page.evaluate(() => until(() => globalThis.jQuery));
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await idle();
      const field = jQuery('kmseal-file');
      const found = [field.val()];
      field.val('');
      found.push(field.val(), values().length, form.checkValidity(), statesOf());
      return found;
    });
    assert.deepEqual(found, ['C:\\fakepath\\file-1.kmseal', '', 1, false, '']);
    await page.evaluate(() => fetch('/upload', { method: 'POST', body: new FormData(form) }).then(() => {}));
    assert.deepEqual([...(await forms.received()).keys()], ['note']);
  });
});
