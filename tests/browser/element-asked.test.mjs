// What a beforeseal listener decides about a file, at once or later: nothing is sealed or sent before, and nothing is dropped
// silently.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { FORM, showAsking } from '../support/browsers/asking.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, answers, asked, element, events, form, idle, names, part, parts, statesOf, until, values -- of forms.mjs, in the page */

const BUSY = 'The encryption is not finished. Wait a moment, then try again.';

const { forms, files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const showWaiting = (attributes) => showAsking(page, attributes);

  test('a file that the page rejects shows the reason, a file that it prevents is named, and the others are sealed', async () => {
    await page.show(FORM());
    await page.evaluate(() =>
      element.addEventListener('beforeseal', (event) => {
        const { name } = event.detail.file;
        if (name.includes('first')) event.detail.reject('Only passports.');
        if (name.includes('second')) event.detail.reject();
        if (name.includes('third')) event.preventDefault();
        if (name.includes('fourth')) event.returnValue = false;
      }),
    );
    const chosen = ['first', 'second', 'third', 'fourth', 'fifth'].map((label) => files.create(label));
    await page.choose(chosen);
    assert.deepEqual(await page.delivered(), [chosen[4].bytes.toString('latin1')]);
    const found = await page.evaluate(() => ({
      alerts: alerts(),
      names: names(),
      inInput: part('input').files.length,
    }));
    const refused = chosen.slice(1, 4).map(({ name }) => `${name} cannot be chosen here.`);
    assert.deepEqual(found, {
      alerts: [`${chosen[0].name}: Only passports.`, ...refused],
      names: [chosen[4].name],
      inInput: 1,
    });
    await page.choose([files.create('sixth')]);
    assert.deepEqual(await page.evaluate(() => alerts()), []);
  });

  test('nothing is read, sealed or sent before the promise of waitUntil() is fulfilled', async () => {
    const paper = files.create('scanned');
    await showWaiting();
    await page.choose([paper]);
    const uploads = forms.uploads();
    const found = await page.evaluate(async () => {
      const { counts } = await import('/pages/watch.js');
      const before = counts.reads;
      document.querySelector('button').click();
      form.requestSubmit();
      const held = [
        statesOf(),
        part('state').textContent,
        part('remove').textContent,
        alerts(),
        values().length,
        element.value,
      ];
      await new Promise((resolve) => setTimeout(resolve));
      const reads = counts.reads - before;
      answers[0].resolve();
      await idle();
      return [...held, reads, statesOf(), alerts(), events.map(([type]) => type)];
    });
    assert.deepEqual(found, [
      'sealing',
      'Checking…',
      'Cancel',
      [BUSY],
      0,
      '',
      0,
      'sealed',
      [],
      ['beforeseal', 'seal', 'change'],
    ]);
    assert.equal(forms.uploads(), uploads);
    assert.deepEqual(await page.delivered(), [paper.bytes.toString('latin1')]);
  });

  test('a listener outside the shadow tree that holds the element is asked, too, and is told of the envelope', async () => {
    await page.show('<form></form><x-form></x-form>');
    const found = await page.evaluate(async () => {
      const root = document.querySelector('x-form').attachShadow({ mode: 'open' });
      root.innerHTML = `<kmseal-file key-src="/kms-public-key.json" encryption-context="{}" multiple></kmseal-file>`;
      globalThis.element = root.firstElementChild;
      document.addEventListener('beforeseal', (event) => event.detail.file.name === 'b' && event.detail.reject());
      element.files = ['a', 'b'].map((name) => new File(['x'], name));
      await idle();
      return [names(), events.map(([type, name]) => [type, name])];
    });
    assert.deepEqual(found, [
      ['a'],
      [
        ['beforeseal', 'a'],
        ['beforeseal', 'b'],
        ['seal', 'a'],
      ],
    ]);
  });

  test('removing a file aborts the signal of a promise that never settles, and frees the form', async () => {
    await showWaiting();
    for (const how of ['cancel', 'reset', 'value', 'files']) {
      await page.choose([files.create(how)]);
      const found = await page.evaluate(async (how) => {
        const { event, resolve } = answers.at(-1);
        const before = { aborted: event.detail.signal.aborted, states: statesOf() };
        if (how === 'cancel') part('remove').click();
        if (how === 'reset') form.reset();
        if (how === 'value') element.value = '';
        if (how === 'files') element.files = [];
        const after = { aborted: event.detail.signal.aborted, states: statesOf(), valid: form.checkValidity() };
        resolve();
        event.detail.reject('too late');
        await new Promise((resolve) => setTimeout(resolve));
        return { before, after, items: parts('item').length, alerts: alerts() };
      }, how);
      const expected = {
        before: { aborted: false, states: 'sealing' },
        after: { aborted: true, states: '', valid: true },
        items: 0,
        alerts: [],
      };
      assert.deepEqual(found, expected, how);
    }
  });

  // The element decides what becomes of an answer. Engines add events and signals, which are above.
  if (!ANY_ENGINE.includes(name)) return;

  test('a file can be rejected or prevented later too, and then no promise is awaited', async () => {
    const chosen = ['rejected', 'prevented', 'kept'].map((label) => files.create(label));
    await showWaiting();
    await page.choose(chosen);
    const found = await page.evaluate(async () => {
      const [rejected, prevented, kept] = answers;
      rejected.event.detail.reject('The scanner found something.');
      prevented.event.preventDefault();
      kept.resolve();
      await until(() => statesOf() === 'sealed');
      return [alerts(), names()];
    });
    assert.deepEqual(found, [
      [`${chosen[0].name}: The scanner found something.`, `${chosen[1].name} cannot be chosen here.`],
      [chosen[2].name],
    ]);
    assert.deepEqual(await page.delivered(), [chosen[2].bytes.toString('latin1')]);
  });

  test('waitUntil() accepts several promises, also while it waits', async () => {
    await showWaiting();
    await page.choose([files.create('several')]);
    const states = await page.evaluate(async () => {
      const [{ event, resolve }] = answers;
      const second = Promise.withResolvers();
      event.waitUntil(second.promise);
      resolve();
      await new Promise((resolve) => setTimeout(resolve));
      const third = Promise.withResolvers();
      event.waitUntil(third.promise);
      second.resolve();
      await new Promise((resolve) => setTimeout(resolve));
      const before = part('state').textContent;
      third.resolve();
      await idle();
      return [before, statesOf()];
    });
    assert.deepEqual(states, ['Checking…', 'sealed']);
  });

  test('an element that is removed while the page is asked seals when it is inserted again', async () => {
    const paper = files.create('away');
    await showWaiting();
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      element.remove();
      answers[0].resolve();
      await new Promise((resolve) => setTimeout(resolve));
      const away = [part('state').textContent, statesOf()];
      form.prepend(element);
      await idle();
      return [...away, statesOf()];
    });
    assert.deepEqual(found, ['Waiting', 'sealing', 'sealed']);
    assert.deepEqual(await page.delivered(), [paper.bytes.toString('latin1')]);
  });

  test('a new key or context does not seal a file that the page has not let through', async () => {
    await showWaiting();
    await page.choose([files.create('let through'), files.create('asked about')]);
    const found = await page.evaluate(async () => {
      answers[0].resolve();
      await until(() => parts('item-sealed').length === 1);
      element.encryptionContext = { user: '3' };
      element.keySrc = '/kms-public-key.json?again';
      await until(() => parts('item-sealed').length === 1);
      return parts('state').map(({ textContent }) => textContent);
    });
    assert.deepEqual(found, ['Encrypted', 'Checking…']);
  });

  test('replace() substitutes the file that is sealed and described, and rejects anything but a File', async () => {
    const photo = files.create('photo');
    await showWaiting('multiple meta-name="meta"');
    await page.choose([photo]);
    const found = await page.evaluate(async () => {
      const [{ event, resolve }] = answers;
      const names = [];
      for (const wrong of [new Blob(['x']), 'x', null, undefined]) {
        try {
          event.detail.replace(wrong);
        } catch (error) {
          names.push(error.name);
        }
      }
      const { File } = document.body.appendChild(document.createElement('iframe')).contentWindow;
      event.detail.replace(new File(['without its place'], 'smaller.jpg', { type: 'image/jpeg', lastModified: 1 }));
      resolve();
      await idle();
      return [...names, globalThis.names(), part('input').files[0].name, events.find(([type]) => type === 'seal')];
    });
    assert.deepEqual(found, [
      ...Array(4).fill('TypeError'),
      ['smaller.jpg'],
      'smaller.jpg',
      ['seal', 'smaller.jpg', null],
    ]);
    assert.deepEqual(await page.delivered(), ['without its place']);
    assert.deepEqual(
      (await forms.arrived('meta')).map(({ bytes }) => ({ ...JSON.parse(bytes), messageId: undefined })),
      [{ name: 'smaller.jpg', type: 'image/jpeg', size: 17, lastModified: 1, messageId: undefined }],
    );
    // The same choice is known again.
    await page.choose([photo]);
    assert.deepEqual(await page.evaluate(() => [answers.length, parts('item').length]), [1, 1]);
  });

  test('a file that a listener adds stays, whether or not the page accepts the file it was asked about', async () => {
    for (const refuse of [false, true]) {
      await page.show(FORM());
      await page.evaluate(
        (refuse) =>
          element.addEventListener(
            'beforeseal',
            (event) => {
              if (refuse) event.preventDefault();
              element.add([new File(['beside it'], 'beside.xmp')]);
            },
            { once: true },
          ),
        refuse,
      );
      const paper = files.create('asked about');
      await page.choose([paper]);
      assert.deepEqual(await page.delivered(), ['beside it', ...(refuse ? [] : [paper.bytes.toString('latin1')])]);
    }
  });

  test('files that a script sets without multiple are all kept while the page is asked about each', async () => {
    await showWaiting('');
    await page.evaluate(async () => {
      element.files = ['a', 'b', 'c'].map((name) => new File([name], name));
      answers[1].resolve();
      await until(() => parts('item-sealed').length === 1);
      for (const { resolve } of answers) resolve();
    });
    assert.deepEqual(await page.delivered(), ['a', 'b', 'c']);
  });

  test('a file that the page is asked about again does not displace one that was chosen later', async () => {
    const later = files.create('later');
    await showWaiting('');
    await page.choose([files.create('unknown')]);
    await page.evaluate(async () => {
      answers[0].reject(new Error('the scanner is away'));
      await until(() => statesOf() === 'failed');
    });
    await page.choose([later]);
    const shown = await page.evaluate(async () => {
      part('retry').click();
      answers[2].resolve();
      await until(() => parts('item-sealed').length === 1);
      const shown = names();
      answers[1].resolve();
      await idle();
      return { shown: shown.length, left: names() };
    });
    assert.deepEqual(shown, { shown: 2, left: [later.name] });
    assert.deepEqual(await page.delivered(), [later.bytes.toString('latin1')]);
  });

  test('the only file stays until the page accepts the next one, and for good if it does not', async () => {
    const [first, second, third] = ['first', 'second', 'third'].map((label) => files.create(label));
    await showWaiting('');
    await page.choose([first]);
    await page.evaluate(() => answers[0].resolve());
    await page.idle();
    await page.choose([second]);
    const found = await page.evaluate(async () => {
      const before = { names: names(), states: statesOf(), values: values().length };
      answers[1].event.detail.reject('No.');
      await until(() => statesOf() === 'sealed');
      return { before, names: names(), alerts: alerts().length };
    });
    assert.deepEqual(found, {
      before: { names: [first.name, second.name], states: 'sealing', values: 0 },
      names: [first.name],
      alerts: 1,
    });
    assert.deepEqual(await page.delivered(), [first.bytes.toString('latin1')]);
    await page.choose([second]);
    await page.choose([third]);
    const names = await page.evaluate(async () => {
      const before = { aborted: answers[2].event.detail.signal.aborted, names: names() };
      answers[3].resolve();
      await idle();
      return { before, names: names(), inInput: part('input').files.length };
    });
    assert.deepEqual(names, {
      before: { aborted: true, names: [first.name, third.name] },
      names: [third.name],
      inInput: 1,
    });
    assert.deepEqual(await page.delivered(), [third.bytes.toString('latin1')]);
  });

  test('a second choice that is rejected at once leaves the first one unchanged', async () => {
    for (const attributes of ['', 'multiple']) {
      const paper = files.create('first');
      await page.show(FORM(attributes));
      await page.evaluate(() =>
        element.addEventListener(
          'beforeseal',
          ({ detail }) => detail.file.name.includes('bad') && detail.reject('Bad.'),
        ),
      );
      await page.choose([paper]);
      await page.idle();
      await page.choose([files.create('bad')]);
      const found = await page.evaluate(() => ({
        states: statesOf(),
        seals: events.filter(([type]) => type === 'seal').length,
        alerts: alerts().length,
        inInput: part('input').files.length,
      }));
      assert.deepEqual(found, { states: 'sealed', seals: 1, alerts: 1, inInput: 1 });
      assert.deepEqual(await page.delivered(), [paper.bytes.toString('latin1')]);
    }
  });
});
