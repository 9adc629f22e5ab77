// <kmseal-file> when a request of its key, or of the .wasm, stalls: it ends after 30 seconds, and "Try again" makes a new one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printed } from '../../scripts/lib/kms.mjs';
import { testForms } from '../support/forms.mjs';

/* global element, events, form, idle, part, parts, skip, statesOf, timers, until, values -- of forms.mjs and skippable(), in the page */

const FORM = `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context="{}" multiple></kmseal-file>
  </form>`;

let stalled;
let asked;
let answerStalled;
/** Answers nothing, or only half. */
const stalling = {
  nothing: () => new Promise(() => {}),
  half: (bytes) => new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes.subarray(0, bytes.length / 2)) })),
};

const { forms, files, inBrowsers } = testForms((start) => start({
  routes(app) {
    const stall = (bytes) => async (context, next) => {
      if (stalled !== context.req.path) return next();
      asked += 1;
      return answerStalled(await bytes(context, next));
    };
    app.use('/kms-public-key.json', stall(() => Buffer.from(JSON.stringify(printed(forms.key)))));
    app.use('/dist/kmseal.wasm', async (context, next) => {
      await next();
      context.header('Cache-Control', 'no-store');
    });
    app.use('/dist/kmseal.wasm', stall(() => Buffer.from('\0asm\x01\0\0\0')));
  },
}));

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

inBrowsers((page) => {
  for (const [what, url] of [['key', '/kms-public-key.json'], ['.wasm', '/dist/kmseal.wasm']]) {
    for (const [how, answer] of Object.entries(stalling)) {
      test(`a request of the ${what} that gets ${how} ends after 30 seconds, and the next try asks again`, async () => {
        const chosen = [files.create('one'), files.create('two')];
        await page.show(FORM);
        await page.evaluate(skippable);
        [stalled, asked, answerStalled] = [url, 0, answer];
        await page.choose(chosen);
        const stuck = await page.evaluate(async () => {
          await until(() => timers.size > 0 && statesOf() === 'sealing');
          return [form.checkValidity(), values().length];
        });
        assert.deepEqual(stuck, [false, 0]);
        while (asked === 0) await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
        const failed = await page.evaluate(async () => {
          // The key's first, where both are asked for.
          while (statesOf() !== 'failed') {
            await new Promise((resolve) => setTimeout(resolve, 20));
            skip();
          }
          return [events.filter(([type]) => type === 'sealerror').map(([, , code]) => code), values().length, form.checkValidity(), timers.size];
        });
        assert.deepEqual(failed, [['ERR_LOAD', 'ERR_LOAD'], 0, false, 0]);
        const before = asked;
        await page.evaluate(() => parts('retry')[0].click());
        while (asked === before) await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
        stalled = undefined;
        await page.evaluate(async () => {
          while (statesOf() !== 'failed') {
            await new Promise((resolve) => setTimeout(resolve, 20));
            skip();
          }
          for (const retry of parts('retry')) retry.click();
          await idle();
          await fetch('/upload', { method: 'POST', body: new FormData(form) });
        });
        assert.deepEqual(await forms.arrived(), chosen.map(({ bytes }) => ({ bytes, context: {} })));
      });
    }
  }

  test('a fetch that heeds no signal ends after 30 seconds, too', async () => {
    await page.show(FORM);
    await page.evaluate(skippable);
    await page.evaluate(() => {
      const { fetch } = globalThis;
      globalThis.fetch = (url, { signal, ...rest }) => fetch(url, rest);
    });
    [stalled, asked, answerStalled] = ['/kms-public-key.json', 0, stalling.nothing];
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
