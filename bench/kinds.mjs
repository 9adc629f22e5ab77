// Sealing a small file for an ECC key of KMS and for an RSA key, in one page: wrapping the data key is nearly all of it.
import { median, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 15;
const TIMES = 20;
const RSA = 'RSA_4096';
/** The curve that docs/own-keys.md proposes. */
const HELD = 'ECC_NIST_P384';

export const title = 'Sealing 1 KiB by kind of key, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(({ browse }) =>
    browse('chromium', async (browser) => {
      const measure = async (...how) => (await import('/bench/kinds.js')).smallByKind(...how);
      const seconds = await browser.evaluate(measure, ROUNDS, TIMES);
      const each = (spec) => `${((1000 * median(seconds[spec])) / TIMES).toFixed(1)} ms`;
      return Object.keys(seconds)
        .filter((spec) => spec !== RSA)
        .map((spec) => ({
          what: `${spec} to ${RSA}`,
          value: timesAsFast(seconds, RSA, spec),
          unit: 'x',
          ...(spec === HELD && { least: 1 }),
          note: `${each(spec)} to ${each(RSA)}`,
        }));
    }),
  );
