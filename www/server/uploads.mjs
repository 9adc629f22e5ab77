import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** The object's type says nothing about the file: S3 is told neither its name nor its kind. */
const CONTENT_TYPE = 'application/octet-stream';

/**
 * @typedef {object} Upload
 * @property {string} key of its object
 * @property {string} way by which it comes: the name of a page
 * @property {'file' | 'about'} holds the file itself, or its name, type and dates
 * @property {Record<string, string>} context what the page seals with and the server expects back: it ties an envelope to the
 *   upload that it was made for
 */

/** The uploads of this run. Nothing else in the bucket is ever signed, listed or read. */
export class Uploads {
  #s3;
  #bucket;
  #unfinished;
  #prefix = `kmseal-demo/${randomUUID()}/`;
  /** @type {Map<string, Upload>} */
  #known = new Map();

  /**
   * @param {import('@aws-sdk/client-s3').S3Client} s3
   * @param {string} bucket
   * @param {import('./unfinished.mjs').Unfinished} unfinished
   */
  constructor(s3, bucket, unfinished) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#unfinished = unfinished;
  }

  /** Hands out the number of a new upload. @param {string} way */
  create(way) {
    const id = randomUUID();
    this.#unfinished.hear(id);
    this.#unfinished.onExpiry(id, 'upload', () => this.#forget(id));
    return this.#add(id, { way, holds: 'file', context: { purpose: 'kmseal-demo', upload: id } });
  }

  /** A further object under the same context, for a form that sends several. @param {string} id @param {Upload['holds']} holds */
  createBeside(id, holds) {
    const { way, context } = this.get(id);
    return this.#add(randomUUID(), { way, holds, context });
  }

  /** @param {string} id @param {Omit<Upload, 'key'>} upload */
  #add(id, upload) {
    this.#known.set(id, { ...upload, key: this.#prefix + randomUUID() });
    return id;
  }

  /** What has arrived stays. @param {string} id */
  async #forget(id) {
    const object = { Bucket: this.#bucket, Key: this.get(id).key };
    const arrived = await this.#s3.send(new HeadObjectCommand(object)).catch((error) => {
      if (error.name !== 'NotFound') throw error;
    });
    if (!arrived) this.#known.delete(id);
  }

  has(id) {
    return this.#known.has(id);
  }

  /** @param {string} id of an upload that it has */
  get(id) {
    return this.#known.get(id);
  }

  /** Puts a file of this machine into the bucket. @param {string} id @param {string} file its path */
  async store(id, file) {
    const { size } = await stat(file);
    const object = { Bucket: this.#bucket, Key: this.get(id).key, ContentType: CONTENT_TYPE };
    await this.#s3.send(new PutObjectCommand({ ...object, ContentLength: size, Body: createReadStream(file) }));
    this.#unfinished.finish(id);
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   * @returns {Promise<AsyncIterable<Uint8Array>>} the envelope, as S3 sends it
   */
  async read(id, signal) {
    const get = new GetObjectCommand({ Bucket: this.#bucket, Key: this.get(id).key });
    const { Body } = await this.#s3.send(get, { abortSignal: signal });
    return Body;
  }

  /** What is in the bucket, the newest first. */
  async list() {
    const sizes = new Map();
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.#bucket, Prefix: this.#prefix })) {
      for (const { Key, Size, LastModified } of Contents) sizes.set(Key, { size: Size, arrived: LastModified.toISOString() });
    }
    const arrivals = Array.from(this.#known, ([id, { key, way, holds }]) => ({ id, way, holds, key, ...sizes.get(key) }))
      .filter(({ arrived }) => arrived !== undefined)
      .reverse();
    for (const { id } of arrivals) this.#unfinished.finish(id);
    return arrivals;
  }

  /** Where presigned URLs point: the one origin besides its own that the page may connect to. */
  async origin() {
    const url = await getSignedUrl(this.#s3, new PutObjectCommand({ Bucket: this.#bucket, Key: 'origin' }));
    return new URL(url).origin;
  }
}
