// The Lambda function of an S3 Batch Operations job that seals envelopes for another key, in place or into another bucket. S3 lists the
// objects, fans out, tries again and reports; this does the tasks of one call. Plaintext never leaves its memory.
//
//     KEY_ARN      the KMS key that opens
//     PUBLIC_KEY   the JSON of `aws kms get-public-key` of the key to seal for
//     TO_BUCKET    where the results go; the envelopes' own bucket only if it is versioned
//
// and what else lib/settings.mjs reads. Deploy this file with the folder lib beside it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role ResealFunctionRole of infra/kmseal.yaml, which is for in place.
//
// It takes the current version of each key. Old versions stay sealed for the old key: tasks that name one fail, and in place the envelope
// before becomes one. So that key goes only when the bucket's lifecycle rule has removed them. Into another bucket it replaces only what
// it made of the same key itself. Metadata, headers, storage class and tags go along; lib/carried.mjs says what does not. S3 tells of each
// resealed object as of an upload; lambda-open.mjs sees that there is nothing to open again.
import { KmsPublicKey, Sealer, reseal } from 'kmseal';
import { batchHandler } from './lib/batch.mjs';
import { carried } from './lib/carried.mjs';
import { contextOf, decodeKey } from './lib/object-keys.mjs';
import { jsonSetting, start } from './lib/settings.mjs';
import { transformObject } from './lib/transform.mjs';

const publicKey = await KmsPublicKey.import(jsonSetting('PUBLIC_KEY'));
const sealer = new Sealer({ keys: publicKey, cache: { maxAge: 300_000 } });
const { s3, opener, bucket: target } = await start('TO_BUCKET');

export const handler = batchHandler(async ({ bucket, encodedKey, versionId }) => {
  const key = decodeKey(encodedKey);
  const encryptionContext = contextOf(key);
  const from = { Bucket: bucket, Key: key };
  return transformObject(s3, {
    operation: `reseal ${publicKey.keyId} ${publicKey.fingerprint}`,
    from,
    to: { Bucket: target.Bucket, Key: key },
    versioned: target.versioned,
    versionId,
    transform: (envelope, size) => reseal(envelope, { opener, sealer, encryptionContext, size }),
    carry: (source) => carried(s3, from, source),
  });
});
