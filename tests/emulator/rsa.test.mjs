// The emulator's RSA keys, as AWS's answers were recorded on 2026-09-12 in us-east-1.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { startKms } from '../support/servers/kms.mjs';

const HASHES = { RSAES_OAEP_SHA_1: 214, RSAES_OAEP_SHA_256: 190 };
const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';

let kms;
let KeyId;
let CiphertextBlob;
const encrypt = (settings) =>
  kms.client.send(new EncryptCommand({ KeyId, EncryptionAlgorithm, Plaintext: new Uint8Array(1), ...settings }));
const decrypt = (settings) =>
  kms.client.send(new DecryptCommand({ KeyId, EncryptionAlgorithm, CiphertextBlob, ...settings }));
before(async () => {
  kms = await startKms();
  ({ KeyId } = await kms.createKey());
  ({ CiphertextBlob } = await encrypt());
});
after(() => kms?.close());

test('Decrypt without a key, an algorithm or with a context is refused in the words of AWS', async () => {
  await assert.rejects(decrypt({ KeyId: undefined }), {
    name: 'ValidationException',
    message: 'KeyId must not be null',
  });
  await assert.rejects(decrypt({ EncryptionAlgorithm: undefined }), {
    name: 'InvalidCiphertextException',
    message: 'UnknownError',
  });
  const context = {
    name: 'ValidationException',
    message: 'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
  };
  await assert.rejects(decrypt({ EncryptionContext: { a: 'b' } }), context);
  await assert.rejects(encrypt({ EncryptionContext: { a: 'b' } }), context);
});

test('a dry run decrypts nothing, and a broken ciphertext is refused all the same', async () => {
  await assert.rejects(decrypt({ DryRun: true }), { name: 'DryRunOperationException' });
  await assert.rejects(encrypt({ DryRun: true }), { name: 'DryRunOperationException' });
  await assert.rejects(decrypt({ DryRun: true, CiphertextBlob: new Uint8Array(256) }), {
    name: 'InvalidCiphertextException',
  });
  assert.equal((await decrypt()).Plaintext.length, 1);
});

test('Encrypt says how much it takes', async () => {
  for (const [algorithm, most] of Object.entries(HASHES)) {
    const settings = { EncryptionAlgorithm: algorithm };
    await encrypt({ ...settings, Plaintext: new Uint8Array(most) });
    await assert.rejects(encrypt({ ...settings, Plaintext: new Uint8Array(most + 1) }), {
      name: 'ValidationException',
      message: `Algorithm ${algorithm} and key spec RSA_2048 cannot encrypt data larger than ${most} bytes.`,
    });
  }
});

test('a key that signs neither encrypts nor decrypts', async () => {
  const command = new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  const { Arn } = (await kms.client.send(command)).KeyMetadata;
  await assert.rejects(decrypt({ KeyId: Arn }), { name: 'InvalidKeyUsageException' });
  await assert.rejects(encrypt({ KeyId: Arn }), { name: 'InvalidKeyUsageException' });
});

test('GetPublicKey answers for a disabled key, and not for one that is pending deletion', async () => {
  const key = await kms.createKey();
  const get = () => kms.client.send(new GetPublicKeyCommand({ KeyId: key.KeyId }));
  await kms.client.send(new DisableKeyCommand({ KeyId: key.KeyId }));
  const { $metadata, ...answer } = await get();
  const { $metadata: _, ...before } = key;
  assert.deepEqual(answer, before);
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: key.KeyId, PendingWindowInDays: 7 }));
  await assert.rejects(get(), { name: 'KMSInvalidStateException', message: `${key.KeyId} is pending deletion.` });
});
