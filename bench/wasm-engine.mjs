// The wasm engine, for pages that have no SubtleCrypto: sealing 16 MiB that are in memory.
import { rate, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 25;

export const title = '16 MiB in memory to bytes with the wasm engine, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ browse }) => {
    const measure = async (rounds) => (await import('/bench/wasm-engine.js')).wasmEngine(rounds);
    const { seconds, size } = await browse('chromium', (browser) => browser.evaluate(measure, ROUNDS));
    return [
      {
        what: "sealing to @noble/ciphers' gcm over the same frames",
        value: timesAsFast(seconds, 'noble'),
        unit: 'x',
        least: 2.5,
        note: `${rate(size, seconds.kmseal)} to ${rate(size, seconds.noble)}`,
      },
      { what: 'the same to its frames in one array, as ours are', value: timesAsFast(seconds, 'array'), unit: 'x' },
    ];
  });
