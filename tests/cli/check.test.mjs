// `kmseal check`: each line of its report, where the set-up works and where it does not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, UpdateAliasCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { KmsPublicKey } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { corsRule } from '../../www/server/aws.mjs';
import { createUser } from '../support/servers/iam.mjs';
import { startKmsProxy } from '../support/servers/kms-proxy.mjs';
import { startSetting } from './setting.mjs';

const ORIGIN = 'https://www.example.com';

let setting;
let proxy;
let s3;
let fingerprint;
before(async () => {
  setting = await startSetting({ auth: true });
  proxy = await startKmsProxy(setting.kms.emulator.endpoint);
  setting.env.AWS_ENDPOINT_URL_KMS = proxy.endpoint;
  s3 = new S3Client({ ...setting.kms.emulator.config, forcePathStyle: true });
  ({ fingerprint } = await KmsPublicKey.import(setting.key));
});
afterEach(() => {
  proxy.calls.length = 0;
  proxy.answer = () => undefined;
});
after(async () => {
  s3?.destroy();
  await proxy?.close();
  await setting?.close();
});

/** What the report says of each check, and the exit status. */
async function check(args, settings) {
  const { status, stdout, stderr } = await setting.run(['check', '--json', ...args], settings);
  assert.equal(stderr, '');
  const { passed, checks } = JSON.parse(stdout);
  assert.equal(passed, status === 0);
  return { exit: status, ...Object.fromEntries(checks.map(({ check: name, ...rest }) => [name, rest])) };
}

/** Asserts that a check failed with such a message and such a remedy. */
function failed(found, message, remedy) {
  assert.equal(found.status, 'failed', found.message);
  assert.match(found.message, message);
  assert.match(found.remedy, remedy);
}

/** A server that answers each request as this says. */
async function serve(handler) {
  const server = createServer({ keepAliveTimeout: 0 }, handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

describe('a key that works', () => {
  test('a key that works gives a line for each check, in this order, and exit status 0', async () => {
    const pins = ['SHA256:AAAA', fingerprint].flatMap((pin) => ['--fingerprint', pin]);
    const found = await check(['alias/uploads', '--key', 'key.json', ...pins]);
    const { exit, ...lines } = found;
    assert.equal(exit, 0);
    assert.deepEqual(Object.keys(lines), [
      'key',
      'published',
      'fingerprint',
      'decrypt',
      'open',
      'versioning',
      'lifecycle',
      'cors',
    ]);
    assert.deepEqual(
      Object.values(lines).map(({ status }) => status),
      [...Array(5).fill('passed'), ...Array(3).fill('skipped')],
    );
    const place = `asked at ${proxy.endpoint}`;
    assert.equal(found.key.message, `${setting.key.KeyId} (RSA_2048, ENCRYPT_DECRYPT), ${place}`);
    assert.equal(found.fingerprint.message, fingerprint);
  });

  test('the permission to decrypt is asked for by a dry run, before anything is decrypted', async () => {
    const dry = {
      status: 400,
      body: { __type: 'DryRunOperationException', message: 'The DryRun parameter was specified' },
    };
    proxy.answer = ({ input }) => (input.DryRun ? dry : undefined);
    assert.equal((await check([setting.key.KeyId])).exit, 0);
    assert.deepEqual(
      proxy.calls.map(({ operation, input }) => [operation, input.DryRun]),
      [
        ['GetPublicKey', undefined],
        ['Decrypt', true],
        ['Decrypt', undefined],
      ],
    );
  });

  test('without --json the report is lines for people', async () => {
    const text = (await setting.succeeds(['check', 'alias/uploads'])).toString();
    assert.match(text, /^ok {6}key +arn:aws:kms:/);
    assert.match(text, /^skipped published +give --key /m);
    assert.match(text, /^ok {6}open +a sealed byte was opened through KMS$/m);
    assert.equal(text.trimEnd().split('\n').length, 8);
  });
});

describe('the key', () => {
  test('a key of another usage, a disabled key and a missing key fail, and the line says what to do', async () => {
    const create = async (settings) => (await setting.kms.client.send(new CreateKeyCommand(settings))).KeyMetadata.Arn;
    const signing = await check([await create({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })]);
    assert.equal(signing.exit, 6);
    failed(signing.key, /cannot seal/, /SIGN_VERIFY.*aws kms create-key/);
    for (const name of ['decrypt', 'open', 'fingerprint']) assert.equal(signing[name].status, 'skipped');
    failed((await check([await create({})])).key, /has no public key/, /aws kms create-key/);
    const missing = await check(['alias/none']);
    assert.equal(missing.exit, 5);
    failed(missing.key, /does not find alias\/none/, /check account and --region/);
    proxy.answer = () => ({ status: 400, body: { __type: 'DisabledException', message: 'disabled' } });
    failed((await check(['alias/uploads'])).key, /alias\/uploads is disabled/, /enable it/);
  });

  test('a key that KMS does not decrypt with fails in the line of decrypting', async () => {
    const disabled = await setting.kms.createKey();
    await setting.kms.client.send(new DisableKeyCommand({ KeyId: disabled.KeyId }));
    const found = await check([disabled.KeyId]);
    assert.equal(found.exit, 5);
    failed(found.decrypt, /disabled/, /enable it/);
    assert.equal(found.open.status, 'skipped');
  });
});

describe('the published key', () => {
  test('a published key that the alias does not lead to fails, as after the alias has moved', async () => {
    const next = await setting.kms.createKey();
    await setting.kms.client.send(new UpdateAliasCommand({ AliasName: 'alias/uploads', TargetKeyId: next.KeyId }));
    try {
      const found = await check(['alias/uploads', '--key', 'key.json']);
      assert.equal(found.exit, 6);
      failed(
        found.published,
        new RegExp(`key\\.json holds ${setting.key.KeyId}, and alias/uploads is ${next.KeyId}`),
        /kmseal key alias\/uploads/,
      );
      // Pages seal for it, and it still opens.
      assert.equal(found.decrypt.status, 'passed');
      assert.equal(found.open.status, 'passed');
    } finally {
      await setting.kms.client.send(
        new UpdateAliasCommand({ AliasName: 'alias/uploads', TargetKeyId: setting.key.KeyId }),
      );
    }
  });

  test('a published key with the right ARN and another public key fails, and so does opening', async () => {
    const { PublicKey } = await setting.kms.createKey();
    setting.keyFile('swapped.json', { ...setting.key, PublicKey });
    const found = await check(['alias/uploads', '--key', 'swapped.json', '--fingerprint', fingerprint]);
    failed(found.published, /a different public key from the one that KMS has/, /kmseal key/);
    failed(found.fingerprint, /not one of --fingerprint/, /page's code/);
    assert.notEqual(found.open.status, 'passed');
    assert.equal(found.exit, 6);
  });

  test('a published key in PEM needs its ARN, and a file that is not a key or is missing fails', async () => {
    const pem = `-----BEGIN PUBLIC KEY-----\n${printed(setting.key).PublicKey}\n-----END PUBLIC KEY-----\n`;
    setting.folder.write('key.pem', pem);
    failed((await check(['alias/uploads', '--key', 'key.pem'])).published, /--key-arn/, /kmseal key/);
    assert.equal((await check(['alias/uploads', '--key', 'key.pem', '--key-arn', setting.key.KeyId])).exit, 0);
    for (const name of ['missing.json', 'swapped.ext'])
      failed((await check(['alias/uploads', '--key', name])).published, new RegExp(name), /kmseal key/);
  });

  test('a published key is fetched from its URL as a page does it, and must let that origin in', async () => {
    let headers = {};
    const server = await serve(({ url, headers: { origin } }, response) => {
      if (url === '/missing') return response.writeHead(404).end();
      if (url === '/moved') return response.writeHead(302, { location: '/key.json' }).end();
      if (url === '/long') return response.writeHead(200).end('x'.repeat(2 ** 20 + 1));
      if (url === '/page') return response.writeHead(200).end('<!doctype html>');
      assert.ok(origin === undefined || origin.startsWith('http'));
      return response.writeHead(200, headers).end(JSON.stringify(printed(setting.key)));
    });
    try {
      const found = (path, ...args) => check(['alias/uploads', '--key', `${server.origin}${path}`, ...args]);
      assert.equal((await found('/key.json')).exit, 0);
      assert.equal((await found('/key.json', '--origin', server.origin)).exit, 0);
      failed((await found('/key.json', '--origin', ORIGIN)).published, /may not read it/, /./);
      // What a server adds, and the proxy before it, too, is a list of two, which browsers refuse.
      for (const allowed of [ORIGIN, '*', [ORIGIN, ORIGIN]]) {
        headers = { 'access-control-allow-origin': allowed };
        assert.equal((await found('/key.json', '--origin', ORIGIN)).exit, Array.isArray(allowed) ? 6 : 0);
      }
      for (const [path, says] of [
        ['/missing', /status 404/],
        ['/long', /longer than/],
        ['/page', /web page/],
      ]) {
        failed((await found(path)).published, says, /kmseal key/);
      }
      const { published } = await found('/moved');
      failed(published, /status 302; name the URL that it leads to/, /kmseal key/);
    } finally {
      await server.close();
    }
    const mixed = await check(['alias/uploads', '--key', 'http://www.example.com/key.json', '--origin', ORIGIN]);
    failed(mixed.published, /load nothing over http into a page of https; publish it over https/, /kmseal key/);
    failed(
      (await check(['alias/uploads', '--key', `${server.origin}/key.json`])).published,
      /cannot be fetched/,
      /kmseal key/,
    );
  });
});

describe('permissions', () => {
  const user = async (name, action, resource) => {
    const { accessKeyId, secretAccessKey } = await createUser(setting.kms.emulator, name, action, resource);
    // Not through the proxy, which changes what is signed.
    const AWS_ENDPOINT_URL_KMS = setting.kms.emulator.endpoint;
    return { env: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_ENDPOINT_URL_KMS } };
  };

  test('a publisher who may not decrypt is told the statement that is missing', async () => {
    const found = await check(
      [setting.key.KeyId, '--key', 'key.json'],
      await user('publisher', 'kms:GetPublicKey', setting.key.KeyId),
    );
    assert.equal(found.exit, 5);
    assert.equal(found.published.status, 'passed');
    failed(found.decrypt, /KMS denies kms:Decrypt/, /"Action":"kms:Decrypt"/);
    assert.equal(found.open.status, 'skipped');
  });

  test('an opener who may not get the key from KMS is checked with the published key', async () => {
    const found = await check(
      [setting.key.KeyId, '--key', 'key.json'],
      await user('opener', 'kms:Decrypt', setting.key.KeyId),
    );
    failed(found.key, /KMS denies kms:GetPublicKey/, /"Action":"kms:GetPublicKey"/);
    assert.deepEqual(
      [found.published.status, found.decrypt.status, found.open.status],
      ['skipped', 'passed', 'passed'],
    );
  });

  test('a caller who may not read the settings of a bucket is told the statements that are missing', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'closed' }));
    const found = await check(
      [setting.key.KeyId, '--bucket', 'closed', '--origin', ORIGIN],
      await user('stranger', 'kms:*', setting.key.KeyId),
    );
    assert.equal(found.exit, 5);
    failed(
      found.versioning,
      /S3 denies s3:GetBucketVersioning/,
      /"Action":"s3:GetBucketVersioning","Resource":"arn:aws:s3:::closed"/,
    );
    failed(found.lifecycle, /S3 denies s3:GetLifecycleConfiguration/, /"Action":"s3:GetLifecycleConfiguration"/);
  });
});

describe('the bucket', () => {
  const bucket = (name, ...args) => check(['alias/uploads', '--bucket', name, '--origin', ORIGIN, ...args]);
  const cors = (Bucket, rule) =>
    s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
  const versioning = (Bucket, Status) =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  const lifecycle = (Bucket, rule) =>
    s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [{ ID: 'a', Filter: {}, ...rule }] },
      }),
    );

  test('a bucket with the settings of the template passes', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'good.bucket' }));
    await cors('good.bucket', corsRule([ORIGIN]));
    await versioning('good.bucket', 'Enabled');
    await lifecycle('good.bucket', { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } });
    const found = await bucket('good.bucket');
    assert.equal(found.exit, 0, JSON.stringify(found));
    assert.match(found.lifecycle.message, /after 7 days$/);
    // A rule for some keys says nothing about the others: the line names them.
    await lifecycle('good.bucket', {
      Status: 'Enabled',
      Filter: { Prefix: 'logs/' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
    });
    assert.match((await bucket('good.bucket')).lifecycle.message, /after 3 days under "logs\/" alone$/);
  });

  test('a new bucket fails in three lines, each with the command that mends it', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'bare' }));
    const found = await bucket('bare');
    assert.equal(found.exit, 7);
    failed(found.versioning, /keeps no old versions/, /^aws s3api put-bucket-versioning --bucket bare /);
    failed(
      found.lifecycle,
      /not finished stay/,
      /put-bucket-lifecycle-configuration --bucket bare.*AbortIncompleteMultipartUpload/,
    );
    failed(
      found.cors,
      /does not let pages of https:\/\/www\.example\.com PUT/,
      /^aws s3api put-bucket-cors --bucket bare /,
    );
    // The remedy is what mends it.
    const { CORSRules } = JSON.parse(/'(.*)'/.exec(found.cors.remedy)[1]);
    await cors('bare', CORSRules[0]);
    assert.equal((await bucket('bare')).cors.status, 'passed');
  });

  test('a bucket whose rules are suspended, disabled or for others fails', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'half' }));
    await versioning('half', 'Suspended');
    await lifecycle('half', { Status: 'Disabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } });
    await cors('half', corsRule(['https://other.example']));
    const found = await bucket('half');
    failed(found.versioning, /suspended/, /Status=Enabled/);
    failed(found.lifecycle, /not finished stay/, /./);
    failed(found.cors, /PUT/, /./);
    await lifecycle('half', { Status: 'Enabled', Expiration: { Days: 30 } });
    failed((await bucket('half')).lifecycle, /not finished stay/, /./);
    for (const [change, says] of [
      [{ AllowedHeaders: ['content-type'] }, /PUT|send if-none-match/],
      [
        { AllowedHeaders: ['content-type', 'if-none-match', 'x-amz-checksum-sha256'] },
        /PUT|send x-amz-meta-kmseal-description/,
      ],
      [{ ExposeHeaders: ['x-other'] }, /read ETag/],
      [{ AllowedMethods: ['GET'] }, /PUT/],
    ]) {
      await cors('half', { ...corsRule([ORIGIN]), ...change });
      failed((await bucket('half')).cors, says, /put-bucket-cors/);
    }
    await cors('half', { ...corsRule(['https://*.example.com']), AllowedHeaders: ['*'] });
    assert.equal((await bucket('half')).cors.status, 'passed');
  });

  test('a bucket that is missing, or does not answer, is reported as that', async () => {
    const missing = await bucket('nobodys');
    assert.equal(missing.exit, 5);
    failed(missing.versioning, /there is no bucket nobodys/, /check its name/);
    const settings = { env: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' } };
    const none = await check(['alias/uploads', '--bucket', 'bare', '--origin', ORIGIN], settings);
    assert.equal(none.exit, 5);
    for (const name of ['versioning', 'lifecycle', 'cors'])
      failed(none[name], /S3 did not answer/, /check the network[^;]*$/);
  });

  test('a bucket of another region is asked there', async () => {
    const elsewhere = new S3Client({ ...setting.kms.emulator.config, region: 'eu-west-1', forcePathStyle: true });
    try {
      await elsewhere.send(
        new CreateBucketCommand({
          Bucket: 'elsewhere',
          CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
        }),
      );
    } finally {
      elsewhere.destroy();
    }
    const found = await bucket('elsewhere');
    assert.equal(found.exit, 7, JSON.stringify(found));
    failed(found.versioning, /keeps no old versions/, /./);
    failed(found.lifecycle, /not finished stay/, /./);
  });
});

describe('wrong usage', () => {
  for (const [args, says] of [
    [['--bucket', 'uploads'], /--origin/],
    [['--bucket', 'a/../b', '--origin', ORIGIN], /not the name of a bucket/],
    [['--bucket', 'uploads', '--origin', 'www.example.com'], /write it as the browser does/],
    [['--bucket', 'uploads', '--origin', `${ORIGIN}/`], /without a path/],
    [['--key-arn', 'arn:aws:kms:us-east-1:111122223333:key/1'], /--key/],
  ]) {
    test(`check ${args.join(' ')} is refused as wrong usage`, async () => {
      const { status, stderr } = await setting.run(['check', 'alias/uploads', ...args]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, says);
    });
  }
});
