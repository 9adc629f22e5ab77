// A Lambda function's half of S3 Batch Operations: runs the tasks of a call, one after another, and reports on each.
import { passes, sentence } from './failures.mjs';

/** The report's text for a task that left the target without its result. */
const NOT_DONE = {
  superseded: 'it is not the current version, and only that one is taken',
  'source gone': 'there is no such object',
  'deleted since':
    "it was made before, and deleted from the target since; delete the target's delete marker to have it made again",
};

/**
 * @param {(task: { bucket: string, encodedKey: string, versionId?: string }) => ReturnType<typeof import('./transform.mjs').transformObject>} work
 * @returns a handler
 */
export function batchHandler(work) {
  /**
   * @param {{ invocationSchemaVersion: string, invocationId: string, tasks: { taskId: string, s3Key: string,
   *   s3VersionId?: string | null, s3BucketArn?: string, s3Bucket?: string }[] }} event invocation schema 1.0 or 2.0
   */
  return async function handler({ invocationSchemaVersion, invocationId, tasks }) {
    const results = [];
    for (const task of tasks) {
      const [resultCode, text] = await run(work, task);
      results.push({ taskId: task.taskId, resultCode, resultString: text.slice(0, 1024) });
    }
    return { invocationSchemaVersion, invocationId, treatMissingKeysAs: 'PermanentFailure', results };
  };
}

/**
 * @param {Parameters<typeof batchHandler>[0]} work
 * @param {{ s3Key: string, s3VersionId?: string | null, s3BucketArn?: string, s3Bucket?: string }} task
 */
async function run(work, { s3Key, s3VersionId, s3BucketArn, s3Bucket }) {
  try {
    const bucket = s3Bucket ?? s3BucketArn.split(':::')[1];
    const { outcome, over } = await work({ bucket, encodedKey: s3Key, versionId: s3VersionId ?? undefined });
    if (Object.hasOwn(NOT_DONE, outcome)) return ['PermanentFailure', `${outcome}: ${NOT_DONE[outcome]}`];
    return [
      'Succeeded',
      over ? `${outcome} over the result of '${over}', which a versioned bucket keeps as an old version` : outcome,
    ];
  } catch (error) {
    return [passes(error) ? 'TemporaryFailure' : 'PermanentFailure', sentence(error)];
  }
}
