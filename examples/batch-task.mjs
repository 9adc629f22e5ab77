// The Lambda function of an S3 Batch Operations job, for buckets of millions of envelopes: opens each object, or reseals it for another
// key, into another bucket. S3 lists the objects, fans out, retries and reports; this is its task for one object.
//
//     KEY_ARN      the KMS key that opens
//     TO_BUCKET    where the results go
//     PUBLIC_KEY   to reseal: the JSON of GetPublicKey of the new key; without it, envelopes are opened
//
// Its role needs what lambda-open.mjs needs.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { KmsPublicKey, KmsealError, Opener, Sealer, reseal } from 'kmseal';
import { decodeKey, transformObject } from './s3-transform.mjs';

const { KEY_ARN, TO_BUCKET, PUBLIC_KEY } = process.env;
const CACHE = { maxAge: 300_000 };

// Outside the handler: one data-key cache for as long as Lambda keeps the instance.
const s3 = new S3Client({ forcePathStyle: process.env.S3_PATH_STYLE === '1' });
const kms = new KMSClient({ maxAttempts: 8, retryMode: 'adaptive' });
const opener = new Opener({
  keyIds: [KEY_ARN],
  decrypt: (input, { signal }) => kms.send(new DecryptCommand(input), { abortSignal: signal }),
  cache: CACHE,
});
const sealer = PUBLIC_KEY && new Sealer({ keys: await KmsPublicKey.import(JSON.parse(PUBLIC_KEY)), cache: CACHE });

/** What passes by itself: KMS and S3 that throttle, fail or do not answer. */
const PASSING = /Throttl|LimitExceeded|TooManyRequests|SlowDown|KMSInternal|KeyUnavailable|DependencyTimeout|TimeoutError|NetworkingError|InternalError|ServiceUnavailable|ECONN|EPIPE/;

/**
 * @param {{ invocationSchemaVersion: string, invocationId: string, tasks: { taskId: string, s3Key: string,
 *   s3VersionId?: string | null, s3BucketArn?: string, s3Bucket?: string }[] }} event invocation schema 1.0 or 2.0
 */
export async function handler({ invocationSchemaVersion, invocationId, tasks }) {
  const results = await Promise.all(tasks.map(async (task) => ({ taskId: task.taskId, ...(await run(task)) })));
  return { invocationSchemaVersion, invocationId, treatMissingKeysAs: 'PermanentFailure', results };
}

async function run({ s3Key, s3VersionId, s3BucketArn, s3Bucket }) {
  try {
    const key = decodeKey(s3Key);
    const from = { Bucket: s3Bucket ?? s3BucketArn.split(':::')[1], Key: key, VersionId: s3VersionId ?? undefined };
    const to = { Bucket: TO_BUCKET, Key: sealer ? key : key.replace(/\.kmseal$/, '') };
    const [, user] = key.split('/');
    const encryptionContext = { purpose: 'upload', user };
    const resultString = await transformObject(s3, from, to, async (envelope, size) =>
      sealer ? reseal(envelope, { opener, sealer, encryptionContext, size }) : (await opener.open(envelope, { encryptionContext })).plaintext);
    return { resultCode: 'Succeeded', resultString };
  } catch (error) {
    // kmseal's own error says what to do; of ERR_KMS and ERR_READ the cause says whether it passes.
    const { name, code } = error instanceof KmsealError ? (error.cause ?? {}) : error;
    const passing = PASSING.test(`${name} ${code}`);
    const resultString = `${error.code ?? error.name}: ${error.message}`.slice(0, 1024);
    return { resultCode: passing ? 'TemporaryFailure' : 'PermanentFailure', resultString };
  }
}
