// Tests the package in other people's frameworks that take minutes to install or build (tests/consumers).
//
//     npm run test:consumers              all of them
//     npm run test:consumers -- angular   those whose path contains one of the words
import { build } from './build.mjs';
import { javascriptTests } from './lib/javascript-tests.mjs';
import { show } from './lib/run.mjs';
import { setup } from './setup.mjs';

try {
  const tests = (await javascriptTests(process.argv.slice(2))).filter((file) => file.startsWith('tests/consumers/'));
  if (tests.length === 0) throw new Error('no test in tests/consumers has a path with these words');
  const { env } = await setup({ npm: true, rust: true, browsers: true, emulator: true });
  await build();
  await show(process.execPath, ['--test', '--test-concurrency=2', ...tests], env);
} catch (error) {
  console.error(`test:consumers: ${error.message}`);
  process.exitCode = 1;
}
