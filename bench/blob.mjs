// Sealing a File to a Blob, which has to be readable afterwards.
import { makeFile } from './support/files.mjs';
import { rate, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;

export const title = 'File to a Blob, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ folder, browse }) => {
    const timed = await makeFile(folder, 512);
    const { seconds, size } = await browse('chromium', async (browser) => {
      await browser.chooseFiles('input', [timed]);
      return browser.evaluate(async (rounds) => (await import('/bench/blob.js')).fileToBlob(rounds), ROUNDS);
    });
    const large = await makeFile(folder, 1024);
    const readable = await browse('chromium', async (browser) => {
      await browser.chooseFiles('input', [large]);
      return browser.evaluate(async () => (await import('/bench/blob.js')).readBack());
    });
    return [
      {
        what: 'sealing 512 MiB to the hand-written stream to a Blob',
        value: timesAsFast(seconds, 'stream'),
        unit: 'x',
        least: 1,
        note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds.stream)}`,
      },
      { what: 'sealed, opened and found the same', value: readable ? 1 : 0, unit: 'GiB', least: 1 },
    ];
  });
