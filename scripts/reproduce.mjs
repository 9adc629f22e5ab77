// Shows that the package can be rebuilt from its sources to the last byte: builds it once more, in another folder, from a clean
// copy of the tracked files, and compares. Anyone who doubts the published .wasm can make it with the same compiler: a release's
// files name it (rustc.txt).
//
//     node scripts/reproduce.mjs          against a fresh build of this folder
//     node scripts/reproduce.mjs DIST     against the dist/ of, say, an unpacked tarball
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { ROOT, read, run } from '../tools/run.mjs';

const hashes = (folder) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha384')
          .update(readFileSync(path.join(folder, name)))
          .digest('base64'),
      ]),
  );

try {
  const [given] = process.argv.slice(2);
  if (!given) await build();
  const expected = hashes(given ?? path.join(ROOT, 'dist'));
  const folder = mkdtempSync(path.join(tmpdir(), 'elsewhere-'));
  try {
    const copy = path.join(folder, 'a', 'longer', 'path');
    for (const file of read('git', ['ls-files', '--cached', '--others', '--exclude-standard']).split('\n')) {
      cpSync(path.join(ROOT, file), path.join(copy, file));
    }
    const { CARGO_TARGET_DIR: ours, ...env } = process.env;
    await run(process.execPath, [path.join(copy, 'scripts/build.mjs')], { env });
    const made = hashes(path.join(copy, 'dist'));
    const others = Object.keys({ ...expected, ...made }).filter((name) => expected[name] !== made[name]);
    if (others.length > 0) throw new Error(`not the same: ${others.join(', ')}`);
    console.log(`the same ${Object.keys(made).length} files; kmseal.wasm is sha384-${made['kmseal.wasm']}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
} catch (error) {
  console.error(`reproduce: ${error.message}`);
  process.exitCode = 1;
}
