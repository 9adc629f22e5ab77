// What Node prints of an error that nobody catches: its own name, what is wrong and what to do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

/** What a program prints before it ends with this error. */
function uncaught(program, ...options) {
  const args = [...options, '--input-type=module', '--eval', program];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 1, stderr);
  return stderr;
}

test('an error that nobody catches is printed under its own name, with its code', () => {
  const printed = uncaught("import { inspect } from 'kmseal'; await inspect(new Uint8Array([7, 7, 7]));");
  assert.match(printed, /^KmsealError: this is not an envelope/m);
  assert.match(printed, /code: 'ERR_ENVELOPE_INVALID'/);
});

test('Node without WebAssembly says how to start it', () => {
  const printed = uncaught("import { load } from 'kmseal'; await load();", '--jitless');
  assert.match(printed, /^KmsealError: WebAssembly is off here; .* start Node without --jitless$/m);
  assert.match(printed, /code: 'ERR_LOAD'/);
});
