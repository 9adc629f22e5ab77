// The wasm target and the cargo-built tools, each at the exact version that the project is built and tested with.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { ROOT, read, run, step, which } from './run.mjs';

export const WASM_TARGET = 'wasm32-unknown-unknown';

export async function wasmTarget() {
  if (!which('cargo')) throw new Error('Rust is missing: install it with rustup (https://rustup.rs)');
  const libraries = read('rustc', ['--print', 'target-libdir', '--target', WASM_TARGET]);
  if (libraries && existsSync(libraries)) return;
  if (!which('rustup')) throw new Error(`the Rust target ${WASM_TARGET} is missing, and there is no rustup to add it with`);
  step(`rustup target add ${WASM_TARGET}`);
  await run('rustup', ['target', 'add', WASM_TARGET]);
}

/** The name of a toolchain whose compiler can instrument code for libFuzzer. */
export async function nightly() {
  const name = 'nightly';
  if (read('rustup', ['run', name, 'rustc', '--version'])) return name;
  step(`rustup toolchain install ${name}`);
  await run('rustup', ['toolchain', 'install', name, '--profile', 'minimal']);
  return name;
}

/** The folder of the executable `command` of `crate`: where PATH has it if that is this version, else the cache. */
async function cargoTool(crate, version, { command = crate, flags = ['--locked'] } = {}) {
  const onPath = which(command);
  if (onPath && read(onPath, ['--version'])?.split(/\s+/)[1] === version) return path.dirname(onPath);
  const folder = await cached('tools', `${crate}-${version}`, (root) => {
    step(`cargo install ${crate} ${version} (one to three minutes)`);
    return run('cargo', ['install', '--root', root, ...flags, `${crate}@${version}`]);
  });
  return path.join(folder, 'bin');
}

export const wasmPack = () => cargoTool('wasm-pack', '0.15.1');

export const cargoFuzz = () => cargoTool('cargo-fuzz', '0.13.2');

export const cargoMutants = () => cargoTool('cargo-mutants', '27.1.0');

export const cargoDeny = () => cargoTool('cargo-deny', '0.20.2');

export const geckodriver = () => cargoTool('geckodriver', '0.37.1');

/** wasm-bindgen's command and crate must agree to the last digit. */
export function wasmBindgen() {
  const lock = readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8');
  const version = /^name = "wasm-bindgen"\nversion = "(.+)"$/m.exec(lock)?.[1];
  if (!version) throw new Error('Cargo.lock has no wasm-bindgen');
  // Its own lock names a crate version that the registry has withdrawn.
  return cargoTool('wasm-bindgen-cli', version, { command: 'wasm-bindgen', flags: [] });
}
