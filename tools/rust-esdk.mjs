// AWS's Rust Encryption SDK as a program, built once for each version of its sources.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE, cached } from './cache.mjs';
import { ROOT, read, run, step } from './run.mjs';

const FOLDER = path.join(ROOT, 'tests', 'interop', 'rust-esdk');

/** The program's path. */
export async function rustEsdk() {
  const hash = createHash('sha256').update(read('rustc', ['--version']) ?? '');
  for (const file of ['Cargo.toml', 'Cargo.lock', 'src/main.rs']) hash.update(readFileSync(path.join(FOLDER, file)));
  const folder = await cached('interop', `rust-esdk-${hash.digest('hex').slice(0, 12)}`, async (root) => {
    step("building AWS's Rust Encryption SDK (about eight minutes)");
    const target = path.join(CACHE, 'build', 'rust-esdk');
    await run('cargo', ['install', '--locked', '--path', FOLDER, '--root', root, '--target-dir', target]);
  });
  return path.join(folder, 'bin', 'rust-esdk');
}
