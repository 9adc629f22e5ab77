// <kmseal-file> in a page that shows one record after the other in one document: which files it still has for the next record.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';

/* global element, find, go, idle, render, until -- of forms.mjs and the pages, in the page */

/** Turbo morphs the page that an answer leads to, if it has the same address. Each answer is about the next person. */
const MORPHED = (user, id, script) => `<!doctype html><html lang="en"><head><title>form</title>
  <meta name="turbo-refresh-method" content="morph"><script type="module" src="/frameworks/turbo.js"></script></head>
  <body><h1>${user}</h1><form method="post" enctype="multipart/form-data" action="/record?${script}" ${id}>
  <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"${user}"}'></kmseal-file>
  <input name="note"><button>Send</button></form></body></html>`;

let bundles;
let user = 0;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages(['records.jsx', 'turbo.js']);
  await start({
    folders: { '/frameworks/': bundles.folder },
    routes(app) {
      app.get('/record', (context) => {
        const own = context.req.query('own') !== undefined;
        return context.html(MORPHED(user, own ? `id="record-${user}"` : '', own ? 'own' : 'same'));
      });
      app.post('/record', (context) => {
        user += 1;
        return context.redirect(context.req.query('own') !== undefined ? '/record?own' : '/record?same', 303);
      });
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

  test('a form that Turbo morphs keeps its sent files for the next record, unless it has an id of its own or is reset', async () => {
    for (const { own, reset } of [
      { own: false, reset: false },
      { own: true, reset: false },
      { own: false, reset: true },
    ]) {
      user = 1;
      const paper = files.create('morphed');
      await page.visit(`/record?${own ? 'own' : 'same'}`);
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
      assert.equal(same, !own);
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '1' } }]);
      assert.deepEqual(await sends(), own || reset ? [] : [{ bytes: paper.bytes, context: { user: '2' } }]);
    }
  });
}, ANY_ENGINE);
