// npm run test:interop: the tests against AWS's Rust Encryption SDK, whose first build takes minutes. Those against the Python
// one are among `npm test`.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { ROOT, show } from './lib/run.mjs';
import { rustEsdk } from './lib/rust-esdk.mjs';
import { setup } from './setup.mjs';

const FOLDER = 'tests/interop/rust-esdk';

try {
  const { env } = await setup({ npm: true, rust: true, browsers: true, emulator: true });
  await rustEsdk();
  await build();
  await show('cargo', ['build', '--package', 'kmseal-cli'], env);
  const files = readdirSync(path.join(ROOT, FOLDER)).filter((file) => file.endsWith('.mjs')).map((file) => path.join(FOLDER, file));
  await show(process.execPath, ['--test', ...files], env);
} catch (error) {
  console.error(`test:interop: ${error.message}`);
  process.exitCode = 1;
}
