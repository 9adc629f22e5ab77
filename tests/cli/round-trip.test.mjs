// The command seals and opens: files, many files, standard input and output.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, linkSync, statSync, symlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKmsProxy } from '../support/servers/kms-proxy.mjs';
import { readHeader, serializeContext } from '../support/message.mjs';
import { startSetting } from './setting.mjs';

const FRAME = 256 * 1024;
const LENGTHS = [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3_000_000];

let setting;
let folder;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
});
after(() => setting?.close());

const seal = (...args) => setting.succeeds(['seal', '--key', 'key.json', ...args]);
const open = (...args) => setting.succeeds(['open', '--key-id', setting.key.KeyId, ...args]);

test('open restores files of every length, many at once, each beside its envelope', async () => {
  const names = LENGTHS.map((length) => folder.write(`${length}.bin`, sample(length)));
  await seal(...names);
  assert.ok(names.every((name) => folder.list().includes(`${name}.kmseal`)));
  await open('--force', ...names.map((name) => `${name}.kmseal`));
  for (const length of LENGTHS) assert.ok(folder.read(`${length}.bin`).equals(sample(length)), `${length} bytes`);
});

test('open restores standard input to standard output, in frames of every length', async () => {
  for (const frameLength of [4096, 5000, 1 << 20]) {
    for (const length of [0, 4096, 5000, 10_000, 1_100_000]) {
      const plaintext = sample(length);
      const args = ['seal', '--key', 'key.json', '--frame-length', frameLength, '-'];
      const envelope = await setting.succeeds(args.map(String), { input: plaintext });
      assert.equal(readHeader(envelope).frameLength, frameLength);
      const opened = await setting.succeeds(['open', '--key-id', setting.key.KeyId, '-'], { input: envelope });
      assert.ok(opened.equals(plaintext), `${length} bytes in frames of ${frameLength}`);
    }
  }
});

test('--output writes to a file or to standard output', async () => {
  folder.write('in', 'from in');
  await seal('in', '--output', 'elsewhere');
  assert.equal((await open('elsewhere', '--output', '-')).toString(), 'from in');
  await open('--output', 'out', 'elsewhere');
  assert.equal(folder.read('out').toString(), 'from in');
  const envelope = await seal('--output', '-', 'in');
  await setting.succeeds(['open', '--output', 'from-stdin', '-'], { input: envelope });
  assert.equal(folder.read('from-stdin').toString(), 'from in');
});

test('the command handles names with spaces, other scripts, line ends and leading hyphens', async () => {
  for (const name of ['two words', 'ключ 鍵 😀', 'line\nend', '-dash', '--', 'a.kmseal', '.hidden', '*']) {
    folder.write(name, name);
    await seal('--', name);
    folder.write(name, 'to be replaced');
    await open('--force', '--', `${name}.kmseal`);
    assert.equal(folder.read(name).toString(), name);
  }
  folder.write('-', 'a file of this name');
  await seal('./-');
  assert.equal((await open('--output', '-', './-.kmseal')).toString(), 'a file of this name');
});

test('a new file is readable by its owner only, and a replaced file keeps its mode and owner', async () => {
  folder.write('modes', 'x');
  await seal('modes');
  assert.equal(folder.mode('modes.kmseal'), 0o600);
  assert.equal(folder.mode('modes'), 0o644);
  // Only root may change a file's owner; for others it stays their own.
  const owner = process.getuid() === 0 ? 65_534 : process.getuid();
  const group = process.getuid() === 0 ? 65_533 : process.getgid();
  chownSync(folder.at('modes'), owner, group);
  await open('--force', 'modes.kmseal');
  const { uid, gid } = statSync(folder.at('modes'));
  assert.deepEqual({ mode: folder.mode('modes'), uid, gid }, { mode: 0o644, uid: owner, gid: group });
});

test('the command replaces nothing without --force, and follows no link with it', async () => {
  folder.write('kept', 'kept');
  folder.write('kept.kmseal', 'was here');
  await setting.fails(['seal', '--key', 'key.json', 'kept'], 1, /kept\.kmseal exists; --force/);
  assert.equal(folder.read('kept.kmseal').toString(), 'was here');
  linkSync(folder.at('kept.kmseal'), folder.at('other-link'));
  symlinkSync('nowhere', folder.at('dangling'));
  await setting.fails(['seal', '--key', 'key.json', '--output', 'dangling', 'kept'], 1, /exists/);
  await seal('--force', 'kept');
  assert.equal(folder.read('other-link').toString(), 'was here');
  chmodSync(folder.at('other-link'), 0o666);
  symlinkSync('other-link', folder.at('symbolic.kmseal'));
  await seal('--force', '--output', 'symbolic.kmseal', 'kept');
  assert.equal(folder.read('other-link').toString(), 'was here');
  assert.equal(folder.mode('symbolic.kmseal'), 0o600);
  for (const other of ['/dev/null', '.']) {
    for (const force of [[], ['--force']]) {
      await setting.fails(
        ['seal', '--key', 'key.json', ...force, '--output', other, 'kept'],
        1,
        /not a regular file; name one with --output/,
      );
    }
  }
});

describe('encryption contexts', () => {
  test('open requires the stored and required pairs to be expected', async () => {
    folder.write('bound', 'bound');
    await seal('-c', 'user=4711', '--required-encryption-context', 'tenant=7', 'bound');
    const { context } = readHeader(folder.read('bound.kmseal'));
    assert.deepEqual(context, serializeContext([['user', '4711']]));
    const opened = await open('-o', '-', '-c', 'tenant=7', '--encryption-context', 'user=4711', 'bound.kmseal');
    assert.equal(opened.toString(), 'bound');
    const refused = (...pairs) => setting.fails(['open', '-o', '-', ...pairs, 'bound.kmseal'], 4, /ERR_CONTEXT/);
    await refused();
    await refused('-c', 'user=1', '-c', 'tenant=7');
    await refused('-c', 'user=4711', '-c', 'tenant=8');
  });

  test('an encryption context accepts an equals sign in a value, and a key only once', async () => {
    const envelope = await setting.succeeds(['seal', '-k', 'key.json', '-c', 'a=b=c', '-'], { input: 'x' });
    assert.deepEqual(readHeader(envelope).context, serializeContext([['a', 'b=c']]));
    await setting.fails(['seal', '-k', 'key.json', '-c', 'a=1', '-c', 'a=2', '-'], 2, /"a" is given twice/);
    await setting.fails(['seal', '-k', 'key.json', '-c', 'aws-crypto-a=1', '-'], 2, /reserved/);
  });
});

test('many files under one cached data key need one call, and the digest is still compared', async () => {
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(setting.key)], cache: { maxAge: 60_000 } });
  const names = [];
  for (let index = 0; index < 5; index += 1) {
    names.push(folder.write(`cached-${index}.kmseal`, await sealer.seal(sample(index))));
  }
  sealer.close();
  // The first one's data key under another context: only the digest shows it.
  const moved = Buffer.concat([...withContext(folder.read(names[0]), [['user', '1']])]);
  names.push(folder.write('cached-moved.kmseal', moved));
  const proxy = await startKmsProxy(setting.kms.emulator.endpoint);
  try {
    const end = await setting.run(['open', '--endpoint-url', proxy.endpoint, ...names]);
    assert.equal(end.status, 4);
    assert.match(end.stderr, /^kmseal: cached-moved\.kmseal: .*ERR_CONTEXT/m);
  } finally {
    await proxy.close();
  }
  assert.equal(proxy.calls.length, 1);
  for (let index = 0; index < 5; index += 1) assert.ok(folder.read(`cached-${index}`).equals(sample(index)));
  assert.ok(!folder.list().includes('cached-moved'));
});

/** An envelope's bytes with another stored context. */
function* withContext(envelope, pairs) {
  const [start, end] = readHeader(envelope).places.context;
  const context = serializeContext(pairs);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(context.length);
  yield* [envelope.subarray(0, start - 2), length, context, envelope.subarray(end)];
}
