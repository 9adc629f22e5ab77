// <kmseal-file> where frameworks render again, mutate what they have set, or swallow what it refuses.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { bundlePages } from '../support/browsers/frameworks.mjs';

/* global change, element, events, form, idle, kmseal, part, statesOf, until, values -- of forms.mjs and the pages, in the page */

let bundles;
after(() => bundles?.remove());
const { forms, files, inBrowsers } = testForms(async (start) => {
  bundles = await bundlePages([
    'inline.jsx',
    'reactive-vue.js',
    'reactive-svelte.js',
    'attribute-vue.js',
    'model-vue.js',
  ]);
  await start({ folders: { '/frameworks/': bundles.folder } });
});

inBrowsers((page, name) => {
  async function show(name) {
    await page.show(`<div id="app"></div><script type="module" src="/frameworks/${name}.js"></script>`);
    await page.evaluate(async () => {
      await until(() => document.querySelector('kmseal-file'));
      globalThis.element = document.querySelector('kmseal-file');
      globalThis.form = document.querySelector('form');
    });
  }

  // Each engine shows a change in place by one framework.
  for (const { what, bundle } of [
    { what: 'Vue: a reactive', bundle: 'reactive-vue' },
    { what: 'Svelte: a $state', bundle: 'reactive-svelte' },
  ].slice(0, ANY_ENGINE.includes(name) ? undefined : 1)) {
    test(`a ${what} context that changes after sealing ends up in the envelope`, async () => {
      const paper = files.create(bundle);
      await show(bundle);
      await page.choose([paper]);
      const uploads = forms.uploads();
      await page.evaluate(async () => {
        await idle();
        change('4711');
        form.requestSubmit();
        await until(() => document.querySelector('output').textContent === '4711');
        await idle();
      });
      assert.equal(forms.uploads(), uploads);
      await page.leave("document.querySelector('form').requestSubmit()");
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4711' } }]);

      await show(bundle);
      await page.choose([paper]);
      const refused = await page.evaluate(async () => {
        await idle();
        change(4711);
        form.requestSubmit();
        await idle();
        return {
          states: statesOf(),
          values: values().length,
          valid: form.checkValidity(),
          alert: part('alert').textContent.slice(0, 22),
        };
      });
      assert.deepEqual(refused, { states: 'failed', values: 0, valid: false, alert: 'This page is not ready' });
      await page.evaluate(async () => {
        change('4712');
        form.requestSubmit();
        await idle();
      });
      await page.leave("document.querySelector('form').requestSubmit()");
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4712' } }]);
    });
  }

  // The element decides what counts as a change.
  if (!ANY_ENGINE.includes(name)) return;

  test('a React page that makes a new Sealer and context at each render, and sets state after each seal, seals a file once', async () => {
    const paper = files.create('inline');
    await show('inline');
    await page.choose([paper]);
    const seals = await page.evaluate(async () => {
      // Rendering sets the properties first: had they changed anything, the file would be sealed again by then.
      await until(() => Number(document.querySelector('output').textContent) > 0);
      const state = statesOf();
      await idle();
      await fetch('/upload', { method: 'POST', body: new FormData(form) });
      return [state, document.querySelector('output').textContent, events.filter(([type]) => type === 'seal').length];
    });
    assert.deepEqual(seals, ['sealed', '1', 1]);
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
  });

  test('an object that Vue binds to the encryption-context attribute is refused with an explanation', async () => {
    await show('attribute-vue');
    await page.choose([files.create('attribute')]);
    const found = await page.evaluate(async () => {
      const told = [];
      console.error = (error) => told.push(error.message);
      await until(() => statesOf() === 'failed');
      part('retry').click();
      await until(() => told.length > 0);
      await idle();
      return [values().length, form.checkValidity(), told[0]];
    });
    assert.deepEqual(found.slice(0, 2), [0, false]);
    assert.match(
      found[2],
      /an object was set as an attribute; set the property encryptionContext in its place \(in Vue, :encryptionContext\.prop\)/,
    );
  });

  test('Vue clears an element that has v-model when it renders again, and not one that has a listener of change', async () => {
    await show('model-vue');
    const values = await page.evaluate(async () => {
      const elements = [...document.querySelectorAll('kmseal-file')];
      for (const one of elements) one.add([new File(['x'], 'a.pdf')]);
      await Promise.all(elements.map((one) => idle(one)));
      change(1);
      await until(() => document.querySelector('output').textContent === '1 1');
      return elements.map(({ value }) => value);
    });
    assert.deepEqual(values, ['C:\\fakepath\\file-1.kmseal', '']);
  });

  test('an equal new Sealer or context at each event does not seal the file again', async () => {
    const paper = files.create('rendered');
    await page.show(`
      <form method="post" enctype="multipart/form-data" action="/upload">
        <kmseal-file name="doc" key-src="/kms-public-key.json"></kmseal-file><button>Send</button>
      </form>`);
    await page.evaluate(
      async (json) => {
        const keys = await kmseal.KmsPublicKey.import(json);
        globalThis.render = async (changes) => {
          const its = {
            keys: [await kmseal.KmsPublicKey.import(json)],
            frameLength: 8192,
            requiredEncryptionContext: { a: '1', b: '2' },
            cache: { maxAge: 1000 },
            ...changes,
          };
          element.sealer = new kmseal.Sealer(its);
          element.encryptionContext = { user: '4711' };
        };
        await render();
        globalThis.seals = 0;
        element.addEventListener('seal', () => {
          seals += 1;
          element.sealer = new kmseal.Sealer({
            keys: [keys],
            frameLength: 8192,
            requiredEncryptionContext: { b: '2', a: '1' },
            cache: { maxAge: 1000 },
          });
          element.encryptionContext = { user: '4711' };
        });
      },
      JSON.stringify(printed(forms.key)),
    );
    await page.choose([paper]);
    const counts = await page.evaluate(async () => {
      await idle();
      for (let index = 0; index < 10; index++) await render();
      await idle();
      const counts = [seals];
      for (const changes of [
        { frameLength: 4096 },
        { requiredEncryptionContext: { a: '1' } },
        { encryptionContext: { c: '3' } },
        { cache: undefined },
        { engine: 'wasm' },
      ]) {
        await render(changes);
        await idle();
        await render();
        await idle();
        counts.push(seals);
      }
      return counts;
    });
    // There the listener sets another one, and the rendered one is sealed as it was.
    assert.equal(counts[0], 1);
    assert.ok(
      counts.every((count, index) => index === 0 || count > counts[index - 1]),
      counts.join(),
    );
  });
});
