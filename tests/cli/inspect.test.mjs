// `kmseal inspect`: what an envelope says of itself, for people and for programs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { KMSEAL, runCommand } from './command.mjs';
import { startSetting } from './setting.mjs';

let setting;
let folder;
let envelope;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  const args = ['seal', '--key', 'key.json', '-c', 'user=4711', '-c', 'ключ=\u001b[31m\u202e', '-'];
  envelope = await setting.succeeds(args, { input: sample(300_000) });
  folder.write('a.kmseal', envelope);
});
after(() => setting?.close());

test('inspect --json prints what the package returns, one line for each file', async () => {
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

test('inspect --json prints its fields in a fixed order, and sizes only where they are known', async () => {
  const key = setting.key.KeyId;
  const { messageId, headerLength } = await inspect(envelope);
  const json = (await setting.succeeds(['inspect', '--json', 'a.kmseal'])).toString();
  const context = '{"user":"4711","ключ":"\\u001b[31m\\u202e"}';
  const edk = `{"providerId":"aws-kms-rsa","keyId":"${key}","ciphertextLength":256}`;
  const header = `"algorithmSuite":"0x0478","messageId":"${messageId}","encryptionContext":${context},"encryptedDataKeys":[${edk}],"keyIds":["${key}"],"frameLength":262144,"headerLength":${headerLength}`;
  assert.equal(json, `{"file":"a.kmseal",${header},"plaintextSize":300000,"frames":2}\n`);
  const piped = await setting.succeeds(['inspect', '--json', '-'], { input: envelope });
  assert.equal(piped.toString(), `{"file":"-",${header}}\n`);
});

test('inspect reports a file that is not an envelope, prints the others, and exits with its status', async () => {
  folder.write('c.kmseal', 'none');
  const { status, stdout, stderr } = await setting.run([
    'inspect',
    '--json',
    'a.kmseal',
    'c.kmseal',
    'missing',
    'a.kmseal',
  ]);
  assert.deepEqual(
    {
      status,
      files: stdout
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).file),
    },
    { status: 3, files: ['a.kmseal', 'a.kmseal'] },
  );
  assert.match(stderr, /^kmseal: c\.kmseal: [^\n]*not an envelope[^\n]*\nkmseal: missing: No such file[^\n]*\n$/);
});

test('inspect prints lines for people without credentials, and they are harmless on a terminal', async () => {
  const env = { AWS_ACCESS_KEY_ID: '', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  const text = (await setting.succeeds(['inspect', 'a.kmseal'], { env })).toString();
  assert.ok(text.includes(setting.key.KeyId));
  assert.match(text, /context +user=4711\n/);
  assert.match(text, /context +ключ=\\u\{1b\}\[31m\\u\{202e\}\n/);
  assert.match(text, /frames +2\n/);
  assert.match(text, /plaintext +300000 bytes\n/);
});

test('inspect of standard input prints no sizes, and an impossible length is reported', async () => {
  const piped = JSON.parse(await setting.succeeds(['inspect', '--json', '-'], { input: envelope.subarray(0, 2000) }));
  assert.deepEqual(
    { file: piped.file, frameLength: piped.frameLength, hasPlaintextSize: 'plaintextSize' in piped },
    { file: '-', frameLength: 262_144, hasPlaintextSize: false },
  );
  // A frame more or less gives a possible length; half a frame's head does not.
  folder.write('cut.kmseal', envelope.subarray(0, (await inspect(envelope)).headerLength + 20));
  await setting.fails(['inspect', 'cut.kmseal'], 3, /ERR_TRUNCATED/);
  await setting.fails(['inspect', 'key.json'], 3, /not an envelope/);
});

test('inspect prints the header of an envelope that is not whole, without sizes, and fails', async () => {
  const { messageId, headerLength, frameLength } = await inspect(envelope);
  const end = headerLength + frameLength + 32;
  for (const bytes of [
    envelope.subarray(0, -1),
    envelope.subarray(0, end),
    envelope.subarray(0, end + 30),
    Buffer.concat([envelope.subarray(0, end - 1), envelope.subarray(end)]),
    Buffer.concat([envelope, Buffer.from('\n')]),
  ]) {
    folder.write('cut.kmseal', bytes);
    const { status, stdout, stderr } = await setting.run(['inspect', '--json', 'cut.kmseal', 'a.kmseal']);
    const [cut, whole] = stdout.toString().trimEnd().split('\n').map(JSON.parse);
    assert.deepEqual(
      { status, id: cut.messageId, frames: [cut.frames, whole.frames], plaintextSize: cut.plaintextSize },
      { status: 3, id: messageId, frames: [undefined, 2], plaintextSize: undefined },
    );
    assert.match(stderr, /^kmseal: cut\.kmseal: the envelope [^\n]*fetch it again \(ERR_TRUNCATED\)\n$/);
  }
});

test('inspect looks for the end of a file from which something has read', async () => {
  const read = async (bytes) => {
    folder.write('second.kmseal', Buffer.concat([Buffer.from('a line\n'), bytes]));
    const script = '{ read -r line; "$0" inspect --json -; } < second.kmseal';
    return runCommand(folder, setting.env, ['-c', script, KMSEAL], { program: 'sh' });
  };
  assert.equal(JSON.parse((await read(envelope)).stdout.toString()).plaintextSize, 300_000);
  assert.equal((await read(envelope.subarray(0, -1))).status, 3);
});
