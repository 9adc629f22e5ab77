#!/usr/bin/env node
// Starts the program of this platform's package, and ends as it does.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createRequire } from 'node:module';

const name = `@kmseal/cli-${process.platform}-${process.arch}`;
const program = process.platform === 'win32' ? 'kmseal.exe' : 'kmseal';

function find() {
  try {
    return createRequire(import.meta.url).resolve(`${name}/${program}`);
  } catch {
    console.error(
      `kmseal: the package ${name} is missing; install kmseal-cli again without --omit=optional, or build it: cargo install kmseal-cli`,
    );
    process.exit(1);
  }
}

const child = spawn(find(), process.argv.slice(2), { stdio: 'inherit' });
// What is sent to this process alone is handed on. Ctrl-C reaches both, and a second signal changes nothing: the program cleans up and ends
// first. On Windows kill() would not let it clean up.
const handOn = (signal) => (signal === 'SIGINT' && process.platform === 'win32') || child.kill(signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
child.on('error', (error) => {
  console.error(`kmseal: ${error.message}`);
  process.exitCode = 1;
});
child.on('close', (status, signal) => {
  process.exitCode = status ?? 128 + constants.signals[signal];
});
