// What <kmseal-file> gives to forms and scripts when the page changes the context after a file was sealed: nothing, until it is sealed again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { HELD_BACK, lookHeldBack } from '../support/browsers/held-back.mjs';

/* global element, form, idle, kmseal, part, statesOf, until -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <div id="around"><kmseal-file name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file></div><button>Send</button>
  </form>`;

const { forms, files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const anyEngine = ANY_ENGINE.includes(name);

  /** What a script sends of the form once nothing is being sealed, opened. */
  async function sent() {
    await page.post();
    return forms.arrived();
  }

  test('an input event reports that the value is gone after a new context or key, and change that it is back', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      element.encryptionContext = {};
      element.files = [new File(['x'], 'x')];
      await idle();
      const told = [];
      for (const type of ['input', 'change'])
        document.addEventListener(type, () => told.push([type, element.value !== '']));
      // A listener that changes it again is not called forever.
      let count = 0;
      document.addEventListener('input', () => (element.encryptionContext = { count: String(++count) }));
      for (const change of [
        () => (element.encryptionContext = { user: '1' }),
        () => (element.keySrc = '/kms-public-key.json?other'),
      ]) {
        change();
        told.push('rendering');
        await until(() => told.at(-1)[0] === 'change');
      }
      return told;
    });
    const once = ['rendering', ['input', false], ['change', true]];
    assert.deepEqual(found, [...once, ...once]);
  });

  test('a context mutated in place is noticed when the form takes the value: the form is held back and the file sealed again', async () => {
    const paper = files.create('in place');
    await page.show(FORM());
    await page.evaluate(() => (element.encryptionContext = globalThis.context = { user: '' }));
    await page.choose([paper]);
    await page.idle();
    const uploads = forms.uploads();
    const told = await page.evaluate(async () => {
      context.user = '4711';
      form.requestSubmit();
      const told = part('alert').textContent;
      await idle();
      return [told, part('alert').textContent];
    });
    assert.deepEqual(told, ['The encryption is not finished. Wait a moment, then try again.', '']);
    assert.equal(forms.uploads(), uploads);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4711' } }]);

    // A script that sends the form itself gets nothing that is bound to another context, and later the correct envelope.
    const [stale, late] = await page.evaluate(async () => {
      element.form.insertAdjacentHTML('beforeend', '<input name="doc" value="mine">');
      context.user = '4712';
      const stale = new FormData(form).getAll('doc');
      const late = [statesOf(), part('alert').textContent];
      return [stale, late];
    });
    assert.deepEqual(
      { stale, late },
      { stale: ['mine'], late: ['sealing', 'The encryption is not finished. Wait a moment, then try again.'] },
    );
    await page.evaluate(() => document.querySelector('input[name=doc]').remove());
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4712' } }]);

    await page.evaluate(() => (context.user = 4713));
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
    await page.evaluate(() => (context.user = '4713'));
    await page.evaluate(() => form.requestSubmit());
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4713' } }]);
  });

  test('reading the form in a script leaves out only the file of the element that changed', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      document
        .querySelector('#around')
        .insertAdjacentHTML(
          'beforeend',
          `<kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"2"}'></kmseal-file>`,
        );
      const other = document.querySelector('kmseal-file:last-child');
      element.encryptionContext = globalThis.context = { user: '1' };
      element.metaName = 'meta';
      element.files = [new File(['first'], 'first')];
      other.files = [new File(['second'], 'second')];
      await idle();
      await idle(other);
      context.user = '3';
      const data = new FormData(form);
      return {
        areOthers: data.getAll('doc').map((file) => file === other.files[0]),
        hasMeta: data.has('meta'),
        other: statesOf(other),
      };
    });
    assert.deepEqual(found, { areOthers: [true], hasMeta: false, other: 'sealed' });
  });

  test('a submit listener that changes the context or the Sealer holds the form back until the file is sealed again', async () => {
    // The page decides how a context is set, and the engine what a stopped event does: each shows the ways that stop it.
    const changes = {
      setter: () => form.addEventListener('submit', () => (element.encryptionContext = { user: '2' })),
      'in place': () => form.addEventListener('submit', () => (context.user = '2')),
      'in place, delegated': () => addEventListener('submit', () => (context.user = '2')),
      'in place, and the event goes no further': () =>
        document.body.addEventListener('submit', (event) => {
          context.user = '2';
          event.stopPropagation();
        }),
      'setter, and no further listener': () =>
        form.addEventListener('submit', (event) => {
          element.encryptionContext = { user: '2' };
          event.stopImmediatePropagation();
        }),
      attribute: () =>
        document.addEventListener('submit', () => element.setAttribute('encryption-context', '{"user":"2"}')),
      Sealer: async () => {
        const keys =
          (await kmseal.KmsPublicKey.fetch?.('/kms-public-key.json')) ??
          (await kmseal.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).text()));
        form.addEventListener('submit', () => {
          element.encryptionContext = null;
          element.sealer = new kmseal.Sealer({ keys, encryptionContext: { user: '2' } });
        });
      },
    };
    const stopping = /no further/;
    for (const [name, listen] of Object.entries(changes)) {
      if (!anyEngine && !stopping.test(name)) continue;
      const paper = files.create(name);
      await page.show(FORM('required'));
      await page.evaluate(() => (element.encryptionContext = globalThis.context = { user: '1' }));
      await page.evaluate(listen);
      await page.choose([paper]);
      await page.idle();
      const uploads = forms.uploads();
      const told = await page.evaluate(async () => {
        form.requestSubmit();
        const told = part('alert').textContent;
        await idle();
        return told;
      });
      assert.equal(told, 'The encryption is not finished. Wait a moment, then try again.', name);
      assert.equal(forms.uploads(), uploads, name);
      await page.leave('form.requestSubmit()');
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '2' } }], name);
    }
  });

  // The element alone decides what its properties give.
  if (!anyEngine) return;

  test('files and value never return content sealed before the page changed the object that it set', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      const context = { user: '1' };
      element.encryptionContext = context;
      element.files = [new File(['x'], 'x')];
      const read = {};
      for (const property of ['files', 'value']) {
        await idle();
        context.user += '2';
        read[property] = { length: element[property].length, states: statesOf() };
      }
      await idle();
      const { encryptionContext } = await kmseal.inspect(element.files[0]);
      return { read, user: encryptionContext.user };
    });
    const empty = { length: 0, states: 'sealing' };
    assert.deepEqual(found, { read: { files: empty, value: empty }, user: '122' });
  });
});
