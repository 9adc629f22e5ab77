// What was done, as metadata of the result: a later event or job can compare it with what it would do.
import { createHash } from 'node:crypto';
import { GetObjectCommand, HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';

const PREFIX = 'kmseal-';
const NAMES = ['operation', 'from', 'version', 'origin', 'sequencer'];

/** @param {{ operation: string, from: { Bucket: string, Key: string }, source: Awaited<ReturnType<typeof head>>, sequencer?: string }} done source: of head() */
export function recordOf({ operation, from, source, sequencer }) {
  const record = {
    operation,
    from: sourceId(from),
    version: versionOf(source),
    origin: originOf(from, source),
    sequencer,
  };
  return Object.fromEntries(NAMES.filter((name) => record[name]).map((name) => [PREFIX + name, record[name]]));
}

/** Metadata without a record, which the source may already have. */
export const withoutRecord = (metadata = {}) =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => !NAMES.some((mine) => name === PREFIX + mine)));

/** @returns {{ operation?: string, from?: string, version?: string, origin?: string, sequencer?: string }} */
export const readRecord = (metadata = {}) => Object.fromEntries(NAMES.map((name) => [name, metadata[PREFIX + name]]));

/** A name for the source that fits into a header, and into S3's 2 KB of metadata. */
export const sourceId = ({ Bucket, Key }) => createHash('sha256').update(`${Bucket}/${Key}`).digest('base64url');

/** Distinguishes the objects that were there in turn. Without versioning, two with the same bytes have one ETag, but different times. */
export const versionOf = ({ VersionId = 'null', ETag, LastModified }) =>
  `${VersionId} ${ETag} ${LastModified.toISOString()}`;

/** The upload whose plaintext an object has. An object resealed in place has that of the previous upload, and need not be opened again. */
export function originOf(from, source) {
  const made = readRecord(source.Metadata);
  return (made.from === sourceId(from) && made.origin) || versionOf(source);
}

/**
 * Less than zero where `one` came before `other`.
 * "Right pad the shorter value with zeros, and then do a lexicographic comparison" (Amazon S3 User Guide, "Event message structure").
 */
export function compareSequencers(one, other) {
  const length = Math.max(one.length, other.length);
  const [a, b] = [one, other].map((sequencer) => sequencer.toUpperCase().padEnd(length, '0'));
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An object's properties, or undefined. */
export async function head(s3, object) {
  try {
    return await s3.send(new HeadObjectCommand(object));
  } catch (error) {
    const status = error.$metadata?.httpStatusCode;
    if (status === 404) return undefined;
    if (status !== 400 && status !== 403) throw error;
    // An answer to HEAD has no body, which would distinguish an expired token or a wrong clock from permanent errors. One to GET has.
    const { Body, ...properties } = await s3.send(new GetObjectCommand(object));
    Body.destroy();
    return properties;
  }
}

/**
 * What is at the target, and what was recorded there; if that was deleted, as far as a versioned bucket remembers.
 * @returns {Promise<{ there?: Awaited<ReturnType<typeof head>>, made?: ReturnType<typeof readRecord>, deletedAt?: Date }>}
 */
export async function look(s3, to) {
  const there = await head(s3, to);
  if (there) return { there, made: readRecord(there.Metadata) };
  // Sorted by key, the newest first within a key.
  const list = new ListObjectVersionsCommand({ Bucket: to.Bucket, Prefix: to.Key, MaxKeys: 10 });
  const { DeleteMarkers: [marker] = [], Versions: [version] = [] } = await s3.send(list);
  if (marker?.Key !== to.Key) return {};
  const last = version?.Key === to.Key ? await head(s3, { ...to, VersionId: version.VersionId }) : undefined;
  return { made: last && readRecord(last.Metadata), deletedAt: marker.LastModified };
}
