// A KMS key whose material was imported: an RSA key made here becomes the KMS key.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { DeleteImportedKeyMaterialCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { importKey } from '../support/servers/material.mjs';

const PLAINTEXT = sample(500);

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

test('a key with imported material seals and opens like any other until its material is deleted', async () => {
  const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const material = ours.privateKey.export({ format: 'der', type: 'pkcs8' });
  const answer = await importKey(kms.client, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }, material);
  const { KeyId } = answer;
  assert.ok(ours.publicKey.export({ format: 'der', type: 'spki' }).equals(Buffer.from(answer.PublicKey)));
  const envelope = await new Sealer({ keys: [await KmsPublicKey.import(answer)] }).seal(PLAINTEXT);
  const open = () => new Opener({ keyIds: [KeyId], decrypt: kms.decrypt }).open(envelope);
  assert.ok(Buffer.from(PLAINTEXT).equals((await open()).plaintext));

  await kms.client.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  await assert.rejects(open(), ({ code, cause }) => code === 'ERR_KMS' && cause.name === 'KMSInvalidStateException');
});

test('a key file whose JSON has a field twice is refused, since JSON.parse takes the last one without a word', async () => {
  const { PublicKey, KeyId, ...rest } = await kms.createKey();
  const good = JSON.stringify({
    ...rest,
    KeyId,
    PublicKey: Buffer.from(PublicKey).toString('base64'),
    Description: 'a "quote" and \\',
  });
  assert.equal((await KmsPublicKey.import(good)).keyId, KeyId);
  const other = KeyId.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const members = [
    `"KeyId": "${other}"`,
    `"KeyId":"${KeyId}"`,
    `"Key\\u0049d":"${other}"`,
    `"PublicKey":${JSON.stringify(JSON.parse(good).PublicKey)}`,
    '"KeyUsage":"ENCRYPT_DECRYPT"',
  ];
  for (const member of members) {
    for (const text of [`{${member},${good.slice(1)}`, `${good.slice(0, -1)},${member}}`]) {
      await assert.rejects(KmsPublicKey.import(text), { code: 'ERR_KEY_INVALID', message: /has a field twice/ }, text);
    }
  }
});
