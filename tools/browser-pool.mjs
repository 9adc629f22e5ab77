// The browsers that the test files of a run hand on to each other.
import path from 'node:path';
import { startChild } from './child.mjs';
import { ROOT } from './run.mjs';

/** @returns {Promise<{ address: string, stop: () => Promise<void> }>} address: for the tests' variable KMSEAL_BROWSER_POOL */
export async function startBrowserPool() {
  const child = startChild(process.execPath, [path.join(ROOT, 'tests/support/browsers/pool.mjs')]);
  const address = await child.until(() => /^http:\S+$/m.exec(child.output)?.[0]);
  return { address, stop: child.stop };
}
