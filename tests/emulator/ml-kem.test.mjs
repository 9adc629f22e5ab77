// The emulator's ML-KEM keys, as AWS's service model of October 2026 describes them: no answer of AWS's is recorded.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CreateGrantCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncapsulateCommand,
  GetPublicKeyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { startKms } from '../support/servers/kms.mjs';

/** The last byte of the OID 2.16.840.1.101.3.4.4.x, and bytes of a public key and of an encapsulated secret (FIPS 203, table 3). */
const SPECS = {
  ML_KEM_512: { oid: 1, key: 800, ciphertext: 768 },
  ML_KEM_768: { oid: 2, key: 1184, ciphertext: 1088 },
  ML_KEM_1024: { oid: 3, key: 1568, ciphertext: 1568 },
};
const ALGORITHM = { EncapsulationAlgorithm: 'ML_KEM' };

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

const encapsulate = (KeyId, settings) => kms.client.send(new EncapsulateCommand({ KeyId, ...ALGORITHM, ...settings }));
const decapsulate = (KeyId, SharedSecretCiphertextBlob, settings) =>
  kms.decapsulate({ KeyId, SharedSecretCiphertextBlob, ...ALGORITHM, ...settings });
const algorithms = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name.endsWith('Algorithms')));

for (const [spec, { oid, key, ciphertext }] of Object.entries(SPECS)) {
  describe(spec, () => {
    let answer;
    before(async () => {
      answer = await kms.createKey({ spec });
    });

    test('GetPublicKey gives a key of its parameter set, and its one algorithm', async () => {
      const { KeyId, KeySpec, CustomerMasterKeySpec, KeyUsage, PublicKey } = answer;
      assert.deepEqual(
        { KeySpec, CustomerMasterKeySpec, KeyUsage },
        { KeySpec: spec, CustomerMasterKeySpec: spec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
      );
      const expected = { EncapsulationAlgorithms: ['ML_KEM'] };
      assert.deepEqual(algorithms(answer), expected);
      assert.deepEqual(algorithms((await kms.client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata), expected);
      // RFC 9935, section 3: SEQUENCE { SEQUENCE { OID }, BIT STRING }, each of the outer lengths in two bytes
      const hex = (value) => value.toString(16).padStart(4, '0');
      const head = `3082${hex(key + 18)}300b060960864801650304040${oid}0382${hex(key + 1)}00`;
      assert.equal(Buffer.from(PublicKey).toString('hex', 0, 22), head);
      assert.equal(PublicKey.length, 22 + key);
    });

    test('Decapsulate gives the secret that Encapsulate gave, and each has another one', async () => {
      const one = await encapsulate(answer.KeyId);
      const { KeyId, EncapsulationAlgorithm, SharedSecret, SharedSecretCiphertextBlob } = one;
      assert.deepEqual({ KeyId, EncapsulationAlgorithm }, { KeyId: answer.KeyId, ...ALGORITHM });
      assert.equal(SharedSecret.length, 32);
      assert.equal(SharedSecretCiphertextBlob.length, ciphertext);
      const { $metadata, ...opened } = await decapsulate(KeyId, SharedSecretCiphertextBlob);
      assert.deepEqual(opened, { KeyId, ...ALGORITHM, SharedSecret });
      assert.notDeepEqual((await encapsulate(KeyId)).SharedSecret, SharedSecret);
    });

    test('what was altered, or is for another key, gives another secret and no error', async () => {
      const { SharedSecret, SharedSecretCiphertextBlob: blob } = await encapsulate(answer.KeyId);
      const altered = Uint8Array.from(blob);
      altered[0] ^= 1;
      const other = await kms.createKey({ spec });
      for (const [KeyId, bytes] of [
        [answer.KeyId, altered],
        [other.KeyId, blob],
      ]) {
        const { SharedSecret: secret } = await decapsulate(KeyId, bytes);
        assert.equal(secret.length, 32);
        assert.notDeepEqual(secret, SharedSecret);
      }
    });

    test('only a wrong length is an invalid ciphertext', async () => {
      for (const length of Object.values(SPECS).flatMap((one) => [
        one.ciphertext - 1,
        one.ciphertext,
        one.ciphertext + 1,
      ])) {
        const done = decapsulate(answer.KeyId, new Uint8Array(length));
        if (length === ciphertext) await done;
        else await assert.rejects(done, { name: 'InvalidCiphertextException', message: 'UnknownError' }, `${length}`);
      }
    });

    test('a dry run gives no secret, and still looks at the length', async () => {
      const DryRun = true;
      const dry = { name: 'DryRunOperationException' };
      await assert.rejects(encapsulate(answer.KeyId, { DryRun }), dry);
      await assert.rejects(decapsulate(answer.KeyId, new Uint8Array(ciphertext), { DryRun }), dry);
      await assert.rejects(decapsulate(answer.KeyId, new Uint8Array(1), { DryRun }), {
        name: 'InvalidCiphertextException',
      });
    });

    test('a replica in another region opens what the primary key opens', async () => {
      const primary = await kms.createKey({ spec, multiRegion: true });
      await kms.client.send(new ReplicateKeyCommand({ KeyId: primary.KeyId, ReplicaRegion: 'eu-west-1' }));
      const KeyId = primary.KeyId.replace('us-east-1', 'eu-west-1');
      const far = kms.createClient({ region: 'eu-west-1' });
      assert.deepEqual(algorithms(await far.send(new GetPublicKeyCommand({ KeyId }))), {
        EncapsulationAlgorithms: ['ML_KEM'],
      });
      const { SharedSecret, SharedSecretCiphertextBlob } = await far.send(
        new EncapsulateCommand({ KeyId, ...ALGORITHM }),
      );
      assert.deepEqual((await decapsulate(primary.KeyId, SharedSecretCiphertextBlob)).SharedSecret, SharedSecret);
    });
  });
}

describe('what ML-KEM keys refuse', () => {
  const blob = new Uint8Array(SPECS.ML_KEM_768.ciphertext);

  test('a key is created for encapsulation only', async () => {
    for (const KeyUsage of ['KEY_AGREEMENT', 'ENCRYPT_DECRYPT', 'SIGN_VERIFY', undefined])
      await assert.rejects(kms.client.send(new CreateKeyCommand({ KeySpec: 'ML_KEM_768', KeyUsage })), {
        name: 'ValidationException',
      });
    for (const KeySpec of ['ECC_NIST_P256', 'RSA_2048', undefined])
      await assert.rejects(kms.client.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' })), {
        name: 'ValidationException',
      });
  });

  test('disabled keys and keys that are pending deletion do neither', async () => {
    const { KeyId } = await kms.createKey({ spec: 'ML_KEM_768' });
    await kms.client.send(new DisableKeyCommand({ KeyId }));
    const disabled = { name: 'DisabledException', message: `${KeyId} is disabled.` };
    await assert.rejects(decapsulate(KeyId, blob), disabled);
    await assert.rejects(encapsulate(KeyId), disabled);
    await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await assert.rejects(decapsulate(KeyId, blob), { name: 'KMSInvalidStateException' });
  });

  test('keys of another usage and other algorithms are refused by name', async () => {
    for (const spec of ['ECC_NIST_P256', 'RSA_2048']) {
      const { KeyId } = await kms.createKey({ spec });
      await assert.rejects(decapsulate(KeyId, blob), { name: 'InvalidKeyUsageException' });
      await assert.rejects(encapsulate(KeyId), { name: 'InvalidKeyUsageException' });
    }
    const { KeyId } = await kms.createKey({ spec: 'ML_KEM_768' });
    await assert.rejects(decapsulate(KeyId, blob, { EncapsulationAlgorithm: 'RSA_KEM' }), {
      name: 'ValidationException',
      message: /encapsulationAlgorithm.*\[ML_KEM\]/,
    });
    await assert.rejects(kms.deriveSharedSecret({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: blob }), {
      name: 'InvalidKeyUsageException',
    });
  });

  test('their operations can be granted', async () => {
    const { KeyId } = await kms.createKey({ spec: 'ML_KEM_768' });
    const GranteePrincipal = 'arn:aws:iam::000000000000:role/a';
    await kms.client.send(
      new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Decapsulate', 'Encapsulate'] }),
    );
  });
});
