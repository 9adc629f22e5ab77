// The command on a terminal: when there is a progress bar, what must not be shown there, and what Ctrl-C leaves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sample } from '../support/page/bytes.mjs';
import { endOf } from './command.mjs';
import { framePlaces } from '../support/message.mjs';
import { CONTROL_C, CONTROL_D, startOnTerminal } from './terminal.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(3_000_000);
const SEAL = ['seal', '--key', 'key.json', '--force'];
const RESEAL = ['reseal', '--key', 'key.json', '--force'];
/** The file's name and its progress, redrawn in one line, which is empty in the end. */
const BAR = /^(\S+ [█░]+ +[\d.]+ [KM]iB\/2\.86 MiB [^\r\n]*\r\x1b\[2K)+$/;

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  folder.write('big', PLAINTEXT);
  await setting.succeeds([...SEAL, 'big']);
  folder.write('kept.kmseal', folder.read('big.kmseal'));
});
after(() => setting?.close());

const start = (args, redirections) => startOnTerminal(folder, setting.env, args, redirections);

/** Runs the command there to its end; returns its status and what is shown. */
async function shown(args, redirections) {
  const { status, stdout, stderr } = await endOf(await start(args, redirections));
  assert.equal(stderr, ''); // Python's own
  return { status, text: stdout.toString() };
}

describe('a progress bar', () => {
  const note = () => `big.kmseal: opened with ${setting.key.KeyId}\r\n`;

  test('a progress bar shows where standard error is a terminal, and leaves nothing there in the end', async () => {
    for (const [args, said] of [
      [[...SEAL, 'big'], ''],
      [['open', '--force', 'big.kmseal'], note()],
      [[...RESEAL, 'big.kmseal'], note()],
    ]) {
      const { status, text } = await shown(args);
      assert.equal(status, 0, text);
      assert.ok(text.endsWith(said), text);
      assert.match(text.slice(0, text.length - said.length), BAR);
    }
    assert.ok(folder.read('big').equals(PLAINTEXT));
  });

  test('a progress bar shows where only standard error is a terminal, and without a length where it is unknown', async () => {
    const { status, text } = await shown([...SEAL, '-'], '< big > piped.kmseal');
    assert.equal(status, 0, text);
    assert.match(text, /^(standard input \S+ [\d.]+ [KM]iB [^\r\n]*\r\x1b\[2K)+$/);
    assert.ok((await setting.succeeds(['open', '-o', '-', 'piped.kmseal'])).equals(PLAINTEXT));
  });

  test('a progress bar shows nowhere else: not in a file, in a pipe or with --quiet', async () => {
    assert.deepEqual(await shown(['open', '--force', 'big.kmseal'], '2> errors'), { status: 0, text: '' });
    assert.equal(folder.read('errors').toString(), note().replace('\r', ''));
    assert.deepEqual(await shown([...RESEAL, '--quiet', 'big.kmseal']), { status: 0, text: '' });
    assert.deepEqual(await shown([...SEAL, 'big'], '2>&1 | cat'), { status: 0, text: '' });
  });

  test('a progress bar escapes a file name that would control the terminal', async () => {
    const name = 'a\u001b[31m\u202eb\rc';
    folder.write(name, PLAINTEXT);
    const { status, text } = await shown([...SEAL, name]);
    assert.equal(status, 0, text);
    assert.match(text, BAR);
    assert.ok(text.startsWith('a\\u{1b}[31m\\u{202e}b\\rc '), text);
  });

  test('a progress bar disappears when the work fails', async () => {
    folder.write('cut.kmseal', folder.read('kept.kmseal').subarray(0, 2_000_000));
    const { status, text } = await shown(['open', 'cut.kmseal']);
    assert.equal(status, 3);
    assert.match(text, /\r\x1b\[2Kkmseal: cut\.kmseal: [^\r\n]*ERR_TRUNCATED\)\r\n$/);
  });
});

describe('what is written to the terminal', () => {
  test('an envelope is never written to the terminal, and KMS is not asked for it', async () => {
    const refused =
      /^kmseal: [^\r\n]*: an envelope is not text, and would garble a terminal; give --output, or redirect this to a file\r\n$/;
    const env = { ...setting.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    for (const [args, redirections] of [
      [[...SEAL, '-o', '-', 'big']],
      [[...SEAL, '-'], '< big'],
      [[...RESEAL, '-o', '-', 'kept.kmseal']],
      [[...RESEAL, '-'], '< kept.kmseal'],
    ]) {
      const { status, stdout } = await endOf(await startOnTerminal(folder, env, args, redirections));
      assert.equal(status, 2);
      assert.match(stdout.toString(), refused);
    }
  });

  test('plaintext is written to the terminal on request, without a progress bar in it', async () => {
    const text = 'line\r\n'.repeat(100_000);
    await setting.succeeds([...SEAL, '-o', 'text.kmseal', '-'], { input: text.replaceAll('\r', '') });
    const wanted = `${text}text.kmseal: opened with ${setting.key.KeyId}\r\n`;
    const { status, text: all } = await shown(['open', '-o', '-', 'text.kmseal']);
    assert.equal(status, 0);
    let at = 0;
    while (at < wanted.length && all[at] === wanted[at]) at++;
    assert.equal(all.slice(at, at + 500), wanted.slice(at, at + 500), `from character ${at} of ${wanted.length} on`);
  });
});

test('seal seals what is typed', async () => {
  const child = await start([...SEAL, '--quiet', '-o', 'typed.kmseal', '-']);
  const end = endOf(child);
  child.stdin.write(`first\nsecond\n${CONTROL_D}`);
  assert.equal((await end).status, 0);
  assert.equal((await setting.succeeds(['open', '-o', '-', 'typed.kmseal'])).toString(), 'first\nsecond\n');
});

describe('Ctrl-C midway', () => {
  const unfinished = () => folder.list().filter((name) => name.startsWith('.kmseal-'));
  const envelope = () => folder.read('kept.kmseal');
  const CASES = {
    seal: { args: SEAL, part: () => PLAINTEXT },
    open: { args: ['open', '--force'], part: () => envelope().subarray(0, framePlaces(envelope()).at(-1)[0]) },
    reseal: { args: RESEAL, part: () => envelope().subarray(0, framePlaces(envelope()).at(-1)[0]) },
  };

  for (const [name, { args, part }] of Object.entries(CASES)) {
    test(`Ctrl-C midway leaves no part of ${name}, and keeps what was there`, async () => {
      execFileSync('mkfifo', [folder.at(`${name}.fifo`)]);
      folder.write(`${name}.target`, 'was here');
      // Opened at both ends: it does not wait for the other one, and never ends.
      const fifo = await open(folder.at(`${name}.fifo`), 'r+');
      try {
        const child = await start([...args, '-o', `${name}.target`, '-'], `< ${name}.fifo`);
        const end = endOf(child);
        const written = fifo.write(part());
        for (let tries = 0; unfinished().length === 0; tries += 1) {
          assert.ok(tries < 400, 'a temporary file appears');
          await sleep(25);
        }
        await written;
        child.stdin.write(CONTROL_C);
        const { status, stdout } = await end;
        assert.equal(status, 130, stdout.toString());
        assert.deepEqual(unfinished(), []);
        assert.equal(folder.read(`${name}.target`).toString(), 'was here');
      } finally {
        await fifo.close();
      }
    });
  }
});
