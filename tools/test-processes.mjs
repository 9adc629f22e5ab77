// Processes of Node's test runner, each of which runs the tests of one or several files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { inspect } from 'node:util';
import { ROOT } from './run.mjs';
import slowest from './slowest.mjs';

const GROUP = new URL('test-group.mjs', import.meta.url).href;
const TARGET = path.join(ROOT, 'target');

/**
 * @param {string[][]} groups the files of each process
 * @param {number} concurrency
 * @returns {Promise<{ files: string[], tests: string[] }>} the files that failed; the tests that failed, and why
 */
export async function failuresOf(groups, concurrency) {
  mkdirSync(TARGET, { recursive: true });
  const folder = mkdtempSync(path.join(TARGET, 'test-groups-'));
  const modules = new Map(groups.map((group, index) => [path.join(folder, `${index + 1}.mjs`), group]));
  for (const [module, group] of modules)
    writeFileSync(module, `import { runTogether } from '${GROUP}';\nawait runTogether(${JSON.stringify(group)});\n`);
  const passed = new Set();
  /** @type {string[]} */
  const tests = [];
  const events = run({ concurrency, files: [...modules.keys()] });
  events.on('test:complete', ({ name, nesting, details }) => {
    if (nesting > 0) return;
    if (details.passed && details.type === 'suite') passed.add(name);
    // The test that comes after a file begins with its path.
    if (!details.passed) passed.delete(name.split(' ')[0]);
    // An error that nobody caught came after the tests of some file: nobody knows of which.
    const group = modules.get(name) ?? [];
    if (!details.passed && group.every((one) => passed.has(one))) for (const one of group) passed.delete(one);
  });
  events.on('test:fail', ({ file, name, details }) => {
    const { cause, failureType } = /** @type {any} */ (details.error);
    // What failed within it is reported by itself.
    if (failureType === 'subtestsFailed') return;
    tests.push(`${path.relative(ROOT, file ?? '')}: ${name}\n${cause?.stack ?? inspect(cause ?? details.error)}\n`);
  });
  const [first, second] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
  for (const copy of [first, second]) events.pipe(copy);
  const ends = [first.compose(new Spec()), second.compose(slowest)];
  for (const end of ends) end.pipe(process.stdout);
  await Promise.all(ends.map((end) => new Promise((resolve) => end.once('end', resolve))));
  rmSync(folder, { recursive: true });
  return { files: groups.flat().filter((file) => !passed.has(file)), tests };
}
