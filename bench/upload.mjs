// Uploading a file sealed, in Chromium, into a server on this machine that throws it away: beside uploading it as it is by the same code,
// through lines as users have them, and as fast as the machine goes; and what it costs the page in memory.
import { setTimeout as delay } from 'node:timers/promises';
import { makeFile } from './support/files.mjs';
import { median, rate, timesAsFast } from './support/figures.mjs';
import { watchMemory } from './support/memory.mjs';
import { cpuSeconds } from './support/processes.mjs';
import { startSink } from './support/sink.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;
const WAYS = { s3: 'kmseal/s3', tus: 'kmseal/tus' };
/** Parts of 8 MiB that are there when an upload is resumed. */
const RESUMED_PARTS = 32;
const MIB = 2 ** 20;
const BITS = 8;

/** What lies between the page and the server. `size` in MiB, `slower` as Chromium throttles a processor. */
const LINES = [
  { name: '1 Gbit/s', bytesPerSecond: 1e9 / BITS, size: 1024, least: 0.97 },
  { name: '50 Mbit/s, 4-fold CPU throttling', bytesPerSecond: 50e6 / BITS, size: 64, slower: 4, least: 0.97 },
  { name: 'loopback', size: 1024, alsoRead: true },
];

export const title = 'File uploaded to a local sink, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export async function run() {
  const figures = await resumed();
  for (const line of LINES) {
    const sink = await startSink(line.bytesPerSecond);
    try {
      const measure = async ({ folder, browse }) => {
        const file = await makeFile(folder, line.size);
        for (const [way, name] of Object.entries(WAYS)) {
          if (line.name === 'loopback')
            figures.push(...(await browse('chromium', (browser) => memory(browser, file, way, name, sink.origin))));
          figures.push(...(await browse('chromium', (browser) => speed(browser, file, way, name, sink.origin, line))));
        }
      };
      await withStage(measure, { connect: [sink.origin] });
    } finally {
      await sink.close();
    }
  }
  return figures;
}

async function resumed() {
  const sink = await startSink();
  try {
    return await withStage(
      async ({ folder, browse }) => {
        const file = await makeFile(folder, 2048);
        return browse('chromium', (browser) => resuming(browser, file, WAYS.s3, sink.origin));
      },
      { connect: [sink.origin] },
    );
  } finally {
    await sink.close();
  }
}

/** From the choice of a file until an upload that another page began sends again; the median of five. */
async function resuming({ driver, evaluate, chooseFiles }, file, name, sink) {
  const took = [];
  for (let round = 0; round < ROUNDS; round++) {
    await chooseFiles('input', [file]);
    await evaluate(async (...how) => (await import('/bench/upload.js')).beginKept(...how), sink, RESUMED_PARTS);
    await driver.navigate().refresh();
    await chooseFiles('input', [file]);
    took.push(await evaluate(async () => (await import('/bench/upload.js')).resumeKept()));
  }
  return [{ what: `${name}: resuming 2 GiB, until it sends`, value: median(took), unit: 'ms', most: 1000 }];
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

/** Each contestant once a round, forwards and backwards in turn, after a round that does not count. */
async function speed(
  { driver, evaluate, chooseFiles },
  file,
  way,
  name,
  sink,
  { name: line, size, slower = 1, alsoRead, least },
) {
  await chooseFiles('input', [file]);
  await evaluate(async () => (await import('/bench/upload.js')).prepareWays());
  await driver.sendAndGetDevToolsCommand('Emulation.setCPUThrottlingRate', { rate: slower });
  const isKept = way === 's3';
  const names = ['kmseal', 'unsealed', ...(alsoRead ? ['read'] : []), ...(isKept ? ['kept'] : [])];
  const seconds = Object.fromEntries(names.map((one) => [one, []]));
  const cpu = Object.fromEntries(names.map((one) => [one, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of round % 2 ? names : names.toReversed()) {
      await delay(20);
      const before = await cpuSeconds(driver);
      const took = await evaluate(
        async (...how) => (await import('/bench/upload.js')).uploadAs(...how),
        one,
        way,
        sink,
      );
      if (round === 0) continue;
      seconds[one].push(took);
      cpu[one].push((await cpuSeconds(driver)) - before);
    }
  }
  const perGib = (one) => ((median(cpu[one]) * 1024) / size).toFixed(1);
  const bytes = size * MIB;
  const figures = [
    {
      what: `${name}, ${line}: sealed to unsealed`,
      value: timesAsFast(seconds, 'unsealed'),
      unit: 'x',
      ...(least && { least }),
      note: `${rate(bytes, seconds.kmseal)} to ${rate(bytes, seconds.unsealed)}; CPU s per GiB ${perGib('kmseal')} to ${perGib('unsealed')}`,
    },
  ];
  if (alsoRead) {
    const note = `what is left for sealing to cost; CPU s per GiB ${perGib('read')}`;
    figures.push({
      what: `${name}, ${line}: read into the page, unsealed, to unsealed`,
      value: timesAsFast(seconds, 'unsealed', 'read'),
      unit: 'x',
      note,
    });
  }
  if (isKept) {
    const note = `with \`store\` to without; ${rate(bytes, seconds.kept)}; CPU s per GiB ${perGib('kept')}`;
    figures.push({
      what: `${name}, ${line}: kept`,
      value: timesAsFast(seconds, 'kmseal', 'kept'),
      unit: 'x',
      ...(least && { least }),
      note,
    });
  }
  return figures;
}
