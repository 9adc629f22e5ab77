// How files come to those that <kmseal-file> holds already: by a further choice, add() or a paste, and each file once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, drop, element, events, file, form, idle, names, part, parts, paste, statesOf, transferOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' ${attributes}></kmseal-file>
  </form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const show = (attributes) => page.show(FORM(attributes));

  test('with multiple, a further choice adds files without duplicates of name, size and date, and retries failed ones', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((label) => files.create(label));
    await show('multiple');
    await page.choose([a, b]);
    await page.idle();
    await page.choose([b, c]);
    assert.deepEqual(
      await page.delivered(),
      [a, b, c].map(({ bytes }) => bytes.toString('latin1')),
    );
    const found = await page.evaluate(async () => {
      const inInput = part('input').files.length;
      const seals = events.filter(([type]) => type === 'seal').length;
      element.value = '';
      drop(file('x'));
      drop(file('x'), file('x', '', 'longer, too'), file('x', '', 'another', 2), file('y'));
      const dropped = names();
      await idle();
      element.keySrc = '/no-key';
      await idle();
      drop(file('y'));
      const again = names();
      element.keySrc = '/kms-public-key.json';
      await idle();
      return { inInput, seals, dropped, again, alerts: alerts() };
    });
    const shown = ['x', 'x', 'x', 'y'];
    assert.deepEqual(found, { inInput: 3, seals: 3, dropped: shown, again: shown, alerts: [] });
    assert.deepEqual(await page.delivered(), ['dropped', 'longer, too', 'another', 'dropped']);
  });

  test('add() takes files from scripts as if a person had dropped them, with the events, and rejects anything but a File', async () => {
    await show('multiple accept="image/*"');
    const found = await page.evaluate(async () => {
      const told = [];
      for (const type of ['input', 'change'])
        document.addEventListener(type, ({ target }) => told.push([type, target === element, element.value !== '']));
      const { File } = document.body.appendChild(document.createElement('iframe')).contentWindow;
      // They are two files, even if made in the same millisecond.
      const [one, two] = ['first', 'other'].map(
        (bytes) => new File([bytes], 'photo.jpg', { type: 'image/jpeg', lastModified: 1 }),
      );
      element.add([one, two, one]);
      element.add(new Set([two, file('c.txt', 'text/plain')]));
      const refused = alerts();
      const names = [];
      for (const wrong of [[new Blob(['x'])], ['x'], undefined, null, 'name', {}]) {
        try {
          element.add(wrong);
        } catch (error) {
          names.push(error.name);
        }
      }
      element.add([]);
      await idle();
      element.multiple = false;
      element.add([file('d.png', 'image/png'), file('e.png', 'image/png')]);
      return [told, refused, names, alerts()];
    });
    assert.deepEqual(found, [
      [
        ['input', true, false],
        ['change', true, true],
      ],
      ['c.txt is not of a type that can be chosen here.'],
      Array(6).fill('TypeError'),
      ['Only one file can be chosen here.'],
    ]);
    assert.deepEqual(await page.delivered(), ['first', 'other']);
    await page.evaluate(() => element.add([file('f.png', 'image/png', 'in its place')]));
    assert.deepEqual(await page.delivered(), ['in its place']);
  });

  test('files can be pasted, and text is left to the page', async () => {
    await show('accept="image/*"');
    const found = await page.evaluate(async () => {
      const takes = (...given) => {
        const clipboardData = transferOf(given.filter((one) => typeof one === 'object'));
        if (typeof given[0] === 'string') clipboardData.setData('text/plain', given[0]);
        return paste(clipboardData).defaultPrevented;
      };
      const all = [
        takes('words'),
        takes(file('image.png', 'image/png')),
        names(),
        takes(file('b.txt', 'text/plain')),
        alerts(),
      ];
      element.disabled = true;
      all.push(takes(file('image.png', 'image/png')));
      element.disabled = false;
      return all;
    });
    assert.deepEqual(found, [
      false,
      true,
      ['image.png'],
      true,
      ['b.txt is not of a type that can be chosen here.'],
      false,
    ]);
    assert.deepEqual(await page.delivered(), ['dropped']);
  });

  if (name === 'chromium') {
    test('a screenshot from the clipboard can be pasted with the keyboard', async () => {
      await show('accept="image/*"');
      const { driver } = page;
      const command = (name, params) => driver.sendAndGetDevToolsCommand(name, params);
      await command('Browser.grantPermissions', { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'] });
      await page.evaluate(async () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
        canvas.getContext('2d').fillRect(0, 0, 2, 2);
        const blob = await new Promise((resolve) => canvas.toBlob(resolve));
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
        part('input').focus();
      });
      for (const type of ['keyDown', 'keyUp']) {
        await command('Input.dispatchKeyEvent', {
          type,
          key: 'v',
          code: 'KeyV',
          windowsVirtualKeyCode: 86,
          modifiers: 2,
          commands: type === 'keyDown' ? ['paste'] : [],
        });
      }
      assert.deepEqual(
        await page.evaluate(async () => {
          await until(() => statesOf() === 'sealed');
          return names();
        }),
        ['image.png'],
      );
      assert.match((await page.delivered())[0], /^\x89PNG/);
    });
  }

  // The element decides which files are alike. The first test shows in each engine that it reads both.
  if (!ANY_ENGINE.includes(name)) return;

  test('two files of one name, size and date from two folders count as two, and one that is dropped again as one', async () => {
    await show('multiple max-files="3"');
    const found = await page.evaluate(async () => {
      const told = [];
      for (const type of ['input', 'change']) element.addEventListener(type, () => told.push(type));
      drop(file('x', '', 'one'));
      await idle();
      drop(file('x', '', 'two'));
      await idle();
      const both = [...names(), ...told.splice(0)];
      for (const content of ['two', 'one']) {
        drop(file('x', '', content));
        await idle();
      }
      const again = [...names(), ...told.splice(0)];
      drop(file('x', '', 'six'), file('x', '', 'one'), file('x', '', 'ten'));
      await idle();
      return [both, again, names(), alerts()];
    });
    const over = 'x was not taken, since only 3 files can be chosen here.';
    assert.deepEqual(found, [['x', 'x', 'input', 'change', 'input', 'change'], ['x', 'x'], ['x', 'x', 'x'], [over]]);
    assert.deepEqual(await page.delivered(), ['one', 'two', 'six']);
  });

  test('where only one of two alike files can be taken, it is the first one, however slowly it is read', async () => {
    await show('multiple max-files="2"');
    const found = await page.evaluate(async () => {
      drop(file('x', '', 'one'));
      await idle();
      const slow = file('x', '', 'two');
      slow.slice = (...range) => {
        delete slow.slice;
        const blob = slow.slice(...range);
        // The other one has been read long before.
        const late = () => new Promise((resolve) => setTimeout(resolve, 300));
        blob.arrayBuffer = () => late().then(() => Blob.prototype.arrayBuffer.call(blob));
        return blob;
      };
      drop(slow, file('x', '', 'six'));
      await idle();
      return [names(), alerts()];
    });
    assert.deepEqual(found, [['x', 'x'], ['x was not taken, since only 2 files can be chosen here.']]);
    assert.deepEqual(await page.delivered(), ['one', 'two']);
  });

  test('the form is held while a file is compared with one of the same name, and an unreadable one is replaced', async () => {
    await show('multiple');
    const found = await page.evaluate(async () => {
      const unreadable = file('x', '', 'one');
      unreadable.slice = () => ({
        arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')),
        size: 3,
      });
      Object.defineProperty(unreadable, 'stream', {
        value: () => {
          throw new DOMException('gone', 'NotReadableError');
        },
      });
      unreadable.arrayBuffer = unreadable.slice().arrayBuffer;
      drop(unreadable);
      await until(() => statesOf() === 'failed');
      drop(file('x', '', 'one'));
      await until(() => statesOf() === 'sealed');
      const replaced = names();
      drop(file('x', '', 'two'));
      const meanwhile = { states: statesOf(), values: values().length };
      await idle();
      return { replaced, meanwhile, names: names() };
    });
    assert.deepEqual(found, { replaced: ['x'], meanwhile: { states: 'sealing', values: 0 }, names: ['x', 'x'] });
    assert.deepEqual(await page.delivered(), ['one', 'two']);
  });

  test('a file that was compared with one of the same name is shown while the page is asked about it, and can be removed', async () => {
    await show('multiple');
    const found = await page.evaluate(async () => {
      drop(file('x', '', 'one'));
      await idle();
      const asked = new Promise((resolve) =>
        element.addEventListener('beforeseal', (event) => {
          event.waitUntil(new Promise(() => {}));
          resolve();
        }),
      );
      drop(file('x', '', 'two'));
      await asked;
      const meanwhile = [names(), parts('state')[1]?.textContent, statesOf()];
      parts('remove')[1]?.click();
      return [...meanwhile, names(), statesOf()];
    });
    assert.deepEqual(found, [['x', 'x'], 'Checking…', 'sealing', ['x'], 'sealed']);
    assert.deepEqual(await page.delivered(), ['one']);
  });
});
