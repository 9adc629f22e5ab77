// Runs test files one after the other in the process that calls it, as the modules do that test-processes.mjs writes. Each is a suite by its
// path.
import { describe, test } from 'node:test';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './run.mjs';

/** Globals that Hono's server replaces when it is loaded. */
const REPLACED = ['Request', 'Response'];

/** By name, what files of one process could change for each other. @returns {Map<string, unknown>} */
function shared() {
  const found = new Map([['its folder', process.cwd()], ...Object.entries(process.env)]);
  for (const object of [globalThis, SubtleCrypto.prototype])
    for (const name of Object.getOwnPropertyNames(object))
      found.set(`${object[Symbol.toStringTag]} ${name}`, object[name]);
  for (const name of Object.getOwnPropertyNames(crypto.subtle)) found.set(`crypto.subtle.${name}`, crypto.subtle[name]);
  for (const name of REPLACED) found.delete(`global ${name}`);
  return found;
}

/** @param {string[]} files relative to the root */
export async function runTogether(files) {
  for (const file of files) {
    const before = shared();
    describe(file, async () => {
      await import(pathToFileURL(path.join(ROOT, file)).href);
    });
    // What is alone may leave what it likes.
    if (files.length === 1) return;
    // Tests of a process run one after the other: this one waits until all that the file does is done, its hooks, too.
    await test(`${file} leaves the process as it was`, () => {
      const after = shared();
      // New globals are those of packages: AWS's SDK, Vue and others make some when they are loaded.
      const names = new Set([...before.keys(), ...Object.keys(process.env)]);
      const changed = [...names].filter((name) => !Object.is(before.get(name), after.get(name)));
      if (changed.length > 0)
        throw new Error(`changed: ${changed}. Put it back, or give the file a process of its own (scripts/suites.mjs)`);
    });
  }
}
