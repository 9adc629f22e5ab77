// <kmseal-file> when things happen at once: a new choice, a cancelled file, a moved element, another key. Only what is on the list
// now, sealed as the element says now, is ever in the form.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { printed } from '../../scripts/lib/kms.mjs';
import { testForms } from '../support/forms.mjs';
import { readHeader } from '../support/message.mjs';

/* global element, form, events, hold, idle, kmseal, part, parts, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = 'key-src="/kms-public-key.json"') =>
  `<form method="post" enctype="multipart/form-data" action="/upload"><kmseal-file encryption-context='{}' name="doc" ${attributes}></kmseal-file></form>`;
const SEVERAL = FORM('key-src="/kms-public-key.json" multiple');

let otherKey;
const { forms, files, inBrowsers } = testForms(async (start) => {
  await start({ routes: (app) => app.get('/other-key.json', (context) => context.body(JSON.stringify(printed(otherKey)))) });
  otherKey = await forms.kms.createKey();
});

inBrowsers((page) => {
  /** What the form would send now, opened. */
  async function sent(context) {
    await page.evaluate(async () => {
      await idle();
      await fetch('/upload', { method: 'POST', body: new FormData(form) });
    });
    const received = (await forms.received()).getAll('doc');
    assert.deepEqual(received.map((file) => file.name), received.map((file, index) => `file-${index + 1}.kmseal`));
    return Promise.all(received.map((file) => forms.open(file, context)));
  }
  const holdNow = () => page.evaluate(() => (globalThis.held = hold()));
  const release = () => page.evaluate(() => held.release());

  test('a new choice while the first one is sealed', async () => {
    const [first, second] = [files.create('first'), files.create('second')];
    await page.show(FORM());
    await holdNow();
    await page.choose([first]);
    await page.evaluate(() => until(() => part('progress') && !part('progress').hidden));
    await page.choose([second]);
    await release();
    assert.deepEqual(await sent(), [second.bytes]);
    const sealed = await page.evaluate(() => events.filter(([type]) => type === 'seal'));
    assert.deepEqual(sealed, [['seal', second.name, null]]);
  });

  test('the same file again is sealed as it is now', async () => {
    const paper = files.create('edited');
    await page.show(FORM());
    await page.choose([paper]);
    assert.deepEqual(await sent(), [paper.bytes]);
    const edited = Buffer.concat([paper.bytes, Buffer.from('and more')]);
    writeFileSync(paper.file, edited);
    await page.choose([paper]);
    assert.deepEqual(await sent(), [edited]);
  });

  // What opens the dialogue takes the choice off the native input, or browsers would not tell that the same file was chosen.
  test('opening the dialogue and leaving it changes nothing', async () => {
    const paper = files.create('kept');
    await page.show(FORM());
    await page.choose([paper]);
    const counts = await page.evaluate(async () => {
      await idle();
      const input = part('input');
      input.addEventListener('click', (event) => event.preventDefault());
      input.click();
      const counts = [input.files.length];
      input.dispatchEvent(new Event('cancel'));
      return [...counts, input.files.length, statesOf(), values().length];
    });
    assert.deepEqual(counts, [0, 1, 'sealed', 1]);
  });

  test('cancelling a file, and removing another, leaves the rest', async () => {
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
      return [before, second.textContent, parts('name').map(({ textContent }) => textContent), part('input').files.length];
    });
    assert.deepEqual(labels, ['Cancel', 'Remove', [chosen[1].name, chosen[3].name], 2]);
    assert.deepEqual(await sent(), [chosen[1].bytes, chosen[3].bytes]);
    const changes = await page.evaluate(() => events.filter(([type]) => type === 'change').length);
    assert.equal(changes, 3);
  });

  test('beforeseal drops a file', async () => {
    const [good, bad] = [files.create('good'), files.create('bad')];
    await page.show(SEVERAL);
    await page.evaluate(() => form.addEventListener('beforeseal', (event) => {
      if (event.detail.file.name.includes('bad')) event.preventDefault();
    }));
    await page.choose([bad, good]);
    assert.deepEqual(await sent(), [good.bytes]);
    await page.choose([bad]);
    assert.deepEqual(await page.evaluate(() => [statesOf(), values().length, parts('item').length]), ['', 0, 0]);
  });

  test('taken out of the page it stops, and goes on when it is back; moved it goes on', async () => {
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
      const away = [statesOf(), parts('item-waiting').length];
      form.append(element);
      await idle();
      return [moved, done, away, statesOf()];
    });
    assert.deepEqual(found, [1, [], ['sealing', 2], 'sealed']);
    assert.deepEqual(await sent(), chosen.map(({ bytes }) => bytes));
  });

  test('another context seals anew; the same one, or one for another element, does not', async () => {
    const paper = files.create('bound');
    await page.show(FORM());
    await page.choose([paper]);
    assert.deepEqual(await sent({}), [paper.bytes]);
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
    assert.deepEqual(await sent({ user: '1', purpose: 'test' }), [paper.bytes]);
    await assert.rejects(sent({ user: '2' }), { code: 'ERR_CONTEXT' });
    await page.evaluate(() => (element.encryptionContext = {}));
    assert.deepEqual(await sent({}), [paper.bytes]);
  });

  test('a sealer that comes late seals what was chosen before', async () => {
    const paper = files.create('early');
    await page.show(FORM('meta-name="doc-meta"'));
    await page.choose([paper]);
    const found = await page.evaluate(async (json) => {
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
      return { before, state: statesOf(), kept: element.sealer === sealer, wrong, refused, all: await Promise.all(all.map(async (file) => new Uint8Array(await file.arrayBuffer()))) };
    }, JSON.stringify(printed(forms.key)));
    assert.deepEqual({ ...found, all: found.all.length }, {
      before: ['failed', 0, ['sealerror', paper.name, 'ERR_LOAD']], state: 'sealed', kept: true, wrong: 'TypeError', refused: ['failed', null], all: 2,
    });
    const [one, two] = found.all.map((envelope) => readHeader(envelope).edks[0].ciphertext.toString('hex'));
    assert.equal(one, two);
    assert.deepEqual(await sent({ by: 'the page' }), [paper.bytes]);
    await page.evaluate(() => {
      element.sealer.close();
      element.sealer = null;
      element.keySrc = '/kms-public-key.json';
    });
    assert.deepEqual(await sent({}), [paper.bytes]);
  });

  test('attributes that change: fields and names follow, another key or a description seals anew', async () => {
    await page.show(FORM());
    await page.choose([files.create('changing')]);
    const found = await page.evaluate(async () => {
      await idle();
      const states = [];
      const look = async () => {
        states.push(statesOf());
        await idle();
        states.push(values().map(([field, name]) => `${field} ${name}`).join(' '));
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
        'sealed', 'paper file-1.kmseal',
        'sealing', 'paper file-1.kmseal meta file-1.meta.kmseal',
        'sealing', '',
        'sealing', 'doc file-1.kmseal',
      ],
      [otherKey.KeyId],
    ]);
  });

  test('a file that cannot be read fails, until it can be or is removed', async () => {
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
      return [statesOf(), values().length, form.checkValidity(), element.validationMessage, part('alert').textContent, events.slice(-2), parts('state').map(({ textContent }) => textContent)];
    });
    const sentence = `${gone.name} could not be read, so nothing is sent. Choose it again, or remove it.`;
    assert.deepEqual(failed, ['failed', 0, false, sentence, sentence, [['sealerror', gone.name, 'ERR_READ'], ['seal', good.name, null]], ['Not encrypted', 'Encrypted']]);
    await page.evaluate(() => part('retry').click());
    await page.idle();
    assert.equal(await page.evaluate(() => statesOf()), 'failed');
    await page.evaluate(() => part('remove').click());
    assert.deepEqual(await page.evaluate(() => [statesOf(), part('alert').textContent, form.checkValidity()]), ['sealed', '', true]);
    assert.deepEqual(await sent(), [good.bytes]);
    writeFileSync(gone.file, bytes);
  });

  test('files are dropped on it, if they are accepted', async () => {
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
        return [over.defaultPrevented, dragging, event.defaultPrevented, parts('name').map(({ textContent }) => textContent).join(), part('alert').textContent];
      };
      const file = (name, type) => new File(['dropped'], name, { type });
      const all = [
        drop(file('a.pdf', '')), drop(file('b', 'image/png')), drop(file('c', 'text/plain')),
        drop(file('d.vcf', 'text/vcard')), drop(file('e.pdf', ''), file('f.pdf', '')),
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
      [true, true, true, 'a.pdf', ''], [true, true, true, 'b', ''], [true, true, true, 'c', ''],
      refused('d.vcf is not of a type that can be chosen here.'), refused('Only one file can be chosen here.'), [true, true, true, 'h', ''],
      [true, true, true, 'e.pdf,f.pdf', ''], [true, false, true, 'e.pdf,f.pdf', ''],
      false, ['file-1.kmseal', 'file-2.kmseal'],
    ]);
  });

  test('the native input is given what concerns it, and has no name', async () => {
    await page.show(FORM('key-src="/kms-public-key.json" accept=".pdf" multiple capture="user" required'));
    const found = await page.evaluate(() => {
      const input = part('input');
      const look = () => [input.accept, input.multiple, input.getAttribute('capture'), input.name, input.form, input.getAttribute('aria-required')];
      const before = look();
      element.accept = 'image/*';
      element.multiple = false;
      element.removeAttribute('capture');
      element.required = false;
      return [before, look()];
    });
    assert.deepEqual(found, [['.pdf', true, 'user', '', null, 'true'], ['image/*', false, null, '', null, 'false']]);
  });

  test('properties that were set before it was defined', async () => {
    const paper = files.create('upgraded');
    forms.show(FORM(''));
    await page.driver.get(`${forms.origin}/form`);
    await page.driver.executeScript(() => {
      const element = document.querySelector('kmseal-file');
      Object.assign(element, { encryptionContext: { user: '9' }, keySrc: '/kms-public-key.json', required: true, texts: { missing: 'Bitte wählen.' } });
    });
    const found = await page.evaluate(async () => {
      await import('/dist/define.js');
      const element = document.querySelector('kmseal-file');
      return [element.getAttribute('key-src'), element.required, element.validationMessage, Object.keys(element)];
    });
    assert.deepEqual(found, ['/kms-public-key.json', true, 'Bitte wählen.', []]);
    await page.choose([paper]);
    const envelope = await page.evaluate(async () => {
      const element = document.querySelector('kmseal-file');
      while (!element.matches(':state(sealed)')) await new Promise((resolve) => setTimeout(resolve, 10));
      return new Uint8Array(await element.files[0].arrayBuffer());
    });
    assert.deepEqual(await forms.open(new Blob([envelope]), { user: '9' }), paper.bytes);
  });
});
