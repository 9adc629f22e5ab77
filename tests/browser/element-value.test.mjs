// The properties value and files of <kmseal-file>, which scripts use as those of a native file input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, events, file, form, hold, idle, part, parts, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' ${attributes}></kmseal-file>
    <input type="file" id="native" multiple>
  </form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  test("value = '' clears the choice, also while sealing and after a failure, and fires no event", async () => {
    for (const how of ['sealed', 'sealing', 'failed']) {
      await page.show(FORM('required'));
      if (how === 'sealing') await page.evaluate(() => (globalThis.held = hold()));
      if (how === 'failed') await page.evaluate(() => (element.keySrc = ''));
      await page.choose([files.create(how)]);
      const found = await page.evaluate(async (how) => {
        await until(() => statesOf() === how);
        const before = element.value;
        const told = events.length;
        element.value = '';
        globalThis.held?.release();
        const after = [
          statesOf(),
          element.value,
          element.files.length,
          values().length,
          element.validity.valueMissing,
          parts('item').length,
        ];
        return [before, ...after, part('input').files.length, part('alert').textContent, events.length - told];
      }, how);
      assert.deepEqual(
        found,
        [how === 'sealed' ? 'C:\\fakepath\\file-1.kmseal' : '', '', '', 0, 0, true, 0, 0, '', 0],
        how,
      );
    }
  });

  test('files accepts a FileList or an array, copies it, seals the files that beforeseal leaves, and fires no change event', async () => {
    const chosen = [files.create('a'), files.create('b')];
    await page.show(FORM('multiple'));
    await page.chooseFiles(
      '#native',
      chosen.map(({ file }) => file),
    );
    const texts = await page.evaluate(async () => {
      const native = document.querySelector('#native');
      globalThis.targets = ['native'];
      document.addEventListener('change', ({ target }) => targets.push(target.localName));
      element.files = native.files;
      native.value = '';
      return parts('name').map(({ textContent }) => textContent);
    });
    assert.deepEqual(
      texts,
      chosen.map(({ name }) => name),
    );
    assert.deepEqual(
      await page.delivered(),
      chosen.map(({ bytes }) => bytes.toString('latin1')),
    );
    await page.evaluate(() => {
      const list = [
        new File(['first'], 'first.txt'),
        new File(['second'], 'second.txt'),
        new File(['dropped'], 'dropped.txt'),
      ];
      element.addEventListener(
        'beforeseal',
        (event) => event.detail.file.name === 'dropped.txt' && event.preventDefault(),
      );
      element.files = list;
      list.pop();
      list[0] = new File(['other'], 'other.txt');
    });
    assert.deepEqual(await page.delivered(), ['first', 'second']);
    const told = await page.evaluate(() => {
      const { File } = document.body.appendChild(document.createElement('iframe')).contentWindow;
      element.files = new Set([new File(['of another window'], 'x')]);
      element.files = null;
      element.files = undefined;
      return targets;
    });
    assert.deepEqual(told, ['native']);
    assert.deepEqual(await page.delivered(), ['of another window']);
    await page.evaluate(() => (element.files = []));
    assert.deepEqual(await page.delivered(), []);
  });

  test('what a form gives reads as that of a native input where a script makes text of it, and the console warns', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      element.files = [file('a.pdf')];
      await idle();
      const warnings = [];
      console.warn = (text) => warnings.push(text.includes('multipart/form-data'));
      const data = new FormData(form);
      return {
        text: new URLSearchParams(data).get(element.name),
        json: JSON.stringify(data.get(element.name)),
        keys: Object.keys(data.get(element.name)),
        warnings,
      };
    });
    assert.deepEqual(found, { text: '[object File]', json: '{}', keys: [], warnings: [true, true] });
  });

  // Our script decides what the properties take. Native lists of files are above.
  if (!ANY_ENGINE.includes(name)) return;

  test('null clears like an empty string, and other values throw and change nothing', async () => {
    await page.show(FORM());
    await page.choose([files.create('kept')]);
    const found = await page.evaluate(async () => {
      await idle();
      const names = [];
      for (const wrong of ['C:\\fakepath\\file-1.kmseal', 'x', 0, undefined]) {
        try {
          element.value = wrong;
        } catch (error) {
          names.push(error.name);
        }
      }
      const kept = { states: statesOf(), files: element.files.length };
      element.value = null;
      return { names, kept, cleared: element.files.length };
    });
    const names = Array(4).fill('InvalidStateError');
    assert.deepEqual(found, { names, kept: { states: 'sealed', files: 1 }, cleared: 0 });
  });

  test('values that are not Files are refused and change nothing', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      element.files = [new File(['kept'], 'kept.txt')];
      await idle();
      const names = [];
      for (const wrong of [[new Blob(['x'])], ['x'], [null], 'name', '', 7, {}, [new File(['x'], 'x'), {}]]) {
        try {
          element.files = wrong;
          names.push('taken');
        } catch (error) {
          names.push(error.name);
        }
      }
      return names;
    });
    assert.deepEqual(found, Array(8).fill('TypeError'));
    assert.deepEqual(await page.delivered(), ['kept']);
  });

  test("an element's own sealed files replace those that were chosen, and are not sealed twice", async () => {
    await page.show(`${FORM('multiple')}<kmseal-file id="second"></kmseal-file>`);
    await page.evaluate(async () => {
      element.files = ['a', 'b', 'c'].map((name) => new File([name], name));
      await idle();
      element.files = element.files.slice(1);
    });
    assert.deepEqual(await page.delivered(), ['b', 'c']);
  });
});
