// What the page changes on <kmseal-file>, before the element is defined and after: its context, sealer, key, names and attributes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { readHeader } from '../support/message.mjs';

/* global element, events, form, idle, kmseal, part, statesOf, values -- of forms.mjs, in the page */

const FORM = (attributes = 'key-src="/kms-public-key.json"') =>
  `<form method="post" enctype="multipart/form-data" action="/upload"><kmseal-file encryption-context='{}' name="doc" ${attributes}></kmseal-file></form>`;

let otherKey;
const { forms, files, inBrowsers } = testForms(async (start) => {
  await start({
    routes: (app) => app.get('/other-key.json', (context) => context.body(JSON.stringify(printed(otherKey)))),
  });
  otherKey = await forms.kms.createKey();
});

inBrowsers((page, name) => {
  test('a new context seals the file again; an equal one, or one for another element, does not', async () => {
    const paper = files.create('bound');
    await page.show(FORM());
    await page.choose([paper]);
    assert.deepEqual(await page.opened({}), [paper.bytes]);
    const found = await page.evaluate(async () => {
      element.encryptionContext = { user: '1', purpose: 'test' };
      const during = [statesOf(), values().length, element.files.length];
      await idle();
      const sealed = () => events.filter(([type]) => type === 'seal').length;
      const counts = [sealed()];
      element.encryptionContext = { purpose: 'test', user: '1' };
      element.texts = {};
      element.name = 'doc';
      element.required = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
      const context = element.encryptionContext;
      const mistakes = [];
      for (const wrong of [{ user: 7 }, 'user', new Map()]) {
        try {
          element.encryptionContext = wrong;
        } catch (error) {
          mistakes.push(error.name);
        }
      }
      await idle();
      const refused = [statesOf(), values().length, element.encryptionContext];
      element.encryptionContext = { user: '1', purpose: 'test' };
      return [during, ...counts, sealed(), { ...context }, Object.isFrozen(context), mistakes, refused];
    });
    const before = [['sealing', 0, 0], 2, 2, { user: '1', purpose: 'test' }, true];
    assert.deepEqual(found, [...before, Array(3).fill('TypeError'), ['failed', 0, null]]);
    assert.deepEqual(await page.opened({ user: '1', purpose: 'test' }), [paper.bytes]);
    await assert.rejects(page.opened({ user: '2' }), { code: 'ERR_CONTEXT' });
    await page.evaluate(() => (element.encryptionContext = {}));
    assert.deepEqual(await page.opened({}), [paper.bytes]);
  });

  test('changed attributes apply at once: fields and names follow, and another key or a description seals again', async () => {
    await page.show(FORM());
    await page.choose([files.create('changing')]);
    const found = await page.evaluate(async () => {
      await idle();
      const states = [];
      const look = async () => {
        states.push(statesOf());
        await idle();
        states.push(
          values()
            .map(([field, name]) => `${field} ${name}`)
            .join(' '),
        );
      };
      element.name = 'paper';
      await look();
      element.setAttribute('meta-name', 'meta');
      await look();
      element.removeAttribute('meta-name');
      element.removeAttribute('name');
      await look();
      element.name = 'doc';
      element.keySrc = '/other-key.json';
      await look();
      const { keyIds } = await kmseal.inspect(element.files[0]);
      return [states, keyIds];
    });
    assert.deepEqual(found, [
      [
        'sealed',
        'paper file-1.kmseal',
        'sealing',
        'paper file-1.kmseal meta file-1.meta.kmseal',
        'sealing',
        '',
        'sealing',
        'doc file-1.kmseal',
      ],
      [otherKey.KeyId],
    ]);
  });

  test('properties that were set before the element is defined take effect', async () => {
    const paper = files.create('upgraded');
    forms.show(FORM(''));
    await page.driver.get(`${forms.origin}/form`);
    await page.driver.executeScript(() => {
      const element = document.querySelector('kmseal-file');
      Object.assign(element, {
        encryptionContext: { user: '9' },
        keySrc: '/kms-public-key.json',
        required: true,
        texts: { missing: 'Bitte wählen.' },
      });
    });
    const found = await page.evaluate(async () => {
      await import('/dist/define.js');
      const element = document.querySelector('kmseal-file');
      return {
        keySrc: element.getAttribute('key-src'),
        required: element.required,
        message: element.validationMessage,
        own: Object.keys(element),
      };
    });
    assert.deepEqual(found, {
      keySrc: '/kms-public-key.json',
      required: true,
      message: 'Bitte wählen.',
      own: [],
    });
    await page.choose([paper]);
    const envelope = await page.evaluate(async () => {
      const element = document.querySelector('kmseal-file');
      while (!element.matches(':state(sealed)')) await new Promise((resolve) => setTimeout(resolve, 10));
      return new Uint8Array(await element.files[0].arrayBuffer());
    });
    assert.deepEqual(await forms.open(new Blob([envelope]), { user: '9' }), paper.bytes);
  });

  // No engine takes part in what follows: the element's sealer, and what it hands to its input.
  if (!ANY_ENGINE.includes(name)) return;

  test('a sealer that is set late seals the files that were chosen before', async () => {
    const paper = files.create('early');
    await page.show(FORM('meta-name="doc-meta"'));
    await page.choose([paper]);
    const found = await page.evaluate(
      async (json) => {
        await idle();
        const before = [statesOf(), values().length, events.at(-1)];
        const keys = await kmseal.KmsPublicKey.import(json);
        const sealer = new kmseal.Sealer({ keys, cache: { maxAge: 60_000 }, encryptionContext: { by: 'the page' } });
        element.sealer = sealer;
        await idle();
        const wrong = (() => {
          try {
            element.sealer = {};
          } catch (error) {
            return error.name;
          }
        })();
        await idle();
        const refused = [statesOf(), element.sealer];
        element.sealer = sealer;
        await idle();
        const all = [...new FormData(form).values()];
        return {
          before,
          state: statesOf(),
          kept: element.sealer === sealer,
          wrong,
          refused,
          all: await Promise.all(all.map(async (file) => new Uint8Array(await file.arrayBuffer()))),
        };
      },
      JSON.stringify(printed(forms.key)),
    );
    assert.deepEqual(
      { ...found, all: found.all.length },
      {
        before: ['failed', 0, ['sealerror', paper.name, 'ERR_LOAD']],
        state: 'sealed',
        kept: true,
        wrong: 'TypeError',
        refused: ['failed', null],
        all: 2,
      },
    );
    const [one, two] = found.all.map((envelope) => readHeader(envelope).edks[0].ciphertext.toString('hex'));
    assert.equal(one, two);
    assert.deepEqual(await page.opened({ by: 'the page' }), [paper.bytes]);
    await page.evaluate(() => {
      element.sealer.close();
      element.sealer = null;
      element.keySrc = '/kms-public-key.json';
    });
    assert.deepEqual(await page.opened({}), [paper.bytes]);
  });

  test('the native input gets the attributes that concern it, and no name', async () => {
    await page.show(FORM('key-src="/kms-public-key.json" accept=".pdf" multiple capture="user" required'));
    const found = await page.evaluate(() => {
      const input = part('input');
      const look = () => [
        input.accept,
        input.multiple,
        input.getAttribute('capture'),
        input.name,
        input.form,
        input.getAttribute('aria-required'),
      ];
      const before = look();
      element.accept = 'image/*';
      element.multiple = false;
      element.removeAttribute('capture');
      element.required = false;
      return [before, look()];
    });
    assert.deepEqual(found, [
      ['.pdf', true, 'user', '', null, 'true'],
      ['image/*', false, null, '', null, 'false'],
    ]);
  });
});
