// Sealing bytes in memory, in all three browser engines, beside bare SubtleCrypto calls whose results are gathered into one array, which is
// what a caller wants. 16 MiB, too, since we copy up to 32 MiB at the call.
//
// What costs, in alternating runs within one page on a loaded machine, so roughly (medians of 15 rounds, 40 MiB, which are not copied):
// - Bare calls at our own frame length of 256 KiB, gathered into one array: Chromium 0.85 to 0.93 of our time, Firefox 0.88 to 0.97, WebKit 0.84 to
//   0.98. How many are in flight (1 to 3), whether in order, additional data and one more promise a frame make no difference that shows.
// - About 2 ms for each envelope, whatever its length: 3 to 5 % of 40 MiB. Wrapping the data key by RSA is in it.
// - Frame length: in Chromium bare calls with 64 KiB take 0.68 of our time at 64 MiB, and with 1 MiB twice. The best bare calls choose it. Ours with
//   frames of 64 KiB take 1.1 to 1.3 times as long as with 256 KiB, since each frame has its own cost.
// - The copy at the call lies where the envelope will be (bytesAtEnd in js/io/bytes.ts). In fresh memory of its own it took 16 MiB in all three
//   browsers 1.3 to 1.4 times as long. (Most of the time that an array costs is the system's, which clears its pages when they are first touched.)
// - What is left with 64 MiB on a quiet machine, where Chromium takes 57 ms, of which the copying of results is 37: the bare calls in order, with
//   additional data, a fresh key and one more promise each, take 1 ms more than the best of them. RSA is 1 ms, the event loop's turns are 1 ms,
//   and what the core and the page do for 256 frames is 2 ms. Firefox has 3, 1, 0 and 4 ms of 63.
// - WebKit's bare calls take half the time with 512 KiB that they take with 256 KiB, for which ours take two thirds of theirs. But such frames open more
//   slowly in Firefox, and the envelope's size must not depend on the browser.
// - Results that are left to the collector, and not freed as soon as they are copied (letGo in js/io/browser.ts): 1.5 to 1.7 times the bare calls' time.
import { quickest, rate, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 9;
/** How near the bare calls we must come with 64 MiB, by engine. */
const LEAST = { chromium: 0.95, firefox: 0.95, webkit: 0.9 };
const SIZES = [64, 16];

export const title = 'Bytes in memory to bytes';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ browse }) => {
    const figures = [];
    for (const name of Object.keys(LEAST)) {
      for (const size of SIZES) figures.push(...(await browse(name, (browser) => compare(browser, name, size))));
    }
    return figures;
  });

async function compare(browser, name, mebibytes) {
  const measure = async (...how) => (await import('/bench/bytes.js')).bytesInMemory(...how);
  const { seconds, dropped, inArray, size } = await browser.evaluate(measure, ROUNDS, mebibytes);
  const [array, bare] = [quickest(seconds, inArray), quickest(seconds, dropped)];
  const what = `${name}, ${mebibytes} MiB: sealing`;
  return [
    {
      what: `${what} to bare calls in one array`,
      value: timesAsFast(seconds, array),
      unit: 'x',
      ...(mebibytes === SIZES[0] && { least: LEAST[name] }),
      note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds[array])} (${array})`,
    },
    {
      what: `${what} to bare calls, results dropped`,
      value: timesAsFast(seconds, bare),
      unit: 'x',
      note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds[bare])} (${bare})`,
    },
  ];
}
