// What the machine does not give: a standard error that takes nothing, threads, the end of a key's file.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sample } from '../support/bytes.mjs';
import { KMSEAL, runCommand } from '../support/command.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_500_000);
/** More than any machine has, so that no thread with a stack of that many bytes can start. */
const NO_THREADS = { RUST_MIN_STACK: `${2 ** 46}` };

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  folder.write('plain', PLAINTEXT);
  await setting.succeeds(['seal', '--key', 'key.json', 'plain']);
});
after(() => setting?.close());

test('errors and notes that nobody can read stop nothing', async () => {
  const args = ['-c', 'exec "$0" "$@" 2> /dev/full', KMSEAL, 'open', '--force', 'missing.kmseal', 'plain.kmseal'];
  folder.write('plain', 'to be replaced');
  const { status, signal } = await runCommand(folder, setting.env, args, { program: 'sh' });
  assert.deepEqual([status, signal], [1, null]);
  assert.ok(folder.read('plain').equals(PLAINTEXT));
});

test('without threads one does it all, and reseal says that it cannot', async () => {
  const envelope = await setting.succeeds(['seal', '--key', 'key.json', '-'], { input: PLAINTEXT, env: NO_THREADS });
  const opened = await setting.succeeds(['open', '-'], { input: envelope, env: NO_THREADS });
  assert.ok(opened.equals(PLAINTEXT));
  const before = folder.read('plain.kmseal');
  await setting.fails(['reseal', '--key', 'key.json', '--force', 'plain.kmseal'], 1, /^kmseal: plain\.kmseal: /, { env: NO_THREADS });
  assert.ok(folder.read('plain.kmseal').equals(before));
});

test('a key without an end is no key', async () => {
  await setting.fails(['seal', '--key', '/dev/zero', 'plain'], 6, /\/dev\/zero: .*ERR_KEY_INVALID/);
});
