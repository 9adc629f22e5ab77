// How soon a photo is sealed on a slow phone: Chromium with a sixth of the processor's speed, on a slow line.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printed } from '../tools/kms.mjs';
import { startKms } from '../tests/support/servers/kms.mjs';
import { median } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;
const PHOTO_BYTES = 800_000;
const OPEN_FOR_MS = 5000;
/** What Chromium's tools call a slow 4G: 1.44 Mbit/s, and 0.56 s for an answer. Nothing is compressed here. */
const LINE = { offline: false, latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375 };
const SLOWER = 6;

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>slow phone</title><link rel="icon" href="data:,">
<script type="module" src="/dist/define.js"></script>
<kmseal-file key-src="/key.json" encryption-context='{"user":"4711"}'></kmseal-file></html>`;

export const title = `A photo of ${PHOTO_BYTES / 1000} KB in <kmseal-file>, Chromium with ${SLOWER}-fold CPU throttling at 1.44 Mbit/s`;

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const kms = await startKms();
  const key = printed(await kms.createKey({ spec: 'RSA_4096' }));
  const routes = (app) => {
    app.use(async (context, next) => {
      await next();
      context.header('Cache-Control', 'no-store');
    });
    app.get('/page', (context) => context.html(PAGE));
    app.get('/key.json', (context) => context.json(key));
  };
  try {
    const visits = await withStage(
      async ({ folder, origin, browse }) => {
        const photo = path.join(folder, 'photo.jpg');
        await writeFile(photo, randomBytes(PHOTO_BYTES));
        return browse('chromium', async ({ driver, evaluate }) => {
          await driver.sendAndGetDevToolsCommand('Network.enable', {});
          await driver.sendAndGetDevToolsCommand('Network.emulateNetworkConditions', LINE);
          await driver.sendAndGetDevToolsCommand('Emulation.setCPUThrottlingRate', { rate: SLOWER });
          const visits = [];
          for (let round = 0; round < ROUNDS; round++) {
            await driver.get(`${origin}/page`);
            visits.push(await visit(driver, evaluate, photo));
          }
          return visits;
        });
      },
      { routes },
    );
    const of = (name) => visits.map((one) => one[name]);
    return [
      {
        what: `choice to sealed, page open for ${OPEN_FOR_MS / 1000} s`,
        value: median(of('sealed')),
        unit: 'ms',
        most: 1200,
      },
      {
        what: 'the same to SubtleCrypto alone',
        value: median(visits.map(({ sealed, alone }) => sealed / alone)),
        unit: 'x',
        note: `reading and encrypting the photo: ${Math.round(median(of('alone')))} ms`,
      },
      {
        what: 'key and .wasm, to one after the other',
        value: median(visits.map(({ key, wasm, both }) => both / (key + wasm))),
        unit: 'x',
        most: 0.9,
        note: `${Math.round(median(of('key')))} ms and ${Math.round(median(of('wasm')))} ms, together ${Math.round(median(of('both')))} ms`,
      },
      {
        what: 'from the start of the page until both are there',
        value: median(of('ready')),
        unit: 'ms',
        most: OPEN_FOR_MS,
      },
    ];
  } finally {
    await kms.close();
  }
}

/** Milliseconds of one visit, in which a photo is chosen after a while. */
async function visit(driver, evaluate, photo) {
  await sleep(OPEN_FOR_MS);
  await driver.executeScript(`
    const element = document.querySelector('kmseal-file');
    globalThis.times = {};
    const note = (target, name) => target.addEventListener(name, ({ timeStamp }) => { times[name] = timeStamp; }, true);
    note(element.shadowRoot, 'change');
    note(element, 'seal');
    globalThis.sealed = new Promise((resolve, reject) => {
      element.addEventListener('seal', resolve);
      element.addEventListener('sealerror', ({ detail }) => reject(detail.error));
    });`);
  const input = await driver.executeScript(
    "return document.querySelector('kmseal-file').shadowRoot.querySelector('input')",
  );
  await input.sendKeys(photo);
  return evaluate(async () => {
    await globalThis.sealed;
    const { change, seal } = globalThis.times;
    const entries = Object.fromEntries(
      performance.getEntriesByType('resource').map((entry) => [new URL(entry.name).pathname, entry]),
    );
    const { '/key.json': key, '/dist/kmseal.wasm': wasm } = entries;
    const ready = Math.max(key.responseEnd, wasm.responseEnd);
    const [file] = document.querySelector('kmseal-file').shadowRoot.querySelector('input').files;
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']);
    const start = performance.now();
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, aes, await file.arrayBuffer());
    const alone = performance.now() - start;
    return {
      sealed: seal - change,
      alone,
      key: key.duration,
      wasm: wasm.duration,
      both: ready - Math.min(key.startTime, wasm.startTime),
      ready,
    };
  });
}
