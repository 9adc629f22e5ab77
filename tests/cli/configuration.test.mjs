// The AWS configuration as the AWS CLI reads it: credentials, endpoint and number of attempts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { KMSClient } from '@aws-sdk/client-kms';
import { createKey } from '../../tools/kms.mjs';
import { startKmsProxy } from '../support/servers/kms-proxy.mjs';
import { KMSEAL } from './command.mjs';
import { startSetting } from './setting.mjs';

const ACCOUNTS = { environment: '111111111111', prod: '222222222222', default: '333333333333' };

let setting;
let folder;
let files;
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  const profile = (name, account) => `[${name}]\naws_access_key_id = ${account}\naws_secret_access_key = x\n`;
  folder.write('credentials', profile('prod', ACCOUNTS.prod) + profile('default', ACCOUNTS.default));
  folder.write(
    'config',
    `[profile roleless]\nregion = eu-west-1\n[profile half]\naws_access_key_id = ${ACCOUNTS.prod}\n[profile slow]\nmax_attempts = many\n`,
  );
  files = { AWS_SHARED_CREDENTIALS_FILE: folder.at('credentials'), AWS_CONFIG_FILE: folder.at('config') };
  // The emulator accepts twelve digits as an account's root credentials.
  for (const account of Object.values(ACCOUNTS)) {
    const client = new KMSClient({
      ...setting.kms.emulator.config,
      credentials: { accessKeyId: account, secretAccessKey: 'x' },
    });
    await createKey(client, { spec: 'RSA_2048', alias: 'alias/of-account' });
  }
  await setting.succeeds(['seal', '--key', 'key.json', '--output', 'f.kmseal', '-'], { input: 'plain' });
});
after(() => setting?.close());

/** The account whose key the alias names, or the command's message. */
async function account(env, ...args) {
  const { status, stdout, stderr } = await setting.run([...args, 'key', 'alias/of-account'], {
    env: { ...files, ...env },
  });
  return status === 0 ? JSON.parse(stdout).KeyId.split(':')[4] : `${status}: ${stderr}`;
}

const IN_ENVIRONMENT = { AWS_ACCESS_KEY_ID: ACCOUNTS.environment, AWS_SECRET_ACCESS_KEY: 'x' };
const NONE = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

describe('credentials', () => {
  test('--profile takes precedence over the environment, which takes precedence over AWS_PROFILE, as in the AWS CLI', async () => {
    assert.equal(await account(IN_ENVIRONMENT), ACCOUNTS.environment);
    assert.equal(await account(IN_ENVIRONMENT, '--profile', 'prod'), ACCOUNTS.prod);
    assert.equal(await account({ ...IN_ENVIRONMENT, AWS_PROFILE: 'prod' }), ACCOUNTS.environment);
    for (const name of ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'])
      assert.equal(await account({ ...NONE, [name]: 'prod' }), ACCOUNTS.prod);
    assert.equal(await account({ ...NONE, AWS_PROFILE: '' }), ACCOUNTS.default);
    assert.equal(await account({ ...NONE, AWS_PROFILE: 'prod' }, '--profile', 'default'), ACCOUNTS.default);
  });

  test('a profile that does not exist is an error, wherever it is named', async () => {
    const missing = /^5: kmseal: no AWS credentials [^\n]*there is no profile "nobody"[^\n]*\n$/;
    assert.match(await account(IN_ENVIRONMENT, '--profile', 'nobody'), missing);
    for (const name of ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']) {
      for (const env of [IN_ENVIRONMENT, NONE]) assert.match(await account({ ...env, [name]: 'nobody' }), missing);
    }
    // The message names the files that were read, wherever they are.
    assert.ok(
      (await account(NONE, '--profile', 'nobody')).includes(
        ` in ${files.AWS_CONFIG_FILE} and ${files.AWS_SHARED_CREDENTIALS_FILE};`,
      ),
    );
    const args = ['open', '--output', '-', '--profile', 'nobody', '--key-id', setting.key.KeyId, 'f.kmseal'];
    await setting.fails(args, 5, /no profile "nobody" in ~\/\.aws\/config and ~\/\.aws\/credentials;/);
  });

  test('a profile with no or partial credentials does not fall back to other credentials', async () => {
    for (const name of ['roleless', 'half']) {
      assert.match(await account(IN_ENVIRONMENT, '--profile', name), /^5: kmseal: no AWS credentials were found/);
    }
  });

  test('without a configured region, a role is assumed in that of --region or of the key, and nothing else is asked', async () => {
    const keys = 'aws_access_key_id = test\naws_secret_access_key = test\n';
    const role = 'role_arn = arn:aws:iam::000000000000:role/any\nsource_profile = base\n';
    folder.write('role', `[profile base]\n${keys}[profile role]\n${role}`);
    let asked = 0;
    const metadata = createServer((_, response) => response.writeHead(404).end(++asked)).listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    const env = {
      ...NONE,
      AWS_CONFIG_FILE: folder.at('role'),
      AWS_REGION: '',
      AWS_DEFAULT_REGION: '',
      AWS_EC2_METADATA_DISABLED: '',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${metadata.address().port}`,
    };
    try {
      for (const args of [
        ['--region', 'us-east-1', 'key', 'alias/uploads'],
        ['key', setting.key.KeyId],
        ['open', '--output', '-', '--key-id', setting.key.KeyId, 'f.kmseal'],
      ]) {
        await setting.succeeds(['--profile', 'role', ...args], { env });
        await setting.succeeds(args, { env: { ...env, AWS_PROFILE: 'role' } });
      }
      assert.equal(asked, 0);
    } finally {
      metadata.close();
    }
  });

  test('half a key pair in the environment is an error, and not the default profile', async () => {
    assert.match(
      await account({ ...NONE, AWS_ACCESS_KEY_ID: 'x' }),
      /^5: .*AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not/,
    );
    assert.match(
      await account({ ...NONE, AWS_SECRET_ACCESS_KEY: 'x' }),
      /^5: .*AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not/,
    );
    assert.equal(await account({ ...NONE, AWS_ACCESS_KEY_ID: 'x' }, '--profile', 'prod'), ACCOUNTS.prod);
  });

  test('a variable that is not UTF-8 is an error that names it, and not taken for one that is not set', async () => {
    // By a shell: Node writes variables in UTF-8.
    const inLatin1 = (name, value) =>
      setting.run(['-c', `export ${name}="$(printf '${value}')"; exec "$0" key alias/of-account`, KMSEAL], {
        program: 'sh',
        env: { ...files, ...NONE },
      });
    for (const name of ['AWS_PROFILE', 'AWS_CA_BUNDLE', 'AWS_ENDPOINT_URL_KMS', 'https_proxy', 'NO_PROXY']) {
      const { status, stderr } = await inLatin1(name, 'prod\\351');
      assert.match(`${status}: ${stderr}`, new RegExp(`^2: kmseal: ${name} is not UTF-8[^\n]*\n$`));
    }
    assert.equal((await inLatin1('AWS_PROFILE', 'prod')).status, 0);
  });

  test('a file of the configuration that cannot be read is an error that names it, and not taken for an empty one', async () => {
    folder.write('latin1', Buffer.from(`# Schlüssel\n${folder.read('credentials')}`, 'latin1'));
    for (const [file, why] of [
      [folder.at('latin1'), 'it is not UTF-8'],
      ['/proc/self/mem', 'Input/output error'],
    ]) {
      for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
        const said = await account({ ...IN_ENVIRONMENT, [name]: file });
        assert.ok(said.startsWith(`2: kmseal: the AWS configuration cannot be read: ${file}: ${why}`), said);
      }
    }
    assert.equal(await account({ ...IN_ENVIRONMENT, AWS_CONFIG_FILE: folder.at('missing') }), ACCOUNTS.environment);
  });

  test('seal and inspect need no credentials', async () => {
    const env = { AWS_PROFILE: 'nobody', AWS_SECRET_ACCESS_KEY: '', AWS_MAX_ATTEMPTS: 'x' };
    await setting.succeeds(['seal', '--key', 'key.json', '-'], { env });
    await setting.succeeds(['inspect', 'f.kmseal'], { env });
  });
});

test('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS does not affect --endpoint-url', async () => {
  const nowhere = 'http://127.0.0.1:1';
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_KMS']) {
    const env = { [name]: nowhere, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    const args = [
      'open',
      '--output',
      '-',
      '--key-id',
      setting.key.KeyId,
      '--endpoint-url',
      setting.kms.emulator.endpoint,
      'f.kmseal',
    ];
    assert.equal((await setting.succeeds(args, { env })).toString(), 'plain');
    // The setting is ignored: the command looks up AWS's own host, which does not exist for this region.
    const ignored = ['key', 'alias/x', '--region', 'xx-nowhere-1'];
    await setting.fails(ignored, 5, /could not be reached.*(lookup|resolve|dns|name)/i, {
      env: { ...env, AWS_MAX_ATTEMPTS: '1' },
    });
  }
  folder.write('ignoring', '[default]\nignore_configured_endpoint_urls = true\n');
  const env = { AWS_CONFIG_FILE: folder.at('ignoring'), AWS_MAX_ATTEMPTS: '1' };
  await setting.fails(['key', 'alias/x', '--region', 'xx-nowhere-1'], 5, /could not be reached/, { env });
});

test('a setting that is neither true nor false is an error, and not taken for one that is not set', async () => {
  const names = ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'];
  for (const name of names) {
    const said = new RegExp(`${name} is "yes"; make it true or false`);
    await setting.fails(['key', 'alias/x'], 2, said, { env: { [name]: 'yes' } });
  }
  folder.write('fips', '[default]\nuse_fips_endpoint = 1\n');
  const env = { AWS_CONFIG_FILE: folder.at('fips') };
  await setting.fails(['key', 'alias/x'], 2, /use_fips_endpoint is "1"; make it true or false/, { env });
});

test('a call over http needs no certificates of the system', async () => {
  const env = { ...IN_ENVIRONMENT, SSL_CERT_FILE: folder.at('missing.pem') };
  assert.equal(await account(env), ACCOUNTS.environment);
});

describe('retries', () => {
  test('retry settings that are empty count as unset', async () => {
    for (const env of [
      { AWS_MAX_ATTEMPTS: '' },
      { AWS_RETRY_MODE: '' },
      { AWS_MAX_ATTEMPTS: '2', AWS_RETRY_MODE: 'adaptive' },
      { AWS_RETRY_MODE: 'legacy' },
    ]) {
      assert.equal(await account({ ...IN_ENVIRONMENT, ...env }), ACCOUNTS.environment);
    }
  });

  test('retry settings that are invalid are an error that names them', async () => {
    for (const [name, value] of [
      ['AWS_MAX_ATTEMPTS', '0'],
      ['AWS_MAX_ATTEMPTS', '-1'],
      ['AWS_MAX_ATTEMPTS', 'x'],
      ['AWS_MAX_ATTEMPTS', '99999999999999999999'],
      ['AWS_RETRY_MODE', 'often'],
    ]) {
      assert.match(
        await account({ ...IN_ENVIRONMENT, [name]: value }),
        new RegExp(`^2: kmseal: ${name} is "${value}"; make it [^\n]*\n$`),
      );
    }
    assert.match(await account(IN_ENVIRONMENT, '--profile', 'slow'), /^2: kmseal: max_attempts is "many"/);
  });
});

test('no environment makes the command panic', async () => {
  for (const env of [
    { AWS_ENDPOINT_URL: 'no url' },
    { AWS_ENDPOINT_URL: 'http://' },
    { AWS_REGION: 'no region', AWS_ENDPOINT_URL: '' },
    { AWS_USE_FIPS_ENDPOINT: 'x' },
    { AWS_ACCOUNT_ID: 'x' },
    { AWS_SDK_UA_APP_ID: 'a b\u0007' },
    { AWS_CONFIG_FILE: '/proc/self/mem' },
    { AWS_CONFIG_FILE: folder.at('key.json') },
    { ...NONE, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'no url' },
    { ...NONE, AWS_WEB_IDENTITY_TOKEN_FILE: '/missing', AWS_ROLE_ARN: 'x' },
  ]) {
    for (const args of [
      ['key', 'alias/of-account'],
      ['open', '--output', '-', 'f.kmseal'],
    ]) {
      const { status, stderr } = await setting.run(args, { env: { AWS_MAX_ATTEMPTS: '1', ...env } });
      assert.ok([0, 2, 4, 5].includes(status), `${JSON.stringify(env)}: ${status}: ${stderr}`);
      assert.doesNotMatch(stderr, /panicked/);
    }
  }
});

test('a key.json with wrong types, or with a field twice, is refused', async () => {
  const text = folder.read('key.json').toString();
  const key = JSON.parse(text);
  for (const [what, json] of Object.entries({
    'a usage that is not text': JSON.stringify({ ...key, KeyUsage: ['ENCRYPT_DECRYPT'] }),
    'algorithms that are not a list': JSON.stringify({ ...key, EncryptionAlgorithms: 'RSAES_OAEP_SHA_256' }),
    'an algorithm that is not text': JSON.stringify({ ...key, EncryptionAlgorithms: ['RSAES_OAEP_SHA_256', 1] }),
    'an id that is not text': JSON.stringify({ ...key, KeyId: { arn: key.KeyId } }),
    'a spec that is not text': JSON.stringify({ ...key, KeySpec: 4096 }),
    'an id twice': text.replace('{', `{"KeyId": "${key.KeyId}", `),
    'a public key twice': text.replace('{', `{"PublicKey": "${key.PublicKey}", `),
    'a list without a key': JSON.stringify([key.KeyId, null]),
    'more after it': `${text}{}`,
  })) {
    folder.write('bad.json', json);
    await setting.fails(['seal', '--key', 'bad.json', '-'], 6, /bad\.json: .*ERR_KEY_INVALID/, { what });
  }
  folder.write('good.json', JSON.stringify({ ...key, AnythingElse: [1], KeyUsage: null, EncryptionAlgorithms: null }));
  await setting.succeeds(['seal', '--key', 'good.json', '-']);
});

describe('a proxy of the environment', () => {
  let proxy;
  before(async () => (proxy = await startKmsProxy(setting.kms.emulator.endpoint)));
  after(() => proxy?.close());
  // Only the proxy knows an address for this name.
  const unknown = { AWS_ENDPOINT_URL: 'http://kms.invalid' };
  const args = ['open', '--output', '-', 'f.kmseal'];

  test('a proxy is used, also with --profile, except for hosts in NO_PROXY', async () => {
    for (const name of ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY']) {
      assert.equal((await setting.succeeds(args, { env: { ...unknown, [name]: proxy.endpoint } })).toString(), 'plain');
    }
    const env = { ...files, ...unknown, http_proxy: proxy.endpoint };
    await setting.succeeds(['--profile', 'prod', 'key', 'alias/of-account'], { env });
    assert.deepEqual(
      proxy.calls.map(({ operation }) => operation),
      ['Decrypt', 'Decrypt', 'Decrypt', 'GetPublicKey'],
    );
    proxy.calls.length = 0;
    await setting.succeeds(args, { env: { http_proxy: proxy.endpoint, NO_PROXY: '127.0.0.1' } });
    assert.deepEqual(proxy.calls, []);
  });

  test('a proxy that refuses connections is an error, and nothing bypasses it', async () => {
    await setting.fails([...args, '--key-id', setting.key.KeyId], 5, /ERR_KMS/, {
      env: { http_proxy: 'http://127.0.0.1:1', AWS_MAX_ATTEMPTS: '1' },
    });
  });
});
