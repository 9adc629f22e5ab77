// The two builds: pages get RSA and ECC keys of KMS, and with the condition `every-kind` every kind of key, as servers do.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { ROOT } from '../../tools/run.mjs';

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const RAW = { keyNamespace: 'example', keyName: 'offline' };

const pemOf = (...type) => generateKeyPairSync(...type).publicKey.export({ type: 'spki', format: 'pem' });
const ecc = pemOf('ec', { namedCurve: 'P-384' });
const rsa = pemOf('rsa', { modulusLength: 2048 });
const importEcc = ({ KmsPublicKey }) => KmsPublicKey.import(ecc, { keyId: KEY_ID, keyUsage: 'KEY_AGREEMENT' });

let folder;
let page;
let everyKind;
before(async () => {
  // Beside the sources, so that the package finds itself by its name.
  folder = mkdtempSync(path.join(ROOT, 'target', 'every-kind-'));
  const outfile = path.join(folder, 'bundle.mjs');
  const stdin = { contents: "export * from 'kmseal';", resolveDir: ROOT };
  await build({ stdin, outfile, bundle: true, format: 'esm', conditions: ['every-kind', 'module'], logLevel: 'error' });
  everyKind = await import(outfile);
  page = await import('../../dist/index.js');
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a bundle under the condition every-kind seals for an ECC key and a raw RSA key in one envelope', async () => {
  const keys = [await importEcc(everyKind), await everyKind.RsaPublicKey.import(rsa, RAW)];
  const envelope = await new everyKind.Sealer({ keys }).seal(new Uint8Array(1000));
  const { encryptedDataKeys } = await everyKind.inspect(envelope);
  assert.deepEqual(
    encryptedDataKeys.map(({ providerId }) => providerId),
    ['raw-ecdh', 'example'],
  );
});

test('the build for pages seals for an ECC key, and for an RSA key beside it', async () => {
  const keys = [await importEcc(page), await page.KmsPublicKey.import(rsa, { keyId: KEY_ID })];
  const envelope = await new page.Sealer({ keys }).seal(new Uint8Array(1000));
  const { encryptedDataKeys } = await page.inspect(envelope);
  assert.deepEqual(
    encryptedDataKeys.map(({ providerId, keySpec }) => [providerId, keySpec]),
    [
      ['raw-ecdh', 'ECC_NIST_P384'],
      ['aws-kms-rsa', undefined],
    ],
  );
});

test('the build for pages refuses an ML-KEM key, and names the condition that gives it', async () => {
  const der = Buffer.concat([Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex'), Buffer.alloc(1184)]);
  const answer = { KeyId: KEY_ID, PublicKey: der, KeyUsage: 'ENCAPSULATE_DECAPSULATE' };
  await assert.rejects(page.KmsPublicKey.import(answer, { experimental: true }), {
    code: 'ERR_KEY_UNSUPPORTED',
    message: /^this build seals only for RSA and ECC keys of KMS; bundle the page under the condition 'every-kind'/,
  });
});

test('the build for pages refuses raw keys, and names the condition that gives them', async () => {
  const refusal = { code: 'ERR_KEY_UNSUPPORTED', message: /every-kind/ };
  await assert.rejects(page.RsaPublicKey.import(rsa, RAW), refusal);
  assert.throws(() => new page.Opener({ rawKeys: [{ ...RAW, unwrap: () => new Uint8Array(32) }] }), refusal);
});

test('the build for pages seals for an RSA key of KMS', async () => {
  const key = await page.KmsPublicKey.import(rsa, { keyId: KEY_ID });
  const envelope = await new page.Sealer({ keys: [key] }).seal(new Uint8Array(1000));
  assert.deepEqual((await page.inspect(envelope)).keyIds, [KEY_ID]);
});

test('an opener of the build for pages that is to open for an ML-KEM key alone names the condition, too', () => {
  const refusal = { code: 'ERR_KEY_UNSUPPORTED', message: /every-kind/ };
  assert.throws(() => new page.Opener({ keyIds: [KEY_ID], decapsulate() {} }), refusal);
  // A program that gives each opener all of its calls works in both builds.
  assert.ok(new page.Opener({ keyIds: [KEY_ID], decrypt() {}, decapsulate() {} }));
});

test('an opener of the build for pages needs decrypt, and says what keys must be', () => {
  assert.throws(() => new page.Opener({ keyIds: [KEY_ID] }), {
    name: 'TypeError',
    message: /^decrypt must be a function/,
  });
  for (const keys of [[{}], [undefined], 'key'])
    assert.throws(() => new page.Opener({ keys, decrypt() {} }), {
      name: 'TypeError',
      message: /an array of KmsPublicKey/,
    });
});
