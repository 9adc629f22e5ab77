// The packages of package-lock.json.
import { statSync } from 'node:fs';
import path from 'node:path';
import { ROOT, run, step } from './run.mjs';

const changed = (file) => statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

export async function npmPackages() {
  // npm writes this file last, when the folder agrees with the lock.
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return;
  step('npm ci');
  await run('npm', ['ci', '--no-fund', '--no-audit']);
}
