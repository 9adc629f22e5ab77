// From one S3 object to another in constant memory: a repeated task is done once, and nothing newer is overwritten.
import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Refused, expectMade } from './failures.mjs';
import { compareSequencers, head, look, originOf, recordOf, sourceId, withoutRecord } from './record.mjs';

const MIN_PART_BYTES = 5 * 2 ** 20;
/** S3 accepts 10,000 parts; the rest is room for growth. */
const PARTS = 9000;
const TRIES = 4;
/** Somebody else wrote or deleted meanwhile. */
const CONFLICTS = new Set([
  'PreconditionFailed',
  'ConditionalRequestConflict',
  'NoSuchKey',
  'NoSuchVersion',
  'NoSuchUpload',
]);

/**
 * @typedef {object} Job
 * @property {string} operation the operation and its key: recorded with the result, and compared
 * @property {{ Bucket: string, Key: string }} from the current version is taken
 * @property {{ Bucket: string, Key: string }} to
 * @property {boolean} versioned whether the target's bucket is
 * @property {string} [versionId] the intended version: if another one is current, the outcome is 'superseded'
 * @property {string} [sequencer] of the event
 * @property {(body: Readable, made: { source: import('@aws-sdk/client-s3').HeadObjectCommandOutput, record: Record<string, string> }) =>
 *   Promise<{ stream: ReadableStream<Uint8Array>, metadata?: Record<string, string> }>} transform metadata: in place of what `carry` gives
 * @property {(source: object) => Promise<object>} [carry] parameters of PutObject, of the source's properties
 */

/**
 * @typedef {object} Done
 * @property {'written' | 'already there' | 'superseded' | 'source gone' | 'deleted since'} outcome
 * @property {string} [over] the operation whose result was replaced
 */

/**
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {Job} job
 * @returns {Promise<Done>}
 */
export async function transformObject(s3, job) {
  const { from, to, versioned } = job;
  if (from.Bucket === to.Bucket && (from.Key !== to.Key || !versioned)) {
    throw new Refused(
      'source and target are in one bucket; only what is resealed in place may be, where the bucket is versioned',
    );
  }
  for (let tries = 1; ; tries++) {
    try {
      return await once(s3, job);
    } catch (error) {
      if (tries === TRIES || !CONFLICTS.has(error.name)) throw error;
    }
  }
}

/** @returns {Promise<Done>} */
async function once(s3, job) {
  const { operation, from, to, versionId, sequencer } = job;
  const inPlace = from.Bucket === to.Bucket;
  // The target first: if it is unchanged when the result is written, nothing newer of the source was written there meanwhile.
  const { there, made, deletedAt } = await look(s3, to);
  const ofThis = made?.from === sourceId(from);
  if (there && !inPlace && !ofThis)
    throw new Refused('the target holds another object under this key, which was not made of this source');
  const done = ofThis && made.operation === operation;
  const before = there ? 'already there' : 'deleted since';
  const order = done && sequencer && made.sequencer ? compareSequencers(sequencer, made.sequencer) : 1;
  if (order <= 0) return { outcome: there && order < 0 ? 'superseded' : before };

  const source = inPlace ? there : await head(s3, from);
  if (!source) return { outcome: 'source gone' };
  const { VersionId = 'null' } = source;
  // In place the result is now the source, and a manifest may name the version that it was made from.
  const current = inPlace && done ? [VersionId, made.version.split(' ')[0]] : [VersionId];
  if (versionId && !current.includes(versionId)) return { outcome: 'superseded' };
  if (done && (inPlace || made.origin === originOf(from, source))) return { outcome: before };
  if (deletedAt && !made && source.LastModified <= deletedAt) {
    throw new Refused(
      'the target was deleted after the source was stored; delete its delete marker to have it made again',
    );
  }

  const condition = there ? { IfMatch: there.ETag } : { IfNoneMatch: '*' };
  const record = recordOf({ operation, from, source, sequencer });
  await write(s3, job, source, record, condition);
  return { outcome: 'written', ...(there && !inPlace && !done && { over: made.operation }) };
}

async function write(s3, { from, to, transform, carry }, source, record, condition) {
  const { Metadata, ...along } = (await carry?.(source)) ?? {};
  const get = new GetObjectCommand({ ...from, VersionId: source.VersionId, IfMatch: source.ETag });
  const { Body } = await s3.send(get);
  Body.on('error', () => {}); // a connection that breaks before anybody reads would end the process
  let result;
  let upload;
  try {
    // The Body as it is: as a web stream, cancelled while it flows, it ends the process (nodejs/node#64529).
    const { stream, metadata = Metadata } = await transform(Body, { source, record });
    result = Readable.fromWeb(stream);
    // A stream releases frames before the end of the envelope is seen. If that is cut off or altered, the stream fails, and with it the
    // upload: it leaves no object and no parts, which would cost money.
    const params = { ...along, ...to, ...condition, Body: result, Metadata: { ...withoutRecord(metadata), ...record } };
    upload = new Upload({
      client: s3,
      params,
      partSize: Math.max(MIN_PART_BYTES, Math.ceil(source.ContentLength / PARTS)),
    });
    expectMade(await upload.done());
  } catch (error) {
    // The library aborts if a part fails, but not if CompleteMultipartUpload does. If this fails too, the bucket's lifecycle rule removes
    // what is left.
    const { uploadId: UploadId } = upload ?? {};
    if (UploadId) await s3.send(new AbortMultipartUploadCommand({ ...to, UploadId })).catch(() => {});
    throw error;
  } finally {
    result?.destroy();
    Body.destroy();
  }
}
