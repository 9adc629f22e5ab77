// The command compiles and links for Windows, with what can be had on Linux. It is not run: what only Windows shows is not tried.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { needDebian } from '../../tools/debian.mjs';
import { ROOT, run, which } from '../../tools/run.mjs';
import { rustTarget } from '../../tools/rust.mjs';

const TARGET = 'x86_64-pc-windows-gnu';

test('the command compiles for Windows without a warning, and links', async () => {
  await rustTarget(TARGET);
  // The C compiler of AWS-LC, and the linker.
  if (!which('x86_64-w64-mingw32-gcc')) await needDebian(['gcc-mingw-w64-x86-64']);
  await run('cargo', ['build', '--locked', '--package', 'kmseal-cli', '--target', TARGET], {
    env: { ...process.env, RUSTFLAGS: '--deny warnings' },
  });
  const program = path.join(ROOT, 'target', TARGET, 'debug', 'kmseal.exe');
  assert.ok(existsSync(program));
  assert.equal(readFileSync(program).subarray(0, 2).toString('latin1'), 'MZ');
});
