// Runs test files by Node's test runner, in the order that is given: its command line would sort them by name.
//
//     node scripts/test-files.mjs CONCURRENCY FILE ...
//
// Files that may (suites.mjs) share a process with others, which then starts once, and loads once what all of them drive browsers and call
// AWS with. For a file of browser tests that saves a second of the processor.
//
// Where the variable CI is set, a file that failed runs once more, alone. Three browsers on a machine of two cores are not always ready in
// time, and a change should not wait for that. What passes only then is named in the report, which comes last: it is a fault to look for.
import { writeFileSync } from 'node:fs';
import { FAILURES } from '../tools/failures.mjs';
import { failuresOf } from '../tools/test-processes.mjs';
import { groupsOf } from './suites.mjs';

const [concurrency, ...files] = process.argv.slice(2);
const before = await failuresOf(groupsOf(files, Number(concurrency)), Number(concurrency));
const isAgain = before.files.length > 0 && Boolean(process.env.CI);
if (isAgain) console.log(`\nonce more, one after the other: ${before.files.join(', ')}`);
const after = isAgain
  ? await failuresOf(
      before.files.map((file) => [file]),
      1,
    )
  : before;
if (before.files.length > 0) {
  const passed = before.files.filter((file) => !after.files.includes(file));
  const told = [
    ...(passed.length > 0 ? [`passed only when run once more: ${passed.join(', ')}\n`] : []),
    ...(after.files.length > 0 ? [`failed: ${after.files.join(', ')}\n`] : []),
  ];
  writeFileSync(FAILURES, [...told, ...before.tests].join('\n'));
}
if (after.tests.length > 0 || after.files.length > 0) process.exitCode = 1;
