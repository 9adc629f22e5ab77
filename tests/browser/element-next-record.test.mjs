// <kmseal-file> in a page that shows one record after the other in one document: which files it still has for the next record.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';

/* global element, find, go, idle, render, statesOf, Turbo, until -- of forms.mjs and the pages, in the page */

/** The ids that a page gives to its form and its element. */
const IDS = {
  none: () => ({}),
  'of the form': (user) => ({ form: `record-${user}`, element: 'doc' }),
  'of the element': (user) => ({ element: `doc-${user}` }),
};
const idOf = (id) => (id ? `id="${id}"` : '');

/** Turbo morphs the page that an answer leads to, if it has the same address. Each answer is about the next person. */
const MORPHED = (user, ids, context = `encryption-context='{"user":"${user}"}'`) => {
  const { form, element } = IDS[ids](user);
  return `<!doctype html><html lang="en"><head><title>form</title>
  <meta name="turbo-refresh-method" content="morph"><script type="module" src="/frameworks/turbo.js"></script></head>
  <body><h1>${user}</h1><form method="post" enctype="multipart/form-data" action="/record?ids=${ids}" ${idOf(form)}>
  <kmseal-file name="doc" key-src="/kms-public-key.json" ${context} ${idOf(element)}></kmseal-file>
  <input name="note"><button>Send</button></form></body></html>`;
};

let bundles;
let user = 0;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages(['records.jsx', 'turbo.js']);
  await start({
    folders: { '/frameworks/': bundles.folder },
    routes(app) {
      app.get('/record', (context) => context.html(MORPHED(user, context.req.query('ids'))));
      app.post('/record', (context) => {
        user += 1;
        return context.redirect(`/record?ids=${context.req.query('ids')}`, 303);
      });
      app.get('/bare', (context) => context.html(MORPHED(user, 'none', '')));
    },
  });
});

// No engine decides which element a page keeps.
inBrowsers((page) => {
  /** What the form would send now: each file's bytes, and whom it is sealed for. */
  const sends = async () => {
    await page.post();
    return forms.arrived();
  };

  test('one element for two records sends the files of the first one for the second, and a key of React makes another', async () => {
    const paper = files.create('record');
    for (const keyed of [false, true]) {
      await page.show('<div id="app"></div><script type="module" src="/frameworks/records.js"></script>');
      await page.evaluate(async (keyed) => {
        await until(() => globalThis.render);
        render({ keyed });
        await until(() => document.querySelector('kmseal-file'));
      }, keyed);
      await page.choose([paper]);
      assert.deepEqual(await sends(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
      await page.evaluate(async () => {
        go('4712');
        await until(() => document.querySelector('h1').textContent === '4712');
      });
      assert.deepEqual(await sends(), keyed ? [] : [{ bytes: paper.bytes, context: { user: '4712' } }]);
      const next = files.create('next record');
      await page.choose([next]);
      assert.deepEqual(await sends(), [{ bytes: next.bytes, context: { user: '4712' } }]);
    }
  });

  test("a form that Turbo morphs keeps its sent files for the next record, unless the element's id changes or the form is reset", async () => {
    for (const { ids, reset, kept } of [
      { ids: 'none', reset: false, kept: true },
      // What has the same id in both pages is moved into the new form.
      { ids: 'of the form', reset: false, kept: true },
      { ids: 'of the element', reset: false, kept: false },
      { ids: 'none', reset: true, kept: true },
    ]) {
      user = 1;
      const paper = files.create('morphed');
      await page.visit(`/record?ids=${ids}`);
      await page.evaluate(async (reset) => {
        await until(() => globalThis.Turbo);
        // The line of docs/form.md.
        if (reset) addEventListener('turbo:submit-end', ({ target, detail }) => detail.success && target.reset());
        find();
      }, reset);
      await page.choose([paper]);
      const same = await page.evaluate(async () => {
        await idle();
        const before = element;
        document.querySelector('form button').click();
        await until(() => document.querySelector('h1').textContent === '2');
        find();
        await until(() => element.shadowRoot);
        return element === before;
      });
      assert.equal(same, kept);
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '1' } }]);
      assert.deepEqual(await sends(), kept && !reset ? [{ bytes: paper.bytes, context: { user: '2' } }] : []);
    }
  });

  test("a context that a script set is missed after Turbo has morphed it away, and the Sealer's does not take its place", async () => {
    const paper = files.create('bare');
    await page.visit('/bare');
    await page.evaluate(async () => {
      await until(() => globalThis.Turbo);
      find();
      const { KmsPublicKey, Sealer } = await import('/frameworks/turbo.js');
      const keys = [await KmsPublicKey.fetch('/kms-public-key.json')];
      element.sealer = new Sealer({ keys, encryptionContext: { purpose: 'paper' } });
      element.encryptionContext = { user: '4711' };
    });
    const whole = [{ bytes: paper.bytes, context: { purpose: 'paper', user: '4711' } }];
    await page.choose([paper]);
    assert.deepEqual(await sends(), whole);
    const state = await page.evaluate(async () => {
      Turbo.visit(location.href, { action: 'replace' });
      await until(() => !element.hasAttribute('encryption-context'));
      await idle();
      return statesOf();
    });
    assert.equal(state, 'failed');
    assert.deepEqual(await sends(), []);
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    assert.deepEqual(await sends(), whole);
    // The page itself may do without.
    await page.evaluate(() => (element.encryptionContext = null));
    assert.deepEqual(await sends(), [{ bytes: paper.bytes, context: { purpose: 'paper' } }]);
  });
}, ANY_ENGINE);
