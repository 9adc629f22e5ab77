// The Lambda function of an S3 Batch Operations job that opens envelopes into another bucket, for buckets of millions of them. S3 lists the
// objects, fans out, tries again and reports; this does the tasks of one call.
//
//     KEY_ARN        the KMS key that opens
//     PLAIN_BUCKET   where the plaintext goes: another bucket than the envelopes'
//
// and what else lib/settings.mjs reads. Deploy this file with the folder lib beside it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role OpenFunctionRole of infra/kmseal.yaml.
//
// It takes the current version of each key; a manifest's old versions fail. It replaces only what it made of the same key itself. It does
// not take metadata or tags along, and does not remember in an unversioned bucket what was deleted there: run again, it makes that again.
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
    transform: async (envelope) => (await opener.open(envelope, { encryptionContext })).plaintext,
  });
});
