// Runs test files one after the other in the process that calls it, as the modules do that test-processes.mjs writes. Each is a suite by its
// path.
import { describe, test } from 'node:test';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './run.mjs';

/** Globals of packages: AWS's SDK makes one when it is loaded, and Hono's server replaces two. */
const OF_PACKAGES = ['awslambda', 'Request', 'Response'];

/** By name, what files of one process could change for each other. @returns {Map<string, unknown>} */
function shared() {
  const found = new Map([['its folder', process.cwd()], ...Object.entries(process.env)]);
  for (const object of [globalThis, SubtleCrypto.prototype])
    for (const name of Object.getOwnPropertyNames(object))
      found.set(`${object[Symbol.toStringTag]} ${name}`, object[name]);
  for (const name of Object.getOwnPropertyNames(crypto.subtle)) found.set(`crypto.subtle.${name}`, crypto.subtle[name]);
  for (const name of OF_PACKAGES) found.delete(`global ${name}`);
  return found;
}

/** @param {string[]} files relative to the root */
export async function runTogether(files) {
  for (const file of files) {
    const before = shared();
    describe(file, async () => {
      await import(pathToFileURL(path.join(ROOT, file)).href);
    });
    // Tests of a process run one after the other: this one waits until all that the file does is done, its hooks, too.
    await test(`${file} leaves the process as it was`, () => {
      const after = shared();
      const names = [...new Set([...before.keys(), ...after.keys()])];
      const changed = names.filter((name) => !Object.is(before.get(name), after.get(name)));
      if (changed.length > 0)
        throw new Error(`changed: ${changed}. Put it back, or give the file a process of its own (scripts/suites.mjs)`);
    });
  }
}
