// Packs the command, which was built, into target/command/: an archive with its manual pages and completions, and npm packages.
//
//     node scripts/command.mjs x86_64-unknown-linux-musl    of one target, from target/x86_64-unknown-linux-musl/release
//     node scripts/command.mjs npm                          kmseal-cli, which starts the program of its platform
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { TARGETS, packArchive, packLauncher, packPlatform } from '../tools/command-packages.mjs';
import { ROOT } from '../tools/run.mjs';

const TO = path.join(ROOT, 'target', 'command');
const [what] = process.argv.slice(2);
mkdirSync(TO, { recursive: true });
if (what === 'npm') {
  console.log(packLauncher(TO));
} else if (what in TARGETS) {
  const program = path.join(ROOT, 'target', what, 'release', what.includes('windows') ? 'kmseal.exe' : 'kmseal');
  console.log(packArchive(what, program, TO));
  if (TARGETS[what]) console.log(packPlatform(what, program, TO));
} else {
  console.error(`command: name a target, or npm: ${Object.keys(TARGETS).join(', ')}`);
  process.exitCode = 2;
}
