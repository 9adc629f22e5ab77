// Runs test files by Node's test runner, in the order that is given: its command line would sort them by name.
//
//     node scripts/test-files.mjs CONCURRENCY FILE ...
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { ROOT } from '../tools/run.mjs';
import slowest from './slowest.mjs';

const [concurrency, ...files] = process.argv.slice(2);
const events = run({ concurrency: Number(concurrency), files: files.map((file) => path.join(ROOT, file)) });
events.on('test:fail', () => {
  process.exitCode = 1;
});
const [first, second] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
for (const copy of [first, second]) events.pipe(copy);
first.compose(new Spec()).pipe(process.stdout);
second.compose(slowest).pipe(process.stdout);
