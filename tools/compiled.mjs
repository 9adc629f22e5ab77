// What `npm test` keeps beside the tools: other people's crates as Cargo compiles them, so that a fresh clone compiles its own crates alone;
// and each .wasm as wasm-opt made it. No other command takes it: what is released was made of its sources.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CACHE, cached } from './cache.mjs';
import { ROOT, read, run, step } from './run.mjs';
import { WASM_TARGET, rustToolchain } from './rust.mjs';

/** Cargo's folders for the tests, and for the .wasm, whose bytes are the same with crates that another clone has compiled. */
const FOLDERS = ['debug', 'wasm', `${WASM_TARGET}/debug`, `${WASM_TARGET}/wasm`];
/**
 * What is in them of compiled crates, and the sources that tools/rustc.sh has changed. Cargo takes a crate that has a fingerprint for
 * compiled, so fingerprints are the last to come and the first to go.
 */
const PARTS = ['crypto-bigint', 'deps', 'build', '.fingerprint'];
const KIND = 'build';
const PREFIX = 'crates-';
/** What decides how they are compiled, beside the manifests and the compiler. */
const INPUTS = ['Cargo.lock', '.cargo/config.toml', 'tools/rustc.sh', 'tools/monty-params.rs', 'tools/rust-tests.mjs'];

/** @param {string} root */
function nameOf(root) {
  const manifest = ['--manifest-path', path.join(root, 'Cargo.toml')];
  const { packages } = JSON.parse(read('cargo', ['metadata', '--no-deps', '--format-version', '1', ...manifest]) ?? '');
  const files = [...packages.map((crate) => crate.manifest_path), ...INPUTS.map((name) => path.join(root, name))];
  const hash = createHash('sha256').update(read('rustc', ['--version', '--verbose']) ?? '');
  for (const file of files.filter((file) => existsSync(file))) hash.update(readFileSync(file));
  return `${PREFIX}${hash.digest('hex').slice(0, 12)}`;
}

/** Copies parts of a folder with their times, by which Cargo sees what has changed. */
async function copy(from, to, parts) {
  for (const part of parts.filter((part) => existsSync(path.join(from, part)))) {
    mkdirSync(to, { recursive: true });
    await run('cp', ['-Rp', path.join(from, part), path.join(to, part)]);
  }
}

/**
 * Puts what was kept into a clone, where it has compiled nothing itself.
 * @param {string} [root] the clone
 * @returns {Promise<boolean>} whether what this clone compiles is worth keeping: all of it is for these sources
 */
export async function takeCompiled(root = ROOT) {
  rustToolchain();
  const missing = FOLDERS.filter((folder) => !existsSync(path.join(root, 'target', folder)));
  if (missing.length === 0) return false;
  const kept = path.join(CACHE, KIND, nameOf(root));
  if (!existsSync(kept)) return missing.length === FOLDERS.length;
  step('copying the crates that another clone has compiled');
  try {
    for (const folder of missing) await copy(path.join(kept, folder), path.join(root, 'target', folder), PARTS);
  } catch (error) {
    // Another run has replaced them meanwhile, or the disk is full. Cargo compiles what has not come.
    step(`not all of them could be copied: ${error.message}`);
  }
  return false;
}

/**
 * Keeps what was compiled, in place of what older sources needed. A full disk does not fail the tests: the next clone compiles again.
 * @param {string} [root] the clone
 */
export async function keepCompiled(root = ROOT) {
  const name = nameOf(root);
  try {
    await cached(KIND, name, (kept) => gather(root, kept));
  } catch (error) {
    return step(`the compiled crates could not be kept: ${error.message}`);
  }
  for (const other of readdirSync(path.join(CACHE, KIND)))
    if (other.startsWith(PREFIX) && other !== name) rmSync(path.join(CACHE, KIND, other), { recursive: true });
}

/** Each .wasm lies there with the hash of what it was made of, and scripts/build.mjs takes none that was made of another one. */
const SHRUNK = 'shrunk';

/** Puts what wasm-opt made in another clone into one where it has made nothing. @param {string} [root] the clone */
export async function takeShrunk(root = ROOT) {
  if (existsSync(path.join(root, 'target', SHRUNK))) return;
  await copy(path.join(CACHE, KIND), path.join(root, 'target'), [SHRUNK]).catch((error) =>
    step(`what wasm-opt made could not be copied: ${error.message}`),
  );
}

/** Keeps what wasm-opt made, in place of what it made before. @param {string} [root] the clone */
export async function keepShrunk(root = ROOT) {
  const kept = path.join(CACHE, KIND, SHRUNK);
  const folder = path.join(CACHE, KIND, `.${SHRUNK}.${process.pid}`);
  try {
    await copy(path.join(root, 'target'), folder, [SHRUNK]);
    rmSync(kept, { recursive: true, force: true });
    renameSync(path.join(folder, SHRUNK), kept);
  } catch (error) {
    step(`what wasm-opt made could not be kept: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} root @param {string} kept */
async function gather(root, kept) {
  for (const folder of FOLDERS)
    await copy(path.join(root, 'target', folder), path.join(kept, folder), [...PARTS].reverse());
  // Our own are of this clone: another one's sources are others.
  const own = ['clean', '--workspace', '--manifest-path', path.join(root, 'Cargo.toml'), '--target-dir', kept];
  for (const profile of ['dev', 'wasm'])
    for (const target of [[], ['--target', WASM_TARGET]]) await run('cargo', [...own, '--profile', profile, ...target]);
}
