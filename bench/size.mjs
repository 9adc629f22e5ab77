// The package's size, and how soon a page that has it in its HTTP cache has sealed something.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { ROOT } from '../tools/run.mjs';
import { median } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const VISITS = 9;
const WARM_UP = 3; // until V8 has kept compiled code

export const title = 'Size, and start-up in Chromium';

async function compressed(name) {
  return brotliCompressSync(await readFile(path.join(ROOT, 'dist', name))).length;
}

/** Lets the browser cache what it has fetched, as a deployed page's server would. */
const routes = (app) =>
  app.use('/dist/*', async (context, next) => {
    await next();
    context.header('Cache-Control', 'public, max-age=3600');
  });

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const wasm = await compressed('kmseal.wasm');
  const script = await compressed('index.js');
  const start = (browser) => browser.evaluate(async () => (await import('/bench/start-up.js')).startUp());
  const milliseconds = await withStage(
    ({ origin, browse }) =>
      browse('chromium', async (browser) => {
        const times = [];
        for (let visit = 0; visit < WARM_UP + VISITS; visit++) {
          await browser.driver.get('about:blank');
          await browser.driver.get(`${origin}/bench/index.html`);
          times.push(await start(browser));
        }
        return times.slice(WARM_UP);
      }),
    { routes },
  );
  return [
    {
      what: 'kmseal.wasm and index.js, brotli',
      value: wasm + script,
      unit: 'bytes',
      most: 81_920,
      note: `${wasm} + ${script}`,
    },
    { what: 'import, instantiate, import a key and seal 1 KiB', value: median(milliseconds), unit: 'ms', most: 100 },
  ];
}
