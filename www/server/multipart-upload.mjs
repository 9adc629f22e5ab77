import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { otherUpload, refusal } from './guard.mjs';

/** The object's type reveals nothing about the file. */
export const CONTENT_TYPE = 'application/octet-stream';

/** A checksum in base64. */
export const SHA256 = /^[A-Za-z0-9+/]{43}=$/;

/** S3's own limits, "Amazon S3 multipart upload limits": every part but the last has the least size. */
export const MIN_PART_BYTES = 5 * 2 ** 20;
export const MAX_PART_BYTES = 5 * 2 ** 30;
export const MAX_PARTS = 10_000;

const isETag = (value) => typeof value === 'string' && value.length <= 1024;

/** A multipart upload. Each step gives the same answer when a lost one makes the client ask again. */
export class MultipartUpload {
  #s3;
  #object;
  #parts;
  /** In bytes, of the parts of a stream that were announced. @type {number[]} */
  #announced = [];
  /** @type {Promise<{ Bucket: string, Key: string, UploadId: string }> | undefined} */
  #place;
  /** @type {Promise<void> | undefined} */
  #completed;
  /** ETags of the envelope that is being completed. @type {string | undefined} */
  #etags;
  /** What create() was given first. @type {string | undefined} */
  #named;
  isComplete = false;
  #aborted = false;
  /** Whether S3 may have begun other uploads for this object: the SDK retries when an answer is lost. */
  #others = false;

  /**
   * @param {import('@aws-sdk/client-s3').S3Client} s3
   * @param {{ Bucket: string, Key: string }} object
   * @param {{ size?: number, partSize?: number, parts?: number, checksumAlgorithm?: 'SHA256' }} envelope without size and parts that of a
   *   stream, and nothing where the page only ever aborted
   */
  constructor(s3, object, { size, partSize, parts, checksumAlgorithm }) {
    this.#s3 = s3;
    this.#object = object;
    this.size = size;
    this.partSize = partSize;
    this.checksumAlgorithm = checksumAlgorithm;
    this.#parts = parts;
  }

  /**
   * @param {Record<string, string>} metadata
   * @param {boolean} isDescribed whether the file has a description, in the metadata or beside the object
   */
  async create(metadata, isDescribed) {
    this.#expectGoing();
    const named = JSON.stringify([isDescribed, metadata]);
    this.#named ??= named;
    // The object would get the description of the envelope before.
    if (this.#named !== named) throw otherUpload();
    this.#place ??= this.#s3
      .send(
        new CreateMultipartUploadCommand({
          ...this.#object,
          ContentType: CONTENT_TYPE,
          Metadata: metadata,
          ChecksumAlgorithm: this.checksumAlgorithm,
        }),
      )
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

  /** Whether it has a part of that number and size. A part of a stream has the size with which it is announced first. */
  takes(number, size) {
    if (!Number.isInteger(number) || number < 1 || number > (this.#parts ?? MAX_PARTS)) return false;
    if (this.size === undefined) {
      if (!Number.isSafeInteger(size) || size < 1 || size > MAX_PART_BYTES) return false;
      return (this.#announced[number - 1] ??= size) === size;
    }
    return size === (number < this.#parts ? this.partSize : this.size - (number - 1) * this.partSize);
  }

  /** Bytes of all parts; of a stream, of those that were announced. */
  get announced() {
    return this.size ?? this.#announced.reduce((sum, size) => sum + size, 0);
  }

  /** The parts that S3 has. */
  async list() {
    const place = await this.place();
    const parts = [];
    for (let PartNumberMarker, more = true; more; ) {
      const listed = await this.#s3.send(new ListPartsCommand({ ...place, PartNumberMarker })).catch((error) => {
        throw error.name === 'NoSuchUpload' ? refusal(409, 'NO_PARTS', 'This upload was completed.') : error;
      });
      parts.push(...(listed.Parts ?? []));
      [PartNumberMarker, more] = [listed.NextPartNumberMarker, listed.IsTruncated];
    }
    return parts.map(({ PartNumber, ETag, ChecksumSHA256 }) => ({ PartNumber, ETag, ChecksumSHA256 }));
  }

  /**
   * @param {{ PartNumber: number, ETag: string, ChecksumSHA256?: string }[]} parts
   * @param {number} [size] of the envelope of a stream
   */
  async complete(parts, size) {
    const count = this.#parts ?? this.#announced.length;
    const whole = Array.isArray(parts) && parts.length === count && (this.size ?? size) === this.announced;
    const isPart = (part, index) =>
      part?.PartNumber === index + 1 && isETag(part.ETag) && this.#isChecksum(part.ChecksumSHA256);
    if (!whole || !parts.every(isPart)) {
      throw refusal(
        400,
        'BAD_PARTS',
        'Send PartNumber and ETag of every part, in order, and ChecksumSHA256 where there is one.',
      );
    }
    const etags = parts.map(({ ETag }) => ETag).join();
    this.#etags ??= etags;
    // One envelope's answer would be mistaken for the other's.
    if (this.#etags !== etags) throw otherUpload();
    const place = await this.place();
    const Parts = parts.map(({ PartNumber, ETag, ChecksumSHA256 }) => ({ PartNumber, ETag, ChecksumSHA256 }));
    this.#completed ??= this.#complete(place, Parts).catch((error) => {
      this.#completed = undefined;
      throw error;
    });
    await this.#completed;
  }

  #isChecksum(value) {
    return this.checksumAlgorithm === undefined ? value === undefined : SHA256.test(value);
  }

  async #complete(place, Parts) {
    try {
      const complete = new CompleteMultipartUploadCommand({ ...place, MultipartUpload: { Parts } });
      const { ETag } = await this.#s3.send(complete);
      // The SDK makes an empty object of a page, and of an error with status 200 that has anything behind it.
      if (!ETag) throw refusal(502, 'NOT_COMPLETED', 'What answered was not S3.');
    } catch (error) {
      // It was complete already, and only S3's answer was lost.
      if (error.name !== 'NoSuchUpload') throw error;
      const { ContentLength } = await this.#s3.send(new HeadObjectCommand(this.#object));
      if (ContentLength !== this.announced) throw error;
    }
    this.isComplete = true;
    // The object is there, whatever happens to these.
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
