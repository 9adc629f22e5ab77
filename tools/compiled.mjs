// What Cargo compiles of other people's crates for the tests, kept beside the tools: a fresh clone then compiles its own crates alone.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CACHE, cached } from './cache.mjs';
import { ROOT, read, run, step } from './run.mjs';
import { WASM_TARGET, rustToolchain } from './rust.mjs';

/**
 * Of Cargo's folders for the tests, those with compiled crates; not the builds that ship, which are made from sources alone. Cargo takes a
 * crate that has a fingerprint for compiled, so fingerprints are the last to come and the first to go.
 */
const PARTS = ['debug', `${WASM_TARGET}/debug`].flatMap((folder) =>
  ['deps', 'build', '.fingerprint'].map((part) => path.join(folder, part)),
);
const KIND = 'build';
const PREFIX = 'crates-';
/** What decides how they are compiled, beside the manifests and the compiler. */
const INPUTS = ['Cargo.lock', '.cargo/config.toml', 'tools/rustc.sh', 'tools/monty-params.rs'];

/** @param {string} root */
function nameOf(root) {
  const manifest = ['--manifest-path', path.join(root, 'Cargo.toml')];
  const { packages } = JSON.parse(read('cargo', ['metadata', '--no-deps', '--format-version', '1', ...manifest]) ?? '');
  const files = [...packages.map((crate) => crate.manifest_path), ...INPUTS.map((name) => path.join(root, name))];
  const hash = createHash('sha256').update(read('rustc', ['--version', '--verbose']) ?? '');
  for (const file of files.filter((file) => existsSync(file))) hash.update(readFileSync(file));
  return `${PREFIX}${hash.digest('hex').slice(0, 12)}`;
}

/** Copies with the times, by which Cargo sees what has changed. */
const copy = (from, to) => run('cp', ['-Rp', from, to]);

/**
 * Puts what was kept into a clone that has compiled nothing.
 * @param {string} [root] the clone
 * @returns {Promise<boolean>} whether what this clone compiles is worth keeping: all of it is for these sources
 */
export async function takeCompiled(root = ROOT) {
  rustToolchain();
  const target = path.join(root, 'target');
  if (PARTS.some((part) => existsSync(path.join(target, part)))) return false;
  const kept = path.join(CACHE, KIND, nameOf(root));
  if (!existsSync(kept)) return true;
  step('copying the crates that another clone has compiled');
  for (const part of PARTS.filter((part) => existsSync(path.join(kept, part)))) {
    mkdirSync(path.dirname(path.join(target, part)), { recursive: true });
    await copy(path.join(kept, part), path.join(target, part));
  }
  return false;
}

/** Keeps what was compiled, in place of what older sources needed. @param {string} [root] the clone */
export async function keepCompiled(root = ROOT) {
  const name = nameOf(root);
  await cached(KIND, name, async (folder) => {
    for (const part of [...PARTS].reverse().filter((part) => existsSync(path.join(root, 'target', part)))) {
      mkdirSync(path.dirname(path.join(folder, part)), { recursive: true });
      await copy(path.join(root, 'target', part), path.join(folder, part));
    }
    // Our own are of this clone: another one's sources are others.
    const own = ['clean', '--workspace', '--manifest-path', path.join(root, 'Cargo.toml'), '--target-dir', folder];
    for (const target of [[], ['--target', WASM_TARGET]]) await run('cargo', [...own, ...target]);
  });
  for (const other of readdirSync(path.join(CACHE, KIND)))
    if (other.startsWith(PREFIX) && other !== name) rmSync(path.join(CACHE, KIND, other), { recursive: true });
}
