// What becomes of a file when a beforeseal listener fails: it throws, its promise is rejected, or it waits in a way that nothing awaits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { FORM, showAsking } from '../support/browsers/asking.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, answers, asked, drop, element, events, file, form, idle, names, part, statesOf, until, values -- of forms.mjs, in the page */

const { forms, files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const showWaiting = (attributes) => showAsking(page, attributes);

  test('a rejected promise leaves the file failed with that error until it is retried, which asks again, or removed', async () => {
    const paper = files.create('unknown');
    await showWaiting();
    await page.choose([paper]);
    const uploads = forms.uploads();
    const found = await page.evaluate(async () => {
      answers[0].reject(new TypeError('the scanner is away'));
      await until(() => statesOf() === 'failed');
      document.querySelector('button').click();
      const failed = [alerts(), events.at(-1), values().length, part('state').textContent];
      element.encryptionContext = { user: '2' };
      const again = statesOf();
      part('retry').click();
      const asked = [answers.length, part('state').textContent];
      answers[1].resolve();
      await idle();
      return [...failed, again, ...asked, statesOf()];
    });
    const sentence = `${paper.name} could not be checked, so nothing is sent. Try again, or remove it.`;
    assert.deepEqual(found, [
      [sentence],
      ['sealerror', paper.name, 'TypeError'],
      0,
      'Not encrypted',
      'failed',
      2,
      'Checking…',
      'sealed',
    ]);
    assert.equal(forms.uploads(), uploads);
    assert.deepEqual(await page.delivered(), [paper.bytes.toString('latin1')]);
  });

  // Each engine shows by one listener that what it throws is reported.
  const places = ['on the element', 'on the document', 'that has replaced the file'];
  for (const where of places.slice(0, ANY_ENGINE.includes(name) ? undefined : 1)) {
    test(`a listener ${where} that throws leaves the file failed, with what it threw as the cause, until it is tried again`, async () => {
      const paper = files.create('thrown');
      await page.show(FORM());
      await page.evaluate((where) => {
        globalThis.throws = true;
        globalThis.causes = [];
        addEventListener('error', (event) => event.preventDefault());
        element.addEventListener('sealerror', ({ detail }) =>
          causes.push([detail.error.message, detail.error.cause?.message]),
        );
        (where === 'on the document' ? document : element).addEventListener('beforeseal', ({ detail }) => {
          if (where === 'that has replaced the file') detail.replace(new File(['other'], detail.file.name));
          if (throws) throw new RangeError('the check has a mistake');
        });
      }, where);
      await page.choose([paper]);
      const uploads = forms.uploads();
      const found = await page.evaluate(async () => {
        await until(() => statesOf() === 'failed');
        document.querySelector('button').click();
        const failed = [causes, alerts(), values().length];
        throws = false;
        part('retry').click();
        await idle();
        return [...failed, statesOf()];
      });
      const sentence = `${paper.name} could not be checked, so nothing is sent. Try again, or remove it.`;
      const cause = [
        'a listener of beforeseal threw, so the file is not sealed; its error is the cause',
        'the check has a mistake',
      ];
      assert.deepEqual(found, [[cause], [sentence], 0, 'sealed']);
      assert.equal(forms.uploads(), uploads);
    });
  }

  // The element decides what follows a failure. What engines make of a rejected promise, and of a listener that throws, is above.
  if (!ANY_ENGINE.includes(name)) return;

  test('a listener that waits without waitUntil() gets an explanation, and what it calls too late removes the file', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      element.addEventListener('beforeseal', (event) => (globalThis.asked = event));
      const CALLS = {
        waitUntil: () => asked.waitUntil(Promise.resolve()),
        replace: () => asked.detail.replace(file('smaller.pdf')),
        preventDefault: () => asked.preventDefault(),
      };
      const found = [];
      for (const [name, call] of Object.entries(CALLS)) {
        drop(file('chosen.pdf'));
        await idle();
        const warnings = [];
        console.warn = (text) => warnings.push(text.includes('waitUntil'));
        const before = events.length;
        let thrown = null;
        try {
          call();
        } catch (error) {
          thrown = error.name;
        }
        const fired = events.slice(before).map(([type]) => type);
        found.push({ name, thrown, names: names(), alerts: alerts().length, warnings, fired });
      }
      return found;
    });
    const removed = { names: [], alerts: 1, warnings: [true], fired: ['change'] };
    assert.deepEqual(found, [
      { name: 'waitUntil', thrown: 'InvalidStateError', ...removed },
      { name: 'replace', thrown: 'InvalidStateError', ...removed },
      { name: 'preventDefault', thrown: null, ...removed },
    ]);
  });

  test('a file stays unsealed when waitUntil() gets a function or anything else that is not a promise', async () => {
    for (const wrong of ['function', 'undefined', 'boolean']) {
      await page.show(FORM());
      await page.evaluate((wrong) => {
        const given = [() => Promise.reject(), undefined, false].find((one) => typeof one === wrong);
        element.addEventListener('beforeseal', (event) => event.waitUntil(given));
      }, wrong);
      await page.choose([files.create('unchecked')]);
      await page.idle();
      assert.deepEqual(
        await page.evaluate(() => [statesOf(), part('code').textContent, values().length]),
        ['failed', 'TypeError', 0],
        wrong,
      );
    }
  });

  test('refused files are named beside failed ones', async () => {
    await page.show(FORM());
    await page.evaluate(() => {
      element.keySrc = '/no-key';
      element.addEventListener('beforeseal', ({ detail }) => detail.file.name.includes('bad') && detail.reject('Bad.'));
    });
    await page.choose([files.create('fails')]);
    await page.idle();
    const bad = files.create('bad');
    await page.choose([bad]);
    const before = await page.evaluate(() => alerts());
    assert.deepEqual({ count: before.length, second: before[1] }, { count: 2, second: `${bad.name}: Bad.` });
    await page.evaluate(() => part('remove').click());
    assert.deepEqual(await page.evaluate(() => alerts()), [`${bad.name}: Bad.`]);
  });
});
