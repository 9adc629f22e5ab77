// What the machine offers and what it lacks: cores and threads, a standard error that accepts nothing, the end of a key's file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, endOf, runCommand } from './command.mjs';
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

/** The number of the command's threads while it works on this standard input, which continues later. */
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

test('the command uses all cores for one file', async () => {
  // One more waits for signals.
  const least = availableParallelism() + 1;
  const envelope = folder.read('plain.kmseal');
  for (const [args, input] of [
    [['seal', '--key', 'key.json', '-'], PLAINTEXT],
    [['open', '-'], envelope.subarray(0, 1_000_000)],
  ]) {
    const threads = await threadsOf(args, input, least);
    assert.ok(threads >= least, `${args[0]}: ${threads} threads`);
  }
});

test('the command does not stop if nobody can read its errors and notes', async () => {
  const args = ['-c', 'exec "$0" "$@" 2> /dev/full', KMSEAL, 'open', '--force', 'missing.kmseal', 'plain.kmseal'];
  folder.write('plain', 'to be replaced');
  const { status, signal } = await runCommand(folder, setting.env, args, { program: 'sh' });
  assert.deepEqual({ status, signal }, { status: 1, signal: null });
  assert.ok(folder.read('plain').equals(PLAINTEXT));
});

test('the command works in a single thread if it cannot start more, except reseal, which says so', async () => {
  const envelope = await setting.succeeds(['seal', '--key', 'key.json', '-'], { input: PLAINTEXT, env: NO_THREADS });
  const opened = await setting.succeeds(['open', '-'], { input: envelope, env: NO_THREADS });
  assert.ok(opened.equals(PLAINTEXT));
  const before = folder.read('plain.kmseal');
  await setting.fails(['reseal', '--key', 'key.json', '--force', 'plain.kmseal'], 1, /^kmseal: plain\.kmseal: /, {
    env: NO_THREADS,
  });
  assert.ok(folder.read('plain.kmseal').equals(before));
});

test('a key file without an end is refused', async () => {
  await setting.fails(['seal', '--key', '/dev/zero', 'plain'], 6, /\/dev\/zero: .*ERR_KEY_INVALID/);
});
