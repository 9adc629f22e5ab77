// Disks that fail late: a file that is not safely written never counts as done, and nothing stays that looks complete.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, runCommand } from './command.mjs';
import { buildPreload } from './preload/preload.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(600_000);
/** The path of a file without a name, as /proc shows it; and of one that will replace another. */
const UNNAMED = '(deleted)';
const TEMPORARY = '/.kmseal-';

let setting;
let folder;
let preload;
let envelope;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  preload = buildPreload(folder);
  folder.write('plain', PLAINTEXT);
  envelope = await setting.succeeds(['seal', '--key', 'key.json', '-'], { input: PLAINTEXT });
  folder.write('sealed.kmseal', envelope);
});
after(() => setting?.close());

const COMMANDS = {
  seal: { args: ['seal', '--key', 'key.json'], input: 'plain' },
  open: { args: ['open'], input: 'sealed.kmseal' },
  reseal: { args: ['reseal', '--key', 'key.json'], input: 'sealed.kmseal' },
};

for (const [name, { args, input }] of Object.entries(COMMANDS)) {
  describe(`${name}, when the disk fails`, () => {
    for (const [call, error] of [
      ['write', 'EIO'],
      ['fsync', 'ENOSPC'],
      ['fsync', 'EIO'],
      ['close', 'ENOSPC'],
      ['close', 'EDQUOT'],
      ['linkat', 'EIO'],
    ]) {
      test(`${name} leaves nothing new if ${call} of a new file gives ${error}`, async () => {
        const before = folder.list();
        const env = preload.failing(call, call === 'linkat' ? 'result' : UNNAMED, error);
        await setting.fails([...args, '--output', 'result', input], 1, /writing .*result: |os error/, { env });
        assert.deepEqual(folder.list(), before);
      });
    }

    for (const [call, error] of [
      ['write', 'EIO'],
      ['fsync', 'ENOSPC'],
      ['close', 'ENOSPC'],
      ['renameat2', 'EIO'],
    ]) {
      test(`${name} leaves nothing new if ${call} of a file that replaces another gives ${error}`, async () => {
        folder.write('replaced', 'was here');
        const before = folder.list();
        const env = preload.failing(call, call === 'renameat2' ? 'replaced' : TEMPORARY, error);
        await setting.fails([...args, '--force', '--output', 'replaced', input], 1, /os error/, { env });
        assert.deepEqual(folder.list(), before);
        assert.equal(folder.read('replaced').toString(), 'was here');
      });
    }

    for (const [call, error] of [
      ['fsync', 'EIO'],
      ['close', 'ENOSPC'],
    ]) {
      test(`${name} reports that ${call} of standard output gives ${error}`, async () => {
        const shell = ['-c', 'exec "$0" "$@" > redirected', KMSEAL, ...args, '--quiet', '--output', '-', input];
        const env = { ...setting.env, ...preload.failing(call, '/redirected', error) };
        const { status, stderr } = await runCommand(folder, env, shell, { program: 'sh' });
        assert.equal(status, 1, stderr);
        assert.match(stderr, /^kmseal: standard output: [^\n]*os error[^\n]*\n$/);
      });
    }
  });
}

describe('on a file system where every file has a name, a new file', () => {
  test('a new file appears complete and readable by its owner only', async () => {
    await setting.succeeds(['open', '--output', 'named', 'sealed.kmseal'], { env: preload.named });
    assert.ok(folder.read('named').equals(PLAINTEXT));
    assert.equal(folder.mode('named'), 0o600);
    await setting.fails(['open', '--output', 'named', 'sealed.kmseal'], 1, /exists; --force/, { env: preload.named });
  });

  test('a new file does not appear if the disk fails', async () => {
    const before = folder.list();
    for (const [call, error] of [
      ['write', 'EIO'],
      ['fsync', 'ENOSPC'],
      ['close', 'ENOSPC'],
    ]) {
      const env = { ...preload.failing(call, TEMPORARY, error), ...preload.named };
      await setting.fails(['open', '--output', 'never', 'sealed.kmseal'], 1, /os error/, { env });
      assert.deepEqual(folder.list(), before);
    }
  });
});

test('the folder is synced after the rename, and a new file is removed if that fails', async () => {
  folder.write('synced', 'to be replaced');
  // The first fsync is the file's own.
  const env = preload.failing('fsync', folder.root, 'EIO', 2);
  await setting.fails(['open', '--output', 'unsynced', 'sealed.kmseal'], 1, /writing unsynced: .*os error/, { env });
  assert.ok(!folder.list().includes('unsynced'));
  await setting.fails(
    ['open', '--force', '--output', 'synced', 'sealed.kmseal'],
    1,
    /the old file may come back after a power failure/,
    { env },
  );
  assert.ok(folder.read('synced').equals(PLAINTEXT));
});

test('a file system without fsync, and an interrupted fsync, are not faults', async () => {
  for (const [call, error, nth] of [
    ['fsync', 'EINVAL'],
    ['fsync', 'EINTR', 1],
    ['close', 'EINTR'],
  ]) {
    const env = preload.failing(call, UNNAMED, error, nth);
    await setting.succeeds(['open', '--output', `${call}-${error}`, 'sealed.kmseal'], { env });
    assert.ok(folder.read(`${call}-${error}`).equals(PLAINTEXT));
    const redirected = { ...setting.env, ...preload.failing(call, '/redirected', error, nth) };
    const shell = ['-c', 'exec "$0" "$@" > redirected', KMSEAL, 'inspect', 'sealed.kmseal'];
    const { status, stderr } = await runCommand(folder, redirected, shell, { program: 'sh' });
    assert.equal(status, 0, stderr);
  }
});

test('a disk fault of one file is reported, and the other files are written', async () => {
  for (const name of ['one', 'two', 'three']) folder.write(name, name);
  const env = preload.failing('fsync', UNNAMED, 'ENOSPC', 2);
  const end = await setting.run(['seal', '--key', 'key.json', 'one', 'two', 'three'], { env });
  assert.equal(end.status, 1);
  assert.match(end.stderr, /^kmseal: two: [^\n]*No space left[^\n]*\n$/);
  const written = ['one', 'two', 'three'].filter((name) => folder.list().includes(`${name}.kmseal`));
  assert.deepEqual(written, ['one', 'three']);
});

test('key, inspect, completions, help and version fail if they cannot write their output', async () => {
  const lines = [
    ['key', 'alias/uploads'],
    ['inspect', 'sealed.kmseal'],
    ['inspect', '--json', 'sealed.kmseal'],
    ['completions', 'bash'],
    ['--help'],
    ['--version'],
  ];
  for (const args of lines) {
    for (const redirection of ['> /dev/full', '>&-', '1< key.json']) {
      const shell = ['-c', `exec "$0" "$@" ${redirection}`, KMSEAL, ...args];
      const { status, stderr } = await runCommand(folder, setting.env, shell, { program: 'sh' });
      assert.equal(status, 1, `${args} ${redirection}`);
      assert.match(stderr, /^kmseal: standard output: /m);
    }
    const shell = ['-c', 'exec "$0" "$@" > redirected', KMSEAL, ...args];
    const env = { ...setting.env, ...preload.failing('close', '/redirected', 'EIO') };
    assert.equal((await runCommand(folder, env, shell, { program: 'sh' })).status, 1, `${args}: close`);
  }
});
