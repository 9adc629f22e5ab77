// Calls of S3 Batch Operations.

/** @param {...{ bucket: string, key: string, versionId?: string }} objects */
export const tasks = (...objects) => ({
  invocationSchemaVersion: '1.0',
  invocationId: 'call-1',
  job: { id: 'job-1' },
  tasks: objects.map(({ bucket, key, versionId = null }, index) => ({
    taskId: `task-${index}`,
    s3Key: encodeURIComponent(key),
    s3VersionId: versionId,
    s3BucketArn: `arn:aws:s3:::${bucket}`,
  })),
});

/** One task's code, and its text up to a colon. */
export async function outcomeOf(handler, object) {
  const {
    results: [{ resultCode, resultString }],
  } = await handler(tasks(object));
  return [resultCode, resultString.split(':')[0]];
}
