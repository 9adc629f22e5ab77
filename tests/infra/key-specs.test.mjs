// The parameter KeySpec of infra/kmseal.yaml: for each kind of key the template gives its usage, and to each role the permission of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  DecapsulateCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  EncapsulateCommand,
  EncryptCommand,
  GetPublicKeyCommand,
} from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { createUser } from '../support/servers/iam.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { assumeRole, deploy } from '../support/servers/stack.mjs';

/** What a usage permits, and what KMS says to someone who may call it and hands in nothing that opens. */
const USAGES = {
  ENCRYPT_DECRYPT: { opens: 'kms:Decrypt', answer: 'InvalidCiphertextException' },
  KEY_AGREEMENT: { opens: 'kms:DeriveSharedSecret', answer: 'ValidationException' },
  ENCAPSULATE_DECAPSULATE: { opens: 'kms:Decapsulate', answer: 'InvalidCiphertextException' },
};
const SPECS = {
  RSA_2048: 'ENCRYPT_DECRYPT',
  ECC_NIST_P256: 'KEY_AGREEMENT',
  ECC_NIST_P384: 'KEY_AGREEMENT',
  ECC_NIST_P521: 'KEY_AGREEMENT',
  ML_KEM_768: 'ENCAPSULATE_DECAPSULATE',
  ML_KEM_1024: 'ENCAPSULATE_DECAPSULATE',
};
const OPENERS = ['Opener', 'OpenFunction', 'ResealFunction'];
const PLAINTEXT = sample(1000);
const encryptionContext = { purpose: 'upload' };
const NOTHING = new Uint8Array(1);
const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
const EncapsulationAlgorithm = 'ML_KEM';

/** Every operation that uses a key; KMS looks at the input after the policy. */
const calls = {
  'kms:GetPublicKey': (KeyId) => new GetPublicKeyCommand({ KeyId }),
  'kms:Decrypt': (KeyId, algorithm = EncryptionAlgorithm) =>
    new DecryptCommand({ KeyId, EncryptionAlgorithm: algorithm, CiphertextBlob: NOTHING }),
  'kms:Encrypt': (KeyId) => new EncryptCommand({ KeyId, EncryptionAlgorithm, Plaintext: NOTHING }),
  'kms:DeriveSharedSecret': (KeyId, KeyAgreementAlgorithm = 'ECDH') =>
    new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm, PublicKey: NOTHING }),
  'kms:Encapsulate': (KeyId) => new EncapsulateCommand({ KeyId, EncapsulationAlgorithm }),
  'kms:Decapsulate': (KeyId) =>
    new DecapsulateCommand({ KeyId, EncapsulationAlgorithm, SharedSecretCiphertextBlob: NOTHING }),
};

let aws;
let administrator;
before(async () => {
  aws = await startKms({ auth: true, stack: true });
  administrator = aws.createClient({ credentials: await createUser(aws.emulator, 'administrator', 'kms:*', '*') });
});
after(() => aws?.close());

const nameOf = (spec) => spec.toLowerCase().replaceAll('_', '-');
const stackOf = (spec, parameters) =>
  deploy(aws.emulator, nameOf(spec), { AliasName: `alias/${nameOf(spec)}`, KeySpec: spec, ...parameters });
const as = async (stack, role) =>
  aws.createClient({ credentials: await assumeRole(aws.emulator, stack[`${role}RoleArn`]) });
/** The name of the error, or nothing. */
const errorOf = (client, command) =>
  client.send(command).then(
    () => undefined,
    ({ name }) => name,
  );

for (const [spec, usage] of Object.entries(SPECS)) {
  const { opens, answer } = USAGES[usage];
  describe(`a stack with KeySpec=${spec}`, () => {
    let stack;
    before(async () => {
      stack = await stackOf(spec);
    });

    test(`its key is for ${usage}`, async () => {
      const { KeyMetadata } = await aws.client.send(new DescribeKeyCommand({ KeyId: stack.KeyArn }));
      assert.deepEqual({ spec: KeyMetadata.KeySpec, usage: KeyMetadata.KeyUsage }, { spec, usage });
    });

    test('each role has exactly the permissions on it that it needs', async () => {
      const publishes = { 'kms:GetPublicKey': undefined };
      const compares = usage === 'KEY_AGREEMENT' ? publishes : {};
      const expected = {
        Publisher: publishes,
        PageServer: {},
        ...Object.fromEntries(OPENERS.map((role) => [role, { ...compares, [opens]: answer }])),
      };
      for (const [role, may] of Object.entries(expected)) {
        const client = await as(stack, role);
        for (const [action, call] of Object.entries(calls)) {
          const error = await errorOf(client, call(stack.KeyArn));
          assert.equal(error, action in may ? may[action] : 'AccessDeniedException', `${role} ${action}`);
        }
      }
    });

    test('the publisher fetches the public key, a page seals, and the openers open', async () => {
      const publisher = await as(stack, 'Publisher');
      const answer = await publisher.send(new GetPublicKeyCommand({ KeyId: stack.KeyArn }));
      const key = await KmsPublicKey.import(answer, { experimental: true });
      const sealed = await new Sealer({ keys: [key] }).seal(PLAINTEXT, { encryptionContext });
      for (const role of OPENERS) {
        const kms = await as(stack, role);
        const call = (Command) => (input) => kms.send(new Command(input));
        const opener = new Opener({
          keys: [key],
          decrypt: call(DecryptCommand),
          deriveSharedSecret: call(DeriveSharedSecretCommand),
          decapsulate: call(DecapsulateCommand),
        });
        const { plaintext, keyId } = await opener.open(sealed, { encryptionContext });
        assert.ok(Buffer.from(PLAINTEXT).equals(plaintext), role);
        assert.equal(keyId, stack.KeyArn);
      }
    });

    test('an administrator of the account uses it for nothing', async () => {
      for (const [action, call] of Object.entries(calls))
        assert.equal(await errorOf(administrator, call(stack.KeyArn)), 'AccessDeniedException', action);
    });
  });
}

describe('the parameter RestrictAlgorithm', () => {
  const other = { 'kms:Decrypt': 'RSAES_OAEP_SHA_1', 'kms:DeriveSharedSecret': 'SM2DH' };
  for (const spec of ['RSA_2048', 'ECC_NIST_P384']) {
    const { opens } = USAGES[SPECS[spec]];
    test(`the opener of ${spec} has one algorithm by default, and every one with false`, async () => {
      for (const RestrictAlgorithm of ['true', 'false']) {
        const name = `${nameOf(spec)}-${RestrictAlgorithm}`;
        const parameters = { AliasName: `alias/${name}`, KeySpec: spec, RestrictAlgorithm };
        const stack = await deploy(aws.emulator, name, parameters);
        const error = await errorOf(await as(stack, 'Opener'), calls[opens](stack.KeyArn, other[opens]));
        if (RestrictAlgorithm === 'true') assert.equal(error, 'AccessDeniedException');
        else assert.match(error, /^(InvalidCiphertext|Validation)Exception$/);
      }
    });
  }
});

test('other kinds of key are not made', async () => {
  for (const spec of ['ML_KEM_512', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', 'SYMMETRIC_DEFAULT', 'HMAC_256'])
    await assert.rejects(stackOf(spec), spec);
});
