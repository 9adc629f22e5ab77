// Whose keys the command asks for: those that the user names, or of the user's own account, never just any that an envelope names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { printed } from '../../tools/kms.mjs';
import { readHeader } from '../support/message.mjs';
import { testThroughProxy } from './setting.mjs';

const STRANGER = '999988887777';
/** The emulator accepts twelve digits as an account's root credentials. */
const OTHER_ACCOUNT = { AWS_ACCESS_KEY_ID: STRANGER, AWS_SECRET_ACCESS_KEY: 'x' };

let foreign;
const { setting, proxy, seal, open, refused } = testThroughProxy(async () => {
  await seal('key.json', 'own.kmseal');
  foreign = named(
    setting.folder.read('own.kmseal'),
    setting.key.KeyId.replace('us-east-1:000000000000', `ap-southeast-2:${STRANGER}`),
  );
  setting.folder.write('foreign.kmseal', foreign);
});

/** The envelope with another key's ARN in its first encrypted data key. */
function named(envelope, arn) {
  const [start, end] = readHeader(envelope).places['provider info 0'];
  const length = Buffer.alloc(2);
  length.writeUInt16BE(arn.length);
  return Buffer.concat([envelope.subarray(0, start - 2), length, Buffer.from(arn), envelope.subarray(end)]);
}

describe('open without --key-id', () => {
  test('open asks no region for a key of another account without --key-id', async () => {
    for (const command of [
      ['open', '--output', '-'],
      ['reseal', '--key', 'key.json', '--output', '-'],
    ]) {
      const line = new RegExp(
        `sealed for arn:aws:kms:ap-southeast-2:${STRANGER}:key/.*account 000000000000.*--key-id.*--discover.*ERR_NO_MATCHING_KEY`,
      );
      await setting.fails([...command, 'foreign.kmseal'], 4, line);
    }
    assert.equal(proxy.calls.length, 0);
  });

  test('open asks for a key of another account with --discover, in the region that the envelope names', async () => {
    await refused(5, /NotFoundException/, 'foreign.kmseal', '--discover');
    assert.deepEqual(
      proxy.calls.map(({ region, input }) => [region, input.KeyId.split(':')[4]]),
      [['ap-southeast-2', STRANGER]],
    );
    assert.equal((await open('own.kmseal', '--discover')).toString(), 'plain');
    const { status } = await setting.run(['open', '--discover', '--key-id', setting.key.KeyId, 'own.kmseal']);
    assert.equal(status, 2);
  });

  test('open asks for only one of two keys, the one of its own account', async () => {
    const other = await setting.kms.createKey();
    setting.keyFile('other.json', other);
    await seal('other.json', 'two.kmseal', '--key', 'key.json');
    setting.folder.write(
      'two.kmseal',
      named(setting.folder.read('two.kmseal'), other.KeyId.replace('000000000000', STRANGER)),
    );
    // Only the header's tag shows that it was altered, once the key has answered.
    await refused(3, /ERR_AUTHENTICATION/, 'two.kmseal');
    assert.deepEqual(
      proxy.calls.map(({ input }) => input.KeyId),
      [setting.key.KeyId],
    );
  });

  test('open takes its account from the credentials in use', async () => {
    await setting.fails(['open', '--output', '-', 'own.kmseal'], 4, new RegExp(`account ${STRANGER}`), {
      env: OTHER_ACCOUNT,
    });
    setting.folder.write(
      'config',
      `[profile told]\naws_access_key_id = test\naws_secret_access_key = test\naws_account_id = ${STRANGER}\n`,
    );
    const env = { AWS_CONFIG_FILE: setting.folder.at('config') };
    await setting.fails(
      ['open', '--profile', 'told', '--output', '-', 'own.kmseal'],
      4,
      new RegExp(`account ${STRANGER}`),
      { env },
    );
    await setting.fails(['open', '--output', '-', 'own.kmseal'], 4, /account 123412341234/, {
      env: { AWS_ACCOUNT_ID: '123412341234' },
    });
    assert.equal(proxy.calls.length, 0);
  });

  test('open asks STS once for many files, and names a remedy if STS is unreachable', async () => {
    const settings = { env: { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' } };
    await setting.fails(
      ['open', '--output', '-', 'own.kmseal'],
      5,
      /STS does not report the account.*--key-id.*AWS_ACCOUNT_ID.*aws_account_id.*--discover/,
      settings,
    );
    assert.equal(proxy.calls.length, 0);
    const moved = ['open', '--output', '-', '--endpoint-url', proxy.endpoint, 'own.kmseal'];
    await setting.fails(moved, 5, /--endpoint-url moves KMS alone, and AWS_ENDPOINT_URL moves STS, too/, settings);
    for (const args of [['--key-id', setting.key.KeyId], ['--discover']]) {
      await setting.succeeds(['open', '--output', '-', ...args, 'own.kmseal'], settings);
    }
    await setting.succeeds(['open', '--output', '-', 'own.kmseal'], {
      env: { ...settings.env, AWS_ACCOUNT_ID: '000000000000' },
    });
    const profile = '[profile of-files]\naws_access_key_id = test\naws_secret_access_key = test\n';
    setting.folder.write('config', profile);
    const env = { ...settings.env, AWS_CONFIG_FILE: setting.folder.at('config') };
    const open = ['open', '--profile', 'of-files', '--output', '-', 'own.kmseal'];
    // The variable is of the environment's credentials, and these are others.
    await setting.fails(open, 5, /aws_account_id in the profile/, { env: { ...env, AWS_ACCOUNT_ID: '000000000000' } });
    setting.folder.write('config', `${profile}aws_account_id = 000000000000\n`);
    await setting.succeeds(open, { env });
  });
});

test('open asks for a key of another account with --key-id, and --endpoint-url redirects KMS alone', async () => {
  const arn = setting.key.KeyId.replace('us-east-1:000000000000', `ap-southeast-2:${STRANGER}`);
  await refused(5, /NotFoundException/, 'foreign.kmseal', '--key-id', arn);
  assert.equal(proxy.calls.length, 1);
  const env = { AWS_ENDPOINT_URL: setting.kms.emulator.endpoint };
  const args = ['open', '--output', '-', '--endpoint-url', proxy.endpoint, 'own.kmseal'];
  assert.equal((await setting.succeeds(args, { env })).toString(), 'plain');
  assert.equal(proxy.calls.length, 2);
  // The bucket of an emulator is not where AWS's own S3 is asked for it.
  const bucket = ['--bucket', 'uploads', '--origin', 'https://www.example.com', '--endpoint-url', proxy.endpoint];
  const settings = { env: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' } };
  const { checks } = JSON.parse((await setting.run(['check', '--json', 'alias/uploads', ...bucket], settings)).stdout);
  for (const name of ['versioning', 'lifecycle', 'cors'])
    assert.match(checks.find(({ check }) => check === name).remedy, /AWS_ENDPOINT_URL moves S3, too/);
});

test('key prints no answer for a key other than the one requested', async () => {
  const other = await setting.kms.createKey();
  const answer = JSON.parse(setting.folder.read(setting.keyFile('answer.json', other)));
  const [, , , region, account, resource] = setting.key.KeyId.split(':');
  const elsewhere = { ...answer, KeyId: answer.KeyId.replace(account, STRANGER) };
  const far = { ...answer, KeyId: answer.KeyId.replace(region, 'eu-west-1') };
  for (const [asked, body] of [
    [setting.key.KeyId, answer],
    [resource.slice(4), answer],
    [`arn:aws:kms:${region}:${account}:alias/uploads`, elsewhere],
    [`arn:aws:kms:${region}:${account}:alias/uploads`, far],
    ['alias/uploads', far],
    ['alias/uploads', { ...answer, KeyId: undefined }],
  ]) {
    proxy.answer = () => ({ status: 200, body });
    const { stdout } = await setting.fails(['key', asked], 5, /answered for a key other than/);
    assert.equal(stdout.length, 0);
  }
});

test('key refuses an answer without the ARN, as emulators give it, and says which line takes such a key', async () => {
  const id = setting.key.KeyId.split('/')[1];
  for (const KeyId of [id, 'alias/uploads']) {
    proxy.answer = () => ({ status: 200, body: { ...printed(setting.key), KeyId } });
    const line = new RegExp(`answered with ${KeyId} where AWS gives the ARN .*emulator.*--key-arn`);
    const { stdout } = await setting.fails(['key', 'alias/uploads'], 5, line);
    assert.equal(stdout.length, 0);
  }
});
