// npm run test:interop: all tests against AWS's Encryption SDKs, also those against the Rust one, whose first build takes minutes. The
// others are among `npm test`, too.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { javascriptTests } from '../tools/javascript-tests.mjs';
import { ROOT, show } from '../tools/run.mjs';
import { rustEsdk } from '../tools/rust-esdk.mjs';
import { buildCommand } from '../tools/rust-tests.mjs';
import { forgetShellSettings } from '../tools/shell-settings.mjs';
import { build } from './build.mjs';
import { setup } from './setup.mjs';
import { suiteOf } from './suites.mjs';

const RUST = 'tests/interop/rust-esdk';

forgetShellSettings();
try {
  const found = await javascriptTests(['tests/interop/']);
  const files = found.filter((file) => !suiteOf(file).lacks?.());
  // The Rust SDK's need what those of Python do.
  const { env } = await setup(new Set(files.flatMap((file) => suiteOf(file).needs)));
  await rustEsdk();
  await build();
  await buildCommand(show, env);
  const rust = readdirSync(path.join(ROOT, RUST)).filter((file) => file.endsWith('.mjs'));
  const all = [...files, ...rust.map((file) => path.join(RUST, file))];
  env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  await show(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=2', ...all], env);
  for (const file of found.filter((one) => !files.includes(one)))
    console.log(`\nleft out, since it needs ${suiteOf(file).lacks()}: ${file}`);
} catch (error) {
  console.error(`test:interop: ${error.message}`);
  process.exitCode = 1;
}
