import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { keepDescription, readDescription } from './description.mjs';
import { notUploaded } from './guard.mjs';

/** The object's type reveals nothing about the file: S3 learns neither its name nor its kind. */
const CONTENT_TYPE = 'application/octet-stream';

/**
 * @typedef {object} Upload
 * @property {string} key of its object
 * @property {string} way how it arrives: the name of a page
 * @property {string} [describes] the id of the upload with the file that this one describes
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

  /** Registers an upload. One that is already known stays as it is. @param {string} way @param {string} id */
  create(way, id) {
    if (this.has(id)) return id;
    this.#unfinished.hear(id);
    this.#unfinished.onExpiry(id, 'upload', () => this.#forget(id));
    return this.#add(id, { way, context: { purpose: 'kmseal-demo', upload: id } });
  }

  /**
   * A further object under the same context, for a form that sends several.
   *
   * @param {string} id
   * @param {string} [describes] the id of the object whose file's name, type and date this one contains
   */
  createBeside(id, describes) {
    const { way, context } = this.get(id);
    return this.#add(randomUUID(), { way, context, describes });
  }

  /** @param {string} id @param {Omit<Upload, 'key'>} upload */
  #add(id, upload) {
    this.#known.set(id, { ...upload, key: this.#prefix + randomUUID() });
    return id;
  }

  /** Removes an upload, except if it has arrived. @param {string} id */
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

  /**
   * Puts a file of this machine into the bucket.
   *
   * @param {string} id
   * @param {string} file its path
   * @param {string} [description] the sealed description of the file in it, in base64url
   */
  async store(id, file, description) {
    const { size } = await stat(file);
    const object = { Bucket: this.#bucket, Key: this.get(id).key };
    const Metadata = await keepDescription(this.#s3, object, description);
    const put = { ...object, ContentType: CONTENT_TYPE, Metadata, ContentLength: size, Body: createReadStream(file) };
    await this.#s3.send(new PutObjectCommand(put));
    this.#unfinished.finish(id);
  }

  /** The sealed description of an upload's file, from where keepDescription() has put it. @param {string} id */
  readDescription(id) {
    return readDescription(this.#s3, { Bucket: this.#bucket, Key: this.get(id).key });
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

  /** Some bytes of an envelope, as S3 has them. @param {string} id @param {{ start: number, end: number, signal: AbortSignal }} range */
  async readRange(id, { start, end, signal }) {
    const get = new GetObjectCommand({
      Bucket: this.#bucket,
      Key: this.get(id).key,
      Range: `bytes=${start}-${end - 1}`,
    });
    const { Body } = await this.#s3.send(get, { abortSignal: signal }).catch((error) => {
      throw error.name === 'NoSuchKey' ? notUploaded() : error;
    });
    return Body.transformToByteArray();
  }

  /** The files in the bucket, the newest first, each with its description. */
  async list() {
    const sizes = new Map();
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: this.#s3 },
      { Bucket: this.#bucket, Prefix: this.#prefix },
    )) {
      for (const { Key, Size, LastModified } of Contents)
        sizes.set(Key, { size: Size, arrived: LastModified.toISOString() });
    }
    const arrived = new Map();
    for (const [id, { key, way, describes }] of this.#known) {
      if (!sizes.has(key)) continue;
      this.#unfinished.finish(id);
      const object = { id, key, ...sizes.get(key) };
      if (describes === undefined) arrived.set(id, { ...object, way });
      else if (arrived.has(describes)) arrived.get(describes).about = object;
    }
    return [...arrived.values()].reverse();
  }

  /** Where presigned URLs point: the one origin besides its own that the page may connect to. */
  async origin() {
    const url = await getSignedUrl(this.#s3, new PutObjectCommand({ Bucket: this.#bucket, Key: 'origin' }));
    return new URL(url).origin;
  }
}
