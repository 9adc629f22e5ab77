// A Lambda function on S3's events, direct or through a queue of SQS: opens what was uploaded into another bucket.
//
//     KEY_ARN        the KMS key that opens
//     PLAIN_BUCKET   where the plaintext goes: another bucket than the envelopes', and versioned. Its delete markers tell an event that
//                    comes again from a new one; an unversioned bucket would get back what was deleted from it
//
// and what else lib/settings.mjs reads. Deploy this file with the folder lib beside it, and kmseal, @aws-sdk/client-kms,
// @aws-sdk/client-s3 and @aws-sdk/lib-storage from npm, under the role OpenFunctionRole of infra/kmseal.yaml; a queue also needs its own
// permissions (sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes) and ReportBatchItemFailures.
//
// It opens the current version of a key, whichever event tells of it. It replaces only what it made of the same key itself, and leaves
// plaintext where it is when an envelope is deleted. Lambda and SQS try again what failed: have a dead-letter queue, or a destination for
// failures, that somebody looks at.
import { Refused, sentence } from './lib/failures.mjs';
import { contextOf, decodeKey, plainKey } from './lib/object-keys.mjs';
import { start } from './lib/settings.mjs';
import { transformObject } from './lib/transform.mjs';

const { s3, opener, bucket: target } = await start('PLAIN_BUCKET');
if (!target.versioned) {
  throw new Error(`PLAIN_BUCKET, ${target.Bucket}, is not versioned: switch versioning on, else what is deleted there may come back`);
}

/**
 * One record that fails stops none of those after it.
 * @param {{ Records: object[] }} event
 */
export async function handler(event) {
  if (event.Records?.[0]?.eventSource === 'aws:sqs') {
    const batchItemFailures = [];
    for (const { messageId, body } of event.Records) {
      const errors = await openAll(() => JSON.parse(body));
      if (errors.length > 0) batchItemFailures.push({ itemIdentifier: messageId });
    }
    return { batchItemFailures };
  }
  const errors = await openAll(() => event);
  // S3's own events have no partial answer: Lambda comes again with the whole event, and what is done is then already there.
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(sentence).join('; '));
  return undefined;
}

/** Opens what a notification names, and returns what failed. */
async function openAll(read) {
  const errors = [];
  const failed = (error, where) => {
    console.error(JSON.stringify({ ...where, error: sentence(error) }));
    errors.push(error);
  };
  try {
    const { Records, Event } = read();
    if (Event === 's3:TestEvent') return []; // sent once, when notifications are switched on
    if (!Array.isArray(Records)) throw new Refused('this is not a notification of S3');
    for (const record of Records) {
      const where = { bucket: record.s3?.bucket?.name, key: record.s3?.object?.key };
      try {
        const { outcome } = await open(record.s3);
        console.log(JSON.stringify({ ...where, outcome }));
      } catch (error) {
        failed(error, where);
      }
    }
  } catch (error) {
    failed(error);
  }
  return errors;
}

async function open({ bucket, object }) {
  const key = decodeKey(object.key);
  const encryptionContext = contextOf(key);
  return transformObject(s3, {
    operation: 'open',
    from: { Bucket: bucket.name, Key: key },
    to: { Bucket: target.Bucket, Key: plainKey(key) },
    versioned: target.versioned,
    sequencer: object.sequencer,
    transform: async (envelope) => (await opener.open(envelope, { encryptionContext })).plaintext,
  });
}
