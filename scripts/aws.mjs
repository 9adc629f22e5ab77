// npm run test:aws: kmseal, the command and AWS's Python Encryption SDK open what the others sealed, through KMS and S3 of AWS, with the
// credentials at hand. It says at the end what the requests cost: about a cent. It deletes what it has uploaded.
//
//     KMSEAL_KEY_ARN=arn:aws:kms:... KMSEAL_BUCKET=... npm run test:aws
//
// The credentials need kms:DescribeKey, GetPublicKey and Decrypt of the key, and of the bucket s3:ListBucket, PutObject, GetObject,
// DeleteObject and AbortMultipartUpload. AWS_ENDPOINT_URL names a place other than AWS: `npm test` runs the same against the emulator.
import { show } from '../tools/run.mjs';
import { buildCommand } from '../tools/rust-tests.mjs';
import { build } from './build.mjs';
import { PACKAGE, setup } from './setup.mjs';

try {
  const { KMSEAL_KEY_ARN: keyArn, KMSEAL_BUCKET: bucket } = process.env;
  if (!/^arn:[^:]+:kms:[^:]+:\d{12}:key\/./.test(keyArn ?? ''))
    throw new Error('KMSEAL_KEY_ARN has to be the ARN of an RSA key of usage ENCRYPT_DECRYPT');
  if (!bucket) throw new Error('KMSEAL_BUCKET has to name a bucket');
  const { env } = await setup([...PACKAGE, 'python']);
  await build();
  await buildCommand(show, env);
  await show(process.execPath, ['--test', 'tests/aws/crossings.mjs'], {
    ...env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
} catch (error) {
  console.error(`test:aws: ${error.message}`);
  process.exitCode = 1;
}
