// Where test-files.mjs tells what failed, so that the commands that run it tell it last, after all that ran beside it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

export const FAILURES = path.join(ROOT, 'target/failures.txt');

export function forgetFailures() {
  rmSync(FAILURES, { force: true });
}

export function tellFailures() {
  if (existsSync(FAILURES)) console.log(`\n${readFileSync(FAILURES, 'utf8')}`);
}
