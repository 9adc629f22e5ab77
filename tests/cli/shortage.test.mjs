// What the machine gives and what not: cores and threads, a standard error that takes nothing, the end of a key's file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sample } from '../support/bytes.mjs';
import { KMSEAL, endOf, runCommand } from '../support/command.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_500_000);
/** More than any machine has, so that no thread with a stack of that many bytes can start. */
const NO_THREADS = { RUST_MIN_STACK: `${2n ** 60n}` };

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  folder.write('plain', PLAINTEXT);
  await setting.succeeds(['seal', '--key', 'key.json', 'plain']);
});
after(() => setting?.close());

/** The threads of the command while it works on this standard input, of which more is to come; at the latest after ten seconds. */
async function threadsOf(args, input, enough) {
  const child = setting.start(args);
  const end = endOf(child);
  child.stdin.write(input);
  let most = 0;
  for (let tries = 0; most < enough && tries < 400; tries += 1) {
    most = Math.max(most, Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]));
    await sleep(25);
  }
  child.kill();
  await end;
  return most;
}

test('all cores work on one file', async () => {
  // And one that waits for signals.
  const least = availableParallelism() + 1;
  const envelope = folder.read('plain.kmseal');
  for (const [args, input] of [[['seal', '--key', 'key.json', '-'], PLAINTEXT], [['open', '-'], envelope.subarray(0, 1_000_000)]]) {
    const threads = await threadsOf(args, input, least);
    assert.ok(threads >= least, `${args[0]}: ${threads} threads`);
  }
});

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
