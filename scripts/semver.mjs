// npm run semver: whether the crate `kmseal` has changed since its last release in a way that its version does not show (cargo-semver-checks).
import path from 'node:path';
import { parseArgs } from 'node:util';
import { read, show } from '../tools/run.mjs';
import { cargoSemverChecks, rustToolchain } from '../tools/rust.mjs';

try {
  // A commit to compare with instead, as `npm run semver -- HEAD~3`.
  const {
    positionals: [given],
  } = parseArgs({ allowPositionals: true });
  const released = read('git', [
    'tag',
    '--list',
    'v*',
    '--merged',
    'HEAD',
    '--no-contains',
    'HEAD',
    '--sort=-version:refname',
  ])?.split('\n')[0];
  const baseline = given ?? released;
  if (!baseline) {
    console.log('semver: there is no release yet to compare with');
  } else {
    rustToolchain();
    const PATH = [await cargoSemverChecks(), process.env.PATH].join(path.delimiter);
    await show('cargo', ['semver-checks', '--package', 'kmseal', '--all-features', '--baseline-rev', baseline], {
      ...process.env,
      PATH,
    });
  }
} catch (error) {
  console.error(`semver: ${error.message}`);
  process.exitCode = 1;
}
