// What `npm run test:aws` runs against KMS and S3 of AWS, which no test here can reach: against the emulator, by its endpoint.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { S3Client } from '@aws-sdk/client-s3';
import { ROOT } from '../../tools/run.mjs';
import { createBucket } from '../../www/server/aws.mjs';
import { outputOf } from '../support/tarball.mjs';
import { startKms } from '../support/servers/kms.mjs';

const BUCKET = 'crossings';

let kms;
let env;
before(async () => {
  kms = await startKms();
  const key = await kms.createKey({ spec: 'RSA_3072' });
  const s3 = new S3Client({ ...kms.emulator.config, forcePathStyle: true });
  await createBucket(s3, BUCKET, []);
  s3.destroy();
  // Its tests report to their own runner.
  const { NODE_TEST_CONTEXT: context, ...rest } = process.env;
  env = { ...rest, ...kms.emulator.env, KMSEAL_KEY_ARN: key.KeyId, KMSEAL_BUCKET: BUCKET };
});
after(() => kms?.close());

test('the crossings for AWS run against the emulator, and say what they would cost', async () => {
  const run = outputOf(process.execPath, ['--test', '--test-reporter=tap', 'tests/aws/crossings.mjs'], ROOT, env);
  const said = await run.catch(({ stdout }) => stdout);
  assert.match(said, /^# fail 0$/m, said);
  assert.match(
    said,
    /cost: \d{2,} KMS requests with RSA_3072, \d+ writing and \d+ reading S3 requests, \d+\.\d MiB read: about \$0\.00\d+ /,
  );
});
