import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, HeadObjectCommand, ListMultipartUploadsCommand,
  PutObjectCommand, UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { jsonObject, refusal } from './guard.mjs';
import { Unfinished } from './unfinished.mjs';

/** S3's own limits, "Amazon S3 multipart upload limits": every part but the last has the least size. */
const MIN_PART = 5 * 2 ** 20;
const MAX_PART = 5 * 2 ** 30;
const MAX_PARTS = 10_000;

/** The object's type says nothing about the file. */
const CONTENT_TYPE = 'application/octet-stream';

/** Long enough for a slow line, short enough that a leaked URL is soon worthless. */
const URL_LIFETIME_SECONDS = 15 * 60;

/** In base64. */
const SHA256 = /^[A-Za-z0-9+/]{43}=$/;

/** The list of 10,000 finished parts has some 600 KB. */
const MAX_BODY = 2 ** 20;

/**
 * The server's half of `kmseal/s3`: `POST /:id/put`, `create`, `part`, `complete`, `headObject` and `abort`, each with the JSON that uploadSealed
 * gives the callback of that name. It signs nothing but PUTs of the sizes that were announced, to the one object of that id;
 * what creates, completes and aborts, it asks S3 for itself. Asked once more, since its answer was lost, it answers the same.
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
export function multipart({ s3, bucket, keyOf, maxSize, lifetime = URL_LIFETIME_SECONDS, unfinished = new Unfinished({ maxBytes: 100 * maxSize }) }) {
  /** @type {Map<string, Upload>} */
  const uploads = new Map();
  const add = (id, upload) => {
    uploads.set(id, upload);
    unfinished.onExpiry(id, 'multipart', async () => {
      uploads.delete(id);
      if (!upload.isComplete) await upload.abort();
    });
  };
  // The presigner leaves headers out, or puts them into the URL, unless they are named here. A part has none.
  const sign = (command, headers = []) => {
    const signableHeaders = new Set(['host', 'content-length', ...headers]);
    return getSignedUrl(s3, command, { expiresIn: lifetime, signableHeaders, unhoistableHeaders: signableHeaders });
  };

  const steps = {
    // With a checksum, S3 takes these bytes only, and overwrites nothing: whoever names one can also look up what an answer that was
    // lost has stored.
    async put(object, { size, checksumSHA256 }, id) {
      expectSize(size, maxSize);
      unfinished.hear(id, size);
      const headers = { 'content-type': CONTENT_TYPE };
      const put = { ...object, ContentLength: size, ContentType: CONTENT_TYPE };
      if (checksumSHA256 !== undefined) {
        if (!SHA256.test(checksumSHA256)) throw refusal(400, 'BAD_CHECKSUM', 'Send the SHA-256 of the envelope in base64.');
        Object.assign(headers, { 'if-none-match': '*', 'x-amz-checksum-sha256': checksumSHA256 });
        Object.assign(put, { IfNoneMatch: '*', ChecksumSHA256: checksumSHA256 });
      }
      return { url: await sign(new PutObjectCommand(put), Object.keys(headers)), headers };
    },

    async headObject(object) {
      const { ContentLength, ChecksumSHA256 } = await s3.send(new HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' }));
      return { ContentLength, ChecksumSHA256 };
    },

    async create(object, { size, partSize, parts }, id) {
      expectSize(size, maxSize);
      const whole = Number.isSafeInteger(partSize) && partSize >= MIN_PART && partSize <= MAX_PART;
      if (!(whole && parts <= MAX_PARTS && parts === Math.ceil(size / partSize))) {
        throw refusal(400, 'BAD_PARTS', 'S3 takes up to 10,000 parts, each but the last of 5 MiB to 5 GiB.');
      }
      if (!uploads.has(id)) {
        unfinished.hear(id, size);
        add(id, new Upload(s3, object, { size, partSize, parts }));
      }
      const upload = uploads.get(id);
      if (upload.size !== size || upload.partSize !== partSize) {
        throw refusal(409, 'OTHER_UPLOAD', 'Another envelope is on its way to this object.');
      }
      await upload.create();
      return {};
    },

    async part(object, { number, size }, id) {
      const upload = known(uploads, id);
      if (size === undefined || size !== upload.sizeOf(number)) {
        throw refusal(400, 'BAD_PART', 'The upload has no such part, or not of that size.');
      }
      unfinished.hear(id);
      return { url: await sign(new UploadPartCommand({ ...(await upload.place()), PartNumber: number, ContentLength: size })) };
    },

    async complete(object, { parts }, id) {
      await known(uploads, id).complete(parts);
      unfinished.finish(id);
      return {};
    },

    // Also where `create` never got through, or its answer did not.
    async abort(object, body, id) {
      if (!uploads.has(id)) {
        unfinished.hear(id);
        add(id, new Upload(s3, object, {}));
      }
      await uploads.get(id).abort();
      unfinished.finish(id);
      return {};
    },
  };

  return new Hono().post('/:id/:step', bodyLimit({ maxSize: MAX_BODY }), async (c) => {
    const { id, step } = c.req.param();
    const key = keyOf(id);
    if (key === undefined || !Object.hasOwn(steps, step)) throw refusal(404, 'UNKNOWN_UPLOAD', 'There is no such upload.');
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
  if (!Number.isSafeInteger(size) || size < 1) throw refusal(400, 'BAD_SIZE', 'Send the size of the envelope in bytes.');
  if (size > maxSize) throw refusal(413, 'TOO_LARGE', `Envelopes have up to ${Math.floor(maxSize / 2 ** 20)} MiB here.`);
}

const isETag = (value) => typeof value === 'string' && value.length <= 1024;

/** A multipart upload. */
class Upload {
  #s3;
  #object;
  #parts;
  /** @type {Promise<{ Bucket: string, Key: string, UploadId: string }> | undefined} */
  #place;
  /** @type {Promise<void> | undefined} */
  #completed;
  /** Of the envelope that is to be completed. @type {string | undefined} */
  #etags;
  isComplete = false;
  #aborted = false;
  /** Whether S3 may have begun others for this object: the SDK asks again when an answer is lost. */
  #others = false;

  /**
   * @param {import('@aws-sdk/client-s3').S3Client} s3
   * @param {{ Bucket: string, Key: string }} object
   * @param {{ size?: number, partSize?: number, parts?: number }} envelope nothing where the page only ever aborted
   */
  constructor(s3, object, { size, partSize, parts }) {
    this.#s3 = s3;
    this.#object = object;
    this.size = size;
    this.partSize = partSize;
    this.#parts = parts;
  }

  async create() {
    this.#expectGoing();
    this.#place ??= this.#s3
      .send(new CreateMultipartUploadCommand({ ...this.#object, ContentType: CONTENT_TYPE }))
      .then(({ UploadId, $metadata }) => {
        this.#others ||= $metadata.attempts > 1;
        return { ...this.#object, UploadId };
      })
      .catch((error) => {
        this.#others = true;
        this.#place = undefined;
        throw error;
      });
    await this.#place;
  }

  place() {
    this.#expectGoing();
    return this.#place;
  }

  /** In bytes, or undefined where there is no such part. */
  sizeOf(number) {
    if (!Number.isInteger(number) || number < 1 || number > this.#parts) return undefined;
    return number < this.#parts ? this.partSize : this.size - (number - 1) * this.partSize;
  }

  /** @param {{ PartNumber: number, ETag: string }[]} parts */
  async complete(parts) {
    const whole = Array.isArray(parts) && parts.length === this.#parts;
    if (!whole || parts.some((part, index) => part?.PartNumber !== index + 1 || !isETag(part.ETag))) {
      throw refusal(400, 'BAD_PARTS', 'Send PartNumber and ETag of every part, in order.');
    }
    const etags = parts.map(({ ETag }) => ETag).join();
    this.#etags ??= etags;
    // The answer to one envelope would be taken for that to the other.
    if (this.#etags !== etags) throw refusal(409, 'OTHER_UPLOAD', 'Another envelope is on its way to this object.');
    const place = await this.place();
    const Parts = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    this.#completed ??= this.#complete(place, Parts).catch((error) => {
      this.#completed = undefined;
      throw error;
    });
    await this.#completed;
  }

  async #complete(place, Parts) {
    try {
      await this.#s3.send(new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts } }));
    } catch (error) {
      // It was complete already, and only S3's answer was lost.
      if (error.name !== 'NoSuchUpload') throw error;
      const { ContentLength } = await this.#s3.send(new HeadObjectCommand(this.#object));
      if (ContentLength !== this.size) throw error;
    }
    this.isComplete = true;
    // The object is there, whatever becomes of these.
    await this.#abortOthers().catch(() => {});
  }

  async abort() {
    this.#aborted = true;
    const place = await this.#place?.catch(() => undefined);
    if (place) await this.#abort(place);
    await this.#abortOthers();
  }

  async #abort(place) {
    try {
      await this.#s3.send(new AbortMultipartUploadCommand(place));
    } catch (error) {
      if (error.name !== 'NoSuchUpload') throw error;
    }
  }

  async #abortOthers() {
    if (!this.#others) return;
    const { Bucket, Key } = this.#object;
    const { Uploads = [] } = await this.#s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
    for (const other of Uploads) if (other.Key === Key) await this.#abort({ Bucket, Key, UploadId: other.UploadId });
  }

  #expectGoing() {
    if (this.#aborted) throw refusal(409, 'ABORTED', 'This upload was aborted.');
  }
}
