// Moves an object to a prefix of its own bucket, with tags that say why. Two objects that were at one key in turn stay apart there; one that is
// moved again, after a failure in between, is copied over its own copy.
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { expectMade } from './failures.mjs';

/** Longer keys are not possible, in bytes. */
const MAX_KEY = 1024;
/** S3 takes this many parts. */
const PARTS = 10_000;
/** Parts that S3 copies at once. */
const TOGETHER = 8;

/**
 * Where the object goes: its own key, and its ETag behind it. A key that has no room for that, or segments that programs could take for
 * folders, is replaced by its SHA-256.
 * @param {string} prefix
 * @param {{ Key: string, ETag: string }} source
 */
export function quarantineKey(prefix, { Key, ETag }) {
  const ending = `.${ETag.replaceAll(/[^\w-]/g, '')}`;
  const key = prefix + Key + ending;
  if (Buffer.byteLength(key) <= MAX_KEY && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(key)) return key;
  return prefix + createHash('sha256').update(Key).digest('hex') + ending;
}

/** As S3 takes them: letters, digits, spaces and + - = . _ : / @, up to 256 of them. */
const tagging = (tags) =>
  Object.entries(tags)
    .map(([name, value]) => [name, [...value.replaceAll(/[^\p{L}\p{N} +\-=._:/@]/gu, ' ')].slice(0, 256).join('')])
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');

/**
 * Copies the object, if it is still the one that was examined. PreconditionFailed: it was replaced meanwhile.
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {{ Bucket: string, Key: string, ETag: string, ContentLength: number, ContentType?: string, Metadata?: Record<string, string> }} source
 * @param {{ Key: string, tags: Record<string, string>, partSize: number }} to partSize: larger objects are copied in parts, since
 *   CopyObject takes 5 GB and copies them one byte after another
 */
export async function copyTagged(s3, source, { Key, tags, partSize }) {
  const { Bucket, ContentLength: size } = source;
  const to = { Bucket, Key };
  const from = {
    CopySource: `${Bucket}/${source.Key.split('/').map(encodeURIComponent).join('/')}`,
    CopySourceIfMatch: source.ETag,
  };
  const Tagging = tagging(tags);
  if (size > partSize)
    await copyParts(s3, source, { to, from, Tagging, length: Math.max(partSize, Math.ceil(size / PARTS)) });
  else {
    const { CopyObjectResult } = await s3.send(
      new CopyObjectCommand({ ...to, ...from, TaggingDirective: 'REPLACE', Tagging }),
    );
    expectMade(CopyObjectResult);
  }
}

/**
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {Parameters<typeof copyTagged>[1]} source
 */
async function copyParts(s3, { ContentLength: size, ContentType, Metadata }, { to, from, Tagging, length }) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...to, ContentType, Metadata, Tagging }));
  const Parts = Array.from({ length: Math.ceil(size / length) }, (_, index) => ({ PartNumber: index + 1, ETag: '' }));
  const left = Parts.values();
  async function copySome() {
    for (const part of left) {
      const { PartNumber } = part;
      const last = Math.min(PartNumber * length, size) - 1;
      const CopySourceRange = `bytes=${(PartNumber - 1) * length}-${last}`;
      const copied = await s3.send(
        new UploadPartCopyCommand({ ...to, ...from, UploadId, PartNumber, CopySourceRange }),
      );
      part.ETag = copied.CopyPartResult.ETag;
    }
  }
  try {
    // All end before the upload is aborted: a part that arrives afterwards would cost money.
    const ended = await Promise.allSettled(Array.from({ length: TOGETHER }, copySome));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    expectMade(await s3.send(new CompleteMultipartUploadCommand({ ...to, UploadId, MultipartUpload: { Parts } })));
  } catch (error) {
    // If this fails too, the bucket's lifecycle rule removes what is left.
    await s3.send(new AbortMultipartUploadCommand({ ...to, UploadId })).catch(() => {});
    throw error;
  }
}

/**
 * Deletes the object if it is still the one that was examined: in a versioned bucket by a delete marker, so that it can be restored.
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {{ Bucket: string, Key: string, ETag: string }} source
 */
export async function removeExamined(s3, { Bucket, Key, ETag }) {
  try {
    await s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag }));
  } catch (error) {
    // Another one is there, which has an event of its own; or none.
    if (!['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'].includes(error.name)) throw error;
  }
}
