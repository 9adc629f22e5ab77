// The Lambda function of an S3 Batch Operations job that opens envelopes into another bucket, for buckets of millions of them. S3 lists the
// objects, fans out, retries and reports; this function does the tasks of one call.
//
//     KEY_ARN        the KMS key that opens, or ECC_KEY_ARN if it is an ECC key
//     PLAIN_BUCKET   where the plaintext goes: a bucket other than the envelopes'
//
// and the other settings of lib/settings.mjs. Deploy this file with the folder lib next to it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role OpenFunctionRole of infra/kmseal.yaml.
//
// It opens the current version of each key; a manifest's old versions fail. It replaces only what it made of the same key itself. It does
// not copy metadata or tags. In an unversioned bucket it cannot know what was deleted: run again, it writes that again.
import { batchHandler } from './lib/batch.mjs';
import { contextOf, decodeKey, plainKey } from './lib/object-keys.mjs';
import { start } from './lib/settings.mjs';
import { transformObject } from './lib/transform.mjs';

const { s3, opener, bucket: target } = await start('PLAIN_BUCKET');

export const handler = batchHandler(async ({ bucket, encodedKey, versionId }) => {
  const key = decodeKey(encodedKey);
  const encryptionContext = contextOf(key);
  return transformObject(s3, {
    operation: 'open',
    from: { Bucket: bucket, Key: key },
    to: { Bucket: target.Bucket, Key: plainKey(key) },
    versioned: target.versioned,
    versionId,
    transform: async (envelope) => ({ stream: (await opener.open(envelope, { encryptionContext })).plaintext }),
  });
});
