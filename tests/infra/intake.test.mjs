// The intake function of infra/kmseal.yaml as it runs on AWS: S3 puts its events into the queue, Lambda starts the bundled function under its
// role, and the application hears of the outcome. The function comes into the stack by the commands of docs/receive.md.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { KmsPublicKey, Sealer } from 'kmseal';
import { ROOT } from '../../tools/run.mjs';
import { blocksOf, fill } from '../docs/blocks.mjs';
import { listen } from '../examples/told.mjs';
import { startAwsCli } from '../support/aws-cli.mjs';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { deploy } from '../support/servers/stack.mjs';
import { outputOf } from '../support/tarball.mjs';

let aws;
let s3;
let application;
let folder;
let awsCli;
before(async () => {
  aws = await startKms({ auth: true, stack: true });
  s3 = new S3Client({ ...aws.emulator.config, forcePathStyle: true });
  application = await listen(aws.emulator);
  folder = mkdtempSync(path.join(tmpdir(), 'kmseal-intake-'));
  for (const name of ['examples', 'infra', 'node_modules']) symlinkSync(path.join(ROOT, name), path.join(folder, name));
  awsCli = await startAwsCli(folder);
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
});
after(async () => {
  application?.close();
  s3?.destroy();
  await aws?.close();
  await awsCli?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

const [commands] = blocksOf('docs/receive.md').filter(
  ({ heading, language }) => heading === 'On the bucket, by a function' && language === 'sh',
);
/** Runs the commands of docs/receive.md for a stack that is there. */
async function addIntake(name, more = '') {
  const PATH = [folder, path.join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter);
  const env = { ...process.env, ...aws.emulator.env, PATH };
  const code = fill(commands.code, { 'CODE-BUCKET': 'code', '--stack-name kmseal': `--stack-name ${name}` });
  await outputOf('sh', ['-ec', `${code.trimEnd()} ${more}`], folder, env);
}

const queued = async (sqs, QueueUrl) => {
  const AttributeNames = ['ApproximateNumberOfMessages'];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return Number(Attributes.ApproximateNumberOfMessages);
};

for (const [KeySpec, isCurve] of [
  ['RSA_2048', false],
  ['ECC_NIST_P384', true],
]) {
  test(`the function of a stack with ${KeySpec} takes envelopes, and moves other objects, as S3 tells of them`, async () => {
    const name = `intake-${KeySpec.toLowerCase().replaceAll('_', '-')}`;
    const stack = await deploy(aws.emulator, name, { AliasName: `alias/${name}`, KeySpec });
    const Bucket = stack.BucketName;
    const notifications = () => s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    assert.equal((await notifications()).QueueConfigurations, undefined, 'without code there is nobody to tell');
    const key = await KmsPublicKey.import(await aws.client.send(new GetPublicKeyCommand({ KeyId: stack.KeyArn })));
    await addIntake(name, isCurve ? `IntakeFingerprint=${key.fingerprint}` : '');
    const [{ Events, Filter }] = (await notifications()).QueueConfigurations;
    const rules = Filter.Key.FilterRules.map(({ Name, Value }) => `${Name.toLowerCase()} ${Value}`);
    assert.deepEqual({ Events, rules }, { Events: ['s3:ObjectCreated:*'], rules: ['prefix uploads/'] });

    const put = (Key, Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    const encryptionContext = { purpose: 'upload', user: '4711' };
    const sealed = await new Sealer({ keys: [key] }).seal(sample(1000), { encryptionContext });
    await put('other/a', 'outside of the prefix');
    await put('uploads/4711/good ü.kmseal', sealed);
    const accepted = await application.next();
    assert.deepEqual(
      { type: accepted['detail-type'], key: accepted.detail.object.key, bucket: accepted.detail.bucket.name },
      { type: 'Envelope Accepted', key: 'uploads/4711/good ü.kmseal', bucket: Bucket },
    );
    await put('uploads/4711/bad', 'in the clear');
    const { 'detail-type': type, detail } = await application.next();
    assert.equal(type, 'Envelope Refused');
    assert.equal(detail.refused.code, 'ERR_ENVELOPE_INVALID');
    const copy = { Bucket, Key: detail.quarantine.key };
    const { Body } = await s3.send(new GetObjectCommand(copy));
    assert.equal(await Body.transformToString(), 'in the clear');
    const { TagSet } = await s3.send(new GetObjectTaggingCommand(copy));
    assert.ok(TagSet.some(({ Key, Value }) => Key === 'kmseal-refused' && Value === 'ERR_ENVELOPE_INVALID'));
    // Events come in order here, so the one behind shows that neither the copy nor the object outside of the prefix had one.
    await put('uploads/4711/last.kmseal', sealed);
    assert.equal((await application.next()).detail.object.key, 'uploads/4711/last.kmseal');
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    assert.deepEqual(
      Contents.map(({ Key }) => Key).sort(),
      ['other/a', copy.Key, 'uploads/4711/good ü.kmseal', 'uploads/4711/last.kmseal'].sort(),
    );
    const sqs = new SQSClient(aws.emulator.config);
    assert.equal(await queued(sqs, stack.IntakeDeadLettersUrl), 0);
    sqs.destroy();

    // The next key, of RSA in both stacks: what is sealed for it is taken once the function knows its ARN.
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const next = await KmsPublicKey.import(publicKey.export({ type: 'spki', format: 'pem' }), { keyId });
    const resealed = await new Sealer({ keys: [next] }).seal(sample(1000), { encryptionContext });
    const outcomeOf = async (Body) => {
      await put('uploads/4711/next.kmseal', Body);
      const told = await application.next();
      return told.detail.refused?.code ?? told['detail-type'];
    };
    assert.equal(await outcomeOf(resealed), 'ERR_NO_MATCHING_KEY');
    await addIntake(name, `IntakeKeyArns=${keyId}`);
    for (const envelope of [resealed, sealed]) assert.equal(await outcomeOf(envelope), 'Envelope Accepted');
  });
}
