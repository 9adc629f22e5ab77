// Sets up and runs every test.
//
//     npm test                    everything
//     npm test -- rust wasm       the core's tests, and the web edge's in Chromium and Firefox
//     npm test -- tests/browser   the JavaScript tests whose path contains one of the words
//
// What takes minutes to install or build (Angular, Next.js, ...) lies in tests/consumers and has a command of its own:
// `npm run test:consumers`.
import { build } from './build.mjs';
import { browserPrograms } from './lib/browsers.mjs';
import { javascriptTests } from './lib/javascript-tests.mjs';
import { show } from './lib/run.mjs';
import { WASM_TARGET } from './lib/rust.mjs';
import { setup } from './setup.mjs';

const wanted = process.argv.slice(2);
const chosen = (name) => wanted.length === 0 || wanted.includes(name);

async function rust(env) {
  await show('cargo', ['fmt', '--all', '--check'], env);
  await show('cargo', ['clippy', '--all-targets', '--', '--deny', 'warnings'], env);
  await show('cargo', ['test'], env);
}

/** wasm-bindgen-test, in two browsers. With both drivers in the environment it would take Firefox twice. */
async function wasm(env) {
  await show('cargo', ['clippy', '--package', 'kmseal-wasm', '--target', WASM_TARGET, '--', '--deny', 'warnings'], env);
  const common = ['test', '--headless', '--mode', 'no-install'];
  const chromium = (await browserPrograms('chromium')).driver;
  const firefox = (await browserPrograms('firefox')).driver;
  await show('wasm-pack', [...common, '--chrome', '--chromedriver', chromium, 'wasm'], env);
  await show('wasm-pack', [...common, '--firefox', '--geckodriver', firefox, 'wasm'], env);
}

async function javascript(env) {
  const files = (await javascriptTests(wanted)).filter((file) => !file.startsWith('tests/consumers/'));
  if (files.length === 0) return;
  await build();
  await show('cargo', ['build', '--package', 'kmseal-cli'], env);
  await show(process.execPath, ['--test', '--test-concurrency=2', ...files], env);
}

try {
  const tools = { emulator: true, faults: true, python: true, consumers: true, checks: true, shells: true, serving: true };
  const { env } = await setup({ npm: true, rust: true, browsers: true, ...tools });
  // Node 20 is supported by what we use of the SDK; its yearly reminder is not a test's output.
  env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  if (chosen('rust')) await rust(env);
  if (chosen('wasm')) await wasm(env);
  await javascript(env);
} catch (error) {
  console.error(`test: ${error.message}`);
  process.exitCode = 1;
}
