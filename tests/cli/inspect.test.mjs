// `kmseal inspect`, and what the command says of itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { inspect } from 'kmseal';
import { sample } from '../support/bytes.mjs';
import { startSetting } from './setting.mjs';

let setting;
let folder;
let envelope;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  const args = ['seal', '--key', 'key.json', '-c', 'user=4711', '-c', 'ключ=\u001b[31m', '-'];
  envelope = await setting.succeeds(args, { input: sample(300_000) });
  folder.write('a.kmseal', envelope);
});
after(() => setting?.close());

test('--json gives what the package gives, one line for each file', async () => {
  const expected = { ...(await inspect(envelope)) };
  folder.write('b.kmseal', envelope);
  const lines = (await setting.succeeds(['inspect', '--json', 'a.kmseal', 'b.kmseal'])).toString().split('\n');
  assert.equal(lines.pop(), '');
  for (const [index, file] of ['a.kmseal', 'b.kmseal'].entries()) {
    const { file: named, ...rest } = JSON.parse(lines[index]);
    assert.equal(named, file);
    assert.deepEqual(rest, JSON.parse(JSON.stringify(expected)));
  }
});

test('lines for people, without credentials, and harmless on a terminal', async () => {
  const env = { AWS_ACCESS_KEY_ID: '', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  const text = (await setting.succeeds(['inspect', 'a.kmseal'], { env })).toString();
  assert.ok(text.includes(setting.key.KeyId));
  assert.match(text, /context +user=4711\n/);
  assert.match(text, /context +ключ=\\u\{1b\}\[31m\n/);
  assert.match(text, /frames +2\n/);
  assert.match(text, /plaintext +300000 bytes\n/);
});

test('standard input has no sizes; a length that no envelope has is told', async () => {
  const piped = JSON.parse(await setting.succeeds(['inspect', '--json', '-'], { input: envelope.subarray(0, 2000) }));
  assert.deepEqual([piped.file, piped.frameLength, 'plaintextSize' in piped], ['-', 262_144, false]);
  // A frame more or less is a length that an envelope may have; half a frame's head is not.
  folder.write('cut.kmseal', envelope.subarray(0, (await inspect(envelope)).headerLength + 20));
  await setting.fails(['inspect', 'cut.kmseal'], 3, /ERR_TRUNCATED/);
  await setting.fails(['inspect', 'key.json'], 3, /not an envelope/);
});

test('wrong usage is status 2 and says what is right', async () => {
  const wrong = [[], ['seal', 'x'], ['open'], ['seal', '--key', 'key.json', '--frame-length', '4095', 'x'], ['inspect', '--region', 'nowhere', 'x'], ['seal', '--key', 'key.json', '-c', 'x', 'x'], ['open', '--encryption-algorithm', 'x', 'x'], ['seal', '--key', 'key.json', '-', 'x'], ['open', 'no-ending']];
  for (const args of wrong) {
    const { status, stderr } = await setting.run(args);
    assert.equal(status, 2, args.join(' '));
    assert.notEqual(stderr, '');
  }
  assert.match((await setting.succeeds(['--help'])).toString(), /Exit status: 0 all done/);
  assert.match((await setting.succeeds(['--version'])).toString(), /^kmseal \d/);
});

test('completions for shells, and bash reads its own', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'elvish', 'powershell']) {
    const script = await setting.succeeds(['completions', shell]);
    for (const word of ['reseal', 'key-id', 'endpoint-url']) assert.ok(script.includes(word), `${shell}: ${word}`);
    if (shell !== 'bash') continue;
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script });
    assert.equal(status, 0, stderr?.toString());
  }
});
