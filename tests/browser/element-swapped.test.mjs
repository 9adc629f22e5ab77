// <kmseal-file> where Turbo, htmx and Alpine replace the element: the new one is bound to what the attribute says.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';
import { HELD_BACK, pressHeldBack } from '../support/browsers/held-back.mjs';

/* global Alpine, element, find, form, hold, held, htmx, idle, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

const CONTEXT = { user: '4711' };
const BUSY = 'The encryption is not finished. Wait a moment, then try again.';
const FILE = (attributes = `encryption-context='${JSON.stringify(CONTEXT)}'`) =>
  `<kmseal-file name="doc" key-src="/kms-public-key.json" required ${attributes}></kmseal-file>`;
const PAGE = (script, body) =>
  `<!doctype html><html lang="en"><head><title>form</title><script type="module" src="/frameworks/${script}.js"></script></head><body>${body}</body></html>`;

// Turbo: a link leads to the form; a first answer of 422 shows it again, as servers do after a validation error.
const TURBO_FORM = (
  attributes,
) => `<h1>Form</h1><form method="post" enctype="multipart/form-data" action="/turbo/upload">
  ${FILE(attributes)}<input name="note" value="wrong"><button>Send</button></form><a id="away" href="/turbo/start">away</a>`;
const FRAME = `<turbo-frame id="paper"><form method="post" enctype="multipart/form-data" action="/turbo/framed">${FILE()}<button>Send</button></form></turbo-frame>`;
// htmx: the form is requested, and each upload answers with a new form.
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
      app.get('/turbo/start', (context) =>
        context.html(PAGE('turbo', '<h1>Start</h1><a id="to" href="/turbo/form">form</a>')),
      );
      app.get('/turbo/form', (context) => context.html(PAGE('turbo', TURBO_FORM())));
      app.get('/turbo/bare', (context) => context.html(PAGE('turbo', TURBO_FORM(''))));
      app.get('/turbo/frame', (context) => context.html(PAGE('turbo', FRAME)));
      app.post('/turbo/upload', async (context) => {
        const note = (await context.req.formData()).get('note');
        return note === 'wrong'
          ? context.html(PAGE('turbo', TURBO_FORM()), 422)
          : context.redirect('/turbo/start', 303);
      });
      app.post('/turbo/framed', (context) =>
        context.html(PAGE('turbo', FRAME.replace('<form', `<p class="answer">${(answers += 1)}</p><form`))),
      );
      for (const version of ['htmx4', 'htmx2']) {
        const swap = '<button id="swap" hx-get="/htmx/form" hx-target="#form" hx-swap="outerHTML">again</button>';
        app.get(`/${version}`, (context) =>
          context.html(PAGE(version, `${HTMX_FORM(context.req.query('bare') === undefined ? undefined : '')}${swap}`)),
        );
      }
      app.get('/htmx/form', (context) =>
        context.html(HTMX_FORM(context.req.header('x-bare') ?? undefined).replace('<form', '<form data-again')),
      );
      app.post('/htmx/upload', (context) =>
        context.html(HTMX_FORM().replace('<form', `<form data-answer="${(answers += 1)}"`)),
      );
      app.get('/alpine', (context) => {
        const binding = context.req.query('binding');
        context.header(
          'Content-Security-Policy',
          "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'",
        );
        const body = `<div x-data="{ context: { user: '4711' } }"><form method="post" enctype="multipart/form-data" action="/upload">${FILE(binding)}</form></div>`;
        return context.html(PAGE('alpine', body));
      });
    },
  });
});

inBrowsers((page, name) => {
  const arrivedOnce = async (paper) =>
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
  /** Does something, and waits until the page shows the result. */
  const step = (act, shown) =>
    page.evaluate(
      `(async () => { (${act})(); await until(${shown}); find(); await until(() => !element || element.shadowRoot); })()`,
    );
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
      return {
        states: statesOf(),
        values: values().filter(([name]) => name === 'doc').length,
        alert: part('alert').textContent.slice(0, 22),
      };
    });
    assert.deepEqual(found, { states: 'failed', values: 0, alert: 'This page is not ready' });
  };

  test('Turbo navigation by link, an answer of 422 and Back each leave a working element', async () => {
    await page.visit('/turbo/start');
    await page.evaluate(() => until(() => globalThis.Turbo));
    await step(
      () => document.querySelector('#to').click(),
      () => document.querySelector('h1').textContent === 'Form' && document.querySelector('kmseal-file').shadowRoot,
    );
    const paper = files.create('visited');
    await sendHeldBack(paper);
    await step(
      () => {
        globalThis.before = document.querySelector('kmseal-file');
        document.querySelector('form button').click();
      },
      () => document.querySelector('kmseal-file') !== globalThis.before,
    );
    await arrivedOnce(paper);
    const again = files.create('shown again');
    await page.choose([again]);
    await page.evaluate(async () => {
      await idle();
      document.querySelector('[name=note]').value = 'right';
    });
    await step(
      () => document.querySelector('form button').click(),
      () => document.querySelector('h1').textContent === 'Start',
    );
    await arrivedOnce(again);
    await step(
      () => history.back(),
      () => document.querySelector('h1').textContent === 'Form',
    );
    const back = files.create('back');
    await page.choose([back]);
    await page.evaluate(async () => {
      await idle();
      document.querySelector('[name=note]').value = 'right';
    });
    await step(
      () => document.querySelector('form button').click(),
      () => document.querySelector('h1').textContent === 'Start',
    );
    await arrivedOnce(back);
  });

  // No engine decides how a library replaces elements. Each shows by Turbo that a new one works, and that its form is held back.
  if (!ANY_ENGINE.includes(name)) return;

  test('a Turbo form that is not multipart would send strings only, so it is held back, and page and console say so', async () => {
    for (const attributes of ['method="post"', 'method="get" enctype="multipart/form-data"']) {
      await page.visit('/turbo/form');
      await page.evaluate(async (attributes) => {
        await until(() => globalThis.Turbo);
        form.outerHTML = form.outerHTML.replace('method="post" enctype="multipart/form-data"', attributes);
        find();
      }, attributes);
      await page.choose([files.create('strings')]);
      const requests = forms.requests.length;
      const found = await pressHeldBack(page);
      assert.deepEqual(found, [HELD_BACK.alert, found[1]]);
      assert.match(
        found[1],
        /which Turbo would send without its files; set method="post" and enctype="multipart\/form-data"$/,
      );
      assert.deepEqual(
        forms.requests.slice(requests).filter(({ url }) => url === '/turbo/upload'),
        [],
      );
    }
  });

  test('the element works in a Turbo frame', async () => {
    await page.visit('/turbo/frame');
    await page.evaluate(() => until(() => globalThis.Turbo));
    for (const label of ['framed', 'framed again']) {
      const paper = files.create(label);
      await sendHeldBack(paper);
      await step(
        () => {
          globalThis.before = document.querySelector('kmseal-file');
          document.querySelector('form button').click();
        },
        () => document.querySelector('.answer') && document.querySelector('kmseal-file') !== globalThis.before,
      );
      await arrivedOnce(paper);
    }
  });

  test('Turbo stores a property in the snapshot for Back; after an answer of 422 it is missing and reported', async () => {
    await page.visit('/turbo/bare');
    await page.evaluate(async () => {
      await until(() => globalThis.Turbo);
      find();
      element.encryptionContext = { user: '4711' };
    });
    await step(
      () => document.querySelector('#away').click(),
      () => document.querySelector('h1').textContent === 'Start',
    );
    await step(
      () => history.back(),
      () => document.querySelector('h1').textContent === 'Form',
    );
    const paper = files.create('snapshot');
    await page.choose([paper]);
    // Turbo may show the snapshot and then a fresh page: either is bound to this user, or not sealed.
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
    test(`the element works after ${version} swaps outerHTML, and after answers that repeat the form`, async () => {
      await page.visit(`/${version}`);
      await page.evaluate(() => until(() => globalThis.htmx));
      await step(
        () => document.querySelector('#swap').click(),
        () => document.querySelector('[data-again] kmseal-file'),
      );
      for (const label of ['swapped', 'swapped again']) {
        const paper = files.create(label);
        await sendHeldBack(paper);
        await step(
          () => {
            globalThis.before = document.querySelector('kmseal-file');
            document.querySelector('form button').click();
          },
          () => document.querySelector('[data-answer]') && document.querySelector('kmseal-file') !== globalThis.before,
        );
        await arrivedOnce(paper);
      }
      await page.visit(`/${version}?bare`);
      await page.evaluate(() => until(() => globalThis.htmx));
      await notReady(files.create('bare'));
    });
  }

  test('Alpine sets the context by x-bind, as JSON, as an object and in camel case, and by an effect that sets the property', async () => {
    const bindings = [
      'x-bind:encryption-context="JSON.stringify(context)"',
      ':encryption-context="context"',
      'x-bind:encryption-context.camel="context"',
      'x-effect="$el.encryptionContext = context"',
      'x-effect="$el.encryptionContext = { ...context }"',
    ];
    for (const binding of bindings) {
      const paper = files.create('alpine');
      await page.visit(`/alpine?binding=${encodeURIComponent(binding)}`);
      await page.evaluate(() => until(() => globalThis.Alpine));
      await page.choose([paper]);
      await page.post();
      await arrivedOnce(paper);
    }
  });
});
