// From one S3 object to another in constant memory, so that what comes twice is done once and nothing newer is overwritten.
import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Refused } from './failures.mjs';
import { compareSequencers, head, look, originOf, recordOf, sourceId, withoutRecord } from './record.mjs';

const MIN_PART = 5 * 2 ** 20;
/** S3 takes 10,000 parts; the rest is room for what grows. */
const PARTS = 9000;
const TRIES = 4;
/** Somebody else wrote or deleted meanwhile. */
const CONFLICTS = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey', 'NoSuchVersion', 'NoSuchUpload']);

/**
 * @typedef {object} Job
 * @property {string} operation what is done, and for which key: recorded with the result, and compared
 * @property {{ Bucket: string, Key: string }} from the current version is taken
 * @property {{ Bucket: string, Key: string }} to
 * @property {boolean} versioned whether the target's bucket is
 * @property {string} [versionId] the version that is meant: another current one is 'superseded'
 * @property {string} [sequencer] of the event
 * @property {(body: Readable, size: number) => Promise<ReadableStream<Uint8Array>>} transform
 * @property {(source: object) => Promise<object>} [carry] parameters of PutObject, of the source's properties
 */

/**
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {Job} job
 * @returns {Promise<{ outcome: 'written' | 'already there' | 'superseded' | 'source gone' | 'deleted since', over?: string }>}
 *   over: the operation whose result was replaced
 */
export async function transformObject(s3, job) {
  const { from, to, versioned } = job;
  if (from.Bucket === to.Bucket && (from.Key !== to.Key || !versioned)) {
    throw new Refused('source and target are in one bucket; only what is resealed in place may be, where the bucket is versioned');
  }
  for (let tries = 1; ; tries++) {
    try {
      return await once(s3, job);
    } catch (error) {
      if (tries === TRIES || !CONFLICTS.has(error.name)) throw error;
    }
  }
}

async function once(s3, job) {
  const { operation, from, to, versionId, sequencer } = job;
  const inPlace = from.Bucket === to.Bucket;
  // The target first: if it is still the same when the result is written, nothing newer of the source was written there meanwhile.
  const { there, made, deletedAt } = await look(s3, to);
  const ofThis = made?.from === sourceId(from);
  if (there && !inPlace && !ofThis) throw new Refused('the target holds another object under this key, which was not made of this source');
  const done = ofThis && made.operation === operation;
  const before = there ? 'already there' : 'deleted since';
  const order = done && sequencer && made.sequencer ? compareSequencers(sequencer, made.sequencer) : 1;
  if (order <= 0) return { outcome: there && order < 0 ? 'superseded' : before };

  const source = inPlace ? there : await head(s3, from);
  if (!source) return { outcome: 'source gone' };
  const { VersionId = 'null' } = source;
  // In place the result is the source now, and a manifest may name the version that it was made of.
  const current = inPlace && done ? [VersionId, made.version.split(' ')[0]] : [VersionId];
  if (versionId && !current.includes(versionId)) return { outcome: 'superseded' };
  if (done && (inPlace || made.origin === originOf(from, source))) return { outcome: before };
  if (deletedAt && !made && source.LastModified <= deletedAt) {
    throw new Refused('the target was deleted after the source was stored; delete its delete marker to have it made again');
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
    result = Readable.fromWeb(await transform(Body, source.ContentLength));
    // A stream gives frames before the end of the envelope is seen. If that is cut off or altered, the stream fails, and with it the
    // upload: no object is left, nor parts, which would be paid for.
    const params = { ...along, ...to, ...condition, Body: result, Metadata: { ...withoutRecord(Metadata), ...record } };
    upload = new Upload({ client: s3, params, partSize: Math.max(MIN_PART, Math.ceil(source.ContentLength / PARTS)) });
    await upload.done();
  } catch (error) {
    // The library aborts where a part fails, but not where CompleteMultipartUpload does. The bucket's lifecycle rule removes what is left
    // if this fails, too.
    const { uploadId: UploadId } = upload ?? {};
    if (UploadId) await s3.send(new AbortMultipartUploadCommand({ ...to, UploadId })).catch(() => {});
    throw error;
  } finally {
    result?.destroy();
    Body.destroy();
  }
}
