import { HeadObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { keepDescription } from './description.mjs';
import { jsonObject, otherUpload, refusal } from './guard.mjs';
import {
  CONTENT_TYPE,
  MAX_PART_BYTES,
  MAX_PARTS,
  MIN_PART_BYTES,
  MultipartUpload,
  SHA256,
} from './multipart-upload.mjs';
import { Unfinished } from './unfinished.mjs';

/** Long enough for a slow line, short enough that a leaked URL is soon worthless. */
const URL_LIFETIME_SECONDS = 15 * 60;

/** The list of 10,000 finished parts has about 1.3 MB. */
const MAX_BODY_BYTES = 2 * 2 ** 20;

/**
 * The server's half of `kmseal/s3`: `POST /:id/signPut`, `/:id/createMultipartUpload` and so on, each with the JSON that uploadSealed gives
 * the callback of that name. It signs only PUTs of the announced sizes, to the one object of that id;
 * it creates, completes and aborts uploads itself. When a lost answer makes the client ask again, it gives the same answer.
 *
 * @param {object} options
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3 with `requestChecksumCalculation: 'WHEN_REQUIRED'`: otherwise the
 *   checksum of an empty body is signed into every URL
 * @param {string} options.bucket
 * @param {(id: string) => string | undefined} options.keyOf the object's key of an id that this server has handed out
 * @param {number} options.maxSize the largest envelope in bytes
 * @param {number} [options.lifetime] of a URL, in seconds
 * @param {Unfinished} [options.unfinished] bounds what is begun; what expires is aborted
 */
export function multipart({
  s3,
  bucket,
  keyOf,
  maxSize,
  lifetime = URL_LIFETIME_SECONDS,
  unfinished = new Unfinished({ maxBytes: 100 * maxSize }),
}) {
  /** @type {Map<string, MultipartUpload>} */
  const uploads = new Map();
  const add = (id, upload) => {
    uploads.set(id, upload);
    unfinished.onExpiry(id, 'multipart', async () => {
      uploads.delete(id);
      if (!upload.isComplete) await upload.abort();
    });
  };
  // The presigner omits headers, or puts them into the URL, unless they are named here.
  const sign = async (command, headers) => {
    const signableHeaders = new Set(['host', 'content-length', ...Object.keys(headers)]);
    return {
      url: await getSignedUrl(s3, command, {
        expiresIn: lifetime,
        signableHeaders,
        unhoistableHeaders: signableHeaders,
      }),
      headers,
    };
  };

  const steps = {
    // With a checksum, S3 accepts these bytes only, and overwrites nothing: a client that names one can also look up what was stored by
    // a request whose answer was lost.
    async signPut(object, { size, checksumSHA256, description }, id) {
      expectSize(size, maxSize);
      unfinished.hear(id, size);
      const Metadata = await keepDescription(s3, object, description);
      const named = Object.entries(Metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
      const headers = { 'content-type': CONTENT_TYPE, ...Object.fromEntries(named) };
      const put = { ...object, ContentLength: size, ContentType: CONTENT_TYPE, Metadata };
      if (checksumSHA256 !== undefined) {
        Object.assign(headers, { 'if-none-match': '*', ...checksumHeader(checksumSHA256) });
        Object.assign(put, { IfNoneMatch: '*', ChecksumSHA256: checksumSHA256 });
      }
      return sign(new PutObjectCommand(put), headers);
    },

    async headObject(object) {
      const head = new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' });
      const { ContentLength, ChecksumSHA256 } = await s3.send(head).catch((error) => {
        throw error.name === 'NotFound' ? refusal(404, 'NOT_STORED', 'There is no envelope under this upload.') : error;
      });
      return { ContentLength, ChecksumSHA256 };
    },

    async createMultipartUpload(object, { size, partSize, parts, checksumAlgorithm, description }, id) {
      const whole = Number.isSafeInteger(partSize) && partSize >= MIN_PART_BYTES && partSize <= MAX_PART_BYTES;
      // A stream's sizes come with its parts.
      const isStream = size === undefined && parts === undefined;
      if (!isStream) expectSize(size, maxSize);
      if (!(whole && (isStream || (parts <= MAX_PARTS && parts === Math.ceil(size / partSize))))) {
        throw refusal(400, 'BAD_PARTS', 'S3 takes up to 10,000 parts, each but the last of 5 MiB to 5 GiB.');
      }
      if (![undefined, 'SHA256'].includes(checksumAlgorithm))
        throw refusal(400, 'BAD_CHECKSUM', 'The one algorithm here is SHA256.');
      if (!uploads.has(id)) {
        unfinished.hear(id, size ?? partSize);
        add(id, new MultipartUpload(s3, object, { size, partSize, parts, checksumAlgorithm }));
      }
      const upload = uploads.get(id);
      if (upload.size !== size || upload.partSize !== partSize || upload.checksumAlgorithm !== checksumAlgorithm) {
        throw otherUpload();
      }
      await upload.create(await keepDescription(s3, object, description), description !== undefined);
      return {};
    },

    async signPart(object, { number, size, checksumSHA256 }, id) {
      const upload = known(uploads, id);
      if (!upload.takes(number, size))
        throw refusal(400, 'BAD_PART', 'The upload has no such part, or not of that size.');
      expectSize(upload.announced, maxSize);
      if ((checksumSHA256 !== undefined) !== (upload.checksumAlgorithm !== undefined)) {
        throw refusal(
          400,
          'BAD_CHECKSUM',
          'Send the SHA-256 of each part if, and only if, the upload was created with it.',
        );
      }
      unfinished.hear(id, upload.announced);
      const part = {
        ...(await upload.place()),
        PartNumber: number,
        ContentLength: size,
        ChecksumSHA256: checksumSHA256,
      };
      return sign(new UploadPartCommand(part), checksumSHA256 === undefined ? {} : checksumHeader(checksumSHA256));
    },

    async listParts(object, body, id) {
      unfinished.hear(id);
      return known(uploads, id).list();
    },

    async completeMultipartUpload(object, { size, parts }, id) {
      await known(uploads, id).complete(parts, size);
      unfinished.finish(id);
      return {};
    },

    // Also if `createMultipartUpload` never arrived, or its answer did not.
    async abortMultipartUpload(object, body, id) {
      if (!uploads.has(id)) {
        unfinished.hear(id);
        add(id, new MultipartUpload(s3, object, {}));
      }
      await uploads.get(id).abort();
      unfinished.finish(id);
      return {};
    },
  };

  return new Hono().post('/:id/:step', bodyLimit({ maxSize: MAX_BODY_BYTES }), async (c) => {
    const { id, step } = c.req.param();
    const key = keyOf(id);
    if (key === undefined || !Object.hasOwn(steps, step))
      throw refusal(404, 'UNKNOWN_UPLOAD', 'There is no such upload.');
    const body = await jsonObject(c);
    await unfinished.expire();
    return c.json(await steps[step]({ Bucket: bucket, Key: key }, body, id));
  });
}

function known(uploads, id) {
  const upload = uploads.get(id);
  if (!upload) throw refusal(409, 'NOT_CREATED', 'This upload was not created.');
  return upload;
}

function expectSize(size, maxSize) {
  if (!Number.isSafeInteger(size) || size < 1)
    throw refusal(400, 'BAD_SIZE', 'Send the size of the envelope in bytes.');
  if (size > maxSize)
    throw refusal(413, 'TOO_LARGE', `Envelopes have up to ${Math.floor(maxSize / 2 ** 20)} MiB here.`);
}

/** With it S3 accepts these bytes only. */
function checksumHeader(checksumSHA256) {
  if (!SHA256.test(checksumSHA256)) throw refusal(400, 'BAD_CHECKSUM', 'Send the SHA-256 of what is sent in base64.');
  return { 'x-amz-checksum-sha256': checksumSHA256 };
}
