// The emulator with its policies enforced: each operation has its permission, and KMS's condition keys match as AWS documents them.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecapsulateCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  EncapsulateCommand,
  GetPublicKeyCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { createUser } from '../support/servers/iam.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PublicKey = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'der', type: 'spki' });
const EncapsulationAlgorithm = 'ML_KEM';

let kms;
let user;
let client;
const keys = {};
before(async () => {
  kms = await startKms({ auth: true });
  for (const spec of ['RSA_2048', 'ECC_NIST_P384', 'ML_KEM_768']) keys[spec] = (await kms.createKey({ spec })).KeyId;
  await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/curve', TargetKeyId: keys.ECC_NIST_P384 }));
  user = await createUser(kms.emulator, 'opener', 'kms:ListKeys', '*');
  client = kms.createClient({ credentials: user });
});
after(() => kms?.close());

/** A call of each operation that opens or gives a secret, and of GetPublicKey. */
const calls = {
  'kms:DeriveSharedSecret': (KeyId = keys.ECC_NIST_P384, settings = {}) =>
    client.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey, ...settings })),
  'kms:Decapsulate': (KeyId = keys.ML_KEM_768, settings = {}) =>
    client.send(
      new DecapsulateCommand({
        KeyId,
        EncapsulationAlgorithm,
        SharedSecretCiphertextBlob: new Uint8Array(1088),
        ...settings,
      }),
    ),
  'kms:Encapsulate': (KeyId = keys.ML_KEM_768) =>
    client.send(new EncapsulateCommand({ KeyId, EncapsulationAlgorithm })),
  'kms:GetPublicKey': (KeyId = keys.ECC_NIST_P384) => client.send(new GetPublicKeyCommand({ KeyId })),
};
const refused = { name: 'AccessDeniedException' };

/** Lets the user do this by the policy of each key, which allows nobody else anything. */
async function allow(Action, Condition) {
  const Principal = { AWS: `arn:aws:iam::000000000000:user/opener` };
  const Statement = Action ? [{ Effect: 'Allow', Principal, Action, Resource: '*', Condition }] : [];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  for (const KeyId of Object.values(keys)) await kms.client.send(new PutKeyPolicyCommand({ KeyId, Policy }));
}

for (const allowed of [undefined, ...Object.keys(calls)]) {
  test(`a key policy that allows ${allowed ?? 'nothing'} allows no other operation`, async () => {
    await allow(allowed);
    for (const [action, call] of Object.entries(calls)) {
      if (action === allowed) await assert.doesNotReject(call(), action);
      else await assert.rejects(call(), refused, action);
    }
  });
}

/** A value that matches and one that does not, for each condition key of DeriveSharedSecret. */
const CONDITIONS = {
  'kms:KeyAgreementAlgorithm': ['ECDH', 'SM2DH'],
  'kms:KeySpec': ['ECC_NIST_P384', 'ECC_NIST_P256'],
  'kms:KeyUsage': ['KEY_AGREEMENT', 'SIGN_VERIFY'],
  'kms:KeyOrigin': ['AWS_KMS', 'EXTERNAL'],
};
for (const [key, [right, wrong]] of Object.entries(CONDITIONS)) {
  test(`the condition ${key} allows ${right} only`, async () => {
    await allow('kms:DeriveSharedSecret', { StringEquals: { [key]: right } });
    await calls['kms:DeriveSharedSecret']();
    await allow('kms:DeriveSharedSecret', { StringEquals: { [key]: wrong } });
    await assert.rejects(calls['kms:DeriveSharedSecret'](), refused);
    await allow('kms:DeriveSharedSecret', { Null: { [key]: 'true' } });
    await assert.rejects(calls['kms:DeriveSharedSecret'](), refused, 'it is there');
  });
}

test("the condition kms:EncryptionAlgorithm goes by the request, and a request without one has KMS's default", async () => {
  const decrypt = (EncryptionAlgorithm) => {
    const input = { KeyId: keys.RSA_2048, EncryptionAlgorithm, CiphertextBlob: new Uint8Array(256) };
    return client.send(new DecryptCommand(input));
  };
  const invalid = { name: 'InvalidCiphertextException' };
  await allow('kms:Decrypt', { StringEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' } });
  await assert.rejects(decrypt('RSAES_OAEP_SHA_256'), invalid);
  await assert.rejects(decrypt('RSAES_OAEP_SHA_1'), refused);
  await assert.rejects(decrypt(), refused);
  await allow('kms:Decrypt', { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } });
  await assert.rejects(decrypt(), invalid);
});

test('conditions on KeySpec and KeyUsage hold for Decapsulate, too, which has no algorithm of key agreement', async () => {
  const condition = { 'kms:KeySpec': 'ML_KEM_768', 'kms:KeyUsage': 'ENCAPSULATE_DECAPSULATE' };
  await allow('kms:Decapsulate', { StringEquals: condition });
  await calls['kms:Decapsulate']();
  await allow('kms:Decapsulate', { StringEquals: { 'kms:KeyAgreementAlgorithm': 'ECDH' } });
  await assert.rejects(calls['kms:Decapsulate'](), refused);
});

test('conditions by alias tell the alias of the request from those of the key', async () => {
  const derive = calls['kms:DeriveSharedSecret'];
  await allow('kms:DeriveSharedSecret', { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/curve' } });
  await derive();
  await derive('alias/curve');
  await allow('kms:DeriveSharedSecret', { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/other' } });
  await assert.rejects(derive(), refused);
  await allow('kms:DeriveSharedSecret', { StringEquals: { 'kms:RequestAlias': 'alias/curve' } });
  await derive('alias/curve');
  await derive('arn:aws:kms:us-east-1:000000000000:alias/curve');
  await assert.rejects(derive(), refused);
});

test('a user who may use a key by its ARN may call it by its alias', async () => {
  // The default policy of a key leaves it to the identity's policies.
  const { KeyMetadata } = await kms.client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' }),
  );
  await kms.client.send(new CreateAliasCommand({ AliasName: 'alias/own', TargetKeyId: KeyMetadata.Arn }));
  const credentials = await createUser(kms.emulator, 'by-arn', 'kms:GetPublicKey', KeyMetadata.Arn);
  const other = kms.createClient({ credentials });
  assert.equal((await other.send(new GetPublicKeyCommand({ KeyId: 'alias/own' }))).KeyId, KeyMetadata.Arn);
  await assert.rejects(other.send(new GetPublicKeyCommand({ KeyId: 'alias/curve' })), refused);
});

test('policies come before the key: a dry run and a disabled key tell nothing to those who may not call', async () => {
  await allow();
  await assert.rejects(calls['kms:DeriveSharedSecret'](keys.ECC_NIST_P384, { DryRun: true }), refused);
  await assert.rejects(calls['kms:Decapsulate'](keys.ML_KEM_768, { DryRun: true }), refused);
  await allow('kms:Decapsulate');
  await assert.rejects(calls['kms:Decapsulate'](keys.ML_KEM_768, { DryRun: true }), {
    name: 'DryRunOperationException',
  });
});
