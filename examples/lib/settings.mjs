// Settings from the environment and clients of KMS and S3, for the functions beside this folder. A function calls start() once, while it
// starts: what is missing or misspelt must stop it before the first object.
//
//     KEY_ARN              ARN of the KMS key that opens, or several, separated by commas: the nearest first
//     FROM_OWNER           account of the bucket of envelopes; that of the first key by default
//     TO_OWNER             account of the bucket of results; that of the first key by default
//     REQUEST_TIMEOUT_MS   after which S3 is asked again, in milliseconds; 30,000 by default. KMS after 5,000 at the latest
//     AWS_MAX_ATTEMPTS     how often; 5 by default
//     S3_PATH_STYLE        1 for stores like S3 that have no host name for each bucket
//
// Lambda stops a function at its own time limit, and then nothing is cleared up: make it longer than these timeouts and attempts take, and
// than the largest object takes. Whole events and tasks are tried again by Lambda, the queue or the job.
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { Opener } from 'kmseal';

const ARN = /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/;
const ACCOUNT = /^\d{12}$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** A setting of this form. */
export function setting(name, form = /./s, fallback = '') {
  const value = process.env[name] || fallback;
  if (!value) throw new Error(`${name} is not set: this function does not start without it`);
  if (!form.test(value)) throw new Error(`${name} is not of the form ${form}: correct it, this function does not start with '${value}'`);
  return value;
}

/** A setting in JSON. */
export function jsonSetting(name) {
  const value = setting(name);
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new Error(`${name} is not JSON: correct it, this function does not start without it`, { cause });
  }
}

/**
 * Connects to KMS and S3.
 * @param {string} bucketSetting the name of the setting that says where the results go
 */
export async function start(bucketSetting) {
  const keyIds = setting('KEY_ARN').split(/\s*,\s*/);
  const wrong = keyIds.find((id) => !ARN.test(id));
  if (wrong !== undefined) throw new Error(`KEY_ARN names '${wrong}', which is not a key's ARN; an alias moves, and opens nothing`);
  const [, , , , account] = keyIds[0].split(':');
  const [FROM_OWNER, TO_OWNER] = ['FROM_OWNER', 'TO_OWNER'].map((name) => setting(name, ACCOUNT, account));
  const Bucket = setting(bucketSetting, BUCKET);
  const requestTimeout = Number(setting('REQUEST_TIMEOUT_MS', /^[1-9]\d*$/, '30000'));
  const maxAttempts = Number(setting('AWS_MAX_ATTEMPTS', /^[1-9]\d*$/, '5'));
  // Without throwOnRequestTimeout the SDK only warns of a request that hangs.
  const handlerOf = (time) => ({ connectionTimeout: 5000, requestTimeout: time, throwOnRequestTimeout: true });

  const s3 = new S3Client({ maxAttempts, requestHandler: handlerOf(requestTimeout), forcePathStyle: process.env.S3_PATH_STYLE === '1' });
  // Every call says whose bucket it means: one that was deleted and made again by somebody else gets no plaintext.
  const owned = (input) => ({ ...input, ExpectedBucketOwner: input.Bucket === Bucket ? TO_OWNER : FROM_OWNER });
  s3.middlewareStack.add((next) => (args) => next({ ...args, input: owned(args.input) }), { step: 'initialize' });
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));

  // A client for each region: one region's outage leaves the keys of the others.
  const clients = {};
  const kms = { maxAttempts, retryMode: 'adaptive', requestHandler: handlerOf(Math.min(requestTimeout, 5000)) };
  const clientOf = (region) => (clients[region] ??= new KMSClient({ region, ...kms }));
  const opener = new Opener({
    keyIds,
    decrypt: (input, options) => clientOf(input.KeyId.split(':')[3]).send(new DecryptCommand(input), options),
    idleTimeout: requestTimeout, // of an object's body that stands still in the middle
    cache: { maxAge: 300_000 }, // for as long as Lambda keeps the instance
  });
  return { s3, opener, bucket: { Bucket, versioned: Status === 'Enabled' } };
}
