// <kmseal-file> in form libraries, with the lines of docs/form.md: they send the envelopes, and never before all are sealed.
// Angular's lines are tested in its application, tests/consumers/angular20.test.mjs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { formTools } from '../../tools/npm.mjs';
import { blocksOf, write } from '../docs/blocks.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';

/* global $, element, find, hold, held, htmx, idle, part, statesOf, until -- of forms.mjs and the pages, in the page */

const CONTEXT = { user: '4711' };
const blocks = blocksOf('docs/form.md');
const codesOf = (heading) => blocks.filter((block) => block.heading === heading).map(({ code }) => code);

const REACT = { 'React Hook Form': 'react-hook-form', Formik: 'formik', 'TanStack Form': 'tanstack-form' };

/** What shows a block's form in a page. */
function mountOf(name) {
  const mount =
    'createRoot(document.querySelector("#app")).render(<Form send={(values) => globalThis.send(values)} />);';
  return `import { createRoot } from 'react-dom/client';\nimport { Form } from './${name}-form.jsx';\n${mount}\n`;
}

/** Writes the pages from the blocks, and returns their names. */
function writePages() {
  for (const [heading, name] of Object.entries(REACT)) {
    write(`${name}-form.jsx`, codesOf(heading)[0]);
    write(`${name}.jsx`, mountOf(name));
  }
  const optional = codesOf('React Hook Form')[0]
    .replace(', { required: true }', '')
    .replace('<button>', '<button type="button" onClick={handleSubmit(send)}>');
  write('by-click-form.jsx', optional);
  write('by-click.jsx', mountOf('by-click'));
  write('VeeForm.vue', codesOf('vee-validate')[0]);
  const mount = "createApp(Form, { send: (values) => globalThis.send(values) }).mount('#app');";
  write('vee-validate.js', `import { createApp } from 'vue';\nimport Form from './VeeForm.vue';\n${mount}\n`);
  const program = codesOf('jquery-form')[0];
  const folder = write('jquery-form.js', `${program}\nglobalThis.$ = $;\n`).replace(/[^/\\]*$/, '');
  return {
    pages: folder,
    entries: [
      ...Object.values(REACT).map((name) => `${name}.jsx`),
      'by-click.jsx',
      'vee-validate.js',
      'jquery-form.js',
    ],
  };
}

let libraries;
let frameworks;
after(async () => {
  await libraries?.remove();
  await frameworks?.remove();
});
const { forms, files, inBrowsers } = testForms(async (start) => {
  const { pages, entries } = writePages();
  libraries = await bundlePages(entries, { pages, install: formTools });
  frameworks = await bundlePages(['htmx4.js', 'htmx2.js']);
  await start({ folders: { '/libraries/': libraries.folder, '/frameworks/': frameworks.folder } });
});

inBrowsers((page, name) => {
  const arrivedOnce = async (paper) =>
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: CONTEXT }]);
  const arrival = async (before) => {
    for (const late = Date.now() + 60_000; forms.uploads() === before; ) {
      assert.ok(Date.now() < late, 'nothing was sent within a minute');
      await sleep(20);
    }
  };

  // Each engine shows by one library that its values are the envelopes, and not before they are sealed.
  const each = Object.entries({ ...REACT, 'vee-validate': 'vee-validate' });
  for (const [heading, library] of each.slice(0, ANY_ENGINE.includes(name) ? undefined : 1)) {
    test(`the values of ${heading} are the envelopes once all are sealed, and nothing after the file was removed`, async () => {
      const paper = files.create(library);
      await page.show(`<div id="app"></div><script type="module" src="/libraries/${library}.js"></script>`);
      await page.evaluate(async () => {
        globalThis.sent = [];
        globalThis.send = async (values) => {
          const data = new FormData();
          for (const file of values.doc) data.append('doc', file);
          sent.push(values.doc.length);
          await fetch('/upload', { method: 'POST', body: data });
        };
        await until(() => document.querySelector('kmseal-file')?.shadowRoot);
        find();
        globalThis.held = hold();
        document.querySelector('button').click();
      });
      const uploads = forms.uploads();
      await page.choose([paper]);
      await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        document.querySelector('button').click();
        held.release();
        await idle();
        document.querySelector('button').click();
      });
      await arrival(uploads);
      await arrivedOnce(paper);
      const sent = await page.evaluate(async () => {
        part('remove').click();
        document.querySelector('button').click();
        await new Promise((resolve) => setTimeout(resolve, 100));
        return globalThis.sent;
      });
      assert.deepEqual(sent, [1]);
    });
  }

  const [triggered, included] = codesOf('htmx');

  // No engine decides when a library reads the form.
  if (!ANY_ENGINE.includes(name)) return;

  test('a React Hook Form button outside the form never sends the previous file, or one for another context', async () => {
    await page.show('<div id="app"></div><script type="module" src="/libraries/by-click.js"></script>');
    const sent = await page.evaluate(async () => {
      globalThis.sent = [];
      globalThis.send = ({ doc }) => void globalThis.sent.push(doc.length);
      await until(() => document.querySelector('kmseal-file')?.shadowRoot);
      find();
      const press = async () => {
        const before = globalThis.sent.length;
        // The element reports a removal in a microtask.
        await new Promise((resolve) => setTimeout(resolve));
        document.querySelector('button').click();
        await until(() => globalThis.sent.length > before);
      };
      const changes = [
        () => element.add([new File(['a'], 'a')]),
        () => element.add([new File(['b'], 'b')]),
        () => (element.encryptionContext = { user: '5' }),
      ];
      for (const change of changes) {
        const held = hold();
        change();
        await press();
        held.release();
        await idle();
        await press();
      }
      return globalThis.sent;
    });
    assert.deepEqual(sent, [0, 1, 0, 1, 0, 1]);
  });

  for (const version of ['htmx4', 'htmx2']) {
    test(`${version} sends the envelope with hx-trigger=change once it is ready, and that of the form around it with hx-include`, async () => {
      const show = async (body) => {
        await page.show(`${body}<script type="module" src="/frameworks/${version}.js"></script>`);
        await page.evaluate(() => until(() => globalThis.htmx));
      };
      const paper = files.create(`${version} triggered`);
      await show(triggered);
      const uploads = forms.uploads();
      await page.choose([paper]);
      await arrival(uploads);
      await arrivedOnce(paper);
      assert.equal(forms.uploads(), uploads + 1);

      const other = files.create(`${version} included`);
      await show(included);
      await page.choose([other]);
      await page.idle();
      await page.evaluate(() => document.querySelector('button').click());
      await arrival(uploads + 1);
      await arrivedOnce(other);
    });
  }

  test('with multiple, hx-trigger=change sends the whole list at each change', async () => {
    const list = triggered.replace('<kmseal-file', '<kmseal-file multiple').replace('<form', '<form hx-swap="none"');
    await page.show(`${list}<script type="module" src="/frameworks/htmx2.js"></script>`);
    await page.evaluate(() => until(() => globalThis.htmx));
    const [first, second] = [files.create('listed first'), files.create('listed second')];
    for (const [paper, sent] of [
      [first, [first]],
      [second, [first, second]],
    ]) {
      const uploads = forms.uploads();
      await page.choose([paper]);
      await arrival(uploads);
      assert.deepEqual(
        (await forms.arrived()).map(({ bytes }) => bytes),
        sent.map(({ bytes }) => bytes),
      );
    }
  });

  test('ajaxForm() of jquery-form sends the envelope', async () => {
    const paper = files.create('jquery-form');
    await page.show(`<form method="post" enctype="multipart/form-data" action="/upload">
      <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='${JSON.stringify(CONTEXT)}'></kmseal-file>
      <input name="note" value="hello"><button>Send</button></form><script type="module" src="/libraries/jquery-form.js"></script>`);
    await page.evaluate(() => until(() => globalThis.$?.fn.ajaxForm));
    await page.choose([paper]);
    await page.idle();
    const uploads = forms.uploads();
    await page.evaluate(() => document.querySelector('button').click());
    await arrival(uploads);
    await arrivedOnce(paper);
    assert.equal((await forms.received()).get('note'), 'hello');
  });
});
