// Hundreds of files in <kmseal-file>: what it does for each of them does not grow with their number. Operations are counted, not seconds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, form, part, parts, until, values -- of forms.mjs, in the page */

const FORM = `<form method="post" enctype="multipart/form-data" action="/upload">
  <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' multiple></kmseal-file></form>`;

const { inBrowsers } = testForms();

inBrowsers((page, name) => {
  test('removing one of many files keeps the order of the rest', async () => {
    await page.show(FORM);
    const found = await page.evaluate(async () => {
      element.add(Array.from({ length: 120 }, (_, index) => new File([`${index}`], `${index}.txt`)));
      await until(() => element.value !== '' && parts('item').length === 120);
      parts('remove')[50].click();
      const names = parts('name').map(({ textContent }) => textContent);
      await until(() => part('input').files.length === 119);
      return [names[49], names[50], names.length, values().length, part('input').files[50].name];
    });
    assert.deepEqual(found, ['49.txt', '51.txt', 119, 119, '51.txt']);
  });

  // These count operations of the element, which no engine changes.
  if (!ANY_ENGINE.includes(name)) return;

  test('sealing twice as many files takes twice the work, and the form value is built once', async () => {
    await page.show(FORM);
    const measure = (count) =>
      page.evaluate(async (count) => {
        element.value = '';
        const done = { forms: 0, added: 0, lookUps: 0, mutations: 0, rowsAtOnce: 0 };
        const { FormData } = globalThis;
        globalThis.FormData = class extends FormData {
          constructor(...given) {
            super(...given);
            done.forms++;
          }
        };
        const { prototype } = DataTransferItemList;
        const { add } = prototype;
        prototype.add = function count(...given) {
          done.added++;
          return add.apply(this, given);
        };
        // How often the element asks what it knows of a file.
        const asking = [WeakSet, WeakMap].map(({ prototype }) => ({ prototype, has: prototype.has }));
        for (const { prototype, has } of asking)
          prototype.has = function count(...given) {
            done.lookUps++;
            return has.apply(this, given);
          };
        const observer = new MutationObserver((records) => {
          done.mutations += records.length;
          const rows = records
            .flatMap(({ addedNodes }) => [...addedNodes])
            .filter(({ localName }) => localName === 'li');
          done.rowsAtOnce = Math.max(done.rowsAtOnce, rows.length);
        });
        observer.observe(element.shadowRoot, { subtree: true, childList: true, attributes: true, characterData: true });
        const changed = new Promise((resolve) => element.addEventListener('change', resolve, { once: true }));
        element.add(Array.from({ length: count }, (_, index) => new File([`content ${index}`], `${index}.txt`)));
        const rows = parts('item').length;
        await changed;
        await until(() => parts('item').length === count && part('input').files.length === count);
        observer.disconnect();
        globalThis.FormData = FormData;
        prototype.add = add;
        for (const { prototype, has } of asking) prototype.has = has;
        const names = values().map(([, name]) => name);
        return { ...done, rows, names: [names.length, names.at(-1)], order: parts('name').at(-1).textContent };
      }, count);
    const [few, many] = [await measure(110), await measure(220)];
    for (const [count, { forms, added, rows, rowsAtOnce, names, order }] of [
      [110, few],
      [220, many],
    ]) {
      const found = { forms, added, rows, names, order };
      assert.deepEqual(found, {
        forms: 1,
        added: count,
        rows: 100,
        names: [count, `file-${count}.kmseal`],
        order: `${count - 1}.txt`,
      });
      assert.ok(rowsAtOnce <= 100, `${rowsAtOnce} rows at once`);
    }
    for (const [count, { lookUps }] of [
      [110, few],
      [220, many],
    ])
      assert.ok(lookUps < count * 10, `${lookUps} look-ups for ${count} files`);
    // Progress is shown once a screen frame, so more often on a slow machine.
    assert.ok(
      many.mutations < 220 * 45,
      `${many.mutations} changes of the page for 220 files, and ${few.mutations} for 110`,
    );
  });

  test('a page that is asked about each of many files, and takes its time, does not have all of them updated for each', async () => {
    await page.show(FORM);
    const found = await page.evaluate(async () => {
      let updates = 0;
      const { prototype } = ElementInternals;
      const { setFormValue } = prototype;
      prototype.setFormValue = function count(...given) {
        updates++;
        return setFormValue.apply(this, given);
      };
      element.addEventListener('beforeseal', (event) => event.waitUntil(event.detail.file.slice(0, 2).text()));
      const changed = new Promise((resolve) => element.addEventListener('change', resolve, { once: true }));
      element.add(Array.from({ length: 110 }, (_, index) => new File([`${index}`], `${index}.txt`)));
      await changed;
      prototype.setFormValue = setFormValue;
      return { updates, values: values().length };
    });
    assert.equal(found.values, 110);
    assert.ok(found.updates < 30, `${found.updates} updates for 110 files`);
  });
});
