// Standard input and output as shells pass them: closed, broken, or the same file twice.
import assert from 'node:assert/strict';
import { linkSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, endOf, runCommand, startCommand } from './command.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(600_000);

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  folder.write('plain', PLAINTEXT);
  await setting.succeeds(['seal', '--key', 'key.json', 'plain']);
});
after(() => setting?.close());

const shell = (redirections, ...args) =>
  runCommand(folder, setting.env, ['-c', `exec "$0" "$@" ${redirections}`, KMSEAL, ...args], { program: 'sh' });

describe('a closed descriptor', () => {
  test('a closed standard input is not taken for an empty file', async () => {
    for (const args of [
      ['seal', '--key', 'key.json', '-'],
      ['open', '-'],
      ['reseal', '--key', 'key.json', '-'],
      ['inspect', '-'],
      ['seal', '--key', 'key.json', '-o', '-', '/dev/stdin'],
    ]) {
      const { status, stdout, stderr } = await shell('<&-', ...args);
      assert.deepEqual({ status, length: stdout.length }, { status: 1, length: 0 }, `${args}`);
      assert.match(stderr, /^kmseal: [^\n]*standard input is closed; redirect it[^\n]*\n$/);
    }
  });

  test('a closed standard output is an error', async () => {
    for (const args of [
      ['seal', '--key', 'key.json', '-o', '-', 'plain'],
      ['open', '-o', '-', 'plain.kmseal'],
      ['reseal', '--key', 'key.json', '-o', '-', 'plain.kmseal'],
    ]) {
      const { status, stderr } = await shell('>&-', ...args);
      assert.equal(status, 1, `${args}`);
      assert.match(stderr, /^kmseal: standard output: standard output is closed[^\n]*\n$/);
    }
  });

  test('a closed descriptor that is not used does no harm, and no file takes its number', async () => {
    const { status } = await shell('<&- >&- 2>&-', 'open', '--output', 'closed', 'plain.kmseal');
    assert.equal(status, 0);
    assert.ok(folder.read('closed').equals(PLAINTEXT));
  });

  test('a closed descriptor differs from /dev/null, which is empty and accepts everything, in any mode', async () => {
    for (const redirections of ['< /dev/null', '<> /dev/null', '<> /dev/null >&0']) {
      const { status, stderr } = await shell(redirections, 'seal', '--key', 'key.json', '-');
      assert.equal(status, 0, stderr);
    }
  });

  test('a descriptor that was opened in the wrong direction is an error', async () => {
    assert.equal((await shell('0> other', 'seal', '--key', 'key.json', '-')).status, 1);
    assert.equal((await shell('1< plain', 'open', '-o', '-', 'plain.kmseal')).status, 1);
  });
});

describe('output that is the input', () => {
  test('output that is also the input is refused before anything is written', async () => {
    const seal = ['seal', '--key', 'key.json', '--quiet'];
    for (const [redirections, ...args] of [
      ['< grows >> grows', ...seal, '-'],
      ['>> grows', ...seal, '--output', '-', 'grows'],
      ['<> grows >&0', ...seal, '-'],
      ['>> other-name', ...seal, '--output', '-', 'grows'],
    ]) {
      folder.write('grows', PLAINTEXT);
      rmSync(folder.at('other-name'), { force: true });
      linkSync(folder.at('grows'), folder.at('other-name'));
      const { status, stderr } = await shell(redirections, ...args);
      assert.equal(status, 1, redirections);
      assert.match(stderr, /standard output is the input file; write to another file/);
      assert.ok(folder.read('grows').equals(PLAINTEXT));
    }
  });

  test('output that is also the input is reported even if the shell has emptied it', async () => {
    folder.write('emptied', PLAINTEXT);
    assert.equal((await shell('< emptied > emptied', 'seal', '--key', 'key.json', '-')).status, 1);
    assert.equal(folder.read('emptied').length, 0);
  });
});

test('a pipe without a reader is reported as a fault of standard output', async () => {
  for (const [args, input] of [
    [['seal', '--key', 'key.json', '-'], PLAINTEXT],
    [['open', '-'], folder.read('plain.kmseal')],
    [['open', '-o', '-', 'plain.kmseal']],
    [['inspect', 'plain.kmseal']],
    [['key', 'alias/uploads']],
  ]) {
    // The reader is gone before the command starts.
    const script = 'mkfifo "gone.$$"; exec 3<> "gone.$$" 4> "gone.$$" 3<&-; rm "gone.$$"; exec "$0" "$@" >&4 4>&-';
    const child = startCommand(folder, setting.env, ['-c', script, KMSEAL, ...args], 'sh');
    const { status, stderr } = await endOf(child, input ?? '');
    assert.equal(status, 1, stderr);
    assert.match(stderr, /^kmseal: standard output: Broken pipe[^\n]*\n$/);
  }
});

test('a pipe that both a key and a file would come from is refused, and nothing is sealed', async () => {
  const piped = (...args) =>
    runCommand(folder, setting.env, ['-c', `cat key.json | "$0" "$@"`, KMSEAL, ...args], { program: 'sh' });
  for (const args of [
    ['seal', '--key', '/dev/stdin', '-'],
    ['seal', '--key', '/dev/fd/0', '--output', 'new', '/dev/stdin'],
    ['open', '--key', '/dev/stdin', '-'],
    ['open', '--raw-key', '/dev/stdin', '--private-key', 'key.json', '-'],
    ['reseal', '--key', 'key.json', '--old-key', '/dev/stdin', '-'],
  ]) {
    const { status, stdout, stderr } = await piped(...args);
    assert.deepEqual({ status, length: stdout.length }, { status: 2, length: 0 }, `${args}`);
    assert.match(stderr, /^kmseal: \/dev\/\S+ would be read as a key[^\n]*put the key into a file\n$/);
  }
  assert.equal(folder.list().includes('new'), false);
  const { status, stderr } = await piped('seal', '--key', '/dev/stdin', '--output', 'of-a-pipe.kmseal', 'plain');
  assert.equal(status, 0, stderr);
});

test('`inspect -` reports a cut envelope if standard input is a file, whose length it knows', async () => {
  const envelope = folder.read('plain.kmseal');
  const whole = await shell('< plain.kmseal', 'inspect', '--json', '-');
  assert.equal(JSON.parse(whole.stdout).plaintextSize, PLAINTEXT.length);
  const { headerLength } = JSON.parse(whole.stdout);
  folder.write('cut.kmseal', envelope.subarray(0, headerLength + 20));
  const cut = await shell('< cut.kmseal', 'inspect', '-');
  assert.equal(cut.status, 3);
  assert.doesNotMatch(cut.stdout.toString(), /plaintext/);
  assert.match(cut.stderr, /ERR_TRUNCATED/);
});

test('a credential_process finds standard input empty, and takes no byte from the command or from the loop of a script', async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...env } = setting.env;
  folder.write(
    'credentials.sh',
    `cat >> taken; echo '${JSON.stringify({ Version: 1, AccessKeyId: AWS_ACCESS_KEY_ID, SecretAccessKey: AWS_SECRET_ACCESS_KEY })}'`,
  );
  folder.write('config', '[profile helped]\ncredential_process = sh credentials.sh\n');
  const helped = { ...env, AWS_CONFIG_FILE: folder.at('config'), AWS_PROFILE: 'helped' };
  const run = (script) => runCommand(folder, helped, ['-c', script, KMSEAL], { program: 'sh' });

  const piped = await run('cat plain.kmseal | "$0" open -');
  assert.deepEqual(
    { status: piped.status, stderr: piped.stderr.split(':')[0] },
    { status: 0, stderr: 'standard input' },
  );
  assert.ok(piped.stdout.equals(PLAINTEXT));

  const lines = 'printf "first\nsecond\nthird\n"';
  const looped = await run(`${lines} | while read -r name; do "$0" open -q -o "$name" plain.kmseal || exit; done`);
  assert.equal(looped.status, 0, looped.stderr);
  assert.deepEqual(
    folder.list().filter((name) => ['first', 'second', 'third'].includes(name)),
    ['first', 'second', 'third'],
  );
  assert.equal(folder.read('taken').length, 0);
});
