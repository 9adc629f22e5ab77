// A cancelled seal rejects with the signal's reason, stops reading and encrypting, and releases its buffers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { launch } from '../support/browsers/browser.mjs';
import { startServer } from '../support/servers/server.mjs';

const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.close());

/** Runs in the page: sets up what all tests use, as `page`. */
async function setUp(pem) {
  const kmseal = await import('/dist/index.js');
  const watch = await import('/pages/watch.js');
  const keys = await kmseal.KmsPublicKey.import(pem, {
    keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  });
  const sealers = Object.fromEntries(
    ['webcrypto', 'wasm'].map((engine) => [engine, new kmseal.Sealer({ keys, engine })]),
  );
  // Made once and never cancelled: it keeps working, whatever happens to others.
  const bystander = await sealers.webcrypto.prepare(new Blob([new Uint8Array(1000)]));
  const bytes = new Uint8Array(64 * 2 ** 20);
  const blob = new Blob([bytes]);
  const mistakes = [];
  addEventListener('unhandledrejection', ({ reason }) => mistakes.push(String(reason)));
  addEventListener('error', ({ message }) => mistakes.push(message));
  // Each starts to seal, and returns what its source has seen.
  const ways = {
    'a Blob': (sealer, options) => ({ sealed: sealer.seal(blob, options) }),
    bytes: (sealer, options) => ({ sealed: sealer.seal(bytes, options) }),
    'a stream': (sealer, options) => {
      const { seen, stream } = watch.endless();
      return { seen, stream, sealed: sealer.seal(stream, options).then(watch.drain) };
    },
    'a stream of known size': (sealer, options) => {
      const { seen, stream } = watch.endless();
      return { seen, stream, sealed: sealer.seal(stream, { ...options, size: 2 ** 40 }).then(watch.drain) };
    },
    'a stream that waits for more': (sealer, options) => {
      const { seen, stream } = watch.endless({ stall: 8 });
      return { seen, stream, sealed: sealer.seal(stream, options).then(watch.drain) };
    },
    'an iterable': (sealer, options) => {
      const seen = { pulls: 0, cancelled: [] };
      async function* chunks() {
        try {
          for (;;) {
            seen.pulls++;
            yield watch.track(new Uint8Array(100_000));
          }
        } finally {
          seen.cancelled.push(options.signal.reason); // an iterator does not get the reason
        }
      }
      return { seen, sealed: sealer.seal(chunks(), options).then(watch.drain) };
    },
    'a prepared slice': (sealer, options) => {
      const file = sealer.prepare(blob);
      return { file, sealed: file.then((prepared) => prepared.slice(0, undefined, options)) };
    },
    'a prepared stream': (sealer, options) => {
      const file = sealer.prepare(blob);
      return { file, sealed: file.then((prepared) => watch.drain(prepared.stream(options))) };
    },
  };
  globalThis.page = { kmseal, watch, sealers, bystander, ways, mistakes, kept: [] };
}

/** Runs in the page: cancels, and returns the outcome. */
async function cancel(way, engine, when, reason) {
  const { watch, sealers, ways, kept } = globalThis.page;
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => signal.aborted || (reason === 'default' ? controller.abort() : controller.abort(reason));
  let progress = 0;
  const onProgress = ({ loaded }) => {
    progress++;
    if (when === 'midway' && loaded > 0) abort();
  };
  if (when === 'before') abort();
  watch.whenReading((count) => count === 4 && way === 'a prepared slice' && when === 'midway' && queueMicrotask(abort));
  const { sealed, seen, stream, file } = ways[way](sealers[engine], { signal, onProgress });
  // Held as an application would hold them, so that only kmseal can release their content.
  kept.push(sealed, stream, file, controller);
  if (when === 'at once') abort();
  if (when === 'by a timer') setTimeout(abort, 5);
  if (when === 'midway' && way === 'a stream that waits for more') setTimeout(abort, 100);
  const late = new Promise((resolve) => {
    setTimeout(resolve, 60_000, { error: 'none in a minute' });
  });
  const outcome = await Promise.race([
    sealed.then(
      (value) => ({ error: `none: ${value}` }),
      (error) => ({ error }),
    ),
    late,
  ]);
  const [pulls, before] = [seen?.pulls, progress];
  const done = await watch.doneIn(100);
  watch.whenReading(() => {});
  return {
    rejected: outcome.error === signal.reason && signal.aborted,
    error: String(outcome.error),
    reason: String(signal.reason),
    name: signal.reason?.name,
    done,
    progress: progress - before,
    pulls: seen && seen.pulls - pulls,
    pulled: seen?.pulls,
    cancelled: seen?.cancelled.map((why) => why === signal.reason),
    locked: stream?.locked,
  };
}

const WAYS = [
  'a Blob',
  'bytes',
  'a stream',
  'a stream of known size',
  'a stream that waits for more',
  'an iterable',
  'a prepared slice',
  'a prepared stream',
];
const REASONS = { before: 'default', 'at once': { code: 'changed my mind' }, midway: null, 'by a timer': 'too late' };
/** A source that never waits, so that timers run only if it lets them. */
const AT_HAND = ['bytes', 'a stream', 'an iterable'];

for (const name of ['chromium', 'firefox']) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
      await browser.driver.get(`${server.origin}/pages/blank.html`);
      await browser.evaluate(setUp, pem);
    });
    after(() => browser?.close());

    for (const engine of ['webcrypto', 'wasm']) {
      for (const way of WAYS) {
        for (const [when, reason] of Object.entries(REASONS)) {
          if (when === 'by a timer' && !AT_HAND.includes(way)) continue;
          test(`cancelling ${when} settles the call with the reason for ${way}, engine ${engine}`, async () => {
            const outcome = await browser.evaluate(cancel, way, engine, when, reason);
            assert.ok(outcome.rejected, `rejected with ${outcome.error}, not ${outcome.reason}`);
            assert.equal(outcome.name, when === 'before' ? 'AbortError' : undefined);
            assert.deepEqual(outcome.done, [], 'work continues');
            assert.equal(outcome.progress, 0, 'progress is reported after the end');
            if (outcome.pulled === undefined) return;
            assert.equal(outcome.pulls, 0, 'the source is still read');
            // A source that was never read stays the caller's; one that was read gets the reason.
            if (outcome.pulled === 0 && when !== 'midway')
              assert.notEqual(outcome.locked, outcome.cancelled.length === 0);
            else assert.deepEqual(outcome.cancelled, [true]);
          });
        }
      }

      test(`cancelling a sealed stream cancels its source with the same reason, engine ${engine}`, async () => {
        const outcome = await browser.evaluate(async (engine) => {
          const { watch, sealers, kept } = globalThis.page;
          const { seen, stream } = watch.endless();
          const sealed = await sealers[engine].seal(stream);
          const reader = sealed.getReader();
          await reader.read();
          await reader.cancel('enough');
          kept.push(sealed);
          const { pulls } = seen;
          const done = await watch.doneIn(100);
          return { cancelled: seen.cancelled, pulls: seen.pulls - pulls, done };
        }, engine);
        assert.deepEqual(outcome, { cancelled: ['enough'], pulls: 0, done: [] });
      });

      test(`cancelling a read cancels a source that is still waiting, engine ${engine}`, async () => {
        const outcome = await browser.evaluate(async (engine) => {
          const { watch, sealers } = globalThis.page;
          const { seen, stream } = watch.endless({ stall: 1 });
          const reader = (await sealers[engine].seal(stream)).getReader();
          const reading = reader.read();
          await watch.doneIn(20);
          await reader.cancel('enough');
          await watch.doneIn(100);
          return { cancelled: seen.cancelled, read: await reading };
        }, engine);
        assert.deepEqual(outcome, { cancelled: ['enough'], read: { done: true } });
      });
    }

    test('a file whose pieces are read still works after one read is cancelled', async () => {
      const outcome = await browser.evaluate(async () => {
        const { sealers } = globalThis.page;
        const sealed = await sealers.webcrypto.prepare(new Blob([new Uint8Array(20 * 2 ** 20)]));
        const controller = new AbortController();
        const both = [sealed.slice(0, undefined, { signal: controller.signal }), sealed.slice()];
        controller.abort('enough');
        const [cancelled, whole] = await Promise.allSettled(both);
        const again = await sealed.slice();
        return { reason: cancelled.reason, size: sealed.size, whole: whole.value?.size, again: again.size };
      });
      const { size } = outcome;
      assert.deepEqual(outcome, { reason: 'enough', size, whole: size, again: size });
    });

    test('a signal that aborts after the work is done has no effect', async () => {
      const size = await browser.evaluate(async () => {
        const { sealers } = globalThis.page;
        const controller = new AbortController();
        const sealed = await sealers.webcrypto.seal(new Blob(['abc']), { signal: controller.signal });
        controller.abort();
        return (await sealed.arrayBuffer()).byteLength;
      });
      assert.ok(size > 3);
    });

    test('a source that fails between two reads reports its error to the next read', async () => {
      const [codes, mistakes] = await browser.evaluate(async () => {
        const { sealers, watch, mistakes } = globalThis.page;
        const codes = [];
        for (const sealer of Object.values(sealers)) {
          let pulls = 0;
          const stream = new ReadableStream({
            pull(controller) {
              if (++pulls < 3) controller.enqueue(new Uint8Array(300_000));
              else controller.error(new Error('gone'));
            },
          });
          const sealed = await sealer.seal(stream);
          const reader = sealed.getReader();
          await reader.read();
          await watch.doneIn(200);
          reader.releaseLock();
          codes.push(await watch.drain(sealed).catch(({ code }) => code));
        }
        return [codes, mistakes.splice(0)];
      });
      assert.deepEqual(codes, ['ERR_READ', 'ERR_READ']);
      assert.deepEqual(mistakes, [], 'an unhandled rejection, which ends a process of Node');
    });

    test('cancelled calls leave other work unharmed and no rejection unhandled', async () => {
      const [sealed, size, mistakes] = await browser.evaluate(async () => {
        const { bystander, mistakes } = globalThis.page;
        return [(await bystander.slice()).size, bystander.size, mistakes];
      });
      assert.equal(sealed, size);
      assert.deepEqual(mistakes, []);
    });

    if (name !== 'chromium') return;

    test('no buffer of a source or a frame is retained after cancelling', async () => {
      let made;
      let held;
      for (let round = 0; round < 100 && held !== 0; round++) {
        await browser.driver.sendDevToolsCommand('HeapProfiler.collectGarbage');
        ({ made, held } = await browser.evaluate(() => globalThis.page.watch.held()));
      }
      assert.ok(made > 100, `${made} buffers made`);
      assert.equal(held, 0, `of ${made} buffers`);
    });

    test('wasm memory does not grow with cancelled seals', async () => {
      await browser.driver.navigate().refresh();
      const [before, now] = await browser.evaluate(
        async (setUp, pem) => {
          // The first instance's memory; nothing here is reclaimed by the collector of garbage, which has no reason to run.
          const { Instance } = WebAssembly;
          let memory;
          WebAssembly.Instance = new Proxy(Instance, {
            construct(target, args) {
              const instance = Reflect.construct(target, args);
              memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
              return instance;
            },
          });
          const { KmsPublicKey, Sealer } = await import('/dist/index.js');
          const { drain, endless } = await import('/pages/watch.js');
          const keys = await KmsPublicKey.import(pem, {
            keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
          });
          const sealer = new Sealer({ keys, engine: 'wasm', frameLength: 2 ** 20 });
          const blob = new Blob([new Uint8Array(3 * 2 ** 20)]);
          const cancelled = async (seal) => {
            const controller = new AbortController();
            const sealed = seal({
              signal: controller.signal,
              onProgress: ({ loaded }) => loaded > 0 && controller.abort('enough'),
            });
            if ((await sealed.catch((reason) => reason)) !== 'enough') throw new Error('it was not cancelled');
          };
          const both = async () => {
            await cancelled((options) => sealer.seal(blob, options));
            await cancelled((options) => sealer.seal(endless().stream, options).then(drain));
          };
          for (let round = 0; round < 3; round++) await both();
          const before = memory.buffer.byteLength;
          for (let round = 0; round < 30; round++) await both();
          return [before, memory.buffer.byteLength];
        },
        null,
        pem,
      );
      assert.equal(now, before);
    });
  });
}
