// <kmseal-file> when a request of its key, or of the .wasm, stalls: it ends after 30 seconds, and "Try again" makes a new one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, events, find, form, idle, part, parts, skip, statesOf, timers, until, values -- of forms.mjs and skippable(), in the page */

const FORM = `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context="{}" multiple></kmseal-file>
  </form>`;

let stalled;
/** Requests that stall: those that have arrived, and how many had when the time last ended. */
let asked;
let ended;
let answerStalled;
/** Answers nothing, or only half. */
const stalling = {
  nothing: () => new Promise(() => {}),
  half: (bytes) =>
    new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(bytes.subarray(0, bytes.length / 2)) }),
    ),
};

const { forms, files, inBrowsers } = testForms((start) =>
  start({
    routes(app) {
      const stall = (bytes) => async (context, next) => {
        if (stalled !== context.req.path) return next();
        asked += 1;
        return answerStalled(await bytes(context, next));
      };
      app.use(
        '/kms-public-key.json',
        stall(() => Buffer.from(JSON.stringify(printed(forms.key)))),
      );
      app.use('/dist/kmseal.wasm', async (context, next) => {
        await next();
        context.header('Cache-Control', 'no-store');
      });
      app.use(
        '/dist/kmseal.wasm',
        stall(() => Buffer.from('\0asm\x01\0\0\0')),
      );
    },
  }),
);

/** A page whose element, which asks for its key and the .wasm at once, comes after timers were replaced and something stalls. */
async function showStalling(page, { url, answer }) {
  await page.show('');
  await page.evaluate(skippable);
  [stalled, asked, ended, answerStalled] = [url, 0, 0, answer];
  await page.evaluate((form) => {
    document.body.innerHTML = form;
    find();
  }, FORM);
}

/** Lets 30 seconds pass for each request that has arrived, until all files have failed. */
async function stallToTheEnd(page) {
  for (;;) {
    if (asked > ended) {
      ended = asked;
      await page.evaluate(() => skip());
    }
    if ((await page.evaluate(() => statesOf())) === 'failed') return;
    await delay(20);
  }
}

/** Runs in the page: timers of 30 seconds run when skip() is called, so that no test has to wait for them. */
function skippable() {
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.timers = new Map();
  globalThis.setTimeout = (work, delay, ...rest) => {
    if (delay !== 30_000) return setTimeout(work, delay, ...rest);
    const id = setTimeout(() => {}, delay);
    timers.set(id, work);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    timers.delete(id);
    clearTimeout(id);
  };
  globalThis.skip = () => timers.forEach((work) => work());
}

inBrowsers((page, name) => {
  const anyEngine = ANY_ENGINE.includes(name);

  for (const { what, url } of [
    { what: 'key', url: '/kms-public-key.json' },
    { what: '.wasm', url: '/dist/kmseal.wasm' },
  ]) {
    for (const [how, answer] of Object.entries(stalling)) {
      // One signal ends all of them: each engine shows a fetch that it ends, and a .wasm that is being compiled.
      if (!anyEngine && (how === 'half') !== (what === '.wasm')) continue;
      test(`a request for the ${what} that receives ${how} ends after 30 seconds, and the next try sends a new one`, async () => {
        const chosen = [files.create('one'), files.create('two')];
        await showStalling(page, { url, answer });
        await page.choose(chosen);
        const stuck = await page.evaluate(async () => {
          await until(() => timers.size > 0 && statesOf() === 'sealing');
          return { valid: form.checkValidity(), values: values().length };
        });
        assert.deepEqual(stuck, { valid: false, values: 0 });
        await stallToTheEnd(page);
        const failed = await page.evaluate(() => ({
          codes: events.filter(([type]) => type === 'sealerror').map(([, , code]) => code),
          values: values().length,
          valid: form.checkValidity(),
          timers: timers.size,
        }));
        assert.deepEqual(failed, { codes: ['ERR_LOAD', 'ERR_LOAD'], values: 0, valid: false, timers: 0 });
        await page.evaluate(() => parts('retry')[0].click());
        await stallToTheEnd(page);
        stalled = undefined;
        await page.evaluate(async () => {
          for (const retry of parts('retry')) retry.click();
          await until(() => statesOf() === 'sealed');
          await fetch('/upload', { method: 'POST', body: new FormData(form) });
        });
        assert.deepEqual(
          await forms.arrived(),
          chosen.map(({ bytes }) => ({ bytes, context: {} })),
        );
      });
    }
  }

  // Here the page itself replaces fetch().
  if (!anyEngine) return;

  test('a fetch that ignores its signal also ends after 30 seconds', async () => {
    await showStalling(page, { url: '/kms-public-key.json', answer: stalling.nothing });
    await page.evaluate(() => {
      const { fetch } = globalThis;
      globalThis.fetch = (url, { signal, ...rest }) => fetch(url, rest);
      // Again, with this one.
      element.keySrc = '/kms-public-key.json?again';
    });
    await page.choose([files.create('deaf')]);
    const failed = await page.evaluate(async () => {
      await until(() => timers.size > 0);
      skip();
      await idle();
      return [statesOf(), events.at(-1)[2]];
    });
    assert.deepEqual(failed, ['failed', 'ERR_LOAD']);
    stalled = undefined;
  });
});
