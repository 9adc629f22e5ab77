// Uploading a file of 1 GiB sealed, into a server on this machine that throws it away: what it costs the page, and the time it takes
// beside uploading it as it is by the same code.
import { makeFile } from './support/files.mjs';
import { rate, timesAsFast } from './support/figures.mjs';
import { watchMemory } from './support/memory.mjs';
import { startSink } from './support/sink.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;
const WAYS = { s3: 'kmseal/s3', tus: 'kmseal/tus' };

export const title = 'File of 1 GiB uploaded to a local sink, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const sink = await startSink();
  try {
    const measure = async ({ folder, browse }) => {
      const file = await makeFile(folder, 1024);
      const figures = [];
      for (const [way, name] of Object.entries(WAYS)) {
        figures.push(...(await browse('chromium', (browser) => memory(browser, file, way, name, sink.origin))));
        figures.push(...(await browse('chromium', (browser) => speed(browser, file, way, name, sink.origin))));
      }
      return figures;
    };
    return await withStage(measure, { connect: [sink.origin] });
  } finally {
    await sink.close();
  }
}

async function memory(browser, file, way, name, sink) {
  await browser.chooseFiles('input', [file]);
  await browser.evaluate(async () => (await import('/bench/upload.js')).prepareUpload());
  const watch = await watchMemory(browser.driver);
  await browser.evaluate(async (way, sink) => (await import('/bench/upload.js')).uploadOnce(way, sink), way, sink);
  const { renderers, browser: own } = await watch.stop();
  return [
    { what: `${name}: renderer's memory above its start (PSS)`, value: renderers, unit: 'MiB', most: 160 },
    { what: `${name}: browser's own process, which holds Blobs`, value: own, unit: 'MiB', most: 256 },
  ];
}

async function speed(browser, file, way, name, sink) {
  await browser.chooseFiles('input', [file]);
  const timed = async (...options) => (await import('/bench/upload.js')).uploadTimed(...options);
  const { seconds, size } = await browser.evaluate(timed, way, ROUNDS, sink);
  return [
    {
      what: `${name}: sealed to unsealed`,
      value: timesAsFast(seconds, 'unsealed'),
      unit: 'x',
      least: 0.8,
      note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds.unsealed)}`,
    },
    {
      what: `${name}: read into the page, unsealed, to unsealed`,
      value: timesAsFast(seconds, 'unsealed', 'read'),
      unit: 'x',
      note: 'what is left for sealing to cost',
    },
  ];
}
