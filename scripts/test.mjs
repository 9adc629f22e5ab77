// Sets up what the chosen tests need (suites.mjs), and runs them.
//
//     npm test                       everything
//     npm test -- rust wasm lint     the core's tests, the web edge's in Chromium and Firefox, what linters and compilers find
//     npm test -- tests/browser      the JavaScript tests whose path contains one of the words
//
// Bundlers, runtimes and frameworks that take the package in (Vite, Deno, Angular, ...) lie in tests/consumers and have a command of their
// own: `npm run test:consumers`.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ANY_ENGINE, BROWSERS } from '../tools/browsers.mjs';
import { startBrowserPool } from '../tools/browser-pool.mjs';
import { keepCompiled, keepShrunk, takeCompiled, takeShrunk } from '../tools/compiled.mjs';
import { startEmulatorNursery } from '../tools/emulator.mjs';
import { forgetFailures, tellFailures } from '../tools/failures.mjs';
import { javascriptTests } from '../tools/javascript-tests.mjs';
import { lint } from '../tools/lint.mjs';
import { ROOT, show, showTogether } from '../tools/run.mjs';
import { buildCommand, testRust, testWasm } from '../tools/rust-tests.mjs';
import { forgetShellSettings } from '../tools/shell-settings.mjs';
import { setup } from './setup.mjs';
import { SUITES, longestFirst, suiteOf } from './suites.mjs';

/** Test files at a time: two more than there are cores, since they often wait for a browser, a clock, or Cargo's lock. */
const AT_ONCE = availableParallelism() + 2;
/** Each of them begins with such a heap. With V8's own, Buffers that come and go make it collect garbage for a quarter of a test's time in Node. */
const HEAP = '--initial-heap-size=128'; // in MiB

forgetShellSettings();
// In CI nobody compiles again. What Cargo writes for that is a sixth of the time that our own crates take.
if (process.env.CI) process.env.CARGO_INCREMENTAL ??= '0';
// The same for TypeScript's compiler and other programs in Go: collecting garbage takes a fifth of their time, and few need so much memory.
process.env.GOGC ??= 'off';
process.env.GOMEMLIMIT ??= '1GiB';

const wanted = process.argv.slice(2);
const chosen = (name) => wanted.length === 0 || wanted.includes(name);

/** @param {string[]} files @param {NodeJS.ProcessEnv} env */
async function javascript(files, env) {
  const needs = new Set(files.flatMap((file) => suiteOf(file).needs));
  const shared = [];
  try {
    if (needs.has('emulator')) {
      const nursery = await startEmulatorNursery();
      shared.push(nursery);
      env.KMSEAL_EMULATOR_NURSERY = nursery.folder;
    }
    if (needs.has('browsers')) {
      const pool = await startBrowserPool();
      shared.push(pool);
      env.KMSEAL_BROWSER_POOL = pool.address;
    }
    // The SDK functions that we use support Node 20; its yearly reminder does not belong in a test's output.
    env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    const program = path.join(ROOT, 'scripts/test-files.mjs');
    await show(process.execPath, [HEAP, program, String(AT_ONCE), ...longestFirst(files)], env);
  } finally {
    for (const one of shared) await one.stop();
  }
}

forgetFailures();
try {
  const found = (await javascriptTests(wanted)).filter((file) => !file.startsWith('tests/consumers/'));
  const orphans = found.filter((file) => !suiteOf(file));
  if (orphans.length > 0) throw new Error(`scripts/suites.mjs does not say what these need: ${orphans.join(', ')}`);
  const lacking = new Map(found.map((file) => [file, suiteOf(file).lacks?.()]));
  const files = found.filter((file) => !lacking.get(file));
  const suites = [...['wasm', 'lint'].filter(chosen).map((name) => SUITES[name]), ...files.map(suiteOf)];
  if (suites.length === 0 && !chosen('rust')) throw new Error(`no test is called ${wanted.join(' or ')}`);

  // Cargo compiles while the rest is fetched, and tests the core while the JavaScript tests wait for browsers.
  const needed = new Set(suites.flatMap(({ needs }) => needs));
  const ready = setup(needed);
  const compiles = ['rust', 'command', 'wasm'].some((need) => needed.has(need) || chosen(need));
  const taken = compiles ? takeCompiled() : undefined;
  const command = needed.has('command') ? taken?.then(() => buildCommand(showTogether, process.env)) : undefined;
  const run = files.length > 0 ? showTogether : show;
  const dist = (async () => {
    await ready;
    await taken;
    if (!needed.has('npm') || !needed.has('wasm')) return;
    // Only now, since the build needs node_modules.
    const { build } = await import('./build.mjs');
    await takeShrunk();
    await build();
    await keepShrunk();
  })();
  const cargo = async () => {
    const isNew = await taken;
    await command;
    if (chosen('rust')) await testRust(run);
    if (chosen('wasm')) await testWasm(run, (await ready).env);
    // Only when all is there, since nothing is added later.
    if (!isNew || wanted.length > 0) return;
    await dist;
    await keepCompiled();
  };
  const scripts = async () => {
    await dist;
    const { env } = await ready;
    await command;
    await all([chosen('lint') && lint(run), files.length > 0 && javascript(files, env)]);
  };
  await all([cargo(), scripts()]);
  for (const lack of new Set([...lacking.values()].filter(Boolean))) {
    const left = found.filter((file) => lacking.get(file) === lack);
    console.log(`\nleft out, since they need ${lack}: ${left.join(', ')}`);
  }
  if (files.some((file) => suiteOf(file).needs.includes('browsers'))) {
    if (ANY_ENGINE.length < BROWSERS.length)
      console.log(`\nin ${ANY_ENGINE} only: what any engine passes alike. BROWSERS=${BROWSERS} runs it in each`);
    if (BROWSERS.length < 3)
      console.log(`\nleft out: all browsers but ${BROWSERS.join(' and ')}, by the variable BROWSERS or on this system`);
  }
} catch (error) {
  console.error(`test: ${error.message}`);
  process.exitCode = 1;
} finally {
  tellFailures();
}

/** Waits until all have ended, so that none is cut short, and then fails with what failed. */
async function all(parts) {
  const failed = (await Promise.allSettled(parts)).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason.message] : [],
  );
  if (failed.length > 0) throw new Error([...new Set(failed)].join('\n'));
}
