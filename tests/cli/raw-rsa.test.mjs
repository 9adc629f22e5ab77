// The command and customers' own RSA keys: described by a JSON file, opened by a private key, without KMS.
import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { readHeader } from '../support/message.mjs';
import { startSetting } from './setting.mjs';

const HASHES = { 'SHA-1': 2048, 'SHA-256': 3072, 'SHA-384': 2048, 'SHA-512': 4096 };
// No network, no credentials, and a configuration that cannot be read.
const OFFLINE = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: '', AWS_PROFILE: 'nobody' };

let setting;
let folder;
const pairs = {};
before(async () => {
  setting = await startSetting();
  folder = setting.folder;
  for (const [hash, modulusLength] of Object.entries(HASHES)) {
    pairs[hash] = writePair(hash, modulusLength);
    folder.write(`${hash}.json`, await describeKey(`${hash}.pub`, hash, '--hash', hash));
  }
});
after(() => setting?.close());

function writePair(name, modulusLength) {
  const pair = generateKeyPairSync('rsa', { modulusLength });
  folder.write(`${name}.pub`, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  folder.write(`${name}.pem`, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  chmodSync(folder.at(`${name}.pem`), 0o600);
  return pair;
}

const describeKey = (file, name, ...args) =>
  setting.succeeds(['key', '--raw', file, '--key-namespace', 'acme hsm', '--key-name', name, '--quiet', ...args]);
const seal = (key, output, ...args) =>
  setting.succeeds(['seal', '--key', key, '--output', output, '--force', ...args, '-'], {
    input: 'plain',
    env: OFFLINE,
  });
const own = (hash) => ['--raw-key', `${hash}.json`, '--private-key', `${hash}.pem`];
const open = (envelope, ...args) => setting.succeeds(['open', '--output', '-', ...args, envelope], { env: OFFLINE });
const refused = (status, line, envelope, ...args) =>
  setting.fails(['open', '--output', '-', ...args, envelope], status, line, { env: OFFLINE });

describe('every hash', () => {
  for (const [hash, bits] of Object.entries(HASHES)) {
    test(`open opens with a private key of ${bits} bits and ${hash}, without AWS`, async () => {
      await seal(`${hash}.json`, `${hash}.kmseal`, '-c', 'user=1');
      assert.equal((await open(`${hash}.kmseal`, ...own(hash), '-c', 'user=1')).toString(), 'plain');
    });

    test(`what is sealed for a raw key with ${hash} is the data key alone, in OAEP`, async () => {
      await seal(`${hash}.json`, `${hash}.kmseal`);
      const { edks } = readHeader(folder.read(`${hash}.kmseal`));
      assert.equal(`${edks[0].providerId}`, 'acme hsm');
      assert.equal(`${edks[0].providerInfo}`, hash);
      const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash.replace('-', '').toLowerCase() };
      const dataKey = privateDecrypt({ key: pairs[hash].privateKey, ...padding }, edks[0].ciphertext);
      assert.equal(dataKey.length, 32);
    });
  }
});

describe('key --raw', () => {
  test('key --raw prints the four fields, and SHA-256 by default', async () => {
    const printed = JSON.parse(await describeKey('SHA-512.pub', 'offline'));
    const PublicKey = pairs['SHA-512'].publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    assert.deepEqual(printed, { keyNamespace: 'acme hsm', keyName: 'offline', hash: 'SHA-256', PublicKey });
  });

  test('key --raw refuses namespaces of AWS, private keys, short keys and keys of other kinds', async () => {
    const args = (file, namespace) => ['key', '--raw', file, '--key-namespace', namespace, '--key-name', 'k'];
    for (const namespace of ['aws-kms', 'aws-kms-rsa', 'raw-ecdh']) {
      await setting.fails(args('SHA-1.pub', namespace), 6, /ERR_KEY_/);
    }
    await setting.fails(args('SHA-1.pem', 'acme'), 6, /private key/);
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    folder.write('short.pub', short.export({ type: 'spki', format: 'pem' }));
    await setting.fails(args('short.pub', 'acme'), 6, /short\.pub: .*2048/);
    const ecc = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    folder.write('ecc.pub', ecc.export({ type: 'spki', format: 'pem' }));
    await setting.fails(args('ecc.pub', 'acme'), 6, /RSA/);
    for (const wrong of [
      ['--raw', 'SHA-1.pub'],
      ['--raw', 'SHA-1.pub', '--key-namespace', 'a'],
      ['--hash', 'SHA-1', 'k'],
      [],
    ]) {
      assert.equal((await setting.run(['key', ...wrong])).status, 2, wrong.join(' '));
    }
    assert.equal((await setting.run([...args('SHA-1.pub', 'acme'), 'alias/uploads'])).status, 2);
  });

  test('--fingerprint pins a raw key', async () => {
    const { stderr } = await setting.run(['key', '--raw', 'SHA-1.pub', '--key-namespace', 'a', '--key-name', 'k']);
    const fingerprint = /SHA256:\S+/.exec(stderr)[0];
    await seal('SHA-1.json', 'pinned.kmseal', '--fingerprint', fingerprint);
    const other = ['seal', '--key', 'SHA-256.json', '--fingerprint', fingerprint, '-'];
    await setting.fails(other, 6, /ERR_KEY_FINGERPRINT/);
  });
});

describe('the file of a raw key', () => {
  const text = () => folder.read('SHA-512.json').toString();

  test('a file in UTF-16, as Windows PowerShell writes it, in a JSON string and in base64 keeps names and hash', async () => {
    const little = Buffer.from(`\ufeff${text()}`, 'utf16le');
    for (const content of [
      little,
      Buffer.from(little).swap16(),
      JSON.stringify(text()),
      Buffer.from(text()).toString('base64'),
    ]) {
      folder.write('written.json', content);
      await seal('written.json', 'written.kmseal');
      assert.equal((await open('written.kmseal', ...own('SHA-512'))).toString(), 'plain');
    }
  });

  test('names or a hash that cannot be read are refused, and not replaced by others', async () => {
    folder.write('list.json', `[${text()}]`);
    const args = ['key', '--raw', 'list.json', '--key-namespace', 'acme hsm', '--key-name', 'SHA-512'];
    const line = /list\.json: .*names and hash cannot be read.*ERR_KEY_INVALID/;
    await setting.fails(args, 6, line);
    const asOfKms = ['seal', '--key', 'list.json', '--key-arn', setting.key.KeyId, '-'];
    await setting.fails(asOfKms, 6, line);
  });
});

describe('break glass', () => {
  test('a KMS key and an own key beside it each open one envelope, and reseal renews it with the own key alone', async () => {
    await seal('key.json', 'both.kmseal', '--key', 'SHA-256.json', '-c', 'user=1');
    const opened = await setting.succeeds(['open', '--output', '-', '-c', 'user=1', 'both.kmseal']);
    assert.equal(opened.toString(), 'plain');
    assert.equal((await open('both.kmseal', ...own('SHA-256'), '-c', 'user=1')).toString(), 'plain');
    const args = ['reseal', '--key', 'SHA-512.json', ...own('SHA-256'), '-c', 'user=1', '--force', 'both.kmseal'];
    await setting.succeeds(args, { env: OFFLINE });
    assert.equal((await open('both.kmseal', ...own('SHA-512'), '-c', 'user=1')).toString(), 'plain');
  });

  test('of two own keys under one name, the one that fits opens', async () => {
    writePair('twin', 2048);
    folder.write('twin.json', await describeKey('twin.pub', 'SHA-1', '--hash', 'SHA-1'));
    await seal('SHA-1.json', 'twins.kmseal');
    const twins = [...own('twin'), ...own('SHA-1')];
    assert.equal((await open('twins.kmseal', ...twins)).toString(), 'plain');
  });
});

describe('refusals', () => {
  before(() => seal('SHA-256.json', 'f.kmseal', '-c', 'user=1'));

  test('a private key that others can read is refused before anything is opened', async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o666]) {
      chmodSync(folder.at('SHA-256.pem'), mode);
      const line = new RegExp(`SHA-256\\.pem: .*read by others \\(mode ${mode.toString(8)}\\).*chmod 600`);
      await refused(6, line, 'f.kmseal', ...own('SHA-256'));
    }
    for (const mode of [0o600, 0o400, 0o700]) {
      chmodSync(folder.at('SHA-256.pem'), mode);
      assert.equal((await open('f.kmseal', ...own('SHA-256'))).toString(), 'plain');
    }
  });

  test('a private key of another public key, or none, is refused, and no part of it is shown', async () => {
    const wrong = ['--raw-key', 'SHA-256.json', '--private-key', 'SHA-512.pem'];
    await refused(
      6,
      /SHA-512\.pem: this is not the private key of the key that --raw-key describes/,
      'f.kmseal',
      ...wrong,
    );
    const { privateKey } = pairs['SHA-256'];
    const files = {
      'pkcs1.pem': [privateKey.export({ type: 'pkcs1', format: 'pem' }), /PKCS#8.*umask 077; openssl pkey -in/],
      'locked.pem': [
        privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
        /encrypted.*umask 077; openssl pkey -in/,
      ],
      'traditional.pem': [
        privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
        /encrypted.*umask 077; openssl pkey -in/,
      ],
      'public.pem': [folder.read('SHA-256.pub'), /PKCS#8/],
      'ecc.pem': [
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
        /PKCS#8/,
      ],
      'cut.pem': [folder.read('SHA-256.pem').subarray(0, 900), /PKCS#8/],
      'long.pem': [Buffer.alloc(100_000, 'A'), /PKCS#8/],
      'empty.pem': ['', /PKCS#8/],
    };
    for (const [name, [content, line]] of Object.entries(files)) {
      folder.write(name, content);
      chmodSync(folder.at(name), 0o600);
      const { stderr } = await refused(6, line, 'f.kmseal', '--raw-key', 'SHA-256.json', '--private-key', name);
      assert.ok(stderr.startsWith(`kmseal: ${name}: `), stderr);
      assert.doesNotMatch(stderr, /MII|[A-Za-z0-9+/]{40}/);
    }
    await refused(6, /nowhere: No such file/, 'f.kmseal', '--raw-key', 'SHA-256.json', '--private-key', 'nowhere');
    const der = privateKey.export({ type: 'pkcs8', format: 'der' });
    folder.write('der.key', der);
    chmodSync(folder.at('der.key'), 0o600);
    const asDer = ['--raw-key', 'SHA-256.json', '--private-key', 'der.key'];
    assert.equal((await open('f.kmseal', ...asDer)).toString(), 'plain');
  });

  test('another hash, another context and an altered data key are refused', async () => {
    folder.write('hash.json', await describeKey('SHA-256.pub', 'SHA-256', '--hash', 'SHA-1'));
    const hash = ['--raw-key', 'hash.json', '--private-key', 'SHA-256.pem'];
    await refused(3, /private key does not open the envelope.*hash.*ERR_AUTHENTICATION/, 'f.kmseal', ...hash);
    await refused(4, /ERR_CONTEXT/, 'f.kmseal', ...own('SHA-256'), '-c', 'user=2');
    const envelope = folder.read('f.kmseal');
    const [start] = readHeader(envelope).places['ciphertext 0'];
    envelope[start + 100] ^= 1;
    folder.write('altered.kmseal', envelope);
    await refused(3, /private key does not open the envelope.*ERR_AUTHENTICATION/, 'altered.kmseal', ...own('SHA-256'));
    const context = folder.read('f.kmseal');
    const at = context.indexOf('user') + 'user'.length + 2;
    context[at] = '2'.charCodeAt();
    folder.write('context.kmseal', context);
    await refused(3, /ERR_AUTHENTICATION/, 'context.kmseal', ...own('SHA-256'));
  });

  test('another required context is named beside what else may be wrong with a private key', async () => {
    await seal('SHA-256.json', 'required.kmseal', '-c', 'user=1', '--required-encryption-context', 'tenant=7');
    const opened = await open('required.kmseal', ...own('SHA-256'), '-c', 'user=1', '-c', 'tenant=7');
    assert.equal(opened.toString(), 'plain');
    const line = /private key does not open the envelope.*encryption context.*ERR_AUTHENTICATION/;
    await refused(3, line, 'required.kmseal', ...own('SHA-256'), '-c', 'tenant=8');
    await refused(3, line, 'required.kmseal', ...own('SHA-256'));
  });

  test('what openssl makes of each private key that is refused, as its error says, opens', async () => {
    const { privateKey } = pairs['SHA-256'];
    const locked = { cipher: 'aes-256-cbc', passphrase: 'x', format: 'pem' };
    for (const one of [
      { type: 'pkcs1', format: 'pem' },
      { type: 'pkcs1', ...locked },
      { type: 'pkcs8', ...locked },
    ]) {
      folder.write('key.pem', privateKey.export(one));
      chmodSync(folder.at('key.pem'), 0o600);
      const key = ['--raw-key', 'SHA-256.json', '--private-key'];
      const { stderr } = await refused(6, /umask 077; /, 'f.kmseal', ...key, 'key.pem');
      const [command] = /umask 077; openssl .*pkcs8\.pem/.exec(stderr);
      execFileSync('sh', ['-c', `rm -f pkcs8.pem; ${command} -passin pass:x`], { cwd: folder.at('.') });
      assert.equal((await open('f.kmseal', ...key, 'pkcs8.pem')).toString(), 'plain');
    }
  });

  test('an envelope for other keys is ERR_NO_MATCHING_KEY and names them', async () => {
    await refused(4, /"SHA-256" of provider "acme hsm".*ERR_NO_MATCHING_KEY/, 'f.kmseal', ...own('SHA-512'));
    const line = /"SHA-256" of provider "acme hsm".*--raw-key and --private-key.*ERR_NO_MATCHING_KEY/;
    await setting.fails(['open', '--output', '-', 'f.kmseal'], 4, line);
  });

  test('each --raw-key needs its --private-key, and each of them the right kind of file', async () => {
    const run = async (...args) => (await setting.run(['open', '-o', '-', ...args, 'f.kmseal'])).status;
    assert.equal(await run('--raw-key', 'SHA-256.json'), 2);
    assert.equal(await run('--private-key', 'SHA-256.pem'), 2);
    assert.equal(await run(...own('SHA-256'), '--raw-key', 'SHA-1.json'), 2);
    const kms = ['--raw-key', 'key.json', '--private-key', 'SHA-256.pem'];
    await refused(6, /key\.json: .*kmseal key --raw/, 'f.kmseal', ...kms);
    await refused(6, /SHA-256\.json: it is a raw key.*--raw-key/, 'f.kmseal', '--key', 'SHA-256.json');
  });

  test('a raw key with a field twice is refused', async () => {
    const json = folder.read('SHA-256.json').toString().replace('{', '{"keyName":"other",');
    folder.write('twice.json', json);
    await setting.fails(['seal', '--key', 'twice.json', '-'], 6, /twice\.json/);
  });
});

test('inspect shows namespace and name of a raw key', async () => {
  await seal('SHA-384.json', 'named.kmseal');
  const { encryptedDataKeys, keyIds } = JSON.parse(await setting.succeeds(['inspect', '--json', 'named.kmseal']));
  const names = { keyNamespace: 'acme hsm', keyName: 'SHA-384' };
  assert.deepEqual(encryptedDataKeys, [{ providerId: 'acme hsm', ...names, ciphertextLength: 256 }]);
  assert.deepEqual(keyIds, []);
  const text = (await setting.succeeds(['inspect', 'named.kmseal'])).toString();
  assert.match(text, /key +SHA-384 \(acme hsm\)\n/);
});
