// S3 beside KMS for the examples' tests.
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startKms } from './kms.mjs';

/** @param {string[]} buckets */
export async function startAws(buckets) {
  const kms = await startKms();
  const s3 = new S3Client({ ...kms.emulator.config, forcePathStyle: true });
  for (const Bucket of buckets) await s3.send(new CreateBucketCommand({ Bucket }));
  return {
    kms,
    s3,
    put: (Bucket, Key, Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body })),
    async get(Bucket, Key) {
      return (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToByteArray();
    },

    /** Keys of objects, and of uploads that were neither completed nor aborted. */
    async left(Bucket) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
      return { objects: Contents.map(({ Key }) => Key), uploads: Uploads.map(({ Key }) => Key) };
    },

    async close() {
      s3.destroy();
      await kms.close();
    },
  };
}
