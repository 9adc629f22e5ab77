// Runs test files by Node's test runner, in the order that is given: its command line would sort them by name.
//
//     node scripts/test-files.mjs CONCURRENCY FILE ...
//
// Where the variable CI is set, a file that failed runs once more, alone. Three browsers on a machine of two cores are not always ready in
// time, and a change should not wait for that. What passes only then is named in the report, which comes last: it is a fault to look for.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { FAILURES } from '../tools/failures.mjs';
import { ROOT } from '../tools/run.mjs';
import slowest from '../tools/slowest.mjs';

/**
 * @param {string[]} files @param {number} concurrency
 * @returns {Promise<{ files: string[], tests: string[] }>} the files that failed; the tests that failed, and why
 */
async function failuresOf(files, concurrency) {
  /** @type {string[]} */
  const failed = [];
  /** @type {string[]} */
  const tests = [];
  const events = run({ concurrency, files: files.map((file) => path.join(ROOT, file)) });
  events.on('test:complete', ({ file, name, details }) => {
    // The event is a file's own, which may run tests that are written elsewhere.
    if (file && path.resolve(ROOT, name) === file && !(/** @type {any} */ (details).passed))
      failed.push(path.relative(ROOT, file));
  });
  events.on('test:fail', ({ file, name, details }) => {
    const { cause, failureType } = /** @type {any} */ (details.error);
    // What failed within it is reported by itself.
    if (failureType === 'subtestsFailed') return;
    tests.push(`${path.relative(ROOT, file ?? '')}: ${name}\n${cause?.stack ?? cause ?? details.error}\n`);
  });
  const [first, second] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
  for (const copy of [first, second]) events.pipe(copy);
  const ends = [first.compose(new Spec()), second.compose(slowest)];
  for (const end of ends) end.pipe(process.stdout);
  await Promise.all(ends.map((end) => new Promise((resolve) => end.once('end', resolve))));
  return { files: failed, tests };
}

const [concurrency, ...files] = process.argv.slice(2);
const before = await failuresOf(files, Number(concurrency));
const isAgain = before.files.length > 0 && Boolean(process.env.CI);
if (isAgain) console.log(`\nonce more, one after the other: ${before.files.join(', ')}`);
const after = isAgain ? await failuresOf(before.files, 1) : before;
if (before.tests.length > 0) {
  mkdirSync(path.dirname(FAILURES), { recursive: true });
  const passed = before.files.filter((file) => !after.files.includes(file));
  const told = [
    ...(passed.length > 0 ? [`passed only when run once more: ${passed.join(', ')}\n`] : []),
    ...(after.files.length > 0 ? [`failed: ${after.files.join(', ')}\n`] : []),
  ];
  writeFileSync(FAILURES, [...told, ...before.tests].join('\n'));
}
if (after.tests.length > 0 || after.files.length > 0) process.exitCode = 1;
