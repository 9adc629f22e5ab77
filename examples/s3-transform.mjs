// From one S3 object to another in constant memory, for the Lambda functions beside this file. Up to 48 GiB: the upload's parts have
// 5 MiB unless told, and S3 takes 10,000 of them.
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const SOURCE = 'kmseal-source';

/**
 * Reads `from`, transforms it and writes `to`, which gets the source's ETag beside it: done again, it does nothing.
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {{ Bucket: string, Key: string, VersionId?: string }} from
 * @param {{ Bucket: string, Key: string }} to
 * @param {(envelope: ReadableStream<Uint8Array>, size: number) => Promise<ReadableStream<Uint8Array>>} transform
 * @returns {Promise<'written' | 'already there'>}
 */
export async function transformObject(s3, from, to, transform) {
  const { Body, ETag, ContentLength } = await s3.send(new GetObjectCommand(from));
  const source = Body.transformToWebStream();
  const there = await isThere(s3, to, ETag).catch(async (error) => {
    await source.cancel(); // else its socket stays in use
    throw error;
  });
  if (there) {
    await source.cancel();
    return 'already there';
  }
  const stream = Readable.fromWeb(await transform(source, ContentLength));
  // A stream gives frames before the end of the envelope is seen. If that is cut off or altered, the stream fails, and with it the upload,
  // which then aborts: no object is left, nor parts, which would be paid for (leavePartsOnError).
  await new Upload({ client: s3, params: { ...to, Body: stream, Metadata: { [SOURCE]: ETag } }, leavePartsOnError: false }).done();
  return 'written';
}

async function isThere(s3, to, etag) {
  try {
    const { Metadata } = await s3.send(new HeadObjectCommand(to));
    return Metadata?.[SOURCE] === etag;
  } catch (error) {
    if (error.name === 'NotFound') return false;
    throw error;
  }
}

/** Keys in events are form-encoded: `my+file%26.kmseal`. */
export const decodeKey = (key) => decodeURIComponent(key.replaceAll('+', ' '));
