// Tests the package in third-party bundlers, runtimes and frameworks, which take minutes to install or build (tests/consumers).
//
//     npm run test:consumers              all of them
//     npm run test:consumers -- angular   those whose path contains one of the words
import { build } from './build.mjs';
import { forgetFailures, tellFailures } from '../tools/failures.mjs';
import { javascriptTests } from '../tools/javascript-tests.mjs';
import { show } from '../tools/run.mjs';
import { forgetShellSettings } from '../tools/shell-settings.mjs';
import { PACKAGE, setup } from './setup.mjs';

forgetShellSettings();
forgetFailures();
try {
  const tests = (await javascriptTests(process.argv.slice(2))).filter((file) => file.startsWith('tests/consumers/'));
  if (tests.length === 0) throw new Error('no test in tests/consumers has a path with these words');
  const { env } = await setup([...PACKAGE, 'browsers', 'geckodriver', 'emulator', 'consumers']);
  await build();
  await show(process.execPath, ['scripts/test-files.mjs', '2', ...tests], env);
} catch (error) {
  console.error(`test:consumers: ${error.message}`);
  process.exitCode = 1;
} finally {
  tellFailures();
}
