// Settings from the environment, and clients as they say, for the functions next to this folder.
//
//     REQUEST_TIMEOUT_MS   after which a service is asked again, in milliseconds; 30,000 by default
//     AWS_MAX_ATTEMPTS     how often; 5 by default
//     S3_PATH_STYLE        1 for stores like S3 that have no host name for each bucket
//
// Lambda stops a function at its own time limit, without any cleanup: make that longer than these timeouts and attempts take, and
// than the largest object takes. Lambda, the queue or the job retries whole events and tasks.
import { S3Client } from '@aws-sdk/client-s3';

const ARN = /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/;
export const ACCOUNT = /^\d{12}$/;
export const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** A setting of this form. */
export function setting(name, form = /./s, fallback = '') {
  const value = process.env[name] || fallback;
  if (!value) throw new Error(`${name} is not set: this function does not start without it`);
  if (!form.test(value))
    throw new Error(`${name} is not of the form ${form}: correct it, this function does not start with '${value}'`);
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

/** The entries of a setting between commas; none if it is not set. */
export const listSetting = (name) => (process.env[name] ? process.env[name].split(/\s*,\s*/) : []);

/** The ARNs of KMS keys in a setting; none if it is not set. */
export function keyArns(name = 'KEY_ARN') {
  const arns = listSetting(name);
  const wrong = arns.find((arn) => !ARN.test(arn));
  if (wrong !== undefined)
    throw new Error(`${name} names '${wrong}', which is not a key's ARN; an alias moves, and opens nothing`);
  return arns;
}

/** In milliseconds. */
export const requestTimeout = () => Number(setting('REQUEST_TIMEOUT_MS', /^[1-9]\d*$/, '30000'));

/** What every client is given. @param {number} [longest] milliseconds */
export const retries = (longest = Number.POSITIVE_INFINITY) => ({
  maxAttempts: Number(setting('AWS_MAX_ATTEMPTS', /^[1-9]\d*$/, '5')),
  // Without throwOnRequestTimeout the SDK only warns of a request that hangs.
  requestHandler: {
    connectionTimeout: 5000,
    requestTimeout: Math.min(requestTimeout(), longest),
    throwOnRequestTimeout: true,
  },
});

/**
 * A client whose every call names the bucket's owner: a bucket that was deleted and created again by somebody else gets nothing.
 * @param {(bucket: string) => string} ownerOf
 */
export function s3Client(ownerOf) {
  const s3 = new S3Client({ ...retries(), forcePathStyle: process.env.S3_PATH_STYLE === '1' });
  const owned = (input) => ({ ...input, ExpectedBucketOwner: ownerOf(input.Bucket) });
  s3.middlewareStack.add((next) => (args) => next({ ...args, input: owned(args.input) }), { step: 'initialize' });
  return s3;
}
