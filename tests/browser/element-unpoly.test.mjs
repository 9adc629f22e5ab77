// <kmseal-file> in forms that Unpoly sends, which reads native controls only: the element hands its files over.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { formTools } from '../../tools/npm.mjs';
import { write } from '../docs/blocks.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';
import { HELD_BACK, pressHeldBack } from '../support/browsers/held-back.mjs';

/* global element, find, form, hold, idle, part, statesOf, until, up -- of forms.mjs and the pages, in the page */

const CONTEXT = { user: '4711' };
const FORM = (attributes) => `<main><form id="paper" action="/upload" up-submit up-target="body" ${attributes}>
  <kmseal-file name="doc" meta-name="doc-meta" key-src="/kms-public-key.json" encryption-context='${JSON.stringify(CONTEXT)}'></kmseal-file>
  <input name="note" value="hello"><button>Send</button></form><button id="outside" form="paper">Send</button></main>`;

let bundles;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  const pages = write('unpoly.js', "import 'unpoly';\nimport 'kmseal/define';\n").replace(/[^/\\]*$/, '');
  bundles = await bundlePages(['unpoly.js'], { pages, install: formTools });
  await start({ folders: { '/libraries/': bundles.folder } });
});

// No engine decides what a library reads of a form.
inBrowsers((page) => {
  async function show(attributes = 'method="post"') {
    await page.show(`${FORM(attributes)}<script type="module" src="/libraries/unpoly.js"></script>`);
    await page.evaluate(async () => {
      await until(() => globalThis.up);
      find();
    });
  }
  const arrivedOnce = async (paper) => {
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
    const [meta] = await forms.arrived('doc-meta');
    assert.equal(JSON.parse(meta.bytes).name, paper.name);
    assert.equal((await forms.received()).get('note'), 'hello');
  };

  test('Unpoly sends each file and its description once, by a button in the form, one outside it, and by a script', async () => {
    for (const send of ['form button', '#outside', 'script', 'fields']) {
      const paper = files.create(`unpoly ${send}`);
      await show();
      await page.choose([paper]);
      await page.evaluate(async (send) => {
        await idle();
        // Then Unpoly reads the element, too, but not its descriptions.
        if (send === 'fields') up.form.config.fieldSelectors.push('kmseal-file');
        if (send === 'script' || send === 'fields') up.submit(form);
        else document.querySelector(send).click();
        await until(() => document.querySelector('#received'));
      }, send);
      await arrivedOnce(paper);
    }
  });

  test('a form that a script has Unpoly send is held back while a file is sealed, and the element says so', async () => {
    const paper = files.create('unpoly held');
    await show();
    const uploads = forms.uploads();
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const said = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      const outcome = await up.submit(form).catch(({ name }) => name);
      const alert = part('alert').textContent;
      globalThis.held.release();
      await idle();
      return [outcome, alert];
    });
    assert.deepEqual(said, ['AbortError', 'The encryption is not finished. Wait a moment, then try again.']);
    assert.equal(forms.uploads(), uploads);
  });

  test('a form that Unpoly would send in an address or as text is held back, and page and console say so', async () => {
    for (const attributes of ['', 'method="post" enctype="application/x-www-form-urlencoded"']) {
      await show(attributes);
      await page.choose([files.create('unpoly text')]);
      const requests = forms.requests.length;
      assert.deepEqual(await pressHeldBack(page), [
        HELD_BACK.alert,
        'kmseal: a kmseal-file holds its form back, which Unpoly would send without its files; set method="post" and enctype="multipart/form-data"',
      ]);
      assert.deepEqual(
        forms.requests.slice(requests).filter(({ url }) => url === '/upload'),
        [],
      );
    }
  });
}, ANY_ENGINE);
