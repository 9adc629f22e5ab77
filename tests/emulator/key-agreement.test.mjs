// The emulator's ECC keys of usage KEY_AGREEMENT, as AWS's answers were recorded on 2026-09-12 in us-east-1.
import assert from 'node:assert/strict';
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetPublicKeyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
} from '@aws-sdk/client-kms';
import { startKms } from '../support/servers/kms.mjs';
import { importKey } from '../support/servers/material.mjs';

/** Node's name of each curve, the bytes of its x coordinate, and those of a public key's DER. */
const CURVES = {
  ECC_NIST_P256: { namedCurve: 'P-256', length: 32, der: 91 },
  ECC_NIST_P384: { namedCurve: 'P-384', length: 48, der: 120 },
  ECC_NIST_P521: { namedCurve: 'P-521', length: 66, der: 158 },
};
const SPECS = Object.keys(CURVES);
const spki = (publicKey) => publicKey.export({ format: 'der', type: 'spki' });

let kms;
let keys;
before(async () => {
  kms = await startKms();
  keys = Object.fromEntries(await Promise.all(SPECS.map(async (spec) => [spec, await kms.createKey({ spec })])));
});
after(() => kms?.close());

const senderOn = (spec) => generateKeyPairSync('ec', { namedCurve: CURVES[spec].namedCurve });
const derive = (KeyId, PublicKey, settings) =>
  kms.deriveSharedSecret({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey, ...settings });
const create = async (settings) => (await kms.client.send(new CreateKeyCommand(settings))).KeyMetadata;
/** The fields of an answer, without the SDK's. */
const fields = ({ $metadata, ...rest }) => Object.keys(rest).sort();

describe('keys', () => {
  for (const spec of SPECS) {
    test(`GetPublicKey says of an ${spec} key how it agrees, and no other algorithm`, async () => {
      const answer = keys[spec];
      assert.deepEqual(fields(answer), [
        'CustomerMasterKeySpec',
        'KeyAgreementAlgorithms',
        'KeyId',
        'KeySpec',
        'KeyUsage',
        'PublicKey',
      ]);
      const { KeySpec, CustomerMasterKeySpec, KeyUsage, KeyAgreementAlgorithms, PublicKey } = answer;
      assert.deepEqual(
        { KeySpec, CustomerMasterKeySpec, KeyUsage, KeyAgreementAlgorithms, length: PublicKey.length },
        {
          KeySpec: spec,
          CustomerMasterKeySpec: spec,
          KeyUsage: 'KEY_AGREEMENT',
          KeyAgreementAlgorithms: ['ECDH'],
          length: CURVES[spec].der,
        },
      );
      const { KeyMetadata } = await kms.client.send(new DescribeKeyCommand({ KeyId: answer.KeyId }));
      assert.deepEqual(
        fields(KeyMetadata).filter((name) => name.endsWith('Algorithms')),
        ['KeyAgreementAlgorithms'],
      );
    });
  }

  test('a key of a curve that signs names its signing algorithms only, and a symmetric key needs no usage', async () => {
    const { Arn } = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const answer = await kms.client.send(new GetPublicKeyCommand({ KeyId: Arn }));
    assert.deepEqual(
      fields(answer).filter((name) => name.endsWith('Algorithms')),
      ['SigningAlgorithms'],
    );
    assert.equal((await create({})).KeyUsage, 'ENCRYPT_DECRYPT');
  });

  test('a key needs a usage, and one that its curve has', async () => {
    await assert.rejects(create({ KeySpec: 'ECC_NIST_P384' }), {
      name: 'ValidationException',
      message: 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    });
    for (const [KeySpec, KeyUsage] of [
      ['ECC_NIST_P384', 'ENCRYPT_DECRYPT'],
      ['ECC_SECG_P256K1', 'KEY_AGREEMENT'],
      ['ECC_NIST_EDWARDS25519', 'KEY_AGREEMENT'],
      ['RSA_2048', 'KEY_AGREEMENT'],
      ['SYMMETRIC_DEFAULT', 'KEY_AGREEMENT'],
    ])
      await assert.rejects(create({ KeySpec, KeyUsage }), { name: 'ValidationException' }, `${KeySpec} ${KeyUsage}`);
  });

  test('a key that agrees does not sign', async () => {
    const { KeyId } = keys.ECC_NIST_P256;
    const command = new SignCommand({ KeyId, SigningAlgorithm: 'ECDSA_SHA_256', Message: new Uint8Array(1) });
    await assert.rejects(kms.client.send(command), { name: 'InvalidKeyUsageException' });
  });

  test('a grant on such a key has no constraint by encryption context', async () => {
    const { KeyId } = keys.ECC_NIST_P256;
    const grant = { KeyId, GranteePrincipal: 'arn:aws:iam::000000000000:role/a', Operations: ['DeriveSharedSecret'] };
    const Constraints = { EncryptionContextSubset: { a: 'b' } };
    await kms.client.send(new CreateGrantCommand(grant));
    await assert.rejects(kms.client.send(new CreateGrantCommand({ ...grant, Constraints })), {
      name: 'ValidationException',
      message: 'EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.',
    });
  });
});

for (const spec of SPECS) {
  describe(`DeriveSharedSecret with ${spec}`, () => {
    test("its secret is the sender's, and its own public key gives one, too", async () => {
      const { KeyId, PublicKey } = keys[spec];
      const { privateKey, publicKey } = senderOn(spec);
      const answer = await derive(KeyId, spki(publicKey));
      assert.deepEqual(fields(answer), ['KeyAgreementAlgorithm', 'KeyId', 'KeyOrigin', 'SharedSecret']);
      const { KeyAgreementAlgorithm, KeyOrigin, SharedSecret } = answer;
      assert.deepEqual(
        { KeyId: answer.KeyId, KeyAgreementAlgorithm, KeyOrigin, length: SharedSecret.length },
        { KeyId, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS', length: CURVES[spec].length },
      );
      const own = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
      assert.ok(diffieHellman({ privateKey, publicKey: own }).equals(Buffer.from(SharedSecret)));
      assert.equal((await derive(KeyId, PublicKey)).SharedSecret.length, CURVES[spec].length);
    });

    test('it refuses broken keys, points off the curve, and keys of another kind or curve without a word', async () => {
      const good = spki(senderOn(spec).publicKey);
      const off = Buffer.from(good);
      off[off.length - 1] ^= 1;
      const other = SPECS.find((name) => name !== spec);
      const broken = {
        'a key that is cut off': good.subarray(0, -1),
        'a key with a byte behind it': Buffer.concat([good, Buffer.alloc(1)]),
        'a point off the curve': off,
        infinity: Buffer.concat([good.subarray(0, -2 * CURVES[spec].length - 1), Buffer.alloc(1)]),
        'a key of another curve': spki(senderOn(other).publicKey),
        'an RSA key': spki(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
        'an X25519 key': spki(generateKeyPairSync('x25519').publicKey),
        bytes: Buffer.from('no key'),
      };
      for (const [name, der] of Object.entries(broken)) {
        // The SDK's words for an empty message
        const empty = { name: 'ValidationException', message: 'UnknownError' };
        await assert.rejects(derive(keys[spec].KeyId, der), empty, name);
        await assert.rejects(derive(keys[spec].KeyId, der, { DryRun: true }), empty, `${name}, dry run`);
      }
    });

    test('a dry run derives nothing', async () => {
      const dry = derive(keys[spec].KeyId, spki(senderOn(spec).publicKey), { DryRun: true });
      await assert.rejects(dry, { name: 'DryRunOperationException' });
    });

    test('imported material agrees like its own', async () => {
      const ours = senderOn(spec);
      const sender = senderOn(spec);
      const material = ours.privateKey.export({ format: 'der', type: 'pkcs8' });
      const key = await importKey(kms.client, { KeySpec: spec, KeyUsage: 'KEY_AGREEMENT' }, material);
      assert.ok(spki(ours.publicKey).equals(Buffer.from(key.PublicKey)));
      const { KeyOrigin, SharedSecret } = await derive(key.KeyId, spki(sender.publicKey));
      assert.equal(KeyOrigin, 'EXTERNAL');
      const secret = diffieHellman({ privateKey: ours.privateKey, publicKey: sender.publicKey });
      assert.ok(secret.equals(Buffer.from(SharedSecret)));
    });

    test('a replica in another region gives the same secret under its own ARN', async () => {
      const primary = await kms.createKey({ spec, multiRegion: true });
      await kms.client.send(new ReplicateKeyCommand({ KeyId: primary.KeyId, ReplicaRegion: 'eu-west-1' }));
      const KeyId = primary.KeyId.replace('us-east-1', 'eu-west-1');
      const far = kms.createClient({ region: 'eu-west-1' });
      const { KeyAgreementAlgorithms } = await far.send(new GetPublicKeyCommand({ KeyId }));
      assert.deepEqual(KeyAgreementAlgorithms, ['ECDH']);
      const PublicKey = spki(senderOn(spec).publicKey);
      const input = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey };
      const replica = await far.send(new DeriveSharedSecretCommand(input));
      assert.equal(replica.KeyId, KeyId);
      assert.deepEqual(replica.SharedSecret, (await derive(primary.KeyId, PublicKey)).SharedSecret);
    });
  });
}

describe('what DeriveSharedSecret asks of the key', () => {
  const PublicKey = spki(senderOn('ECC_NIST_P256').publicKey);

  test('a disabled key derives nothing, and GetPublicKey gives its public key', async () => {
    const { KeyId } = await kms.createKey({ spec: 'ECC_NIST_P256' });
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    await assert.rejects(derive(KeyId, PublicKey), { name: 'DisabledException', message: `${KeyId} is disabled.` });
    assert.equal((await kms.client.send(new GetPublicKeyCommand({ KeyId }))).KeyId, KeyId);
  });

  test('a key that is pending deletion derives nothing, and GetPublicKey refuses it', async () => {
    const { KeyId } = await kms.createKey({ spec: 'ECC_NIST_P256' });
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const pending = { name: 'KMSInvalidStateException', message: `${KeyId} is pending deletion.` };
    await assert.rejects(derive(KeyId, PublicKey), pending);
    await assert.rejects(kms.client.send(new GetPublicKeyCommand({ KeyId })), pending);
  });

  test('a key of another usage, a missing key and another algorithm are refused by name', async () => {
    for (const settings of [{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, {}]) {
      const { Arn } = await create(settings);
      await assert.rejects(derive(Arn, PublicKey), { name: 'InvalidKeyUsageException' });
    }
    const { Arn } = await create({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    await assert.rejects(derive(Arn, PublicKey), { name: 'InvalidKeyUsageException' });
    const missing = keys.ECC_NIST_P256.KeyId.replace(/.{12}$/, '000000000000');
    await assert.rejects(derive(missing, PublicKey), { name: 'NotFoundException' });
    for (const KeyAgreementAlgorithm of ['SM2DH', undefined]) {
      await assert.rejects(derive(keys.ECC_NIST_P256.KeyId, PublicKey, { KeyAgreementAlgorithm }), {
        name: 'ValidationException',
        message: /keyAgreementAlgorithm.*\[ECDH\]/,
      });
    }
  });
});
