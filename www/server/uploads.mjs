import { randomUUID } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** The object's type says nothing about the file: S3 is told neither its name nor its kind. */
const CONTENT_TYPE = 'application/octet-stream';

/** Long enough for a slow line, short enough that a leaked URL is soon worthless. */
const URL_LIFETIME_SECONDS = 15 * 60;

/** What the page seals with and the server expects back: it ties an envelope to the one upload it was made for. */
export const contextOf = (id) => ({ purpose: 'kmseal-demo', upload: id });

/** The uploads of this run. Nothing else in the bucket is ever signed or read. */
export class Uploads {
  #s3;
  #bucket;
  /** @type {Map<string, string>} upload id to object key */
  #keys = new Map();

  /** @param {import('@aws-sdk/client-s3').S3Client} s3 @param {string} bucket */
  constructor(s3, bucket) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Hands out the number of a new upload. */
  create() {
    const id = randomUUID();
    this.#keys.set(id, `kmseal-demo/${randomUUID()}`);
    return id;
  }

  has(id) {
    return this.#keys.has(id);
  }

  /**
   * A presigned PUT for exactly one object of exactly this size and type.
   *
   * @param {string} id
   * @param {number} size of the envelope
   */
  async sign(id, size) {
    const put = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: this.#keys.get(id),
      ContentLength: size,
      ContentType: CONTENT_TYPE,
    });
    const url = await getSignedUrl(this.#s3, put, {
      expiresIn: URL_LIFETIME_SECONDS,
      // The presigner leaves content-type out unless it is named here.
      signableHeaders: new Set(['host', 'content-length', 'content-type']),
    });
    // The browser sends content-length by itself, and lets no script set it.
    return { url, headers: { 'content-type': CONTENT_TYPE } };
  }

  /**
   * @param {string} id
   * @param {AbortSignal} signal
   * @returns {Promise<AsyncIterable<Uint8Array>>} the envelope, as S3 sends it
   */
  async read(id, signal) {
    const get = new GetObjectCommand({ Bucket: this.#bucket, Key: this.#keys.get(id) });
    const { Body } = await this.#s3.send(get, { abortSignal: signal });
    return Body;
  }

  /** Where presigned URLs point: the one origin besides its own that the page may connect to. */
  async origin() {
    const url = await getSignedUrl(this.#s3, new PutObjectCommand({ Bucket: this.#bucket, Key: 'origin' }));
    return new URL(url).origin;
  }
}
