// Folders that are dropped on <kmseal-file>, and chosen in it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, drop, element, form, folder, idle, names, part, parts, statesOf, until, values -- of forms.mjs and show(), in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload" novalidate>
    <kmseal-file name="doc" meta-name="meta" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' ${attributes}></kmseal-file><button>Send</button>
  </form>`;
/** More than readEntries() gives at a time, and than the rows that are shown at once. */
const MANY = 130;

const { forms, inBrowsers } = testForms();

let place;
before(() => {
  place = mkdtempSync(path.join(tmpdir(), 'kmseal-folder-'));
  mkdirSync(path.join(place, 'holiday', 'day one', 'evening'), { recursive: true });
  mkdirSync(path.join(place, 'empty'));
  writeFileSync(path.join(place, 'beside.txt'), 'beside');
  writeFileSync(path.join(place, 'holiday', 'notes.txt'), 'notes');
  writeFileSync(path.join(place, 'holiday', 'day one', 'notes.txt'), 'notes');
  for (let index = 0; index < MANY; index++)
    writeFileSync(path.join(place, 'holiday', 'day one', 'evening', `${index}.txt`), `evening ${index}`);
});
after(() => rmSync(place, { recursive: true }));

inBrowsers((page, name) => {
  async function arrived() {
    await page.post();
    const [docs, metas] = [await forms.arrived(), await forms.arrived('meta')];
    return metas.map(({ bytes }, index) => [
      JSON.parse(bytes).path ?? JSON.parse(bytes).name,
      docs[index].bytes.toString(),
    ]);
  }
  async function show(attributes) {
    await page.show(FORM(attributes));
    await page.evaluate(() => {
      // Drivers cannot drop files; the folder follows the File and Directory Entries API, with readers that return three entries at a time.
      const fileEntry = (path, file) => ({
        isFile: true,
        isDirectory: false,
        name: file.name,
        fullPath: `${path}/${file.name}`,
        file: (done) => setTimeout(done, 0, file),
      });
      globalThis.folder = (path, contents, fail) => ({
        isFile: false,
        isDirectory: true,
        name: path.split('/').at(-1),
        fullPath: path,
        createReader() {
          const left = contents.map((one) => (one.isDirectory ? one : fileEntry(path, one)));
          return {
            readEntries: (done, refuse) =>
              setTimeout(
                fail?.() ? () => refuse(new DOMException('gone', 'NotFoundError')) : () => done(left.splice(0, 3)),
              ),
          };
        },
      });
      globalThis.drop = (...given) => {
        const event = new DragEvent('drop', { bubbles: true, cancelable: true, composed: true });
        const items = given.map((one) => ({
          kind: 'file',
          getAsFile: () => (one.isDirectory ? new File([], one.name) : one),
          webkitGetAsEntry: () => (one.isDirectory ? one : fileEntry('', one)),
        }));
        Object.defineProperty(event, 'dataTransfer', {
          value: { types: ['Files'], items, files: items.map((item) => item.getAsFile()) },
        });
        part('zone').dispatchEvent(event);
      };
    });
  }

  test('webkitdirectory accepts a folder with all its files in order, and the form waits for it', async () => {
    await show('webkitdirectory');
    const uploads = forms.uploads();
    const found = await page.evaluate(async () => {
      const file = (name, text = name) => new File([text], name, { lastModified: 1 });
      element.addEventListener('beforeseal', ({ detail }) => detail.file.name === '3' && detail.replace(file('three')));
      const inner = folder(
        '/trip/inner',
        Array.from({ length: 8 }, (_, index) => file(`${index}`)),
      );
      drop(
        file('before'),
        folder('/trip', [file('a', 'same'), inner, folder('/trip/other', [file('a', 'same')])]),
        file('after'),
      );
      const reading = [names(), parts('state')[1].textContent, statesOf(), values().length];
      document.querySelector('button').click();
      reading.push(alerts());
      await until(() => names().length > 3);
      return [...reading, names()];
    });
    assert.deepEqual(found, [
      ['before', 'trip', 'after'],
      'Checking…',
      'sealing',
      0,
      ['The encryption is not finished. Wait a moment, then try again.'],
      ['before', 'a', '0', '1', '2', 'three', '4', '5', '6', '7', 'a', 'after'],
    ]);
    assert.equal(forms.uploads(), uploads);
    const inner = ['0', '1', '2', 'three', '4', '5', '6', '7'].map((name) => [`trip/inner/${name}`, name]);
    assert.deepEqual(await arrived(), [
      ['before', 'before'],
      ['trip/a', 'same'],
      ...inner,
      ['trip/other/a', 'same'],
      ['after', 'after'],
    ]);
  });

  // The other drivers can neither choose folders nor drop files.
  if (name === 'chromium') {
    test('a folder that is chosen in the dialogue comes with all its files', async () => {
      await page.show(FORM('webkitdirectory'));
      await page.choose([{ file: path.join(place, 'holiday') }]);
      await page.evaluate(() => until(() => names().length > 0)); // the browser looks through the folder meanwhile
      const all = new Map(await arrived());
      assert.equal(all.size, MANY + 2);
      assert.equal(all.get('holiday/day one/evening/7.txt'), 'evening 7');
      for (const name of ['holiday/notes.txt', 'holiday/day one/notes.txt']) assert.equal(all.get(name), 'notes', name);
    });

    test('a dropped folder comes complete, also with more files than the browser returns at a time', async () => {
      await page.show(FORM('webkitdirectory'));
      const drop = async (...dropped) => {
        const data = { items: [], files: dropped.map((one) => path.join(place, one)), dragOperationsMask: 1 };
        const { x, y } = await page.evaluate(() => {
          const { x, y } = part('zone').getBoundingClientRect();
          return { x: x + 5, y: y + 5 };
        });
        for (const type of ['dragEnter', 'dragOver', 'drop'])
          await page.driver.sendDevToolsCommand('Input.dispatchDragEvent', { type, x, y, data });
      };
      await drop('holiday', 'beside.txt', 'empty');
      await page.evaluate(() => until(() => element.files.length > 3 && statesOf() === 'sealed'));
      assert.deepEqual(await page.evaluate(() => alerts()), ['empty has no files.']);
      const all = new Map(await arrived());
      assert.equal(all.size, MANY + 3);
      assert.deepEqual(
        [all.get('holiday/day one/evening/129.txt'), all.get('beside.txt'), all.get('holiday/notes.txt')],
        ['evening 129', 'beside', 'notes'],
      );
      await page.evaluate(() => {
        element.value = '';
        element.webkitdirectory = false;
        element.multiple = true;
      });
      await drop('holiday', 'beside.txt');
      const found = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealed');
        return [names(), alerts()];
      });
      assert.deepEqual(found, [['beside.txt'], ['holiday is a folder. Choose the files in it.']]);
    });
  }

  // A script makes these folders, so no engine takes part. The first test shows in each that their files are taken.
  if (!ANY_ENGINE.includes(name)) return;

  test('a folder is named as such where folders are not accepted, and where it has no files', async () => {
    await show('multiple');
    const found = await page.evaluate(async () => {
      drop(folder('/trip', [new File(['a'], 'a')]), new File(['b'], 'b'));
      const all = [alerts(), names()];
      element.value = '';
      element.webkitdirectory = true;
      drop(folder('/nothing', [folder('/nothing/inner', [])]));
      await until(() => parts('item').length === 0);
      return [...all, alerts(), statesOf()];
    });
    assert.deepEqual(found, [['trip is a folder. Choose the files in it.'], ['b'], ['nothing has no files.'], '']);
  });

  test('limits, types and beforeseal apply to the files of a folder too', async () => {
    await show('webkitdirectory accept=".txt" max-files="3" max-size="5"');
    const found = await page.evaluate(async () => {
      const file = (name, text) => new File([text], name);
      element.addEventListener('beforeseal', ({ detail }) => detail.file.name === 'no.txt' && detail.reject('No.'));
      drop(
        folder('/trip', [
          file('a.txt', 'a'),
          file('b.exe', 'b'),
          file('large.txt', 'larger'),
          file('no.txt', 'x'),
          file('c.txt', 'c'),
          file('d.txt', 'd'),
          file('e.txt', 'e'),
        ]),
      );
      await until(() => names().length > 1);
      return [names(), alerts()];
    });
    assert.deepEqual(found, [
      ['a.txt', 'c.txt', 'd.txt'],
      [
        'b.exe is not of a type that can be chosen here.',
        'large.txt is too large. The largest file that can be chosen here has 5 bytes.',
        'no.txt: No.',
        'e.txt was not taken, since only 3 files can be chosen here.',
      ],
    ]);
  });

  test('a folder that cannot be read fails until it is retried, and one that is removed meanwhile leaves nothing', async () => {
    await show('webkitdirectory');
    const found = await page.evaluate(async () => {
      let failing = true;
      const logged = [];
      console.error = (error) => logged.push(error.message);
      drop(folder('/trip', [new File(['a'], 'a')], () => failing));
      await until(() => statesOf() === 'failed');
      const all = [logged, alerts(), values().length];
      failing = false;
      part('retry').click();
      await until(() => statesOf() === 'sealed');
      all.push(names());
      drop(folder('/other', [new File(['b'], 'b')]));
      parts('remove')[1].click();
      all.push(statesOf());
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [...all, names(), alerts()];
    });
    assert.deepEqual(found, [
      ['a folder could not be read'],
      ['trip could not be read, so nothing is sent. Choose it again, or remove it.'],
      0,
      ['a'],
      'sealed',
      ['a'],
      [],
    ]);
  });
});
