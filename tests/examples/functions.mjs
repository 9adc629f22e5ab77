// Lambda functions of examples/ where they run: infra/kmseal.yaml as a stack with its policies enforced, S3 and KMS behind a proxy, and each
// function under a role of the stack.
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateKeyCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Sealer } from 'kmseal';
import { startAwsProxy } from './aws-proxy.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { ACCOUNT, assumeRole, deploy } from '../support/servers/stack.mjs';

export const CONTEXT = { purpose: 'upload', user: '4711' };
/** Usage of a kind of key, and what a role needs that opens with it. */
const OPENS = {
  RSA: ['ENCRYPT_DECRYPT', 'kms:Decrypt'],
  ECC: ['KEY_AGREEMENT', 'kms:DeriveSharedSecret', 'kms:GetPublicKey'],
  ML: ['ENCAPSULATE_DECAPSULATE', 'kms:Decapsulate'],
};
/** The checksum that S3 adds to an upload without one, and the SDK's. */
export const CHECKSUMS = ['CRC64NVME', 'CRC32'];

export async function startFunctions() {
  const kms = await startKms({ auth: true, stack: true });
  const s3 = new S3Client({ ...kms.emulator.config, forcePathStyle: true });
  const stack = await deploy(kms.emulator, 'kmseal');
  const proxy = await startAwsProxy(kms.emulator.endpoint, s3);
  const answer = await kms.client.send(new GetPublicKeyCommand({ KeyId: stack.KeyArn }));
  const key = await KmsPublicKey.import(answer);
  const sealer = new Sealer({ keys: [key], encryptionContext: CONTEXT, cache: { maxAge: 600_000 } });
  const send = (command) => s3.send(command);
  return {
    kms,
    s3,
    proxy,
    key,
    sealer,
    envelopes: stack.BucketName,
    plain: stack.PlainBucketName,

    /** GetPublicKey's answer of a new key, with which a role of the stack may open: it has the permissions of infra/kmseal.yaml. */
    async keyFor(role, { region, spec = 'RSA_2048' } = {}) {
      const client = kms.createClient({ region });
      const [KeyUsage, ...actions] = OPENS[spec.split('_')[0]];
      const allow = (AWS, Action) => ({ Effect: 'Allow', Principal: { AWS }, Action, Resource: '*' });
      const Statement = [allow(`arn:aws:iam::${ACCOUNT}:root`, 'kms:*'), allow(stack[`${role}RoleArn`], actions)];
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      const command = new CreateKeyCommand({ KeySpec: spec, KeyUsage, Policy });
      const { KeyMetadata } = await client.send(command);
      return client.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.Arn }));
    },

    /** Imports an example as Lambda does, with its settings in the environment: a new module each time, like an instance. */
    async load(name, role, settings) {
      const { accessKeyId, secretAccessKey, sessionToken } = await assumeRole(kms.emulator, stack[`${role}RoleArn`]);
      for (const setting of [
        'KEY_ARN',
        'ECC_KEY_ARN',
        'EXPERIMENTAL',
        'PLAIN_BUCKET',
        'TO_BUCKET',
        'PUBLIC_KEY',
        'RAW_PUBLIC_KEY',
        'MIXED',
        'FROM_OWNER',
        'TO_OWNER',
        'REQUEST_TIMEOUT_MS',
        'KEY_FINGERPRINT',
        'RAW_KEYS',
        'QUARANTINE_PREFIX',
        'EVENT_BUS',
        'PART_SIZE',
      ]) {
        delete process.env[setting];
      }
      Object.assign(process.env, kms.emulator.env, {
        AWS_ENDPOINT_URL: proxy.endpoint,
        S3_PATH_STYLE: '1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        KEY_ARN: key.keyId,
        ...settings,
      });
      const { handler } = await import(`../../examples/${name}.mjs?${randomUUID()}`);
      return handler;
    },

    version: (Bucket) =>
      send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })),
    /** Another bucket, in which the functions' roles have the same permissions as in the stack's. */
    async bucket(Bucket, { versioned } = {}) {
      await send(new CreateBucketCommand({ Bucket }));
      if (versioned) await this.version(Bucket);
      const Principal = { AWS: ['Open', 'Reseal', 'Intake'].map((name) => stack[`${name}FunctionRoleArn`]) };
      const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal, Action: 's3:*', Resource }],
      });
      await send(new PutBucketPolicyCommand({ Bucket, Policy }));
      return Bucket;
    },

    /** Stores bytes, and returns the version. The emulator takes a tenth of a second for the CRC64NVME of 400 kB. */
    async put(Bucket, Key, Body, more) {
      const ChecksumAlgorithm = Body.length > 2 ** 16 ? 'CRC32' : 'CRC64NVME';
      return (await send(new PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm, ...more }))).VersionId;
    },
    /** Seals and stores like the page. */
    async upload(Bucket, Key, plaintext, more) {
      return this.put(Bucket, Key, await sealer.seal(plaintext), more);
    },
    async get(Bucket, Key) {
      return (await send(new GetObjectCommand({ Bucket, Key }))).Body.transformToByteArray();
    },
    head: (Bucket, Key) => send(new HeadObjectCommand({ Bucket, Key })),
    tags: async (Bucket, Key) => (await send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet,
    /** Leaves only delete markers, as a lifecycle rule does in time. */
    async expire(Bucket, Prefix) {
      const { Versions } = await send(new ListObjectVersionsCommand({ Bucket, Prefix }));
      for (const { Key, VersionId } of Versions) await send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    },
    markers: async (Bucket, Prefix) =>
      (await send(new ListObjectVersionsCommand({ Bucket, Prefix }))).DeleteMarkers ?? [],
    delete: (Bucket, Key, VersionId) => send(new DeleteObjectCommand({ Bucket, Key, VersionId })),

    /** Keys of objects, and of uploads that were neither completed nor aborted. */
    async left(Bucket) {
      const { Contents = [] } = await send(new ListObjectsV2Command({ Bucket }));
      const { Uploads = [] } = await send(new ListMultipartUploadsCommand({ Bucket }));
      return { objects: Contents.map(({ Key }) => Key), uploads: Uploads.map(({ Key }) => Key) };
    },

    async close() {
      sealer.close();
      s3.destroy();
      await proxy.close();
      await kms.close();
    },
  };
}
