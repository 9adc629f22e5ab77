// The command and the page: each opens what the other one sealed, for every kind of key, and both describe it alike.
import assert from 'node:assert/strict';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, RsaPublicKey, Sealer, inspect } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startSetting } from './setting.mjs';

const SPECS = ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ML_KEM_768', 'ML_KEM_1024'];
const CONTEXT = { user: '4711' };
const PAIR = ['-c', 'user=4711'];
const PLAINTEXT = sample(300_000);

let setting;
before(async () => {
  setting = await startSetting();
});
after(() => setting?.close());

const seal = (...args) => setting.succeeds(['seal', ...args, ...PAIR, '-'], { input: PLAINTEXT });

/** The page opens what the command sealed. */
async function pageOpens(sealed, opener) {
  const { plaintext } = await opener.open(new Uint8Array(sealed), { encryptionContext: CONTEXT });
  assert.ok(Buffer.from(plaintext).equals(PLAINTEXT));
}

/** Both describe an envelope alike. */
async function describeAlike(sealed) {
  setting.folder.write('command.kmseal', sealed);
  const { file: _, ...described } = JSON.parse(await setting.succeeds(['inspect', '--json', 'command.kmseal']));
  assert.deepEqual(described, JSON.parse(JSON.stringify(await inspect(new Uint8Array(sealed)))));
}

/** The command opens what the page sealed. */
async function commandOpens(key, ...args) {
  const sealer = new Sealer({ keys: [key], encryptionContext: CONTEXT });
  setting.folder.write('page.kmseal', await sealer.seal(new Uint8Array(PLAINTEXT)));
  const plaintext = await setting.succeeds(['open', '--output', '-', ...args, ...PAIR, 'page.kmseal']);
  assert.ok(plaintext.equals(PLAINTEXT));
}

for (const spec of SPECS) {
  test(`page and command open each other's envelopes for a key of ${spec}`, async () => {
    const { KeyId } = await setting.kms.createKey({ spec });
    const isMlKem = spec.startsWith('ML_KEM');
    const experimental = isMlKem ? ['--experimental'] : [];
    const file = setting.folder.write(
      `${spec}.json`,
      await setting.succeeds(['key', KeyId, '--quiet', ...experimental]),
    );
    // The command's file is the page's, too.
    const key = await KmsPublicKey.import(new Uint8Array(setting.folder.read(file)), { experimental: isMlKem });
    const { decrypt, deriveSharedSecret, decapsulate } = setting.kms;
    const sealed = await seal('--key', file, ...experimental);
    await pageOpens(sealed, new Opener({ keyIds: [KeyId], keys: [key], decrypt, deriveSharedSecret, decapsulate }));
    await describeAlike(sealed);
    await commandOpens(key, '--key', file);
  });
}

describe('own RSA keys', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const own = ['--raw-key', 'own.json', '--private-key', 'own.pem'];
  before(() => {
    const { folder } = setting;
    folder.write('own.pub', publicKey.export({ type: 'spki', format: 'pem' }));
    folder.write('own.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    chmodSync(folder.at('own.pem'), 0o600);
  });

  for (const hash of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
    test(`page and command open each other's envelopes for an own RSA key with ${hash}`, async () => {
      const [keyNamespace, keyName] = ['acme', `own ${hash}`];
      const name = ['--key-namespace', keyNamespace, '--key-name', keyName, '--hash', hash];
      setting.folder.write('own.json', await setting.succeeds(['key', '--raw', 'own.pub', ...name, '--quiet']));
      const key = await RsaPublicKey.import(new Uint8Array(setting.folder.read('own.json')));
      const der = privateKey.export({ type: 'pkcs8', format: 'der' });
      const opens = await webcrypto.subtle.importKey('pkcs8', der, { name: 'RSA-OAEP', hash }, false, ['decrypt']);
      const opener = new Opener({ rawKeys: [{ keyNamespace, keyName, privateKey: opens }] });
      const sealed = await seal('--key', 'own.json');
      await pageOpens(sealed, opener);
      await describeAlike(sealed);
      await commandOpens(key, ...own);
    });
  }
});
