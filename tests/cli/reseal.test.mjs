// `kmseal reseal`: to other keys, everything else as it was.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { symlinkSync, lstatSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { readHeader } from '../support/message.mjs';
import { startSetting } from './setting.mjs';

const PLAINTEXT = sample(1_500_000);
const PAIRS = ['-c', 'user=4711', '-c', 'tenant=7'];

let setting;
let folder;
let next;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  next = await setting.kms.createKey();
  setting.keyFile('next.json', next);
});
after(() => setting?.close());

async function sealed(name) {
  const args = [
    'seal',
    '--key',
    'key.json',
    '-c',
    'user=4711',
    '--required-encryption-context',
    'tenant=7',
    '--output',
    name,
    '-',
  ];
  await setting.succeeds(args, { input: PLAINTEXT });
  return folder.read(name);
}

/** It opens with the new key alone, under the same context, and shares no key with the old one. */
async function moved(before, after, keyIds = [next.KeyId]) {
  const [old, now] = [readHeader(before), readHeader(after)];
  assert.deepEqual(now.context, old.context);
  assert.deepEqual(
    now.edks.map(({ providerInfo }) => providerInfo.toString()),
    keyIds,
  );
  for (const field of ['messageId', 'commitKey']) assert.notDeepEqual(now[field], old[field]);
  folder.write('moved.kmseal', after);
  for (const keyId of keyIds) {
    const open = ['open', '--output', '-', '--key-id', keyId, 'moved.kmseal'];
    assert.ok((await setting.succeeds([...open, ...PAIRS])).equals(PLAINTEXT));
    await setting.fails([...open, '-c', 'tenant=8'], 4, /ERR_CONTEXT/);
  }
}

test('reseal replaces the envelope in place only with --force', async () => {
  const before = await sealed('in-place.kmseal');
  const reseal = ['reseal', '--key', 'next.json', ...PAIRS, 'in-place.kmseal'];
  await setting.fails(reseal, 1, /in-place\.kmseal exists; --force replaces it, --output names another file/);
  assert.ok(folder.read('in-place.kmseal').equals(before));
  await setting.succeeds([...reseal, '--force']);
  await moved(before, folder.read('in-place.kmseal'));
});

test('reseal writes to another file, to standard output, and through a link', async () => {
  const before = await sealed('source.kmseal');
  await setting.succeeds(['reseal', '--key', 'next.json', ...PAIRS, '--output', 'target.kmseal', 'source.kmseal']);
  await moved(before, folder.read('target.kmseal'));
  await moved(before, await setting.succeeds(['reseal', '--key', 'next.json', ...PAIRS, '-'], { input: before }));
  assert.ok(folder.read('source.kmseal').equals(before));
  symlinkSync('source.kmseal', folder.at('link.kmseal'));
  await setting.succeeds(['reseal', '--key', 'next.json', ...PAIRS, '--force', 'link.kmseal']);
  assert.ok(lstatSync(folder.at('link.kmseal')).isSymbolicLink());
  await moved(before, folder.read('source.kmseal'));
});

test('reseal adds and removes keys', async () => {
  const before = await sealed('keys.kmseal');
  await setting.succeeds(['reseal', '--key', 'key.json', '--key', 'next.json', ...PAIRS, '--force', 'keys.kmseal']);
  const both = folder.read('keys.kmseal');
  await moved(before, both, [setting.key.KeyId, next.KeyId]);
  await setting.succeeds([
    'reseal',
    '--key',
    'next.json',
    '--key-id',
    setting.key.KeyId,
    ...PAIRS,
    '--force',
    'keys.kmseal',
  ]);
  await moved(both, folder.read('keys.kmseal'));
});

test('reseal requires the expected context, and reports a full disk as such', async () => {
  const before = await sealed('kept.kmseal');
  await setting.fails(['reseal', '--key', 'next.json', '--force', 'kept.kmseal'], 4, /ERR_CONTEXT/);
  await setting.fails(
    ['reseal', '--key', 'next.json', '-c', 'user=1', '-c', 'tenant=7', '--force', 'kept.kmseal'],
    4,
    /ERR_CONTEXT/,
  );
  assert.ok(folder.read('kept.kmseal').equals(before));
  const { KMSEAL, runCommand } = await import('./command.mjs');
  const args = [
    '-c',
    'exec "$0" "$@" > /dev/full',
    KMSEAL,
    'reseal',
    '--key',
    'next.json',
    ...PAIRS,
    '--output',
    '-',
    'kept.kmseal',
  ];
  const { status, stderr } = await runCommand(folder, setting.env, args, { program: 'sh' });
  assert.equal(status, 1);
  assert.match(stderr, /No space left/);
});

describe('what falls away', () => {
  const kinds = ['key.json', 'curve.json', 'offline.json'];
  const keys = (...files) => files.flatMap((file) => ['--key', file]);
  const reseal = async (...args) => {
    const from = ['reseal', '--key-id', setting.key.KeyId, '--force', '--output', 'left.kmseal', 'all.kmseal'];
    const { status, stderr } = await setting.run([...from, ...args]);
    assert.equal(status, 0, stderr);
    return stderr;
  };
  let curve;
  before(async () => {
    curve = await setting.kms.createKey({ spec: 'ECC_NIST_P256' });
    setting.keyFile('curve.json', curve);
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    folder.write('offline.pub', publicKey.export({ type: 'spki', format: 'pem' }));
    const names = ['--key-namespace', 'example', '--key-name', 'offline'];
    folder.write('offline.json', await setting.succeeds(['key', '--quiet', '--raw', 'offline.pub', ...names]));
    await setting.succeeds(['seal', ...keys(...kinds), '--output', 'all.kmseal', '-'], { input: 'plain' });
  });

  test('reseal names the keys of each kind that open the new envelope no more', async () => {
    const { fingerprint } = await KmsPublicKey.import(curve);
    const names = {
      'key.json': setting.key.KeyId,
      'curve.json': `ECC_NIST_P256 key ${fingerprint}`,
      'offline.json': '"offline" of provider "example"',
    };
    const line = (files) =>
      `all.kmseal: the new envelope no longer opens with ${files.map((file) => names[file]).join(', ')}\n`;
    assert.equal(await reseal(...keys('next.json')), line(kinds));
    for (const kind of kinds) {
      const others = kinds.filter((other) => other !== kind);
      assert.equal(await reseal(...keys(kind, 'next.json')), line(others));
      assert.equal(await reseal(...keys(...others)), line([kind]));
    }
  });

  test('reseal says nothing if no key falls away, or with --quiet', async () => {
    assert.equal(await reseal(...keys(...kinds, 'next.json')), '');
    assert.equal(await reseal(...keys('next.json'), '--quiet'), '');
  });

  test('a replica of a multi-Region key does not let the key fall away', async () => {
    const { KeyId, ...answer } = await setting.kms.createKey({ multiRegion: true });
    setting.keyFile('primary.json', { KeyId, ...answer });
    setting.keyFile('replica.json', { ...answer, KeyId: KeyId.replace('us-east-1', 'eu-west-1') });
    await setting.succeeds(['seal', ...keys('primary.json'), '--output', 'region.kmseal', '-'], { input: 'plain' });
    const { stderr } = await setting.run([
      'reseal',
      '--force',
      '--key-id',
      KeyId,
      ...keys('replica.json'),
      'region.kmseal',
    ]);
    assert.equal(stderr, '');
  });
});
