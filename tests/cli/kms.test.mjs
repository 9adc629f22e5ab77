// The command and KMS: which key it asks for, and where.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CreateKeyCommand, ReplicateKeyCommand, UpdateAliasCommand } from '@aws-sdk/client-kms';
import { readHeader } from '../support/message.mjs';
import { testThroughProxy } from './setting.mjs';

let multiRegion;
const { setting, proxy, seal, open, refused } = testThroughProxy(async () => {
  multiRegion = await setting.kms.createKey({ multiRegion: true });
  await setting.kms.client.send(new ReplicateKeyCommand({ KeyId: multiRegion.KeyId, ReplicaRegion: 'eu-west-1' }));
  setting.keyFile('mrk.json', multiRegion);
  await seal('key.json', 'single.kmseal');
  await seal('mrk.json', 'mrk.kmseal');
});
const asked = () => proxy.calls.map(({ region, input }) => [region, input.KeyId]);

describe('key', () => {
  test('key prints JSON that the package and `seal` accept, and the fingerprint, by alias, id or ARN', async () => {
    const { KmsPublicKey } = await import('kmseal');
    const [, , , region, account, resource] = setting.key.KeyId.split(':');
    const alias = `arn:aws:kms:${region}:${account}:alias/uploads`;
    for (const id of ['alias/uploads', resource.slice(4), setting.key.KeyId, alias]) {
      const { status, stdout, stderr } = await setting.run(['key', id]);
      assert.equal(status, 0, stderr);
      const key = await KmsPublicKey.import(stdout.toString());
      assert.equal(key.keyId, setting.key.KeyId);
      assert.equal(stderr, `fingerprint ${key.fingerprint}\nKMS was asked at ${setting.env.AWS_ENDPOINT_URL}\n`);
      setting.folder.write('printed.json', stdout);
      await seal('printed.json', 'printed.kmseal', '--fingerprint', key.fingerprint, '--force');
    }
    assert.equal((await open('printed.kmseal')).toString(), 'plain');
  });

  test('key takes the region from an ARN, and an id or alias needs --region', async () => {
    const replica = multiRegion.KeyId.replace('us-east-1', 'eu-west-1');
    await setting.succeeds(['key', replica]);
    await setting.succeeds(['key', '--region', 'eu-west-1', multiRegion.KeyId.split('/')[1]]);
    assert.deepEqual(
      proxy.calls.map(({ region }) => region),
      ['eu-west-1', 'eu-west-1'],
    );
  });

  test('key does not print a key that cannot seal', async () => {
    const create = async (settings) => (await setting.kms.client.send(new CreateKeyCommand(settings))).KeyMetadata.Arn;
    const signing = await create({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
    const symmetric = await create({});
    for (const id of [signing, symmetric]) {
      const { stdout } = await setting.fails(
        ['key', id],
        id === signing ? 6 : 5,
        /create one with: aws kms create-key|has no public key/,
      );
      assert.equal(stdout.length, 0);
    }
    await setting.fails(['key', 'alias/uploads', '--fingerprint', 'SHA256:AAAA'], 6, /ERR_KEY_FINGERPRINT/);
    await setting.fails(['key', 'alias/none'], 5, /does not find alias\/none.*NotFoundException/);
    await setting.fails(
      ['key', 'arn:aws:kms:us-east-1.example:1:key/x'],
      2,
      /us-east-1\.example.*not the name of an AWS region/,
    );
    await setting.fails(['key', 'alias/uploads'], 2, /no region/, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } });
  });
});

describe('public keys', () => {
  test('seal refuses a wrong fingerprint, a file that is not a key, and a missing file', async () => {
    const sealed = (...args) => setting.fails(['seal', ...args, '-'], 6, /^kmseal: [\w-]+\.json: /);
    await sealed('--key', 'key.json', '--fingerprint', `SHA256:${'A'.repeat(43)}=`);
    await sealed('--key', 'missing.json');
    // `-` means standard input only as a FILE.
    await setting.fails(['seal', '--key', '-', 'x'], 6, /^kmseal: -: No such file/);
    setting.folder.write('text.json', 'no key');
    await sealed('--key', 'text.json');
    setting.keyFile('alias.json', { ...setting.key, KeyId: 'alias/uploads' });
    await sealed('--key', 'alias.json');
  });

  test('every --key has to have one of the fingerprints that --fingerprint names, in any order', async () => {
    const { KmsPublicKey } = await import('kmseal');
    const own = (await KmsPublicKey.import(setting.key)).fingerprint;
    const other = (await KmsPublicKey.import(multiRegion)).fingerprint;
    const pins = (...fingerprints) => fingerprints.flatMap((fingerprint) => ['--fingerprint', fingerprint]);
    const both = ['seal', '--key', 'key.json', '--key', 'mrk.json'];
    await setting.succeeds(['seal', '--key', 'key.json', ...pins(other, own), '-']);
    await setting.succeeds([...both, ...pins(other, own), '-']);
    await setting.fails([...both, ...pins(own), '-'], 6, /^kmseal: mrk\.json: .*ERR_KEY_FINGERPRINT/);
    await setting.succeeds(['key', 'alias/uploads', ...pins(other, own)]);
    await setting.fails(['key', 'alias/uploads', ...pins(other)], 6, /ERR_KEY_FINGERPRINT/);
  });

  test('any one of several keys opens what seal made for all of them, each in its region', async () => {
    await seal('key.json', 'both.kmseal', '--key', 'mrk.json');
    assert.equal(readHeader(setting.folder.read('both.kmseal')).edks.length, 2);
    for (const id of [setting.key.KeyId, multiRegion.KeyId]) {
      assert.equal((await open('both.kmseal', '--key-id', id)).toString(), 'plain');
    }
    proxy.calls.length = 0;
    assert.equal((await open('both.kmseal', '--region', 'eu-west-1')).toString(), 'plain');
    assert.deepEqual(asked(), [['eu-west-1', multiRegion.KeyId.replace('us-east-1', 'eu-west-1')]]);
  });
});

describe('which key', () => {
  test('open tries every key that the envelope names and reports the one used; with --key-id it tries only that', async () => {
    const told = await setting.run(['open', '--output', '-', 'single.kmseal']);
    assert.equal(told.stderr, `single.kmseal: opened with ${setting.key.KeyId}\n`);
    const quiet = await setting.run(['open', '--output', '-', '--key-id', setting.key.KeyId, 'single.kmseal']);
    assert.deepEqual({ stdout: quiet.stdout.toString(), stderr: quiet.stderr }, { stdout: 'plain', stderr: '' });
    proxy.calls.length = 0;
    await refused(
      4,
      new RegExp(`sealed for ${setting.key.KeyId};.*ERR_NO_MATCHING_KEY`),
      'single.kmseal',
      '--key-id',
      multiRegion.KeyId,
    );
    assert.equal(proxy.calls.length, 0);
    for (const id of ['alias/uploads', 'mrk-1', '']) {
      assert.equal((await setting.run(['open', '--key-id', id, 'single.kmseal'])).status, 2, id);
    }
  });

  test("open asks in the key's own region, whatever the environment says", async () => {
    await setting.succeeds(['open', '-o', '-', 'single.kmseal'], { env: { AWS_REGION: 'ap-southeast-2' } });
    assert.deepEqual(asked(), [['us-east-1', setting.key.KeyId]]);
    await refused(4, /is not in eu-west-1.*leave --region out/, 'single.kmseal', '--region', 'eu-west-1');
    assert.equal(proxy.calls.length, 1);
  });

  test('open uses a multi-Region key in the given region, before or after the subcommand', async () => {
    const replica = multiRegion.KeyId.replace('us-east-1', 'eu-west-1');
    await setting.succeeds(['--region', 'eu-west-1', 'open', '-o', '-', 'mrk.kmseal']);
    await setting.succeeds(['open', '-o', '-', 'mrk.kmseal', '--region', 'eu-west-1']);
    await setting.succeeds(['open', '-o', '-', 'mrk.kmseal', '--key-id', replica]);
    await setting.succeeds(['open', '-o', '-', 'mrk.kmseal', '--key-id', multiRegion.KeyId, '--region', 'eu-west-1']);
    assert.deepEqual(
      asked(),
      Array.from({ length: 4 }, () => ['eu-west-1', replica]),
    );
  });

  test('open opens old and new envelopes after an alias has moved', async () => {
    const next = await setting.kms.createKey();
    await setting.kms.client.send(new UpdateAliasCommand({ AliasName: 'alias/uploads', TargetKeyId: next.KeyId }));
    setting.folder.write('next.json', await setting.succeeds(['key', 'alias/uploads']));
    await seal('next.json', 'next.kmseal');
    for (const name of ['single.kmseal', 'next.kmseal']) assert.equal((await open(name)).toString(), 'plain');
    const needs = JSON.parse(await setting.succeeds(['inspect', '--json', 'next.kmseal'])).keyIds;
    assert.deepEqual(needs, [next.KeyId]);
  });

  test('open never asks for a malformed ARN, which does no harm on the terminal either', async () => {
    const envelope = setting.folder.read('single.kmseal');
    const { places } = readHeader(envelope);
    const [start, end] = places['provider info 0'];
    const id = setting.key.KeyId.split('/')[1];
    const hosts = [
      'us-east-1.evil.example',
      '127.0.0.1:1/',
      'evil',
      '-',
      'us-east-1#',
      'us-east-1/../x',
      'us-east-\u001b[31m1\nx',
      'us-east-1\0',
      `us-${'a'.repeat(70)}-1`,
    ];
    const arns = [
      ...hosts.map((host) => `arn:aws:kms:${host}:000000000000:key/${id}`),
      `arn:evil:kms:us-east-1:000000000000:key/${id}`,
    ];
    for (const arn of [...arns, setting.key.KeyId.replace('key/', 'alias/')]) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(arn));
      setting.folder.write(
        'hostile.kmseal',
        Buffer.concat([envelope.subarray(0, start - 2), length, Buffer.from(arn), envelope.subarray(end)]),
      );
      // No --endpoint-url: the host would be the region's.
      const { stderr } = await setting.fails(['open', 'hostile.kmseal'], 4, /ERR_NO_MATCHING_KEY/, {
        env: { AWS_ENDPOINT_URL: '' },
      });
      const shown = (await setting.succeeds(['inspect', 'hostile.kmseal'])).toString().replaceAll('\n', '');
      // eslint-disable-next-line no-control-regex
      for (const text of [stderr.trimEnd(), shown]) assert.doesNotMatch(text, /[\u0000-\u001f\u007f]/);
    }
    assert.equal(proxy.calls.length, 0);
  });

  test('open passes grant tokens to KMS', async () => {
    await setting.succeeds(['open', '-o', '-', 'single.kmseal', '--grant-token', 'a', '--grant-token', 'b']);
    await setting.succeeds(['key', 'alias/uploads', '--grant-token', 'c']);
    await setting.succeeds(['reseal', '--key', 'key.json', '-o', '-', 'single.kmseal', '--grant-token', 'd']);
    assert.deepEqual(
      proxy.calls.map(({ input }) => input.GrantTokens),
      [['a', 'b'], ['c'], ['d']],
    );
  });

  test('open uses the other OAEP hash on request', async () => {
    const sha1 = ['--encryption-algorithm', 'RSAES_OAEP_SHA_1'];
    await seal('key.json', 'sha1.kmseal', ...sha1);
    assert.equal((await open('sha1.kmseal', ...sha1)).toString(), 'plain');
    await refused(5, /other OAEP hash \(--encryption-algorithm\).*InvalidCiphertextException/, 'sha1.kmseal');
  });
});
