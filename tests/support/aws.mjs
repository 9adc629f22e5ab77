// S3 beside KMS for the examples' tests, and the environment in which a Lambda function finds both.
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
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

    /** Imports an example as Lambda does, with its settings in the environment. */
    async lambda(name, settings) {
      Object.assign(process.env, kms.emulator.env, { S3_PATH_STYLE: '1' }, settings);
      // A module of its own each time, as Lambda's instances are.
      return (await import(`../../examples/${name}.mjs?${randomUUID()}`)).handler;
    },

    async close() {
      s3.destroy();
      await kms.close();
    },
  };
}
