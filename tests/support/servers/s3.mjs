// S3 and KMS for uploads by presigned URLs: the emulator with its bucket's CORS rule enforced, a relay between it and the page that
// does to requests what a test wants, and the page's server with the demo's signer.
import { createHash, randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { corsRule, createBucket } from '../../../www/server/aws.mjs';
import { multipart } from '../../../www/server/multipart.mjs';
import { Faults } from './faults.mjs';
import { kmsRoutes, startKms } from './kms.mjs';
import { startRelay } from './relay.mjs';

const LARGEST = 2 ** 40;

/** The emulator of all that this process starts here, which ends with it, and its keys by their spec. */
let shared;
const keys = new Map();
let buckets = 0;

/** @param {{ spec?: string, bucket?: string }} [options] spec: of the key; bucket: one of its own */
export async function startS3({ spec, bucket = `uploads-${++buckets}` } = {}) {
  shared ??= startKms({ auth: true });
  const kms = await shared;
  const faults = new Faults();
  const relay = await startRelay(kms.emulator.endpoint);
  relay.fault = (seen) => faults.atS3(seen);
  const connect = (endpoint) =>
    new S3Client({
      ...kms.emulator.config,
      endpoint,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
  const [s3, proxied] = [kms.emulator.endpoint, relay.origin].map(connect);
  await createBucket(s3, bucket, []);
  if (!keys.has(spec)) keys.set(spec, kms.createKey(spec && { spec }));
  const key = await keys.get(spec);
  const opener = await kms.openerFor(key);
  const ids = new Set();
  const keyOf = (id) => (ids.has(id) ? `uploads/${id}` : undefined);

  return {
    key,
    faults,
    /** Where pages PUT. */
    origin: relay.origin,
    /** A client of it, and its bucket. */
    proxied,
    bucket,
    keyOf,

    /** For startServer(): KMS Decrypt, `/s3/:id/:step`, and `/brief/:id/:step`, whose URLs are valid for 3 s. */
    routes(app) {
      kmsRoutes(kms)(app);
      for (const [path, lifetime] of [
        ['/s3', undefined],
        ['/brief', 3],
      ]) {
        app.use(`${path}/*`, (c, next) => faults.atServer(c, next));
        app.route(path, multipart({ s3: proxied, bucket, keyOf, maxSize: LARGEST, lifetime }));
      }
    },

    /** Lets a page PUT, and with `ExposeHeaders` of its own see what it says. */
    allow: (origin, rule) => {
      const CORSConfiguration = { CORSRules: [{ ...corsRule([origin]), ...rule }] };
      return s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration }));
    },

    /** The id of an upload that may begin. */
    begin() {
      const id = randomUUID();
      ids.add(id);
      return id;
    },

    /** Multipart uploads that were begun, and neither completed nor aborted. */
    async unfinished() {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map((upload) => upload.Key);
    },

    /** The numbers of the parts that S3 has of the first of them. */
    async parts() {
      const { Uploads: [upload] = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      if (!upload) return [];
      const { Key, UploadId } = upload;
      const { Parts = [] } = await s3.send(new ListPartsCommand({ Bucket: bucket, Key, UploadId }));
      return Parts.map(({ PartNumber }) => PartNumber);
    },

    /** Aborts them. */
    async abortAll() {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      for (const { Key, UploadId } of Uploads)
        await s3.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    },

    /** Whether an object arrived. */
    async arrived(id) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: keyOf(id) }));
      return Contents.length > 0;
    },

    /** SHA-256 of what KMS opens of the object, whose context must name the upload; the object's size, and its type. */
    async open(id) {
      const { Body, ContentLength, ContentType } = await s3.send(
        new GetObjectCommand({ Bucket: bucket, Key: keyOf(id) }),
      );
      const { plaintext } = await opener.open(Body, { encryptionContext: { upload: id } });
      const hash = createHash('sha256');
      for await (const chunk of plaintext) hash.update(chunk);
      return { sha256: hash.digest('hex'), size: ContentLength, type: ContentType };
    },

    /** The description of an upload's object, opened, and where it was. */
    async describe(id) {
      const object = { Bucket: bucket, Key: keyOf(id) };
      const { Body, Metadata } = await s3.send(new GetObjectCommand(object));
      const { messageId } = await inspect(await Body.transformToByteArray());
      const inMetadata = Metadata['kmseal-description'];
      const beside = async () => {
        const { Body } = await s3.send(new GetObjectCommand({ ...object, Key: `${object.Key}.description` }));
        return Body.transformToByteArray();
      };
      const options = { messageId, encryptionContext: { upload: id } };
      const description = await opener.describe(inMetadata ?? (await beside()), options);
      return { ...description, messageId: description.messageId === messageId, inMetadata: inMetadata !== undefined };
    },

    async close() {
      opener.close();
      s3.destroy();
      proxied.destroy();
      await relay.close();
    },
  };
}
