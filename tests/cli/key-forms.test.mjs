// Keys as real tools write them: the package and the command accept the same, and refuse the rest in the same words.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey } from 'kmseal';
import { printed } from '../../tools/kms.mjs';
import { venv } from '../../tools/venv.mjs';
import { startAwsCli } from '../support/aws-cli.mjs';
import { outputOf } from '../support/tarball.mjs';
import { startSetting } from './setting.mjs';

let setting;
let awsCli;
/** GetPublicKey's answers, one for each kind of key of KMS. */
const keys = {};
let key;
let pem;
let base64;
before(async () => {
  setting = await startSetting();
  awsCli = await startAwsCli(setting.folder.at('.'));
  keys.RSA_2048 = setting.key;
  for (const spec of ['ECC_NIST_P256', 'ECC_NIST_P521', 'ML_KEM_768'])
    keys[spec] = await setting.kms.createKey({ spec });
  key = await KmsPublicKey.import(setting.key);
  base64 = Buffer.from(setting.key.PublicKey).toString('base64');
  pem = createPublicKey({ key: Buffer.from(setting.key.PublicKey), format: 'der', type: 'spki' }).export({
    type: 'spki',
    format: 'pem',
  });
});
after(async () => {
  await awsCli?.stop();
  await setting?.close();
});

/** What `aws kms get-public-key` prints. */
const aws = (keyId, ...args) =>
  outputOf(setting.folder.at('aws'), ['kms', 'get-public-key', '--key-id', keyId, ...args], setting.folder.at('.'), {
    ...process.env,
    ...setting.env,
  });

/** Reads a file as a page does and as the command does. */
async function both(content, keyId) {
  const bytes = Buffer.from(content);
  setting.folder.write('a.key', bytes);
  // ML-KEM keys need it, and it makes no difference for others.
  const experimental = true;
  const imported = await KmsPublicKey.import(new Uint8Array(bytes), { keyId, experimental }).catch((error) => error);
  const sealed = await setting.run([
    'seal',
    '--experimental',
    '--key',
    'a.key',
    ...(keyId ? ['--key-arn', keyId] : []),
    '--force',
    '-o',
    'a.kmseal',
    'key.json',
  ]);
  return { imported, sealed };
}

async function assertTaken(content, keyId, answer = setting.key) {
  const { imported, sealed } = await both(content, keyId);
  const { fingerprint } = await KmsPublicKey.import(answer, { experimental: true });
  assert.equal(imported.fingerprint, fingerprint, imported.message);
  assert.equal(imported.keyId, answer.KeyId);
  assert.equal(sealed.status, 0, sealed.stderr);
  const [edk] = JSON.parse(await setting.succeeds(['inspect', '--json', 'a.kmseal'])).encryptedDataKeys;
  assert.equal(edk.keyId ?? edk.fingerprint, answer.KeySpec.startsWith('ECC') ? fingerprint : answer.KeyId);
}

describe('the AWS CLI', () => {
  for (const args of [
    [],
    ['--output', 'json'],
    ['--output', 'text'],
    ['--output', 'table'],
    ['--query', '[KeyId,PublicKey]'],
  ]) {
    test(`seal accepts the AWS CLI's answer with ${args.join(' ') || 'no option'}`, async () => {
      const written = await aws('alias/uploads', ...args);
      await assertTaken(written);
      const mark = '\ufeff';
      await assertTaken(Buffer.from(mark + written.replaceAll('\n', '\r\n'), 'utf16le'));
      await assertTaken(Buffer.from(mark + written, 'utf16le').swap16());
    });
  }

  test("seal accepts the AWS CLI's answer for a key of each kind, in each form that holds its usage", async () => {
    for (const answer of Object.values(keys)) {
      for (const output of ['json', 'text', 'table'])
        await assertTaken(await aws(answer.KeyId, '--output', output), undefined, answer);
      const query = ['--query', '[KeyId,KeyUsage,PublicKey]', '--output', 'text'];
      await assertTaken(await aws(answer.KeyId, ...query), undefined, answer);
    }
  });

  for (const output of ['json', 'text']) {
    test(`seal accepts PublicKey alone, as the AWS CLI prints it with --output ${output}, if its ARN is given`, async () => {
      const written = await aws('alias/uploads', '--query', 'PublicKey', '--output', output);
      await assertTaken(written, setting.key.KeyId);
      const { imported, sealed } = await both(written);
      assert.match(imported.message, /give its ARN \(arn:aws:kms:REGION:ACCOUNT:key\/ID\) as keyId$/);
      assert.match(sealed.stderr, /^kmseal: a\.key: .*give its ARN \(.*\) with --key-arn \(ERR_KEY_ID\)\n$/);
    });
  }
});

test("seal accepts the AWS CLI's YAML, in base64 and as bytes", async () => {
  // Version 1 of the AWS CLI does not write this form; its library does.
  const python = await venv('awscli');
  const asYaml = (change) =>
    outputOf(
      python,
      [
        '-c',
        `
import base64, json, sys, yaml
answer = json.loads(sys.argv[1])
${change}
print(yaml.dump(answer))`,
        JSON.stringify(printed(setting.key)),
      ],
      setting.folder.at('.'),
    );
  await assertTaken(await asYaml(''));
  await assertTaken(
    await asYaml(
      "answer['PublicKey'] = base64.b64decode(answer['PublicKey'])\nanswer['ResponseMetadata'] = { 'HTTPStatusCode': 200 }",
    ),
  );
  await assertTaken(await asYaml('answer = [answer]'));
});

test("seal accepts the JavaScript SDK's answer as JSON.stringify writes it", async () => {
  const answer = { ...setting.key, PublicKey: new Uint8Array(setting.key.PublicKey) };
  await assertTaken(JSON.stringify(answer));
  await assertTaken(JSON.stringify({ ...answer, PublicKey: Buffer.from(answer.PublicKey) }));
  await assertTaken(JSON.stringify(JSON.stringify(answer)));
});

test('seal accepts PEM with its ARN as .env files, Terraform and OpenSSL write it', async () => {
  const escaped = pem.replaceAll('\n', '\\n');
  for (const form of [
    pem,
    escaped,
    `KMS_KEY="${escaped}"`,
    `<<EOT\n${pem}\nEOT\n`,
    JSON.stringify(pem),
    `Public-Key: (4096 bit)\n${pem}`,
    base64,
  ]) {
    await assertTaken(form, setting.key.KeyId);
  }
});

test('seal completes the bare id of an emulator by the ARN that ends in it', async () => {
  const emulated = JSON.stringify({ ...printed(setting.key), KeyId: setting.key.KeyId.split('/')[1] });
  await assertTaken(emulated, setting.key.KeyId);
  const { imported, sealed } = await both(emulated);
  assert.match(imported.message, /only a key id, as emulators return it.*as keyId$/);
  assert.match(sealed.stderr, /only a key id, as emulators return it.*with --key-arn \(ERR_KEY_ID\)/);
});

describe('refused key files', () => {
  const secret = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  for (const [title, content] of Object.entries({
    'an empty file': '',
    'a web page': '<!doctype html><title>Sign in</title>',
    'an error message': 'An error occurred (AccessDeniedException) when calling the GetPublicKey operation',
    'JSON of something else': '{"Stacks":[]}',
    'a private key in UTF-16': Buffer.from(`\ufeff${secret}`, 'utf16le'),
  })) {
    test(`the command and the package refuse ${title} in the same words`, async () => {
      const { imported, sealed } = await both(content);
      assert.equal(imported.code, 'ERR_KEY_INVALID');
      assert.equal(sealed.stderr, `kmseal: a.key: ${imported.message} (ERR_KEY_INVALID)\n`);
      assert.equal(sealed.status, 6);
      assert.ok(!sealed.stderr.includes(secret.slice(40, 60)));
    });
  }

  test("seal refuses a key's own fingerprint in another notation, and says what it is", async () => {
    const fingerprint = key.fingerprint.slice(7);
    const refused = await KmsPublicKey.import(setting.key, { fingerprint }).catch((error) => error);
    const { stderr } = await setting.fails(
      ['seal', '--key', 'key.json', '--fingerprint', fingerprint, '-'],
      6,
      /this key's in another form/,
    );
    assert.equal(stderr, `kmseal: key.json: ${refused.message} (ERR_KEY_FINGERPRINT)\n`);
  });
});

test('seal refuses a file that is too long for a key, and says so', async () => {
  setting.folder.write('long.key', Buffer.alloc(2 ** 20 + 1, ' '));
  await setting.fails(['seal', '--key', 'long.key', '-'], 6, /long\.key: it is too long for a public key/);
  await setting.fails(
    ['seal', '--key', 'key.json', '--key', 'key.json', '--key-arn', setting.key.KeyId, '-'],
    2,
    /one --key-arn for each --key/,
  );
});
