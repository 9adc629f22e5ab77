// The roles of infra/kmseal.yaml that functions have, in the emulator with its policies enforced: each call needs one permission, in the
// bucket of envelopes or in that of plaintext.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AbortMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, GetBucketVersioningCommand, GetObjectCommand,
  GetObjectTaggingCommand, GetPublicAccessBlockCommand, ListObjectVersionsCommand, ListObjectsV2Command, PutObjectCommand,
  PutObjectTaggingCommand, S3Client,
} from '@aws-sdk/client-s3';
import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { startKms } from '../support/kms.mjs';
import { STACK_SERVICES, TEMPLATE, assumeRole, deploy } from '../support/stack.mjs';

const RSA = 'RSAES_OAEP_SHA_256';
const Tagging = { TagSet: [{ Key: 'expires', Value: 'soon' }] };

let aws;
let stack;
let root;
const roles = {};
const buckets = {};
before(async () => {
  aws = await startKms({ auth: true, env: { SERVICES: STACK_SERVICES } });
  stack = await deploy(aws.emulator, 'kmseal', { RestrictAlgorithm: 'false' });
  root = new S3Client({ ...aws.emulator.config, forcePathStyle: true });
  for (const name of ['Opener', 'OpenFunction', 'ResealFunction']) {
    const config = { ...aws.emulator.config, credentials: await assumeRole(aws.emulator, stack[`${name}RoleArn`]) };
    roles[name] = { kms: new KMSClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
  }
  for (const [name, Bucket] of [['envelopes', stack.BucketName], ['plaintext', stack.PlainBucketName]]) {
    const { VersionId } = await root.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }));
    buckets[name] = { Bucket, kept: { Bucket, Key: 'kept' }, version: { Bucket, Key: 'kept', VersionId: VersionId ?? 'null' } };
  }
});
after(async () => {
  root?.destroy();
  for (const { kms, s3 } of Object.values(roles)) [kms, s3].forEach((client) => client.destroy());
  await aws?.close();
});

const calls = {
  's3:GetObject': (s3, { kept }) => s3.send(new GetObjectCommand(kept)).then(({ Body }) => Body.destroy()),
  's3:GetObjectVersion': (s3, { version }) => s3.send(new GetObjectCommand(version)).then(({ Body }) => Body.destroy()),
  's3:GetObjectTagging': (s3, { kept }) => s3.send(new GetObjectTaggingCommand(kept)),
  's3:GetObjectVersionTagging': (s3, { version }) => s3.send(new GetObjectTaggingCommand(version)),
  's3:PutObject': (s3, { Bucket }) => s3.send(new PutObjectCommand({ Bucket, Key: 'put', Body: 'x' })),
  's3:PutObjectTagging': (s3, { kept }) => s3.send(new PutObjectTaggingCommand({ ...kept, Tagging })),
  's3:AbortMultipartUpload': async (s3, { kept }) => {
    const { UploadId } = await root.send(new CreateMultipartUploadCommand(kept));
    await s3.send(new AbortMultipartUploadCommand({ ...kept, UploadId }));
  },
  's3:ListBucket': (s3, { Bucket }) => s3.send(new ListObjectsV2Command({ Bucket })),
  's3:ListBucketVersions': (s3, { Bucket }) => s3.send(new ListObjectVersionsCommand({ Bucket })),
  's3:GetBucketVersioning': (s3, { Bucket }) => s3.send(new GetBucketVersioningCommand({ Bucket })),
  's3:DeleteObject': (s3, { kept }) => s3.send(new DeleteObjectCommand(kept)),
};
const READ = ['s3:GetObject', 's3:GetObjectVersion'];
const WRITE = [...READ, 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning'];
const allowed = {
  Opener: { envelopes: READ, plaintext: [] },
  OpenFunction: { envelopes: [...READ, 's3:ListBucket'], plaintext: WRITE },
  ResealFunction: {
    envelopes: [...WRITE, 's3:GetObjectTagging', 's3:GetObjectVersionTagging', 's3:PutObjectTagging'],
    plaintext: [],
  },
};
const refused = ({ name }) => name === 'AccessDeniedException' || name === 'AccessDenied';

describe('the roles that read envelopes', () => {
  for (const [role, byBucket] of Object.entries(allowed)) {
    for (const [bucket, mine] of Object.entries(byBucket)) {
      test(`${role} may do what its part takes in the bucket of ${bucket}, and nothing else`, async () => {
        for (const [name, call] of Object.entries(calls)) {
          const done = call(roles[role].s3, buckets[bucket]);
          if (mine.includes(name)) await assert.doesNotReject(done, name);
          else await assert.rejects(done, refused, name);
        }
      });
    }

    test(`${role} may use the key to decrypt only`, async () => {
      const { kms } = roles[role];
      // No ciphertext of the key: KMS looks at it after the policy.
      const blob = { KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, CiphertextBlob: new Uint8Array(512) };
      await assert.rejects(kms.send(new DecryptCommand(blob)), { name: 'InvalidCiphertextException' });
      await assert.rejects(kms.send(new EncryptCommand({ KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, Plaintext: new Uint8Array(1) })), refused);
    });
  }
});

test('the bucket of plaintext keeps the public out and remembers what was deleted', async () => {
  const Bucket = stack.PlainBucketName;
  const { PublicAccessBlockConfiguration: block } = await root.send(new GetPublicAccessBlockCommand({ Bucket }));
  assert.deepEqual(Object.values(block), [true, true, true, true]);
  assert.equal((await root.send(new GetBucketVersioningCommand({ Bucket }))).Status, 'Enabled');
});

// The emulator leaves out lifecycle rules, so the template is read.
test('every bucket of the template is rid of unfinished uploads, and of old versions', () => {
  const sections = TEMPLATE.split(/^(?= {2}\w+:$)/m).filter((section) => section.includes('Type: AWS::S3::Bucket\n'));
  assert.deepEqual(sections.map((section) => /\w+/.exec(section)[0]), ['Bucket', 'PlainBucket']);
  for (const section of sections) assert.match(section, /Status: Enabled\s+AbortIncompleteMultipartUpload:\s+DaysAfterInitiation: 7\n/);
  for (const section of sections) assert.match(section, /Status: Enabled\s+NoncurrentVersionExpiration:\s+NoncurrentDays: \d+\n/);
});
