// <kmseal-file> when things happen at once: a new choice, a cancelled file, a moved element, another key. The form only ever contains
// what is on the list now, sealed as the element says now.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { isolated, testForms } from '../support/browsers/forms.mjs';

/* global drop, element, events, file, form, hold, idle, kmseal, names, part, parts, paste, recorded, statesOf, transferOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = 'key-src="/kms-public-key.json"') =>
  `<form method="post" enctype="multipart/form-data" action="/upload"><kmseal-file encryption-context='{}' name="doc" ${attributes}></kmseal-file></form>`;
const SEVERAL = FORM('key-src="/kms-public-key.json" multiple');

let otherKey;
const { forms, files, inBrowsers } = testForms(async (start) => {
  await start({
    routes: (app) => app.get('/other-key.json', (context) => context.body(JSON.stringify(printed(otherKey)))),
  });
  otherKey = await forms.kms.createKey();
});

inBrowsers((page, name) => {
  const holdNow = () => page.evaluate(() => (globalThis.held = hold()));
  const release = () => page.evaluate(() => held.release());

  test('a new choice replaces a file that is still being sealed', async () => {
    const [first, second] = [files.create('first'), files.create('second')];
    await page.show(FORM());
    await holdNow();
    await page.choose([first]);
    await page.evaluate(() => until(() => part('progress') && !part('progress').hidden));
    await page.choose([second]);
    await release();
    assert.deepEqual(await page.opened(), [second.bytes]);
    const sealed = await page.evaluate(() => events.filter(([type]) => type === 'seal'));
    assert.deepEqual(sealed, [['seal', second.name, null]]);
  });

  test('choosing the same file again seals its current content', async () => {
    const paper = files.create('edited');
    await page.show(FORM());
    await page.choose([paper]);
    assert.deepEqual(await page.opened(), [paper.bytes]);
    const edited = Buffer.concat([paper.bytes, Buffer.from('and more')]);
    writeFileSync(paper.file, edited);
    await page.choose([paper]);
    assert.deepEqual(await page.opened(), [edited]);
  });

  // Opening the dialogue clears the native input, or browsers would not report that the same file was chosen.
  test('opening the dialogue and leaving it changes nothing', async () => {
    const paper = files.create('kept');
    await page.show(FORM());
    await page.choose([paper]);
    const counts = await page.evaluate(async () => {
      await idle();
      const input = part('input');
      input.addEventListener('click', (event) => event.preventDefault());
      input.click();
      const clicked = input.files.length;
      input.dispatchEvent(new Event('cancel'));
      return { clicked, cancelled: input.files.length, states: statesOf(), values: values().length };
    });
    assert.deepEqual(counts, { clicked: 0, cancelled: 1, states: 'sealed', values: 1 });
  });

  test('an element that is removed stops sealing and resumes when it is inserted; moving it does not interrupt it', async () => {
    const chosen = [files.create('one'), files.create('two')];
    await page.show(SEVERAL);
    await holdNow();
    await page.choose(chosen);
    const found = await page.evaluate(async () => {
      await until(() => parts('item-sealing').length === 1);
      form.append(element); // a move
      await new Promise((resolve) => setTimeout(resolve, 50));
      const moved = parts('item-sealing').length;
      element.remove();
      await until(() => parts('item-waiting').length === 2);
      held.release();
      const { doneIn } = await import('/pages/watch.js');
      const done = await doneIn(300);
      const away = { states: statesOf(), waiting: parts('item-waiting').length };
      form.append(element);
      await idle();
      return { moved, done, away, back: statesOf() };
    });
    assert.deepEqual(found, { moved: 1, done: [], away: { states: 'sealing', waiting: 2 }, back: 'sealed' });
    assert.deepEqual(
      await page.opened(),
      chosen.map(({ bytes }) => bytes),
    );
  });

  test('a file that cannot be read fails until it becomes readable or is removed', async () => {
    const [gone, good] = [files.create('gone'), files.create('good too')];
    await page.show(SEVERAL);
    await holdNow();
    await page.choose([gone, good]);
    await page.evaluate(() => until(() => parts('item-sealing').length === 1));
    const bytes = readFileSync(gone.file);
    rmSync(gone.file);
    await release();
    const failed = await page.evaluate(async () => {
      await idle();
      return [
        statesOf(),
        values().length,
        form.checkValidity(),
        element.validationMessage,
        part('alert').textContent,
        events.slice(-2),
        parts('state').map(({ textContent }) => textContent),
      ];
    });
    const sentence = `${isolated(gone.name)} could not be read, so nothing is sent. Choose it again, or remove it.`;
    assert.deepEqual(failed, [
      'failed',
      0,
      false,
      sentence,
      sentence,
      [
        ['sealerror', gone.name, 'ERR_READ'],
        ['seal', good.name, null],
      ],
      ['Not encrypted', 'Encrypted'],
    ]);
    await page.evaluate(() => part('retry').click());
    await page.idle();
    assert.equal(await page.evaluate(() => statesOf()), 'failed');
    await page.evaluate(() => part('remove').click());
    assert.deepEqual(await page.evaluate(() => [statesOf(), part('alert').textContent, form.checkValidity()]), [
      'sealed',
      '',
      true,
    ]);
    assert.deepEqual(await page.opened(), [good.bytes]);
    writeFileSync(gone.file, bytes);
  });

  test('files can be dropped on the element if they are accepted', async () => {
    await page.show(FORM('key-src="/kms-public-key.json" accept=".PDF, image/*,text/plain"'));
    const outcomes = await page.evaluate(async () => {
      const drop = (...given) => {
        const dataTransfer = new DataTransfer();
        for (const one of given) dataTransfer.items.add(one);
        const over = new DragEvent('dragover', { dataTransfer, bubbles: true, cancelable: true, composed: true });
        part('zone').dispatchEvent(over);
        const dragging = part('zone').part.contains('dragging');
        const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true, composed: true });
        part('zone').dispatchEvent(event);
        return [
          over.defaultPrevented,
          dragging,
          event.defaultPrevented,
          parts('name')
            .map(({ textContent }) => textContent)
            .join(),
          part('alert').textContent,
        ];
      };
      const file = (name, type) => new File(['dropped'], name, { type });
      const all = [
        drop(file('a.pdf', '')),
        drop(file('b', 'image/png')),
        drop(file('c', 'text/plain')),
        drop(file('d.vcf', 'text/vcard')),
        drop(file('e.pdf', ''), file('f.pdf', '')),
      ];
      element.accept = '*/*';
      all.push(drop(file('h', '')));
      element.multiple = true;
      all.push(drop(file('e.pdf', ''), file('f.pdf', '')));
      element.disabled = true;
      all.push(drop(file('g.pdf', '')));
      element.disabled = false;
      const text = new DataTransfer();
      text.setData('text/plain', 'words');
      const event = new DragEvent('drop', { dataTransfer: text, bubbles: true, cancelable: true });
      part('zone').dispatchEvent(event);
      await idle();
      return [...all, event.defaultPrevented, values().map(([, name]) => name)];
    });
    const refused = (sentence) => [true, true, true, 'c', sentence];
    assert.deepEqual(outcomes, [
      [true, true, true, 'a.pdf', ''],
      [true, true, true, 'b', ''],
      [true, true, true, 'c', ''],
      refused(`${isolated('d.vcf')} is not of a type that can be chosen here.`),
      refused('Only one file can be chosen here.'),
      [true, true, true, 'h', ''],
      [true, true, true, 'h,e.pdf,f.pdf', ''],
      [true, false, true, 'h,e.pdf,f.pdf', ''],
      false,
      ['file-1.kmseal', 'file-2.kmseal', 'file-3.kmseal'],
    ]);
  });

  test('a script that listens on the way down, as recorders do, sees no file and no name of what a person chooses', async () => {
    const paper = files.create('recorded');
    await page.show(FORM());
    await page.evaluate(() => {
      globalThis.recorded = [];
      const record = (event) => {
        const { value, files } = event.composedPath()[0];
        recorded.push([event.type, value, files?.length]);
      };
      for (const type of ['input', 'change']) document.addEventListener(type, record, true);
    });
    await page.choose([paper]);
    await page.idle();
    const found = await page.evaluate(() => recorded);
    assert.deepEqual(found, [
      ['input', '', 0],
      ['change', 'C:\\fakepath\\file-1.kmseal', 1],
    ]);
    assert.deepEqual(await page.opened(), [paper.bytes]);
  });

  // The list is the element's own. Inputs, drops and files that change are above.
  if (!ANY_ENGINE.includes(name)) return;

  test('what is dropped or pasted on the element does not reach another drop zone of the page', async () => {
    await page.show(FORM('key-src="/kms-public-key.json" multiple'));
    const found = await page.evaluate(async () => {
      const taken = [];
      const take = ({ type, dataTransfer, clipboardData }) =>
        taken.push(type, ...Array.from((dataTransfer ?? clipboardData).files, ({ name }) => name));
      for (const type of ['drop', 'paste']) {
        for (const place of [form, window]) place.addEventListener(type, take);
        document.addEventListener(type, take, true);
      }
      // Moved, it is still the first.
      document.body.prepend(form);
      drop(file('a.pdf'));
      paste(transferOf([file('b.pdf')]));
      element.disabled = true;
      drop(file('c.pdf'));
      element.disabled = false;
      await idle();
      const words = new DataTransfer();
      words.setData('text/plain', 'words');
      paste(words);
      return { names: names(), taken };
    });
    assert.deepEqual(found, { names: ['a.pdf', 'b.pdf'], taken: ['paste', 'paste', 'paste'] });
  });

  test('no two files that were ever chosen share a name in the seal events', async () => {
    await page.show(SEVERAL);
    const found = await page.evaluate(async () => {
      const told = [];
      element.addEventListener('seal', ({ detail: { file, sealed } }) => told.push(`${file.name} ${sealed.name}`));
      const choose = async (...given) => {
        element.add(given.map((name) => new File([name], name)));
        await idle();
      };
      await choose('a', 'b');
      const hasBytes = element.files[1].size > 0;
      part('remove').click();
      await choose('c');
      const names = element.files.map(({ name }) => name);
      element.encryptionContext = { user: 'another' };
      await idle();
      element.value = '';
      await choose('d');
      return { hasBytes, names, told };
    });
    const told = [
      'a file-1.kmseal',
      'b file-2.kmseal',
      'c file-3.kmseal',
      'b file-2.kmseal',
      'c file-3.kmseal',
      'd file-4.kmseal',
    ];
    assert.deepEqual(found, { hasBytes: true, names: ['file-1.kmseal', 'file-2.kmseal'], told });
  });

  test('cancelling one file and removing another leaves the rest', async () => {
    const chosen = ['a', 'b', 'c', 'd'].map((label) => files.create(label));
    await page.show(SEVERAL);
    await holdNow();
    await page.choose(chosen);
    const labels = await page.evaluate(async () => {
      await until(() => parts('item-sealing').length === 1);
      const [first] = parts('remove');
      const before = first.textContent;
      first.click();
      await until(() => parts('item-sealing').length === 1 && parts('item').length === 3);
      held.release();
      await idle();
      const [, second] = parts('remove');
      second.click();
      return {
        sealing: before,
        sealed: second.textContent,
        names: parts('name').map(({ textContent }) => textContent),
        inInput: part('input').files.length,
      };
    });
    assert.deepEqual(labels, {
      sealing: 'Cancel',
      sealed: 'Remove',
      names: [chosen[1].name, chosen[3].name],
      inInput: 2,
    });
    assert.deepEqual(await page.opened(), [chosen[1].bytes, chosen[3].bytes]);
    const changes = await page.evaluate(() => events.filter(([type]) => type === 'change').length);
    assert.equal(changes, 2, 'once when all that were left were sealed, and once when one of them was removed');
  });

  test('preventDefault() in beforeseal leaves a file out and keeps the files that are there', async () => {
    const [good, bad] = [files.create('good'), files.create('bad')];
    await page.show(SEVERAL);
    await page.evaluate(() =>
      form.addEventListener('beforeseal', (event) => {
        if (event.detail.file.name.includes('bad')) event.preventDefault();
      }),
    );
    await page.choose([bad, good]);
    assert.deepEqual(await page.opened(), [good.bytes]);
    await page.choose([bad]);
    assert.deepEqual(await page.evaluate(() => [statesOf(), values().length, parts('item').length]), ['sealed', 1, 1]);
  });
});
