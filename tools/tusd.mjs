// tusd, the reference server of tus, as a program of the tests, built once for each version of its sources.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { QUICKLY, lacksGo } from './go-esdk.mjs';
import { ROOT, read, run, step } from './run.mjs';

const FOLDER = path.join(ROOT, 'tests', 'browser', 'tusd');

/** What this machine lacks for it, or undefined. */
export const tusdLacks = () => lacksGo(25);

/** The program's path. */
export async function tusdProgram() {
  const hash = createHash('sha256').update(read('go', ['version']) ?? '');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(path.join(FOLDER, file)));
  const folder = await cached('tests', `tusd-${hash.digest('hex').slice(0, 12)}`, async (root) => {
    step('building tusd');
    // As the other program, so that Go compiles its own library once.
    const program = path.join(root, 'tusd');
    await run('go', ['build', '-C', FOLDER, '-mod=readonly', '-buildvcs=false', ...QUICKLY, '-o', program]);
  });
  return path.join(folder, 'tusd');
}
