// The parameters ObjectLockMode and ObjectLockDays of infra/kmseal.yaml: uploads are retained, and cannot be deleted earlier.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { checkTools } from '../../tools/npm.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { TEMPLATE, assumeRole, deploy } from '../support/servers/stack.mjs';

const DAY = 86_400_000;

let aws;
let template;
const clients = [];
before(async () => {
  const { parse } = createRequire(path.join(await checkTools(), 'package.json'))('yaml');
  // A function's short form, as its name and its argument.
  const tagged = (name, of) => ({
    tag: `!${name}`,
    ...of,
    resolve: (value) => ({ [name]: value.toJSON?.() ?? value }),
  });
  const names = ['If', 'Ref', 'Equals', 'And', 'Or', 'Not', 'Condition', 'Sub', 'GetAtt'];
  template = parse(TEMPLATE, {
    customTags: names.flatMap((name) => [tagged(name, {}), tagged(name, { collection: 'seq' })]),
  });
  aws = await startKms({ auth: true, stack: true });
});
after(async () => {
  for (const client of clients) client.destroy();
  await aws?.close();
});

function clientOf(settings) {
  const s3 = new S3Client({
    ...aws.emulator.config,
    ...settings,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  clients.push(s3);
  return s3;
}

/** What CloudFormation makes of a value; undefined where it omits it. */
function resolved(value, parameters) {
  const of = (part) => resolved(part, parameters);
  if (Array.isArray(value)) return value.map(of);
  if (typeof value !== 'object' || value === null) return value;
  const [[name, given]] = Object.entries(value);
  if (name === 'Ref')
    return given === 'AWS::NoValue' ? undefined : (parameters[given] ?? template.Parameters[given]?.Default);
  if (name === 'If') return of(of(template.Conditions[given[0]]) ? given[1] : given[2]);
  if (name === 'Equals') return String(of(given[0])) === String(of(given[1]));
  if (name === 'Not') return !of(given[0]);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, of(part)]));
}

function lockOf(parameters) {
  const { ObjectLockEnabled, ObjectLockConfiguration } = resolved(template.Resources.Bucket.Properties, parameters);
  return { ObjectLockEnabled, ObjectLockConfiguration };
}

test('the bucket retains no object by default', () => {
  assert.deepEqual(lockOf({}), { ObjectLockEnabled: undefined, ObjectLockConfiguration: undefined });
});

for (const Mode of ['GOVERNANCE', 'COMPLIANCE']) {
  test(`mode ${Mode} retains what the page's server has stored, in one part or several, for the given days`, async () => {
    const parameters = { AliasName: `alias/${Mode}`, ObjectLockMode: Mode, ObjectLockDays: '7' };
    const { BucketName: Bucket, PageServerRoleArn } = await deploy(aws.emulator, Mode.toLowerCase(), parameters);
    const { ObjectLockEnabled, ObjectLockConfiguration } = lockOf(parameters);
    const retention = { Mode, Days: '7' };
    assert.deepEqual(
      { ObjectLockEnabled, ObjectLockConfiguration },
      {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: retention } },
      },
    );
    const root = clientOf({});
    // The emulator omits this from a stack.
    await root.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));

    const s3 = clientOf({ credentials: await assumeRole(aws.emulator, PageServerRoleArn) });
    const Body = Buffer.from('an envelope');
    const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'uploads/one', Body, ChecksumSHA256, IfNoneMatch: '*' }));
    const parts = { Bucket, Key: 'uploads/parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...parts, ChecksumAlgorithm: 'SHA256' }));
    const { ETag } = await s3.send(new UploadPartCommand({ ...parts, UploadId, PartNumber: 1, Body, ChecksumSHA256 }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumSHA256 }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...parts, UploadId, MultipartUpload, IfNoneMatch: '*' }));

    const one = { Bucket, Key: 'uploads/one' };
    const { VersionId, ObjectLockMode, ObjectLockRetainUntilDate } = await root.send(new HeadObjectCommand(one));
    assert.equal(ObjectLockMode, Mode);
    assert.equal(Math.round((ObjectLockRetainUntilDate - Date.now()) / DAY), 7);
    await assert.rejects(root.send(new DeleteObjectCommand({ ...one, VersionId })), { name: 'AccessDenied' });
    // The emulator does not lock objects that arrive in parts.
    const { ContentLength } = await root.send(new HeadObjectCommand(parts));
    assert.equal(ContentLength, Body.length);
  });
}

test('the template rejects other modes, and days that are not positive', async () => {
  const wrong = [{ ObjectLockMode: 'FOREVER' }, { ObjectLockMode: 'COMPLIANCE', ObjectLockDays: '0' }];
  for (const [index, parameters] of wrong.entries()) {
    await assert.rejects(
      deploy(aws.emulator, `wrong-${index}`, { AliasName: `alias/wrong-${index}`, ...parameters }),
      JSON.stringify(parameters),
    );
  }
});
