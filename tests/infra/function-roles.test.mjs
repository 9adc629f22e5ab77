// The roles of infra/kmseal.yaml for functions, in the emulator with its policies enforced: each call needs one permission, in the
// bucket of envelopes or in that of plaintext.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DecryptCommand, EncryptCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { startKms } from '../support/servers/kms.mjs';
import { TEMPLATE, assumeRole, deploy } from '../support/servers/stack.mjs';

const RSA = 'RSAES_OAEP_SHA_256';
const Tagging = { TagSet: [{ Key: 'expires', Value: 'soon' }] };

let aws;
let stack;
let root;
const roles = {};
const buckets = {};
before(async () => {
  aws = await startKms({ auth: true, stack: true });
  stack = await deploy(aws.emulator, 'kmseal');
  root = new S3Client({ ...aws.emulator.config, forcePathStyle: true });
  for (const name of ['Opener', 'OpenFunction', 'ResealFunction', 'IntakeFunction']) {
    const config = { ...aws.emulator.config, credentials: await assumeRole(aws.emulator, stack[`${name}RoleArn`]) };
    const [kms, events] = [new KMSClient(config), new EventBridgeClient(config)];
    roles[name] = { kms, events, s3: new S3Client({ ...config, forcePathStyle: true }) };
  }
  for (const [name, Bucket] of [
    ['envelopes', stack.BucketName],
    ['plaintext', stack.PlainBucketName],
  ]) {
    const { VersionId } = await root.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }));
    buckets[name] = {
      Bucket,
      kept: { Bucket, Key: 'kept' },
      version: { Bucket, Key: 'kept', VersionId: VersionId ?? 'null' },
    };
  }
});
after(async () => {
  root?.destroy();
  for (const clients of Object.values(roles)) Object.values(clients).forEach((client) => client.destroy());
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
const WRITE = [
  ...READ,
  's3:PutObject',
  's3:AbortMultipartUpload',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetBucketVersioning',
];
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
      test(`${role} has exactly the permissions that it needs in the bucket of ${bucket}`, async () => {
        for (const [name, call] of Object.entries(calls)) {
          const done = call(roles[role].s3, buckets[bucket]);
          if (mine.includes(name)) await assert.doesNotReject(done, name);
          else await assert.rejects(done, refused, name);
        }
      });
    }

    test(`${role} may use the key only to decrypt`, async () => {
      const { kms } = roles[role];
      // No ciphertext of the key: KMS looks at it after the policy.
      const blob = { KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, CiphertextBlob: new Uint8Array(512) };
      await assert.rejects(kms.send(new DecryptCommand(blob)), { name: 'InvalidCiphertextException' });
      await assert.rejects(
        kms.send(new EncryptCommand({ KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, Plaintext: new Uint8Array(1) })),
        refused,
      );
    });
  }
});

describe('the role of the intake function', () => {
  const under = (name, prefix) => {
    const { Bucket } = buckets[name];
    return { Bucket, kept: { Bucket, Key: `${prefix}kept` }, put: `${prefix}put` };
  };
  const more = {
    ...calls,
    's3:PutObject': (s3, { Bucket, put }) => s3.send(new PutObjectCommand({ Bucket, Key: put, Body: 'x' })),
    's3:DeleteObjectVersion': (s3, { version }) => s3.send(new DeleteObjectCommand(version)),
    's3:CreateMultipartUpload': async (s3, { kept }) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(kept));
      await root.send(new AbortMultipartUploadCommand({ ...kept, UploadId }));
    },
  };
  const everywhere = ['s3:ListBucket'];
  const places = {
    'of envelopes under uploads/': {
      at: ['envelopes', 'uploads/'],
      mine: [...everywhere, 's3:GetObject', 's3:DeleteObject'],
    },
    'of envelopes under quarantine/': {
      at: ['envelopes', 'quarantine/'],
      mine: [
        ...everywhere,
        's3:PutObject',
        's3:PutObjectTagging',
        's3:AbortMultipartUpload',
        's3:CreateMultipartUpload',
      ],
    },
    'of envelopes elsewhere': { at: ['envelopes', 'other/'], mine: everywhere },
    'of plaintext': { at: ['plaintext', 'uploads/'], mine: [] },
  };
  for (const [where, { at, mine }] of Object.entries(places)) {
    test(`it has exactly the permissions that it needs in the bucket ${where}`, async () => {
      const place = under(...at);
      const { VersionId = 'null' } = await root.send(new PutObjectCommand({ ...place.kept, Body: 'x' }));
      place.version = { ...place.kept, VersionId };
      for (const [name, call] of Object.entries(more)) {
        const done = call(roles.IntakeFunction.s3, place);
        if (mine.includes(name)) await assert.doesNotReject(done, name);
        else await assert.rejects(done, refused, name);
        await root.send(new PutObjectCommand({ ...place.kept, Body: 'x' }));
      }
    });
  }

  test('it may call nothing at KMS', async () => {
    const { kms } = roles.IntakeFunction;
    const { KeyArn: KeyId } = stack;
    for (const command of [
      new DecryptCommand({ KeyId, EncryptionAlgorithm: RSA, CiphertextBlob: new Uint8Array(512) }),
      new EncryptCommand({ KeyId, EncryptionAlgorithm: RSA, Plaintext: new Uint8Array(1) }),
      new GetPublicKeyCommand({ KeyId }),
    ])
      await assert.rejects(kms.send(command), refused);
  });

  test('it may put events on the default bus, and on no other', async () => {
    const put = (EventBusName) => {
      const entry = { EventBusName, Source: 'kmseal.intake', DetailType: 'Envelope Accepted', Detail: '{}' };
      return roles.IntakeFunction.events.send(new PutEventsCommand({ Entries: [entry] }));
    };
    assert.equal((await put('default')).FailedEntryCount, 0);
    await assert.rejects(put('other'), refused);
  });
});

test('the bucket of plaintext blocks public access and records deletions', async () => {
  const Bucket = stack.PlainBucketName;
  const { PublicAccessBlockConfiguration: block } = await root.send(new GetPublicAccessBlockCommand({ Bucket }));
  assert.deepEqual(Object.values(block), [true, true, true, true]);
  assert.equal((await root.send(new GetBucketVersioningCommand({ Bucket }))).Status, 'Enabled');
});

// The emulator ignores lifecycle rules, so the test reads the template.
test('every bucket of the template removes unfinished uploads and old versions', () => {
  const sections = TEMPLATE.split(/^(?= {2}\w+:$)/m).filter((section) => section.includes('Type: AWS::S3::Bucket\n'));
  assert.deepEqual(
    sections.map((section) => /\w+/.exec(section)[0]),
    ['Bucket', 'PlainBucket'],
  );
  for (const section of sections)
    assert.match(section, /Status: Enabled,?\s+AbortIncompleteMultipartUpload:[\s{]+DaysAfterInitiation: 7\b/);
  for (const section of sections)
    assert.match(section, /Status: Enabled,?\s+NoncurrentVersionExpiration:[\s{]+NoncurrentDays: \d+\b/);
});
