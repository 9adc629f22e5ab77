// A KMS key whose material was imported: an RSA key made here becomes the KMS key.
import assert from 'node:assert/strict';
import { constants, createCipheriv, createPublicKey, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  CreateKeyCommand, DeleteImportedKeyMaterialCommand, GetParametersForImportCommand, GetPublicKeyCommand, ImportKeyMaterialCommand,
} from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/bytes.mjs';
import { startKms } from '../support/kms.mjs';

const PLAINTEXT = sample(500);

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

/** RSA_AES_KEY_WRAP_SHA_256: the material under an AES key (RFC 5649), and that one under KMS's public key. */
function wrapped(material, PublicKey) {
  const aes = randomBytes(32);
  const padded = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('A65959A6', 'hex'));
  const key = createPublicKey({ key: PublicKey, format: 'der', type: 'spki' });
  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return Buffer.concat([publicEncrypt(oaep, aes), padded.update(material), padded.final()]);
}

test('seals and opens as any other, until its material is deleted', async () => {
  const { KeyMetadata: { Arn: KeyId } } = await kms.client.send(new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT', Origin: 'EXTERNAL' }));
  const how = { KeyId, WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256', WrappingKeySpec: 'RSA_4096' };
  const { ImportToken, PublicKey } = await kms.client.send(new GetParametersForImportCommand(how));
  const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const EncryptedKeyMaterial = wrapped(ours.privateKey.export({ format: 'der', type: 'pkcs8' }), Buffer.from(PublicKey));
  await kms.client.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }));

  const answer = await kms.client.send(new GetPublicKeyCommand({ KeyId }));
  assert.ok(ours.publicKey.export({ format: 'der', type: 'spki' }).equals(Buffer.from(answer.PublicKey)));
  const envelope = await new Sealer({ keys: await KmsPublicKey.import(answer) }).seal(PLAINTEXT);
  const open = () => new Opener({ keyIds: [KeyId], decrypt: kms.decrypt }).open(envelope);
  assert.ok(Buffer.from(PLAINTEXT).equals((await open()).plaintext));

  await kms.client.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  await assert.rejects(open(), ({ code, cause }) => code === 'ERR_KMS' && cause.name === 'KMSInvalidStateException');
});
