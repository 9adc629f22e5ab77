// What becomes of a file when a beforeseal listener fails: it throws, its promise is rejected, or it waits in a way that nothing awaits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { FORM, showAsking } from '../support/browsers/asking.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global alerts, answers, asked, element, events, form, idle, part, statesOf, until, values -- of forms.mjs, in the page */

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

  test('a listener that waits without waitUntil() gets an explanation: a late refusal removes the file, a late replacement throws', async () => {
    await page.show(FORM());
    await page.evaluate(() => element.addEventListener('beforeseal', (event) => (globalThis.asked = event)));
    await page.choose([files.create('unasked'), files.create('second')]);
    const found = await page.evaluate(async () => {
      await idle();
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      const thrown = [];
      for (const late of [() => asked.waitUntil(Promise.resolve()), () => asked.detail.replace(new File([], 'x'))]) {
        try {
          late();
        } catch (error) {
          thrown.push(error.name);
        }
      }
      const before = events.length;
      asked.preventDefault();
      return [
        thrown,
        values().length,
        alerts().length,
        warnings.length,
        warnings[0].includes('waitUntil'),
        events.slice(before).map(([type]) => type),
      ];
    });
    assert.deepEqual(found, [['InvalidStateError', 'InvalidStateError'], 1, 1, 1, true, ['change']]);
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
