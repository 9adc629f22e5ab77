// npm run mutants: alters the core in one place after another and lists the alterations that no test notices. What is
// left out, and why, is in .cargo/mutants.toml.
//
//     npm run mutants                     the whole core (hours)
//     npm run mutants -- src/frame.rs     these files
import path from 'node:path';
import { parseArgs } from 'node:util';
import { show } from '../tools/run.mjs';
import { cargoMutants } from '../tools/rust.mjs';

try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const files = (positionals.length > 0 ? positionals : ['src/*.rs']).flatMap((file) => ['--file', file]);
  const PATH = [await cargoMutants(), process.env.PATH].join(path.delimiter);
  await show('cargo', ['mutants', '--package', 'kmseal', '--no-shuffle', ...files], { ...process.env, PATH });
} catch (error) {
  console.error(`mutants: ${error.message}`);
  process.exitCode = 1;
}
