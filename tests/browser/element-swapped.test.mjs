// <kmseal-file> where Turbo, htmx and Alpine put other elements in its place: those are bound to what the attribute says.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testForms } from '../support/forms.mjs';
import { bundlePages } from '../support/frameworks.mjs';

/* global Alpine, element, find, form, hold, held, htmx, idle, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

const CONTEXT = { user: '4711' };
const BUSY = 'The encryption is not finished. Wait a moment, then try again.';
const FILE = (attributes = `encryption-context='${JSON.stringify(CONTEXT)}'`) =>
  `<kmseal-file name="doc" key-src="/kms-public-key.json" required ${attributes}></kmseal-file>`;
const PAGE = (script, body) =>
  `<!doctype html><html lang="en"><head><title>form</title><script type="module" src="/frameworks/${script}.js"></script></head><body>${body}</body></html>`;

// Turbo: a link leads to the form; a first answer of 422 shows it again, as servers do that found something wrong.
const TURBO_FORM = (attributes) => `<h1>Form</h1><form method="post" enctype="multipart/form-data" action="/turbo/upload">
  ${FILE(attributes)}<input name="note" value="wrong"><button>Send</button></form><a id="away" href="/turbo/start">away</a>`;
const FRAME = `<turbo-frame id="paper"><form method="post" enctype="multipart/form-data" action="/turbo/framed">${FILE()}<button>Send</button></form></turbo-frame>`;
// htmx: the form is asked for, and each upload answers with the form anew.
const HTMX_FORM = (attributes) =>
  `<form id="form" hx-post="/htmx/upload" hx-encoding="multipart/form-data" hx-target="this" hx-swap="outerHTML">${FILE(attributes)}<button>Send</button></form>`;

let bundles;
let answers = 0;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages(['turbo.js', 'htmx4.js', 'htmx2.js', 'alpine.js']);
  await start({
    folders: { '/frameworks/': bundles.folder },
    routes(app) {
      app.get('/turbo/start', (context) => context.html(PAGE('turbo', '<h1>Start</h1><a id="to" href="/turbo/form">form</a>')));
      app.get('/turbo/form', (context) => context.html(PAGE('turbo', TURBO_FORM())));
      app.get('/turbo/bare', (context) => context.html(PAGE('turbo', TURBO_FORM(''))));
      app.get('/turbo/frame', (context) => context.html(PAGE('turbo', FRAME)));
      app.post('/turbo/upload', async (context) => {
        const note = (await context.req.formData()).get('note');
        return note === 'wrong' ? context.html(PAGE('turbo', TURBO_FORM()), 422) : context.redirect('/turbo/start', 303);
      });
      app.post('/turbo/framed', (context) => context.html(PAGE('turbo', FRAME.replace('<form', `<p class="answer">${(answers += 1)}</p><form`))));
      for (const version of ['htmx4', 'htmx2']) {
        const swap = '<button id="swap" hx-get="/htmx/form" hx-target="#form" hx-swap="outerHTML">again</button>';
        app.get(`/${version}`, (context) => context.html(PAGE(version, `${HTMX_FORM(context.req.query('bare') === undefined ? undefined : '')}${swap}`)));
      }
      app.get('/htmx/form', (context) => context.html(HTMX_FORM(context.req.header('x-bare') ?? undefined).replace('<form', '<form data-again')));
      app.post('/htmx/upload', (context) => context.html(HTMX_FORM().replace('<form', `<form data-answer="${(answers += 1)}"`)));
      app.get('/alpine', (context) => {
        const binding = context.req.query('binding');
        context.header('Content-Security-Policy', "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'");
        const body = `<div x-data="{ context: { user: '4711' } }"><form method="post" enctype="multipart/form-data" action="/upload">${FILE(binding)}</form></div>`;
        return context.html(PAGE('alpine', body));
      });
    },
  });
});

inBrowsers((page) => {
  const arrivedOnce = async (paper) => assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
  /** Does something, and waits until the page shows what came of it. */
  const step = (act, shown) => page.evaluate(`(async () => { (${act})(); await until(${shown}); find(); await until(() => !element || element.shadowRoot); })()`);
  async function sendHeldBack(paper) {
    const uploads = forms.uploads();
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const said = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      form.noValidate = true;
      document.querySelector('form button').click();
      return part('alert').textContent;
    });
    assert.equal(said, BUSY);
    await page.evaluate(async () => {
      held.release();
      await idle();
    });
    assert.equal(forms.uploads(), uploads);
  }
  const notReady = async (paper) => {
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await idle();
      form.noValidate = true;
      document.querySelector('form button')?.click();
      return [statesOf(), values().filter(([name]) => name === 'doc').length, part('alert').textContent.slice(0, 22)];
    });
    assert.deepEqual(found, ['failed', 0, 'This page is not ready']);
  };

  test('Turbo: by a link, after an answer of 422, and back again', async () => {
    await page.visit('/turbo/start');
    await page.evaluate(() => until(() => globalThis.Turbo));
    await step(() => document.querySelector('#to').click(), () => document.querySelector('h1').textContent === 'Form' && document.querySelector('kmseal-file').shadowRoot);
    const paper = files.create('visited');
    await sendHeldBack(paper);
    await step(() => {
      globalThis.before = document.querySelector('kmseal-file');
      document.querySelector('form button').click();
    }, () => document.querySelector('kmseal-file') !== globalThis.before);
    await arrivedOnce(paper);
    const again = files.create('shown again');
    await page.choose([again]);
    await page.evaluate(async () => {
      await idle();
      document.querySelector('[name=note]').value = 'right';
    });
    await step(() => document.querySelector('form button').click(), () => document.querySelector('h1').textContent === 'Start');
    await arrivedOnce(again);
    await step(() => history.back(), () => document.querySelector('h1').textContent === 'Form');
    const back = files.create('back');
    await page.choose([back]);
    await page.evaluate(async () => {
      await idle();
      document.querySelector('[name=note]').value = 'right';
    });
    await step(() => document.querySelector('form button').click(), () => document.querySelector('h1').textContent === 'Start');
    await arrivedOnce(back);
  });

  test('Turbo: in a frame', async () => {
    await page.visit('/turbo/frame');
    await page.evaluate(() => until(() => globalThis.Turbo));
    for (const label of ['framed', 'framed again']) {
      const paper = files.create(label);
      await sendHeldBack(paper);
      await step(() => {
        globalThis.before = document.querySelector('kmseal-file');
        document.querySelector('form button').click();
      }, () => document.querySelector('.answer') && document.querySelector('kmseal-file') !== globalThis.before);
      await arrivedOnce(paper);
    }
  });

  test('Turbo: a property goes into the snapshot for Back, and is missing, as is told, after an answer of 422', async () => {
    await page.visit('/turbo/bare');
    await page.evaluate(async () => {
      await until(() => globalThis.Turbo);
      find();
      element.encryptionContext = { user: '4711' };
    });
    await step(() => document.querySelector('#away').click(), () => document.querySelector('h1').textContent === 'Start');
    await step(() => history.back(), () => document.querySelector('h1').textContent === 'Form');
    const paper = files.create('snapshot');
    await page.choose([paper]);
    // Turbo may show the snapshot and then the page anew: either is bound to this user, or not sealed.
    const state = await page.evaluate(async () => {
      await until(() => !document.documentElement.hasAttribute('data-turbo-preview'));
      find();
      await idle();
      return statesOf();
    });
    if (state === 'sealed') {
      await page.evaluate(() => fetch('/upload', { method: 'POST', body: new FormData(form) }).then(() => {}));
      await arrivedOnce(paper);
    }
    await page.visit('/turbo/bare');
    await page.evaluate(() => until(() => globalThis.Turbo));
    await notReady(files.create('bare'));
  });

  for (const version of ['htmx4', 'htmx2']) {
    test(`${version}: outerHTML swaps, and answers that are the form anew`, async () => {
      await page.visit(`/${version}`);
      await page.evaluate(() => until(() => globalThis.htmx));
      await step(() => document.querySelector('#swap').click(), () => document.querySelector('[data-again] kmseal-file'));
      for (const label of ['swapped', 'swapped again']) {
        const paper = files.create(label);
        await sendHeldBack(paper);
        await step(() => {
          globalThis.before = document.querySelector('kmseal-file');
          document.querySelector('form button').click();
        }, () => document.querySelector('[data-answer]') && document.querySelector('kmseal-file') !== globalThis.before);
        await arrivedOnce(paper);
      }
      await page.visit(`/${version}?bare`);
      await page.evaluate(() => until(() => globalThis.htmx));
      await notReady(files.create('bare'));
    });
  }

  test('Alpine: x-bind with JSON, with an object, which it writes as JSON, in camel case, and an effect that sets the property', async () => {
    const bindings = [
      'x-bind:encryption-context="JSON.stringify(context)"', ':encryption-context="context"', 'x-bind:encryption-context.camel="context"',
      'x-effect="$el.encryptionContext = context"', 'x-effect="$el.encryptionContext = { ...context }"',
    ];
    for (const binding of bindings) {
      const paper = files.create('alpine');
      await page.visit(`/alpine?binding=${encodeURIComponent(binding)}`);
      await page.evaluate(() => until(() => globalThis.Alpine));
      await page.choose([paper]);
      await page.evaluate(async () => {
        await idle();
        await fetch('/upload', { method: 'POST', body: new FormData(form) });
      });
      await arrivedOnce(paper);
    }
  });
});
