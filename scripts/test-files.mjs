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
import slowest from './slowest.mjs';

/**
 * @param {string[]} files @param {number} concurrency
 * @returns {Promise<Map<string, string[]>>} of each file that failed, its tests that failed, and why
 */
async function failuresOf(files, concurrency) {
  /** @type {Map<string, string[]>} */
  const failures = new Map();
  const events = run({ concurrency, files: files.map((file) => path.join(ROOT, file)) });
  events.on('test:fail', ({ file, name, details }) => {
    const relative = path.relative(ROOT, file ?? name);
    if (!failures.has(relative)) failures.set(relative, []);
    const { cause, failureType } = /** @type {any} */ (details.error);
    // What failed within it is told by itself.
    if (failureType !== 'subtestsFailed')
      failures.get(relative)?.push(`${name}\n${cause?.stack ?? cause ?? details.error}`);
  });
  const [first, second] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
  for (const copy of [first, second]) events.pipe(copy);
  const ends = [first.compose(new Spec()), second.compose(slowest)];
  for (const end of ends) end.pipe(process.stdout);
  await Promise.all(ends.map((end) => new Promise((resolve) => end.once('end', resolve))));
  return failures;
}

const [concurrency, ...files] = process.argv.slice(2);
const failed = await failuresOf(files, Number(concurrency));
const isAgain = failed.size > 0 && Boolean(process.env.CI);
if (isAgain) console.log(`\nonce more, one after the other: ${[...failed.keys()].join(', ')}`);
const lasting = isAgain ? await failuresOf([...failed.keys()], 1) : failed;

const told = (title, some) => [...some].flatMap(([file, tests]) => [`${title}: ${file}`, ...tests, '']);
const passed = [...failed].filter(([file]) => !lasting.has(file));
if (failed.size > 0) {
  mkdirSync(path.dirname(FAILURES), { recursive: true });
  writeFileSync(FAILURES, [...told('passed only when run once more', passed), ...told('failed', lasting)].join('\n'));
}
if (lasting.size > 0) process.exitCode = 1;
