// A Lambda function's half of S3's notifications: those that S3 itself, an SQS queue or EventBridge calls it with.
import { Refused, sentence } from './failures.mjs';

/**
 * @typedef {{ bucket: { name: string }, object: { key: string, versionId?: string, sequencer?: string } }} Named key: form-encoded
 * @param {(named: Named) => Promise<{ outcome: string, code?: string }>} work
 * @returns a handler that does the work for each object. One that fails stops none of those after it
 */
export function notificationHandler(work) {
  /** @param {{ Records?: { eventSource?: string, messageId?: string, body?: string }[] }} event */
  return async function handler(event) {
    if (event.Records?.[0]?.eventSource === 'aws:sqs') {
      const batchItemFailures = [];
      for (const { messageId, body } of event.Records) {
        const errors = await workAll(work, () => JSON.parse(body));
        if (errors.length > 0) batchItemFailures.push({ itemIdentifier: messageId });
      }
      return { batchItemFailures };
    }
    const errors = await workAll(work, () => event);
    // These events have no partial answer: Lambda repeats the whole event, and finds what is done already there.
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, errors.map(sentence).join('; '));
    return undefined;
  };
}

/** Does the work for what a notification names, and returns what failed. */
async function workAll(work, read) {
  const errors = [];
  const failed = (error, where) => {
    console.error(JSON.stringify({ ...where, error: sentence(error) }));
    errors.push(error);
  };
  try {
    for (const named of namedBy(read())) {
      const where = { bucket: named?.bucket?.name, key: named?.object?.key };
      try {
        const { outcome, code } = await work(named);
        console.log(JSON.stringify({ ...where, outcome, code }));
      } catch (error) {
        failed(error, where);
      }
    }
  } catch (error) {
    failed(error);
  }
  return errors;
}

/** @returns {(Named | undefined)[]} */
function namedBy({ Records, Event, detail }) {
  if (Event === 's3:TestEvent') return []; // sent once to a queue, when notifications are switched on
  if (Array.isArray(Records)) return Records.map(({ s3 }) => s3);
  if (!detail?.bucket || !detail.object) throw new Refused('this is not a notification of S3');
  // In EventBridge's events keys are as they are.
  const { key, 'version-id': versionId, sequencer } = detail.object;
  return [{ bucket: detail.bucket, object: { key: encodeURIComponent(key), versionId, sequencer } }];
}
