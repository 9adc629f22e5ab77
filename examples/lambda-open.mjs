// A Lambda function for S3's events, direct, through an SQS queue or through EventBridge: opens what was uploaded into another bucket.
//
//     KEY_ARN        the KMS key that opens, or ECC_KEY_ARN if it is an ECC key
//     PLAIN_BUCKET   where the plaintext goes: a bucket other than the envelopes', and versioned. Its delete markers distinguish an event
//                    that is repeated from a new one; in an unversioned bucket, deleted plaintext would come back
//
// and the other settings of lib/settings.mjs. Deploy this file with the folder lib next to it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role OpenFunctionRole of infra/kmseal.yaml; a queue also needs its own
// permissions (sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes) and ReportBatchItemFailures.
//
// It opens the current version of a key, whichever event names it. It replaces only what it made of the same key itself, and leaves
// plaintext where it is when an envelope is deleted. Lambda and SQS retry what failed: set up a dead-letter queue, or a destination for
// failures, that somebody looks at.
//
// Behind lambda-intake.mjs, start it by a rule of EventBridge for that function's events 'Envelope Accepted' with the kind 'file'. Without
// it, filter S3's events by the suffix .kmseal: descriptions have another one.
import { notificationHandler } from './lib/notifications.mjs';
import { contextOf, decodeKey, plainKey } from './lib/object-keys.mjs';
import { start } from './lib/settings.mjs';
import { transformObject } from './lib/transform.mjs';

const { s3, opener, bucket: target } = await start('PLAIN_BUCKET');
if (!target.versioned) {
  throw new Error(
    `PLAIN_BUCKET, ${target.Bucket}, is not versioned: switch versioning on, else what is deleted there may come back`,
  );
}

export const handler = notificationHandler(async ({ bucket, object }) => {
  const key = decodeKey(object.key);
  const encryptionContext = contextOf(key);
  return transformObject(s3, {
    operation: 'open',
    from: { Bucket: bucket.name, Key: key },
    to: { Bucket: target.Bucket, Key: plainKey(key) },
    versioned: target.versioned,
    sequencer: object.sequencer,
    transform: async (envelope) => ({ stream: (await opener.open(envelope, { encryptionContext })).plaintext }),
  });
});
