// Programs in Go, each built once for each version of its sources. Go keeps what it downloads and compiles in caches of its own, so that a
// change of a program takes seconds.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { read, run, step } from './run.mjs';

/** What this machine lacks of Go 1.`least`, or undefined. */
export function lacksGo(least) {
  const [, minor] = read('go', ['version'])?.match(/ go1\.(\d+)/) ?? [];
  return Number(minor) >= least ? undefined : `Go 1.${least} or newer`;
}

/**
 * AWS's SDK is two hundred thousand lines, which run for seconds: with what Go does by default to make them fast, it takes twice as long. All
 * programs are built so, and Go compiles its own library once.
 */
const QUICKLY = ['-gcflags=all=-N -l', '-ldflags=-s -w'];

/** Builds a program whose modules are those of the folder, from the source files, or from the folder's own. */
export const goBuild = (folder, program, ...files) => {
  const args = ['build', '-C', folder, '-mod=readonly', '-buildvcs=false', ...QUICKLY, '-o', program, ...files];
  // Names of hosts are looked up by Go itself, which saves a twelfth of the time that a first build takes: the C compiler's.
  return run('go', args, { env: { ...process.env, CGO_ENABLED: '0' } });
};

/**
 * The path of a folder's program.
 * @param {string} folder
 * @param {string} kind as of cached()
 * @param {string} name
 * @param {string} what is said while it is built
 */
export async function goProgram(folder, kind, name, what) {
  const hash = createHash('sha256').update(read('go', ['version']) ?? '');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(path.join(folder, file)));
  const built = await cached(kind, `${name}-${hash.digest('hex').slice(0, 12)}`, async (root) => {
    step(what);
    await goBuild(folder, path.join(root, name));
  });
  return path.join(built, name);
}
