import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { otherUpload, refusal } from './guard.mjs';

/** Under S3's limit for all metadata of an object, 2 KB with its names. */
const MAX_METADATA_BYTES = 2000;
/** In base64url, of JSON of 64 KiB and the longest header that is taken. */
const MAX_DESCRIPTION_CHARACTERS = 200_000;

/**
 * Keeps a file's sealed description: in the metadata of its object, or as `KEY.description` if it is too long for that.
 *
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {{ Bucket: string, Key: string }} object
 * @param {unknown} description in base64url, if the page sent one
 * @returns {Promise<Record<string, string>>} the object's metadata
 */
export async function keepDescription(s3, { Bucket, Key }, description) {
  if (description === undefined) return {};
  if (
    typeof description !== 'string' ||
    !/^[\w-]+$/.test(description) ||
    description.length > MAX_DESCRIPTION_CHARACTERS
  )
    throw refusal(400, 'BAD_DESCRIPTION', 'Send the sealed description in base64url.');
  if (description.length <= MAX_METADATA_BYTES) return { 'kmseal-description': description };
  const [beside, sealed] = [{ Bucket, Key: `${Key}.description` }, Buffer.from(description, 'base64url')];
  await s3.send(new PutObjectCommand({ ...beside, Body: sealed, IfNoneMatch: '*' })).catch(async (error) => {
    if (error.name !== 'PreconditionFailed') throw error;
    // An earlier try has stored it, or it is another envelope's, which this one must not get.
    const { Body } = await s3.send(new GetObjectCommand(beside));
    if (!sealed.equals(await Body.transformToByteArray())) throw otherUpload();
  });
  return {};
}

/**
 * What keepDescription() kept.
 *
 * @param {import('@aws-sdk/client-s3').S3Client} s3
 * @param {{ Bucket: string, Key: string }} object
 * @returns {Promise<string | Uint8Array | undefined>} in base64url or as bytes; undefined if nothing was kept
 */
export async function readDescription(s3, { Bucket, Key }) {
  const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  if (Metadata?.['kmseal-description'] !== undefined) return Metadata['kmseal-description'];
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: `${Key}.description` }));
    return await Body.transformToByteArray();
  } catch (error) {
    if (error.name === 'NoSuchKey') return undefined;
    throw error;
  }
}
