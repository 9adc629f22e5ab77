// Sealing a small file for an ECC key of KMS and for an RSA key, in one page: wrapping the data key is nearly all of it.
//
// What costs on a quiet machine, P-384 1.3 ms and RSA_4096 1.2: SubtleCrypto's own two multiplications of points are 1.0 ms, as P-256 shows, which takes
// 0.4 in all. To import the recipient's point, or to export the sender's, while the other steps run gains 3 % at most. RSA became 1.6 times as
// fast when crypto-bigint got words of 32 bits (tools/rustc.sh).
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
