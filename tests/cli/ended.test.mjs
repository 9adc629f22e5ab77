// A command that is ended midway, by any signal or by lack of memory, leaves no plaintext behind.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, endOf, runCommand, startCommand } from './command.mjs';
import { framePlaces } from '../support/message.mjs';
import { buildPreload } from './preload/preload.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_000_000);
const COMMANDS = { seal: ['seal', '--key', 'key.json'], open: ['open'], reseal: ['reseal', '--key', 'key.json'] };
/** Signals that end a process by default and can be caught, by number where Node has no name. */
const SIGNALS = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTRAP',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGXCPU',
  'SIGVTALRM',
  'SIGPROF',
  'SIGSYS',
  'SIGIO',
  'SIGPWR',
  34,
  64,
];

let setting;
let folder;
let preload;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  preload = buildPreload(folder);
  folder.write('plain', PLAINTEXT);
  await setting.succeeds(['seal', '--key', 'key.json', 'plain']);
});
after(() => setting?.close());

/** Starts the command on its first file, and waits until something is written; more input follows. */
async function midway(name, { force, named = false, starter = [] }) {
  const envelope = folder.read('plain.kmseal');
  const part = name === 'seal' ? PLAINTEXT : envelope.subarray(0, framePlaces(envelope).at(-1)[0] + 10);
  const { env, reached } = preload.pausing('write', force || named ? '/.kmseal-' : '(deleted)', 1);
  const args = [...COMMANDS[name], ...(force ? ['--force'] : []), '--output', 'stopped', '-'];
  // The limit on core dumps is lifted, so that only the command itself can prevent them.
  const child = startCommand(
    folder,
    { ...setting.env, ...env, ...(named && preload.named) },
    ['-c', 'ulimit -S -c $(ulimit -H -c); exec "$0" "$@"', ...starter, KMSEAL, ...args],
    'sh',
  );
  const end = endOf(child);
  child.stdin.write(part);
  const pause = await reached(end);
  return { child, end, pause };
}

for (const name of Object.keys(COMMANDS)) {
  describe(`${name} that is ended midway`, () => {
    // All signals are handled alike; open has the plaintext.
    for (const signal of name === 'open' ? SIGNALS : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGXCPU']) {
      test(`${signal} leaves no part of what ${name} has begun`, async () => {
        for (const force of [false, true]) {
          if (force) folder.write('stopped', 'was here');
          const before = folder.list();
          const { child, end, pause } = await midway(name, { force });
          const during = folder.list().filter((file) => file.startsWith('.kmseal-'));
          assert.equal(during.length, force ? 1 : 0);
          for (const file of during) assert.equal(folder.mode(file), 0o600);
          process.kill(child.pid, signal);
          const { status, signal: ended } = await end;
          await pause.close();
          assert.ok(ended !== null || status > 128, `status ${status}`);
          if (!['SIGIO', 'SIGPWR', 34, 64].includes(signal)) assert.equal(ended, signal);
          assert.deepEqual(
            folder.list().filter((file) => !file.endsWith('.fifo')),
            before.filter((file) => !file.endsWith('.fifo')),
          );
          if (force) assert.equal(folder.read('stopped').toString(), 'was here');
          execFileSync('rm', ['-f', folder.at('stopped')]);
        }
      });
    }

    test(`SIGQUIT leaves no part of what ${name} has begun on a file system without unnamed files`, async () => {
      const { child, end, pause } = await midway(name, { force: false, named: true });
      assert.equal(folder.list().filter((file) => file.startsWith('.kmseal-')).length, 1);
      child.kill('SIGQUIT');
      assert.equal((await end).signal, 'SIGQUIT');
      await pause.close();
      assert.deepEqual(
        folder.list().filter((file) => file.startsWith('.kmseal-') || file === 'stopped'),
        [],
      );
    });

    test(`SIGKILL leaves no part of what ${name} has begun if no file is replaced`, async () => {
      const { child, end, pause } = await midway(name, { force: false });
      child.kill('SIGKILL');
      assert.equal((await end).signal, 'SIGKILL');
      await pause.close();
      assert.deepEqual(
        folder.list().filter((file) => file.startsWith('.kmseal-') || file === 'stopped'),
        [],
      );
    });

    test(`${name} allows no core dump`, async () => {
      const { child, end, pause } = await midway(name, { force: false });
      const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
      assert.match(limits, /^Max core file size +0 +0 /m);
      child.kill('SIGFPE'); // one whose default is a core dump, and that the command cannot catch
      assert.equal((await end).signal, 'SIGFPE');
      await pause.close();
      assert.deepEqual(
        folder.list().filter((file) => file.startsWith('core')),
        [],
      );
    });
  });
}

/** Starts a program as the first process of its own PID namespace, as that of a container is. */
const FIRST = ['unshare', '--map-root-user', '--pid', '--fork'];
const cannotUnshare = spawnSync(FIRST[0], [...FIRST.slice(1), 'true']).status !== 0;

test('a signal ends the command cleanly where it is the first process of a container', {
  skip: cannotUnshare && 'this user may not make PID namespaces',
}, async () => {
  folder.write('stopped', 'was here');
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const { child, end, pause } = await midway('open', { force: true, starter: FIRST });
    const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
    process.kill(Number(first), signal);
    const { status, signal: ended } = await end;
    await pause.close();
    assert.deepEqual({ status, ended }, { status: 128 + constants.signals[signal], ended: null });
    assert.deepEqual(
      folder.list().filter((file) => file.startsWith('.kmseal-')),
      [],
    );
  }
  assert.equal(folder.read('stopped').toString(), 'was here');
});

test('the command succeeds or fails cleanly with too little memory', async () => {
  folder.write('long-frames', sample(20_000_000));
  await setting.succeeds(['seal', '--key', 'key.json', '--frame-length', '16777216', 'long-frames']);
  folder.write('replaced', 'was here');
  const before = folder.list();
  const statuses = new Set();
  for (let kilobytes = 20_000; kilobytes <= 420_000; kilobytes += 40_000) {
    for (const args of [
      ['open', '--output', 'limited'],
      ['open', '--force', '--output', 'replaced'],
      ['seal', '--force', '--key', 'key.json', '--frame-length', '16777216', '--output', 'replaced'],
    ]) {
      const input = args[0] === 'open' ? 'long-frames.kmseal' : 'long-frames';
      const shell = ['-c', `ulimit -v ${kilobytes}; exec "$0" "$@"`, KMSEAL, ...args, input];
      const { status } = await runCommand(folder, setting.env, shell, { program: 'sh' });
      statuses.add(status);
      execFileSync('rm', ['-f', folder.at('limited')]);
      assert.deepEqual(folder.list(), before, `${kilobytes} KiB: ${args.join(' ')}`);
    }
  }
  assert.ok(statuses.has(0) && statuses.size > 1, `${[...statuses]}`);
});

test('a folder that allows only new names gets a new file, and an existing name is refused beforehand', {
  skip: process.getuid() !== 0 && 'only root makes such folders',
}, async () => {
  mkdirSync(folder.at('append'));
  folder.write('append/old', 'was here');
  execFileSync('chattr', ['+a', folder.at('append')]);
  try {
    await setting.succeeds(['open', '--output', 'append/new', 'plain.kmseal']);
    assert.ok(folder.read('append/new').equals(PLAINTEXT));
    await setting.fails(['open', '--force', '--output', 'append/old', 'plain.kmseal'], 1, /append-only.*--output/);
    assert.equal(folder.read('append/old').toString(), 'was here');
    assert.deepEqual(folder.list('append'), ['new', 'old']);
  } finally {
    execFileSync('chattr', ['-a', folder.at('append')]);
  }
});
