// infra/kmseal.yaml, deployed in the emulator with its policies enforced: each role can do its part, and not the others'.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { createUser } from '../support/servers/iam.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { ORIGIN, assumeRole, deploy } from '../support/servers/stack.mjs';

const PLAINTEXT = sample(1000);

let aws;
let stack;
let roles;
let envelope;
before(async () => {
  aws = await startKms({ auth: true, stack: true });
  stack = await deploy(aws.emulator, 'kmseal');
  const names = ['Publisher', 'PageServer', 'Opener'];
  roles = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await assume(stack[`${name}RoleArn`])])),
  );
  roles.root = clientsOf({});
});
after(async () => {
  for (const { s3 } of Object.values(roles ?? {})) s3.destroy();
  await aws?.close();
});

/** Clients with a role's temporary credentials. */
const assume = async (arn) => clientsOf({ credentials: await assumeRole(aws.emulator, arn) });

function clientsOf(settings) {
  const config = { ...aws.emulator.config, ...settings };
  return {
    kms: aws.createClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' }),
  };
}

const RSA = 'RSAES_OAEP_SHA_256';
const object = (Key) => ({ Bucket: stack.BucketName, Key });
/** All actions; each call needs one permission. */
const actions = {
  'kms:GetPublicKey': ({ kms }) => kms.send(new GetPublicKeyCommand({ KeyId: stack.KeyArn })),
  'kms:Decrypt': ({ kms }) =>
    kms.send(new DecryptCommand({ KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, CiphertextBlob: envelope.blob })),
  'kms:Encrypt': ({ kms }) =>
    kms.send(new EncryptCommand({ KeyId: stack.KeyArn, EncryptionAlgorithm: RSA, Plaintext: new Uint8Array(1) })),
  'kms:DescribeKey': ({ kms }) => kms.send(new DescribeKeyCommand({ KeyId: stack.KeyArn })),
  'kms:PutKeyPolicy': ({ kms }) => kms.send(new PutKeyPolicyCommand({ KeyId: stack.KeyArn, Policy: '{}' })),
  'kms:ScheduleKeyDeletion': ({ kms }) => kms.send(new ScheduleKeyDeletionCommand({ KeyId: stack.KeyArn })),
  's3:PutObject': ({ s3 }) => s3.send(new PutObjectCommand({ ...object('put'), Body: 'x' })),
  's3:GetObject': ({ s3 }) =>
    s3.send(new GetObjectCommand(object('sealed'))).then(({ Body }) => Body.transformToByteArray()),
  's3:GetObject, as HeadObject under the prefix': ({ s3 }) =>
    s3.send(new HeadObjectCommand(object(`${stack.UploadPrefix}sealed`))),
  's3:DeleteObject': ({ s3 }) => s3.send(new DeleteObjectCommand(object('sealed'))),
  's3:ListBucket': ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: stack.BucketName })),
  's3:PutBucketCORS': ({ s3 }) =>
    s3.send(new PutBucketCorsCommand({ Bucket: stack.BucketName, CORSConfiguration: { CORSRules: [] } })),
  's3:ListMultipartUploadParts': async ({ s3 }) => s3.send(new ListPartsCommand(await begun())),
  's3:ListBucketMultipartUploads': ({ s3 }) => s3.send(new ListMultipartUploadsCommand({ Bucket: stack.BucketName })),
  's3:AbortMultipartUpload': async ({ s3 }) => s3.send(new AbortMultipartUploadCommand(await begun())),
  's3:PutObject, by a signed URL': async ({ s3 }) =>
    fetched(await getSignedUrl(s3, new PutObjectCommand(object('signed'))), { method: 'PUT', body: 'x' }),
  's3:GetObject, by a signed URL': async ({ s3 }) =>
    fetched(await getSignedUrl(s3, new GetObjectCommand(object('sealed')))),
};

/** A multipart upload that a user with all permissions began. */
async function begun() {
  const { UploadId } = await roles.root.s3.send(new CreateMultipartUploadCommand(object('parts')));
  return { ...object('parts'), UploadId };
}

/** As a page does, without credentials. */
async function fetched(url, options) {
  const response = await fetch(url, options);
  const [, name] = /<Code>(\w+)</.exec(await response.text()) ?? [];
  if (!response.ok) throw Object.assign(new Error(`${response.status}`), { name });
}
// An answer to HEAD has no body, and so no code.
const refused = ({ name, $metadata }) =>
  /^AccessDenied(Exception)?$/.test(name) || (name === 'Unknown' && $metadata.httpStatusCode === 403);

test('the publisher fetches the public key, the page seals, its server signs the upload, and the opener opens it', async () => {
  const key = await KmsPublicKey.import(await actions['kms:GetPublicKey'](roles.Publisher));
  assert.deepEqual({ keyId: key.keyId, keySpec: key.keySpec }, { keyId: stack.KeyArn, keySpec: 'RSA_4096' });
  const encryptionContext = { purpose: 'upload' };
  const sealed = await new Sealer({ keys: [key] }).seal(PLAINTEXT, { encryptionContext });
  envelope = { blob: key.encrypt(new Uint8Array(80)) };
  for (const Key of ['sealed', `${stack.UploadPrefix}sealed`]) {
    const signableHeaders = new Set(['host', 'if-none-match']);
    const url = await getSignedUrl(roles.PageServer.s3, new PutObjectCommand({ ...object(Key), IfNoneMatch: '*' }), {
      signableHeaders,
    });
    const put = (headers) => fetch(url, { method: 'PUT', body: sealed, headers });
    assert.equal((await put({})).status, 403, 'not without the header that is signed');
    assert.equal((await put({ 'if-none-match': '*' })).status, 200);
    assert.equal((await put({ 'if-none-match': '*' })).status, 412, 'nothing is overwritten');
  }
  const read = await actions['s3:GetObject'](roles.Opener);
  const decrypt = (input) => roles.Opener.kms.send(new DecryptCommand(input));
  const opened = await new Opener({ keyIds: [stack.KeyArn], decrypt }).open(read, { encryptionContext });
  assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
  await assert.rejects(
    new Opener({
      keyIds: [stack.KeyArn],
      decrypt: (input) => roles.Publisher.kms.send(new DecryptCommand(input)),
    }).open(read, { encryptionContext }),
    ({ code, cause, message }) =>
      code === 'ERR_KMS' && cause.name === 'AccessDeniedException' && message.includes('kms:Decrypt'),
  );
});

describe('least privilege', () => {
  const allowed = {
    Publisher: ['kms:GetPublicKey'],
    PageServer: [
      's3:PutObject',
      's3:PutObject, by a signed URL',
      's3:ListMultipartUploadParts',
      's3:ListBucketMultipartUploads',
      's3:AbortMultipartUpload',
      's3:GetObject, as HeadObject under the prefix',
    ],
    Opener: [
      'kms:Decrypt',
      's3:GetObject',
      's3:GetObject, as HeadObject under the prefix',
      's3:GetObject, by a signed URL',
    ],
  };
  for (const [role, mine] of Object.entries(allowed)) {
    for (const [action, act] of Object.entries(actions)) {
      const may = mine.includes(action);
      test(`the role ${role} ${may ? 'may call' : 'must not call'} ${action}`, async () => {
        if (may) await act(roles[role]);
        else await assert.rejects(act(roles[role]), refused);
      });
    }
  }

  test('a request without a signature is refused', async () => {
    const url = `${aws.emulator.endpoint}/${stack.BucketName}/sealed`;
    for (const method of ['GET', 'PUT']) await assert.rejects(fetched(url, { method }), { message: '403' });
  });

  test('an IAM policy of the account manages the key, and alone opens nothing', async () => {
    const administrator = clientsOf({ credentials: await createUser(aws.emulator, 'administrator', 'kms:*', '*') });
    await actions['kms:DescribeKey'](administrator);
    for (const action of ['kms:Decrypt', 'kms:GetPublicKey', 'kms:Encrypt'])
      await assert.rejects(actions[action](administrator), refused, action);
    administrator.s3.destroy();
  });
});

/** As browsers ask before they send a request with such headers (Fetch, "CORS-preflight fetch"). */
async function askedBefore(Bucket, { origin, method, headers }) {
  const answer = await fetch(`${aws.emulator.endpoint}/${Bucket}/preflight`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  });
  return [answer.status, answer.headers.get('access-control-allow-origin')];
}

// The emulator leaves out the lifecycle rule.
test('the bucket blocks public access and lets the page in', async () => {
  const s3 = new S3Client({ ...aws.emulator.config, forcePathStyle: true });
  const bucket = { Bucket: stack.BucketName };
  const { PublicAccessBlockConfiguration: block } = await s3.send(new GetPublicAccessBlockCommand(bucket));
  assert.deepEqual(Object.values(block), [true, true, true, true]);
  const {
    CORSRules: [rule],
  } = await s3.send(new GetBucketCorsCommand(bucket));
  assert.deepEqual(
    { AllowedOrigins: rule.AllowedOrigins, AllowedMethods: rule.AllowedMethods, ExposeHeaders: rule.ExposeHeaders },
    { AllowedOrigins: [ORIGIN], AllowedMethods: ['PUT'], ExposeHeaders: ['ETag'] },
  );
  assert.equal((await s3.send(new GetBucketVersioningCommand(bucket))).Status, 'Enabled');
  s3.destroy();
  const asked = 'content-type,if-none-match,x-amz-checksum-sha256';
  const preflight = (origin, method) => askedBefore(stack.BucketName, { origin, method, headers: asked });
  assert.deepEqual(await preflight(ORIGIN, 'PUT'), [200, ORIGIN]);
  for (const [origin, method] of [
    ['https://www.example.org', 'PUT'],
    [ORIGIN, 'POST'],
    [ORIGIN, 'DELETE'],
    [ORIGIN, 'GET'],
  ]) {
    assert.deepEqual(await preflight(origin, method), [403, null], `${origin} ${method}`);
  }
});

test('with OpenInPage the page may also read ranges of what it has a URL for, and nobody else may', async () => {
  const { BucketName } = await deploy(aws.emulator, 'opening', { AliasName: 'alias/opening', OpenInPage: 'true' });
  const PUT = { method: 'PUT', headers: 'content-type,if-none-match' };
  const GET = { method: 'GET', headers: 'range' };
  for (const asked of [PUT, GET]) {
    assert.deepEqual(await askedBefore(BucketName, { origin: ORIGIN, ...asked }), [200, ORIGIN], asked.method);
    const others = await askedBefore(BucketName, { origin: 'https://www.example.org', ...asked });
    assert.deepEqual(others, [403, null], asked.method);
  }
  const [status] = await askedBefore(BucketName, { origin: ORIGIN, method: 'GET', headers: 'x-other' });
  assert.equal(status, 403);
  const closed = await askedBefore(stack.BucketName, { origin: ORIGIN, ...GET });
  assert.deepEqual(closed, [403, null], 'without the parameter');
});

// The emulator knows neither condition key, so it would let this role overwrite: the test checks that the policy says so.
test("the page's server may write nothing without If-None-Match", async () => {
  const iam = new IAMClient(aws.emulator.config);
  const RoleName = stack.PageServerRoleArn.split('/').at(-1);
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'upload' }));
  iam.destroy();
  const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument));
  assert.deepEqual(
    Statement.find(({ Sid }) => Sid === 'OverwriteNothing'),
    {
      Sid: 'OverwriteNothing',
      Effect: 'Deny',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${stack.BucketName}/*`,
      // "Enforce conditional writes on Amazon S3 buckets": CreateMultipartUpload and UploadPart do not count as object creation.
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    },
  );
  const actions = Statement.filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action)
    .sort();
  assert.deepEqual(actions, [
    's3:AbortMultipartUpload',
    's3:GetObject',
    's3:ListBucketMultipartUploads',
    's3:ListMultipartUploadParts',
    's3:PutObject',
  ]);
});

test('no bucket answers over plain http', async () => {
  const strict = await deploy(aws.emulator, 'strict', { AliasName: 'alias/strict', TlsOnly: 'true' });
  const credentials = await createUser(aws.emulator, 'reader', 's3:*', '*');
  for (const Bucket of [strict.BucketName, strict.PlainBucketName]) {
    for (const https of [false, true]) {
      const { s3 } = clientsOf({ credentials });
      // As a proxy that terminates TLS reports it.
      const told = (next) => (args) =>
        next({
          ...args,
          request: Object.assign(args.request, { headers: { ...args.request.headers, 'x-forwarded-proto': 'https' } }),
        });
      if (https) s3.middlewareStack.add(told, { step: 'finalizeRequest', name: 'told' });
      const put = s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }));
      if (https) await put;
      else await assert.rejects(put, refused);
      s3.destroy();
    }
  }
});

test('no role can be assumed by everyone', async () => {
  for (const name of ['PublisherPrincipal', 'PageServerPrincipal', 'OpenerPrincipal']) {
    for (const principal of [
      '*',
      'arn:aws:iam::*:root',
      'arn:aws:iam::000000000000:role/*',
      '000000000000',
      'lambda.amazonaws.com',
    ]) {
      await assert.rejects(
        deploy(aws.emulator, 'open', { AliasName: 'alias/open', [name]: principal }),
        /pattern/i,
        `${name} ${principal}`,
      );
    }
  }
});
