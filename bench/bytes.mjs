// Sealing 64 MiB that are in memory, in all three browser engines.
import { quickest, rate, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 9;

export const title = '64 MiB in memory to bytes';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ browse }) => {
    const figures = [];
    for (const name of ['chromium', 'firefox', 'webkit']) {
      const measure = async (rounds) => (await import('/bench/bytes.js')).bytesInMemory(rounds);
      const { seconds, dropped, inArray, size } = await browse(name, (browser) => browser.evaluate(measure, ROUNDS));
      const peer = quickest(seconds, dropped);
      const array = quickest(seconds, inArray);
      figures.push({
        what: `${name}: sealing to bare encrypt calls (${peer})`,
        value: timesAsFast(seconds, peer),
        unit: 'x',
        least: 0.85,
        note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds[peer])}`,
      });
      figures.push({
        what: `${name}: such calls to one array, to them`,
        value: timesAsFast(seconds, peer, array),
        unit: 'x',
        note: `${array}: what is left when a caller wants the result`,
      });
    }
    return figures;
  });
