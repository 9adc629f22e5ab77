// AWS's Go Encryption SDK as a program, built once for each version of its sources. Go keeps what it downloads and compiles in caches of
// its own, so that a change of the program takes seconds.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { ROOT, read, run, step } from './run.mjs';

const GO_FOLDER = path.join(ROOT, 'tests', 'interop', 'go');

/** What this machine lacks of Go 1.`least`, or undefined. */
export function lacksGo(least) {
  const [, minor] = read('go', ['version'])?.match(/ go1\.(\d+)/) ?? [];
  return Number(minor) >= least ? undefined : `Go 1.${least} or newer`;
}

/** What this machine lacks for it, or undefined. */
export const goLacks = () => lacksGo(24);

/** The SDK is two hundred thousand lines, which run for seconds: with what Go does by default to make them fast, it takes twice as long. */
export const QUICKLY = ['-gcflags=all=-N -l', '-ldflags=-s -w'];

/** Builds a program whose modules are those of tests/interop/go, from the source files, or from the folder's own. */
export const goBuild = (program, ...files) =>
  run('go', ['build', '-C', GO_FOLDER, '-mod=readonly', '-buildvcs=false', ...QUICKLY, '-o', program, ...files]);

/** The program's path. */
export async function goEsdk() {
  const hash = createHash('sha256').update(read('go', ['version']) ?? '');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(path.join(GO_FOLDER, file)));
  const folder = await cached('interop', `go-esdk-${hash.digest('hex').slice(0, 12)}`, async (root) => {
    step("building AWS's Go Encryption SDK (about a minute)");
    await goBuild(path.join(root, 'go-esdk'));
  });
  return path.join(folder, 'go-esdk');
}
