// What the command says and does when KMS refuses, fails, or answers something other than requested.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { endOf } from './command.mjs';
import { testThroughProxy } from './setting.mjs';

let other;
const { setting, proxy, seal, open, refused } = testThroughProxy(async () => {
  other = await setting.kms.createKey();
  setting.keyFile('other.json', other);
  await seal('key.json', 'single.kmseal');
});

test('open explains what to do if the key is disabled', async () => {
  await setting.kms.client.send(new DisableKeyCommand({ KeyId: setting.key.KeyId }));
  await refused(5, /disabled; enable it.*DisabledException/, 'single.kmseal');
  await setting.kms.client.send(new EnableKeyCommand({ KeyId: setting.key.KeyId }));
});

test('open uses the other key if one of two is denied', async () => {
  await seal('key.json', 'two.kmseal', '--key', 'other.json');
  const denied = { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } };
  proxy.answer = ({ input }) => (input.KeyId === setting.key.KeyId ? denied : undefined);
  assert.equal((await open('two.kmseal')).toString(), 'plain');
  proxy.answer = () => denied;
  await refused(5, /kms:Decrypt on arn:.*"Effect":"Allow".*AccessDeniedException: no/, 'two.kmseal');
});

test("open uses the other key during an outage of the first key's region, and reports both if neither opens", async () => {
  await seal('key.json', 'two.kmseal', '--key', 'other.json', '--force');
  const env = { AWS_MAX_ATTEMPTS: '1' };
  const fail = (status, name) => ({ status, body: { __type: name, message: 'x' } });
  for (const answer of [
    fail(400, 'ThrottlingException'),
    fail(500, 'KMSInternalException'),
    fail(503, 'ServiceUnavailable'),
    'hang up',
  ]) {
    proxy.calls.length = 0;
    proxy.answer = ({ input }) => (input.KeyId === setting.key.KeyId ? answer : undefined);
    const options = ['open', '-o', '-', '--key-id', setting.key.KeyId, '--key-id', other.KeyId, 'two.kmseal'];
    assert.equal((await setting.succeeds(options, { env })).toString(), 'plain');
    assert.deepEqual(
      proxy.calls.map(({ input }) => input.KeyId),
      [setting.key.KeyId, other.KeyId],
    );
    proxy.answer = () => answer;
    const both = new RegExp(`${setting.key.KeyId}: .*; ${other.KeyId}: .*ERR_KMS`);
    await setting.fails(options, 5, both, { env });
  }
});

test("an error gives KMS's name for it and the remedy in one line", async () => {
  const refusal = (name) => ({ status: 400, body: { __type: name, message: 'said KMS' } });
  for (const [name, helps] of [
    ['NotFoundException', `does not find ${setting.key.KeyId}: check account and --region`],
    ['KMSInvalidStateException', 'pending deletion; cancel the deletion and enable it'],
    ['InvalidKeyUsageException', 'KeyUsage must be ENCRYPT_DECRYPT'],
    ['ExpiredTokenException', 'credentials are missing, wrong or expired; renew them'],
    ['InvalidGrantTokenException', 'does not accept the grant token'],
    ['NeverHeardOfException', 'KMS Decrypt failed'],
  ]) {
    proxy.calls.length = 0;
    proxy.answer = () => refusal(name);
    const { stderr } = await refused(5, /ERR_KMS/, 'single.kmseal');
    assert.ok(stderr.includes(helps) && stderr.includes(`(${name}: said KMS)`), stderr);
    assert.equal(proxy.calls.length, 1, name);
  }
});

test('open retries passing faults, and names a remedy for lasting ones', async () => {
  const fail = (status, name) => ({ status, body: { __type: name, message: 'x' } });
  const times = (count, answer) => () => (proxy.calls.length <= count ? answer : undefined);
  for (const answer of [fail(500, 'KMSInternalException'), fail(400, 'ThrottlingException'), 'hang up']) {
    proxy.calls.length = 0;
    proxy.answer = times(1, answer);
    assert.equal((await open('single.kmseal')).toString(), 'plain');
    assert.equal(proxy.calls.length, 2);
  }
  proxy.answer = () => fail(400, 'ThrottlingException');
  await setting.fails(['open', '-o', '-', 'single.kmseal'], 5, /throttled.*AWS_MAX_ATTEMPTS.*ThrottlingException/, {
    env: { AWS_MAX_ATTEMPTS: '2' },
  });
  proxy.answer = () => 'hang up';
  await refused(5, /could not be reached/, 'single.kmseal');
});

test('open waits 20 seconds for a KMS that does not answer', async () => {
  proxy.answer = () => new Promise(() => {});
  const start = performance.now();
  const env = { AWS_MAX_ATTEMPTS: '1' };
  await setting.fails(['open', '-o', '-', 'single.kmseal'], 5, /could not be reached.*try again.*timeout/, { env });
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds >= 19 && seconds < 40, `${seconds} s`);
});

test('open stops waiting for KMS as soon as it is interrupted', async () => {
  proxy.answer = () => new Promise(() => {});
  const child = setting.start(['open', '--output', 'stopped', 'single.kmseal']);
  const end = endOf(child, '');
  while (proxy.calls.length === 0) await sleep(25);
  child.kill('SIGINT');
  assert.equal((await end).signal, 'SIGINT');
  assert.deepEqual(
    setting.folder.list().filter((name) => name === 'stopped' || name.startsWith('.kmseal-')),
    [],
  );
});

test('open refuses an answer for another key or of another length', async () => {
  const body = { KeyId: other.KeyId, Plaintext: Buffer.alloc(80).toString('base64') };
  proxy.answer = () => ({ status: 200, body });
  await refused(5, /answered for a key other than/, 'single.kmseal');
  proxy.answer = () => ({
    status: 200,
    body: { KeyId: setting.key.KeyId, Plaintext: Buffer.alloc(32).toString('base64') },
  });
  await refused(5, /80 bytes.*ERR_KMS/, 'single.kmseal');
});

test('open reports missing credentials, an unreachable endpoint and an unknown profile', async () => {
  const none = { env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' } };
  await setting.fails(['open', '-o', '-', 'single.kmseal'], 5, /no AWS credentials.*--profile/, none);
  await refused(5, /could not be reached.*--endpoint-url/, 'single.kmseal', '--endpoint-url', 'http://127.0.0.1:1');
  await setting.fails(['open', '-o', '-', 'single.kmseal', '--profile', 'nobody'], 5, /no AWS credentials/, none);
});

test('an empty endpoint setting counts as unset', async () => {
  for (const [empty, set] of [
    ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_KMS'],
    ['AWS_ENDPOINT_URL_KMS', 'AWS_ENDPOINT_URL'],
  ]) {
    // STS, which reports the account of the credentials, has its own.
    const env = { [empty]: '', [set]: proxy.endpoint, AWS_ENDPOINT_URL_STS: setting.kms.emulator.endpoint };
    assert.equal((await setting.succeeds(['open', '-o', '-', 'single.kmseal'], { env })).toString(), 'plain');
  }
  // Also set by a service's section of the configuration.
  setting.folder.write('config', '[default]\nservices = local\n[services local]\nkms =\n  endpoint_url =\n');
  const env = { AWS_CONFIG_FILE: setting.folder.at('config') };
  assert.equal((await setting.succeeds(['open', '-o', '-', 'single.kmseal'], { env })).toString(), 'plain');
});

test('open uses the credentials of a profile', async () => {
  setting.folder.write('credentials', '[opener]\naws_access_key_id = test\naws_secret_access_key = test\n');
  const env = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_SHARED_CREDENTIALS_FILE: setting.folder.at('credentials'),
  };
  assert.equal(
    (await setting.succeeds(['--profile', 'opener', 'open', '-o', '-', 'single.kmseal'], { env })).toString(),
    'plain',
  );
});
