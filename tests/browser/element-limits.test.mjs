// Which of the chosen, dropped, pasted and added files <kmseal-file> accepts: by size, number and type, and each file once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, drop, element, events, file, form, idle, names, part, parts, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' ${attributes}></kmseal-file>
  </form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const show = (attributes) => page.show(FORM(attributes));

  test('a file larger than max-size is named with the limit, however it was added; one of exactly that size is accepted', async () => {
    const [large, small] = [files.create('large', { length: 1001 }), files.create('small', { length: 1000 })];
    await show('multiple max-size="1000"');
    await page.choose([large, small]);
    assert.deepEqual(await page.delivered(), [small.bytes.toString('latin1')]);
    const found = await page.evaluate(async () => {
      const large = () => new File([new Uint8Array(1001)], 'large.txt');
      const all = [alerts()];
      drop(large());
      all.push(alerts());
      element.add([large()]);
      all.push(alerts());
      element.files = [large()];
      all.push(alerts(), names().length, element.maxSize);
      element.addEventListener('beforeseal', ({ detail }) => detail.replace(new File(['resized'], 'photo.jpg')), {
        once: true,
      });
      element.add([large()]);
      all.push(alerts(), names()[1]);
      element.maxSize = 2_500_000;
      element.add([new File([new Uint8Array(2_500_001)], 'larger.txt')]);
      all.push(alerts());
      return all;
    });
    const sentence = (name, size) => `${name} is too large. The largest file that can be chosen here has ${size}.`;
    const expected = sentence('large.txt', '1 kB');
    assert.deepEqual(found, [
      [sentence(large.name, '1 kB')],
      [expected],
      [expected],
      [expected],
      1,
      1000,
      [],
      'photo.jpg',
      [sentence('larger.txt', '2.5 MB')],
    ]);
    assert.deepEqual((await page.delivered())[1], 'resized');
  });

  // The element decides which files are accepted. The first test shows in each engine that they arrive.
  if (!ANY_ENGINE.includes(name)) return;

  test('max-files accepts the first files and names the rest, also of a later choice, until one is removed', async () => {
    const chosen = ['a', 'b', 'c'].map((label) => files.create(label));
    await show('multiple max-files="2"');
    await page.choose(chosen);
    assert.deepEqual(
      await page.delivered(),
      chosen.slice(0, 2).map(({ bytes }) => bytes.toString('latin1')),
    );
    const found = await page.evaluate(async () => {
      const all = [alerts()];
      drop(file('d'));
      all.push(alerts(), names().length);
      part('remove').click();
      drop(file('d'), file('e'));
      all.push(alerts(), names(), element.maxFiles);
      element.maxFiles = 1;
      element.maxFiles = null;
      drop(...Array.from({ length: 20 }, (_, index) => file(`more ${index}`)));
      all.push(names().length);
      element.maxFiles = 3;
      drop(...Array.from({ length: 23 }, (_, index) => file(`others ${index}`)));
      all.push(alerts().length, alerts().at(-1));
      return all;
    });
    const sentence = (name, count = 2) => `${name} was not taken, since only ${count} files can be chosen here.`;
    assert.deepEqual(found, [
      [sentence(chosen[2].name)],
      [sentence('d')],
      2,
      [sentence('e')],
      [chosen[1].name, 'd'],
      2,
      22,
      11,
      '13 more files were not taken.',
    ]);
  });

  test('a limit that is not a whole number is ignored, and the console says so', async () => {
    await show('multiple max-size="10 MB" max-files=""');
    const found = await page.evaluate(async () => {
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      drop(file('a'), file('b'));
      return [
        names(),
        alerts(),
        element.maxSize,
        element.maxFiles,
        warnings.some((text) => text.includes('max-size="10 MB"')),
        warnings.some((text) => text.includes('max-files=""')),
      ];
    });
    assert.deepEqual(found, [['a', 'b'], [], null, null, true, true]);
  });

  test('the valid files of a drop are accepted and the others named', async () => {
    await show('multiple accept=".pdf"');
    const found = await page.evaluate(async () => {
      drop(file('a.pdf'), file('b.vcf', 'text/vcard'), file('c.pdf'), file('d.exe'));
      return [names(), alerts(), events.map(([type]) => type)];
    });
    const sentence = (name) => `${name} is not of a type that can be chosen here.`;
    assert.deepEqual(found, [
      ['a.pdf', 'c.pdf'],
      [sentence('b.vcf'), sentence('d.exe')],
      ['beforeseal', 'beforeseal'],
    ]);
    assert.deepEqual(await page.delivered(), ['dropped', 'dropped']);
  });

  test('files whose type the system does not know are accepted by extension, as in a native input', async () => {
    await show('multiple');
    const found = await page.evaluate(async () => {
      const taken = (accept, ...given) => {
        element.value = '';
        element.accept = accept;
        drop(...given.map(([name, type]) => file(name, type)));
        return names().join();
      };
      return [
        taken(
          'image/*,.pdf',
          ['IMG_0001.HEIC'],
          ['a.avif'],
          ['b.JPEG', ''],
          ['c.pdf'],
          ['d.exe'],
          ['heic'],
          ['e.heic.exe'],
        ),
        taken('image/heic', ['a.heic'], ['b.heif'], ['c.png', 'image/png']),
        taken('image/jpeg', ['a.jpg'], ['b.jpeg', 'application/octet-stream'], ['c.heic']),
        taken('video/*', ['a.MOV'], ['b.mkv'], ['c.heic']),
        taken('audio/*', ['a.m4a'], ['b.opus'], ['c.mov', 'video/quicktime']),
        taken('text/csv', ['a.csv', 'application/vnd.ms-excel'], ['b.xls', 'application/vnd.ms-excel']),
        taken(
          'application/pdf',
          ['a.pdf', 'application/x-unknown'],
          ['b', 'application/pdf'],
          ['c', 'APPLICATION/PDF; x=y'],
          ['d'],
        ),
        taken('image/*', ['a.txt', 'image/png'], ['b.txt', 'text/plain']),
      ];
    });
    assert.deepEqual(found, [
      'IMG_0001.HEIC,a.avif,b.JPEG,c.pdf',
      'a.heic',
      'a.jpg,b.jpeg',
      'a.MOV,b.mkv',
      'a.m4a,b.opus',
      'a.csv',
      'a.pdf,b,c',
      'a.txt',
    ]);
  });

  test('"Try all again" appears when several files failed, and retries them all', async () => {
    await show('multiple');
    const found = await page.evaluate(async () => {
      element.keySrc = '/no-key';
      const button = part('retry-all');
      const look = () => [button.hidden, button.disabled, button.textContent];
      const all = [look()];
      drop(file('a'));
      await idle();
      all.push(look());
      drop(file('b'), file('c'));
      await idle();
      all.push(look(), parts('item-failed').length);
      element.disabled = true;
      all.push(look());
      element.disabled = false;
      // As when the key is there again.
      const { fetch } = globalThis;
      globalThis.fetch = (url, init) => fetch(String(url).replace('no-key', 'kms-public-key.json'), init);
      button.focus();
      button.click();
      all.push(look(), element.shadowRoot.activeElement === part('input'));
      await idle();
      globalThis.fetch = fetch;
      return [...all, statesOf(), values().length];
    });
    const text = 'Try all again';
    assert.deepEqual(found, [
      [true, false, text],
      [true, false, text],
      [false, false, text],
      3,
      [false, true, text],
      [true, false, text],
      true,
      'sealed',
      3,
    ]);
  });
});
