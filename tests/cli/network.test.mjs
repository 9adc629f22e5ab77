// The command in a company's network: its proxy, its certificates, and people who sign in with `aws login`.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { KMSClient } from '@aws-sdk/client-kms';
import { createKey } from '../../tools/kms.mjs';
import { makeCertificates, startHttpsProxy } from './https-proxy.mjs';
import { startSetting } from './setting.mjs';

const KMS = 'kms.us-east-1.amazonaws.com';

let setting;
let proxy;
let env;
before(async () => {
  setting = await startSetting();
  const certificate = makeCertificates(setting.folder, 'company');
  makeCertificates(setting.folder, 'other');
  proxy = await startHttpsProxy(setting.kms.emulator.endpoint, certificate);
  // No endpoint: what is asked is AWS itself, which only the proxy leads to.
  env = {
    AWS_ENDPOINT_URL: '',
    HTTPS_PROXY: proxy.url,
    AWS_CA_BUNDLE: setting.folder.at('company.pem'),
    AWS_MAX_ATTEMPTS: '1',
  };
  await setting.succeeds(['seal', '--key', 'key.json', '--output', 'f.kmseal', '-'], { input: 'plain' });
});
afterEach(() => {
  proxy.connects.length = 0;
  proxy.requests.length = 0;
  proxy.answer = () => undefined;
});
after(async () => {
  await proxy?.close();
  await setting?.close();
});

const hosts = () => [...new Set(proxy.connects.map(({ host }) => host))];
const key = (more, ...args) => setting.succeeds(['key', 'alias/uploads', ...args], { env: { ...env, ...more } });

describe('HTTPS_PROXY', () => {
  test('HTTPS_PROXY carries the calls to KMS and STS', async () => {
    assert.equal(JSON.parse(await key()).KeyId, setting.key.KeyId);
    assert.equal((await setting.succeeds(['open', '--output', '-', 'f.kmseal'], { env })).toString(), 'plain');
    assert.deepEqual(hosts(), [`${KMS}:443`, 'sts.us-east-1.amazonaws.com:443']);
    assert.deepEqual([...new Set(proxy.requests.map(({ host }) => host))], [KMS, 'sts.us-east-1.amazonaws.com']);
    // What comes out of the tunnel is a request to AWS, not to a proxy.
    assert.deepEqual([...new Set(proxy.requests.map(({ path }) => path))], ['/']);
  });

  test('https_proxy works in lower case, too, and its password is sent to the proxy alone', async () => {
    const named = proxy.url.replace('http://', 'http://user:secret@');
    await key({ HTTPS_PROXY: '', https_proxy: named });
    assert.deepEqual(proxy.connects, [
      { host: `${KMS}:443`, authorization: `Basic ${Buffer.from('user:secret').toString('base64')}` },
    ]);
    assert.equal(proxy.requests[0].headers['proxy-authorization'], undefined);
  });

  test('a proxy is not used for a host that NO_PROXY names', async () => {
    const endpoint = { AWS_ENDPOINT_URL_KMS: proxy.origin };
    await key(endpoint);
    assert.deepEqual(hosts(), [new URL(proxy.origin).host]);
    proxy.connects.length = 0;
    for (const name of ['NO_PROXY', 'no_proxy']) await key({ ...endpoint, [name]: 'example.com,localhost' });
    assert.equal(proxy.connects.length, 0);
    assert.equal(proxy.requests.length, 3);
  });

  test('a proxy that cannot be one is refused, and not gone past', async () => {
    const sentence = (name) => new RegExp(`${name} is not the address of an HTTP proxy, .*; correct it, or unset it`);
    for (const wrong of ['foo://user:secret@localhost', 'not a url', 'socks5://localhost:1080', '/proxy.pac']) {
      const given = { ...env, AWS_ENDPOINT_URL_KMS: proxy.origin, HTTPS_PROXY: wrong };
      const { stderr } = await setting.fails(['key', 'alias/uploads'], 2, sentence('HTTPS_PROXY'), { env: given });
      assert.doesNotMatch(`${stderr}`, /secret/);
      const others = { HTTPS_PROXY: '', ALL_PROXY: wrong };
      await setting.fails(['key', 'alias/uploads'], 2, sentence('ALL_PROXY'), { env: { ...given, ...others } });
    }
    assert.deepEqual(proxy.requests, []);
    // What HTTPS_PROXY hides may be anything.
    await key({ ALL_PROXY: 'socks5://localhost:1080' });
    assert.equal(proxy.requests.length, 1);
  });

  test('a proxy that does not answer is an error that names its variable and what to check', async () => {
    const named = { env: { ...env, HTTPS_PROXY: 'http://127.0.0.1:1' } };
    const line = /could not be reached: check the network.*HTTPS_PROXY names a proxy, and NO_PROXY/;
    await setting.fails(['key', 'alias/uploads'], 5, line, named);
    await setting.fails(
      ['open', '--output', '-', 'f.kmseal'],
      5,
      /STS does not report.*HTTPS_PROXY names a proxy/,
      named,
    );
    assert.deepEqual(proxy.requests, []);
  });
});

describe('AWS_CA_BUNDLE', () => {
  test('ca_bundle of a profile names the trusted certificates, as AWS_CA_BUNDLE does', async () => {
    setting.folder.write(
      'config',
      `[profile company]\naws_access_key_id = test\naws_secret_access_key = test\nca_bundle = ${setting.folder.at('company.pem')}\n`,
    );
    await key({ AWS_CA_BUNDLE: '', AWS_CONFIG_FILE: setting.folder.at('config') }, '--profile', 'company');
  });

  test('a network with its own certificates needs AWS_CA_BUNDLE, and no other authority is trusted', async () => {
    for (const bundle of ['', setting.folder.at('other.pem')]) {
      await setting.fails(['key', 'alias/uploads'], 5, /could not be reached.*certificate/i, {
        env: { ...env, AWS_CA_BUNDLE: bundle },
      });
    }
    assert.deepEqual(proxy.requests, []);
  });

  test('a bundle may hold several certificates, text beside them, and one that is unreadable', async () => {
    const odd = `-----BEGIN CERTIFICATE-----\n${Buffer.from('no certificate').toString('base64')}\n-----END CERTIFICATE-----\n`;
    const bundle = ['# Company\r\n', setting.folder.read('other.pem'), odd, setting.folder.read('company.pem')].join(
      '\n',
    );
    setting.folder.write('bundle.pem', bundle);
    await key({ AWS_CA_BUNDLE: setting.folder.at('bundle.pem') });
  });

  test('a bundle without a certificate is an error that names it, and not a panic', async () => {
    setting.folder.write('text.pem', 'no certificate');
    setting.folder.write('broken.pem', '-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n');
    setting.folder.write('odd.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const name of ['missing.pem', 'text.pem', 'broken.pem', 'odd.pem', '.']) {
      const { stderr } = await setting.fails(
        ['key', 'alias/uploads'],
        2,
        /^kmseal: AWS_CA_BUNDLE is .*; name a file of certificates in PEM, or unset it\n$/,
        { env: { ...env, AWS_CA_BUNDLE: setting.folder.at(name) } },
      );
      assert.doesNotMatch(stderr, /panicked/);
    }
  });
});

test('key says where KMS was asked, if that was not at AWS: pages would seal for the key of an emulator', async () => {
  const said = async (more) => (await setting.run(['key', 'alias/uploads'], { env: { ...env, ...more } })).stderr;
  assert.match(await said({}), /^fingerprint SHA256:\S{44}\n$/);
  const origin = new URL(proxy.origin);
  const withPassword = `${origin.protocol}//user:secret@${origin.host}/`;
  const stderr = await said({ AWS_ENDPOINT_URL_KMS: withPassword, NO_PROXY: 'localhost' });
  assert.match(stderr, new RegExp(`^fingerprint .*\\nKMS was asked at ${proxy.origin}\\n$`));
});

test("AWS_ENDPOINT_URL_KMS moves KMS alone, also in a profile's services", async () => {
  const elsewhere = { AWS_ENDPOINT_URL: 'https://nowhere.invalid', AWS_ENDPOINT_URL_KMS: proxy.origin };
  await key({ ...elsewhere, NO_PROXY: 'localhost' });
  assert.equal(proxy.requests.length, 1);
  assert.equal(proxy.connects.length, 0);
  setting.folder.write(
    'config',
    `[default]\nservices = here\n[services here]\nkms =\n  endpoint_url = ${proxy.origin}\n`,
  );
  await key({ AWS_CONFIG_FILE: setting.folder.at('config'), AWS_ENDPOINT_URL: undefined });
  assert.deepEqual(hosts(), [new URL(proxy.origin).host]);
});

describe('a profile of `aws login`', () => {
  const SESSION = 'arn:aws:sts::222222222222:assumed-role/Admin/me';
  const ACCOUNT = '222222222222';
  let files;
  before(async () => {
    // The emulator takes twelve digits as an account's root credentials.
    const client = new KMSClient({
      ...setting.kms.emulator.config,
      credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'x' },
    });
    await createKey(client, { spec: 'RSA_2048', alias: 'alias/uploads' });
    setting.folder.write('config', `[profile me]\nlogin_session = ${SESSION}\nregion = us-east-1\n`);
    files = { AWS_CONFIG_FILE: setting.folder.at('config'), AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    mkdirSync(setting.folder.at('.aws/login/cache'), { recursive: true });
  });

  const file = `.aws/login/cache/${createHash('sha256').update(SESSION).digest('hex')}.json`;
  const access = { accessKeyId: ACCOUNT, secretAccessKey: 'x', sessionToken: 'x', accountId: ACCOUNT };
  /** What `aws login` leaves, with credentials that expire then. */
  const signIn = (expiresAt, accessToken = access) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    setting.folder.write(
      file,
      JSON.stringify({
        accessToken: { ...accessToken, expiresAt: expiresAt.toISOString() },
        tokenType: 'urn:aws:params:oauth:token-type:access_token_sigv4',
        refreshToken: 'the refresh token',
        clientId: 'arn:aws:signin:::devtools/same-device',
        dpopKey: privateKey.export({ type: 'sec1', format: 'pem' }),
      }),
    );
  };
  const inHours = (hours) => new Date(Date.now() + hours * 3_600_000);

  test('a profile of `aws login` gives its credentials, by --profile and by AWS_PROFILE', async () => {
    signIn(inHours(1));
    assert.equal(JSON.parse(await key(files, '--profile', 'me')).KeyId.split(':')[4], ACCOUNT);
    assert.equal(JSON.parse(await key({ ...files, AWS_PROFILE: 'me' })).KeyId.split(':')[4], ACCOUNT);
    assert.deepEqual(hosts(), [`${KMS}:443`]);
  });

  test('expired credentials of `aws login` are renewed through the proxy and kept', async () => {
    signIn(inHours(-1), { ...access, accessKeyId: '999999999999' });
    proxy.answer = ({ host }) =>
      host.includes('signin') && {
        status: 200,
        body: {
          accessToken: { accessKeyId: ACCOUNT, secretAccessKey: 'x', sessionToken: 'new' },
          tokenType: 'aws_sigv4',
          expiresIn: 900,
          refreshToken: 'the next one',
        },
      };
    assert.equal(JSON.parse(await key(files, '--profile', 'me')).KeyId.split(':')[4], ACCOUNT);
    assert.deepEqual(hosts(), ['us-east-1.signin.aws.amazon.com:443', `${KMS}:443`]);
    const [asked] = proxy.requests;
    assert.equal(JSON.parse(asked.body).refreshToken, 'the refresh token');
    assert.match(asked.headers.dpop, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal(JSON.parse(setting.folder.read(file)).refreshToken, 'the next one');
  });

  test('a session of `aws login` that is over or missing is an error that says to sign in', async () => {
    signIn(inHours(-1));
    proxy.answer = ({ host }) =>
      host.includes('signin') && { status: 401, body: { error: 'TOKEN_EXPIRED', message: 'over' } };
    const args = ['key', 'alias/uploads', '--profile', 'me'];
    await setting.fails(args, 5, /no AWS credentials.*sign in \(aws login or aws sso login\)/, {
      env: { ...env, ...files },
    });
    setting.folder.write(file, '');
    await setting.fails(args, 5, /no AWS credentials.*sign in/, { env: { ...env, ...files } });
  });
});
