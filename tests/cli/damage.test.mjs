// Envelopes that were cut off, altered or appended to, and disks that fill up midway: nothing partial stays.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, endOf, runCommand, startCommand } from './command.mjs';
import { framePlaces, readHeader } from '../support/message.mjs';
import { buildPreload } from './preload/preload.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_000_000);

let setting;
let folder;
let envelope;
let frames;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  envelope = await setting.succeeds(['seal', '--key', 'key.json', '--frame-length', '65536', '-'], {
    input: PLAINTEXT,
  });
  frames = framePlaces(envelope);
});
after(() => setting?.close());

const flipped = (at) => {
  const bytes = Buffer.from(envelope);
  bytes[at] ^= 1;
  return bytes;
};

/** It does not open, as a file or on standard output, and the released part is a prefix of the plaintext. */
async function refused(bytes, line) {
  folder.write('damaged.kmseal', bytes);
  const before = folder.list();
  await setting.fails(['open', '--key-id', setting.key.KeyId, 'damaged.kmseal'], 3, line);
  assert.deepEqual(folder.list(), before);
  const { stdout } = await setting.fails(['open', '--key-id', setting.key.KeyId, '-'], 3, line, { input: bytes });
  assert.ok(
    stdout.length < PLAINTEXT.length && stdout.equals(PLAINTEXT.subarray(0, stdout.length)),
    `${stdout.length} bytes`,
  );
  folder.write('whole.kmseal', bytes);
  await setting.fails(['reseal', '--key', 'key.json', '--force', 'whole.kmseal'], 3, line);
  assert.ok(folder.read('whole.kmseal').equals(bytes), 'the envelope is as it was');
}

describe('damaged envelopes', () => {
  test('open refuses an envelope that is cut off', async () => {
    const [last] = frames.slice(-1);
    for (const length of [
      0,
      1,
      100,
      readHeader(envelope).length,
      frames[3][0],
      frames[3][0] + 30,
      last[0],
      envelope.length - 1,
    ]) {
      await refused(envelope.subarray(0, length), /ERR_TRUNCATED/);
    }
  });

  test('open refuses an envelope that is altered', async () => {
    const { places } = readHeader(envelope);
    for (const name of ['message id', 'commit key', 'header tag']) {
      await refused(flipped(places[name][0]), /ERR_AUTHENTICATION/);
    }
    const last = frames.at(-1);
    for (const at of [frames[0][0] + 16, frames[7][1] - 1, last[0] + 24, last[1] - 1]) {
      await refused(flipped(at), /frame \d+ does not authenticate.*ERR_AUTHENTICATION/);
    }
    await refused(flipped(0), /ERR_ENVELOPE_INVALID/);
    await refused(flipped(frames[2][0] + 3), /out of order.*ERR_ENVELOPE_INVALID/);
  });

  test('open refuses an envelope that is appended to', () =>
    refused(Buffer.concat([envelope, Buffer.of(0)]), /ERR_ENVELOPE_INVALID/));

  test('open refuses a file that was never an envelope', () =>
    refused(Buffer.from('{"some": "json"}'), /not an envelope/));
});

test('a file that exceeds a limit is refused unless the limit is raised', async () => {
  const frame = ['seal', '--key', 'key.json', '--frame-length', '65536', '-'];
  folder.write('limits.kmseal', await setting.succeeds(frame, { input: 'x' }));
  const open = ['open', '-o', '-', 'limits.kmseal', '--max-frame-length'];
  await setting.fails([...open, '65535'], 3, /--max-frame-length.*ERR_ENVELOPE_UNSUPPORTED/);
  assert.equal((await setting.succeeds([...open, '65536'])).toString(), 'x');
  await setting.fails(['open', '--max-encrypted-data-keys', '0', 'limits.kmseal'], 3, /--max-encrypted-data-keys/);
});

test('open opens the good ones of many files, and the exit status is that of the first bad one', async () => {
  folder.write('1.kmseal', envelope);
  folder.write('2.kmseal', envelope.subarray(0, 5000));
  folder.write('3.kmseal', 'none');
  folder.write('4.kmseal', envelope);
  const { status, stderr } = await setting.run([
    'open',
    '--quiet',
    '1.kmseal',
    '2.kmseal',
    '3.kmseal',
    '4.kmseal',
    'missing.kmseal',
  ]);
  assert.equal(status, 3);
  assert.match(
    stderr,
    /^kmseal: 2\.kmseal: [^\n]*\nkmseal: 3\.kmseal: [^\n]*\nkmseal: missing\.kmseal: No such file[^\n]*\n$/,
  );
  for (const name of ['1', '4']) assert.ok(folder.read(name).equals(PLAINTEXT));
  assert.deepEqual(
    folder.list().filter((name) => ['2', '3'].includes(name) || name.startsWith('.kmseal-')),
    [],
  );
});

describe('failures midway', () => {
  const unfinished = () => readdirSync(folder.root).filter((name) => name.startsWith('.kmseal-'));

  test('a SIGHUP that nohup ignores does not stop the command midway', async () => {
    const args = ['-c', 'trap "" HUP; exec "$0" "$@"', KMSEAL, 'seal', '--key', 'key.json', '--output', 'nohup', '-'];
    const { env, reached } = buildPreload(folder).pausing('write', '(deleted)', 1);
    const child = startCommand(folder, { ...setting.env, ...env }, args, 'sh');
    const end = endOf(child);
    child.stdin.write('abc');
    const pause = await reached(end);
    child.kill('SIGHUP');
    await pause.close();
    child.stdin.end();
    assert.equal((await end).status, 0);
    assert.equal((await setting.succeeds(['open', '--output', '-', 'nohup'])).toString(), 'abc');
  });

  test('a full disk or a file size limit midway leaves no file behind', async () => {
    folder.write('large', PLAINTEXT);
    // Blocks of 512 bytes (POSIX, ulimit): a process that ignores SIGXFSZ gets an error for the first one that does not fit.
    const limited = (...args) =>
      runCommand(folder, setting.env, ['-c', 'ulimit -f 1000; exec "$0" "$@"', KMSEAL, ...args], { program: 'sh' });
    const { status, stderr } = await limited('seal', '--key', 'key.json', 'large');
    assert.deepEqual(
      { status, isExplained: /large: writing large\.kmseal: File too large/.test(stderr) },
      { status: 1, isExplained: true },
      stderr,
    );
    const full = ['-c', 'exec "$0" "$@" > /dev/full', KMSEAL, 'seal', '--key', 'key.json', '--output', '-', 'large'];
    const end = await runCommand(folder, setting.env, full, { program: 'sh' });
    assert.deepEqual(
      { status: end.status, isExplained: /No space left.*free some space/.test(end.stderr) },
      { status: 1, isExplained: true },
      end.stderr,
    );
    assert.deepEqual(unfinished(), []);
    assert.ok(!folder.list().includes('large.kmseal'));
  });
});
