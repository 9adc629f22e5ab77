// The command that the tests start: a copy of the one that Cargo has built.
//
// Clippy puts another one in that one's place while the tests run. And the system maps a copy in larger pieces than what a linker has written: on
// ext4 that saves a fifth of the processor time of each start. The tests start it 1,400 times.
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** The folder that it is in, for PATH. */
export const TESTED_FOLDER = path.join(ROOT, 'target/tested');
export const TESTED_COMMAND = path.join(TESTED_FOLDER, 'kmseal');

/** Copies the command once it is built. Another run may be using the old copy. */
export function copyCommand() {
  mkdirSync(TESTED_FOLDER, { recursive: true });
  copyFileSync(path.join(ROOT, 'target/debug/kmseal'), `${TESTED_COMMAND}.new`);
  renameSync(`${TESTED_COMMAND}.new`, TESTED_COMMAND);
}
