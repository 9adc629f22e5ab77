// The two engines compared on generated cases, in Node; tests/browser/engines.test.mjs does it in pages, and
// `npm run fuzz -- 3600 engines` runs for an hour.
import { before, test } from 'node:test';
import * as kmseal from 'kmseal';
import { cameTo, holds, opensAlike, sealsAlike } from '../support/engine-cases.mjs';
import { makeEngines, makeKeyPair } from '../support/page/engines.mjs';

let engines;
before(async () => {
  engines = await makeEngines(kmseal, await makeKeyPair());
});

test('both engines seal to the same bytes', async () => {
  const seen = new Set();
  await holds(sealsAlike(engines.seal, seen), 100);
  cameTo(seen, ['ERR_CONTEXT', 'sealed']);
});

test('both engines open to the same plaintext, or fail alike after the same bytes', async () => {
  const seen = new Set();
  await holds(opensAlike(engines.open, engines.message, seen), 400);
  const [altered, invalid, cut] = ['ERR_AUTHENTICATION', 'ERR_ENVELOPE_INVALID', 'ERR_TRUNCATED'];
  const header = ['ERR_CONTEXT', 'ERR_ENVELOPE_UNSUPPORTED', 'ERR_KMS', 'ERR_NO_MATCHING_KEY'];
  const released = [altered, invalid, cut].map((code) => `${code} later`);
  cameTo(seen, [altered, invalid, cut, ...header, ...released, 'opened'].sort());
});
