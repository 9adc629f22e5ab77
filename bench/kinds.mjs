// Sealing a small file for an ECC key of KMS and for an RSA key, in one page: wrapping the data key is nearly all of it.
//
// SubtleCrypto computes in one thread, and makes the next sender's key pair there once the page has the secret of this one (js/frames/agreement.ts).
// So a file that comes alone waits for one multiplication of points, and each of a hundred files in a row for two. Those two are 1.0 ms of the
// 1.3 that P-384 takes then, as P-256 shows, which takes 0.4 in all; to import or export a point while other steps run gains 3 % at most.
// A pair and a secret on P-384 take 0.5 and 0.4 ms in Chromium, 3 and 1 in Firefox, and 8 and 2 in WebKitGTK.
import { median, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

/** How many files a contestant seals before the next one's turn, and how many turns it has. */
const WAYS = {
  'a file at a time': { times: 1, rounds: 201 },
  'files in a row': { times: 20, rounds: 15 },
};
const RSA = 'RSA_4096';
/** The curve that docs/own-keys.md proposes. */
const HELD = { spec: 'ECC_NIST_P384', way: 'a file at a time' };

export const title = 'Sealing 1 KiB by kind of key, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(({ browse }) =>
    browse('chromium', async (browser) => {
      const measure = async (...how) => (await import('/bench/kinds.js')).smallByKind(...how);
      const figures = [];
      for (const [way, { times, rounds }] of Object.entries(WAYS)) {
        const seconds = await browser.evaluate(measure, rounds, times);
        const each = (spec) => `${((1000 * median(seconds[spec])) / times).toFixed(1)} ms`;
        for (const spec of Object.keys(seconds).filter((name) => name !== RSA))
          figures.push({
            what: `${spec} to ${RSA}, ${way}`,
            value: timesAsFast(seconds, RSA, spec),
            unit: 'x',
            ...(spec === HELD.spec && way === HELD.way && { least: 1 }),
            note: `${each(spec)} to ${each(RSA)}`,
          });
      }
      return figures;
    }),
  );
