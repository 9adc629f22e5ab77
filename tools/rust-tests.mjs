// What is compiled and tested by Cargo: the command, for those who run it; the core, the command and the web edge by their own tests.
//
// Crates of others are compiled once for all of it, since they are most of what a first run compiles.
import path from 'node:path';
import { browserPrograms } from './browsers.mjs';
import { ROOT, show } from './run.mjs';
import { WASM_ENV, WASM_TARGET } from './rust.mjs';
import { copyCommand } from './tested-command.mjs';

/**
 * The command, in target/debug, and the copy that tests start. `--examples` builds nothing here, but makes Cargo give crates the features that tests
 * ask for. So the tests compile none of them again. The price: this command has those features, too; nobody else gets it.
 * @param {typeof show} run @param {NodeJS.ProcessEnv} env
 */
export async function buildCommand(run, env) {
  await run('cargo', ['build', '--bins', '--examples'], env);
  copyCommand();
}

/** rustfmt and clippy on the core and the command, their tests, and what rustdoc finds. @param {typeof show} run */
export async function testRust(run) {
  await run('cargo', ['fmt', '--all', '--check'], process.env);
  // As `cargo test` compiles, but by clippy: `cargo clippy` would read the crates of others in a form that only `cargo check` makes.
  const clippy = { RUSTC_WORKSPACE_WRAPPER: path.join(ROOT, 'tools/clippy.sh') };
  await run('cargo', ['build', '--all-targets', '--profile', 'test'], { ...process.env, ...clippy });
  await run('cargo', ['test'], process.env);
  const docs = ['doc', '--no-deps', '--all-features', '--package', 'kmseal', '--package', 'kmseal-gcm'];
  await run('cargo', docs, { ...process.env, RUSTDOCFLAGS: '--deny warnings' });
}

/**
 * clippy on the web edge, and its tests by wasm-bindgen's runner in two browsers: which one, it sees from the driver in the environment.
 * @param {typeof show} run @param {NodeJS.ProcessEnv} given
 */
export async function testWasm(run, given) {
  const env = { ...given, ...WASM_ENV };
  // Each by itself: together, the one without an allocator would get what the other one's dependencies allocate with.
  for (const name of ['kmseal-wasm', 'kmseal-ml-kem'])
    await run('cargo', ['clippy', '--package', name, '--target', WASM_TARGET, '--', '--deny', 'warnings'], env);
  const common = {
    ...env,
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner',
    WASM_BINDGEN_TEST_ONLY_WEB: '1',
    // Known answers need fixed seeds, which the published .wasm does not accept. Cargo adds these flags to those of .cargo/config.toml.
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: '--cfg kmseal_fixed_seeds',
  };
  const test = ['test', '--package', 'kmseal-wasm', '--target', WASM_TARGET];
  await run('cargo', test, { ...common, CHROMEDRIVER: (await browserPrograms('chromium')).driver });
  await run('cargo', test, { ...common, GECKODRIVER: (await browserPrograms('firefox')).driver });
}
