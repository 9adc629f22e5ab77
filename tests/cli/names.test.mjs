// File names, arguments and envelopes that are made to command a shell or a terminal.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'kmseal';
import { endOf, runCommand, KMSEAL } from './command.mjs';
import { startOnTerminal } from './terminal.mjs';
import { startSetting } from './setting.mjs';

/** Controls of C0 and C1, DEL, line and paragraph separators, and what turns the order of writing round. */
const HOSTILE = '\u001b[31m\u0007\u007f\u009b31m\u0085\u200e\u061c\u202e\u2066\u2028';
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
});
after(() => setting?.close());

const seal = (output, ...args) =>
  setting.succeeds(['seal', '--key', 'key.json', `--output=${output}`, ...args, '-'], { input: 'plain\u001b[2J' });

test('a file -.kmseal opens to a file called -, and not to the terminal', async () => {
  await seal('-.kmseal');
  const child = await startOnTerminal(folder, setting.env, ['open', '--quiet', '--', '-.kmseal']);
  const { status, stdout } = await endOf(child);
  assert.deepEqual({ status, stdout: stdout.toString() }, { status: 0, stdout: '' });
  assert.equal(folder.read('-').toString(), 'plain\u001b[2J');
  await setting.fails(['open', '--', '-.kmseal'], 1, /-\.kmseal: - exists; --force replaces it/);
});

test('no file name becomes an option when the commands are written as in docs/command.md', async () => {
  await seal('--force.kmseal');
  await seal('-o.kmseal');
  for (const words of ['./*.kmseal', '-- *.kmseal']) {
    const shell = ['-c', `"$0" open --quiet --force ${words}`, KMSEAL];
    const { status, stderr } = await runCommand(folder, setting.env, shell, { program: 'sh' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.equal(folder.read('--force').toString(), 'plain\u001b[2J');
    assert.equal(folder.read('-o').toString(), 'plain\u001b[2J');
  }
});

describe('control characters', () => {
  test('inspect --json escapes control characters, and holds the same values', async () => {
    const name = `${HOSTILE}.kmseal`;
    await seal(name, '-c', `${HOSTILE}=${HOSTILE}`);
    const text = (await setting.succeeds(['inspect', '--json', name])).toString();
    assert.doesNotMatch(text, HIDDEN);
    const { file, ...rest } = JSON.parse(text);
    assert.equal(file, name);
    assert.deepEqual(rest, JSON.parse(JSON.stringify(await inspect(folder.read(name)))));
    assert.doesNotMatch((await setting.succeeds(['inspect', name])).toString(), HIDDEN);
  });

  test('errors of the command line print no control characters', async () => {
    for (const args of [
      [`--${HOSTILE}`],
      [HOSTILE],
      ['open', `--key-id=${HOSTILE}`],
      ['open', '--region', HOSTILE, 'x'],
      ['seal', '--frame-length', HOSTILE, 'x'],
      ['completions', HOSTILE],
      ['open', `-${HOSTILE}`],
    ]) {
      const { status, stdout, stderr } = await setting.run(args);
      assert.deepEqual({ status, length: stdout.length }, { status: 2, length: 0 });
      assert.doesNotMatch(stderr, HIDDEN);
    }
  });

  test('errors and notes about files print no control characters', async () => {
    await seal('hostile.kmseal');
    for (const args of [
      ['open', HOSTILE],
      ['seal', '--key', HOSTILE, 'x'],
      ['open', '-o', `no-folder/${HOSTILE}`, 'hostile.kmseal'],
      ['key', HOSTILE],
      ['open', '--profile', HOSTILE, 'hostile.kmseal'],
      ['open', '--quiet', `${HOSTILE}.kmseal`],
    ]) {
      const { stderr } = await setting.run(args);
      assert.doesNotMatch(stderr, HIDDEN, `${args}`);
    }
    folder.write(`${HOSTILE}2.kmseal`, folder.read('hostile.kmseal'));
    const { stderr } = await setting.run(['open', `${HOSTILE}2.kmseal`]);
    assert.match(stderr, /: opened with arn:/);
    assert.doesNotMatch(stderr, HIDDEN);
  });

  test('messages from KMS are printed without control characters', async () => {
    const { status, stderr } = await setting.run(['key', `alias/${HOSTILE}`]);
    assert.equal(status, 5);
    assert.doesNotMatch(stderr, HIDDEN);
  });
});

test('names that are not UTF-8, and the longest possible ones, work', async () => {
  const shell = [
    '-c',
    `printf text > "$(printf 'a\\377b')"; exec "$0" seal --key key.json "$(printf 'a\\377b')"`,
    KMSEAL,
  ];
  assert.equal((await runCommand(folder, setting.env, shell, { program: 'sh' })).status, 0);
  const open = ['-c', `exec "$0" open --output - "$(printf 'a\\377b.kmseal')"`, KMSEAL];
  assert.equal((await runCommand(folder, setting.env, open, { program: 'sh' })).stdout.toString(), 'text');
  const longest = 'n'.repeat(248);
  folder.write(longest, 'text');
  await setting.succeeds(['seal', '--key', 'key.json', longest]);
  folder.write(`${longest}n`, 'text');
  await setting.fails(['seal', '--key', 'key.json', `${longest}n`], 1, /File name too long/);
});
