/**
 * Sealed uploads to S3 by presigned URLs, resumable and in constant memory.
 *
 * @module kmseal/s3
 */
import { type ContextOptions, KmsealError, Sealer } from './index.js';
import { Transfer } from './s3-transfer.js';

const MIB = 2 ** 20;
/** S3's own limits, "Amazon S3 multipart upload limits". */
const MIN_PART = 5 * MIB;
const MAX_PART = 5 * 1024 * MIB;

/**
 * Where the page may PUT, and with which headers; `content-length` is not one of them, browsers set it by themselves. The bucket's CORS
 * rule has to allow the headers, and to expose ETag.
 */
export interface SignedPut {
  url: string;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** A part that S3 has, as CompleteMultipartUpload wants it. */
export interface FinishedPart {
  PartNumber: number;
  ETag: string;
}

/** What HeadObject says of an object; the names are S3's. */
export interface StoredObject {
  ContentLength?: number | undefined;
  ChecksumSHA256?: string | undefined;
}

/** What a callback gives: its answer, or fetch's Response, of whose body the answer is the JSON. */
export type Answer<T> = T | Response | PromiseLike<T | Response>;

/** Given to callbacks beside what they are asked: aborted when the answer is wanted no more. */
export interface AskOptions {
  signal: AbortSignal;
}

/**
 * What the page asks of its server, which has the credentials. `put` and `part` answer with a presigned URL; `create`, `complete` and
 * `abort` have the server call S3. No part is signed before it is about to be sent.
 *
 * A TypeError, which is how fetch says that there is no connection, a Response with status 408, 429 or 5xx, and silence are tried
 * again: a callback may be called once more because its answer was lost. Whatever else a callback throws, any other status, and a
 * Response that was redirected, end the upload with ERR_UPLOAD, whose `cause` is what was thrown.
 */
export interface Sign<U = unknown> {
  /**
   * PutObject, for an envelope of `size` bytes, not larger than a part. Where there is `headObject`, `checksumSHA256` is the envelope's
   * SHA-256 in base64, as the header `x-amz-checksum-sha256` has it: with that signed, S3 takes no other bytes.
   */
  put(request: { size: number; checksumSHA256?: string | undefined }, options: AskOptions): Answer<SignedPut>;
  /**
   * CreateMultipartUpload. All `parts` have `partSize` bytes but the last, `size` in all. What it answers is given to the others as
   * `upload`; an upload that was created already for the same object is the one to answer with.
   */
  create(request: { size: number; partSize: number; parts: number }, options: AskOptions): Answer<U>;
  /** UploadPart, of exactly `size` bytes; numbers start at 1. */
  part(request: { upload: U; number: number; size: number }, options: AskOptions): Answer<SignedPut>;
  /**
   * CompleteMultipartUpload; its answer is the result's `completed`. S3 may take minutes, and can answer with status 200 and an
   * `<Error>`: AWS's SDKs throw that, any other client has to look for it.
   */
  complete(request: { upload: U; size: number; parts: FinishedPart[] }, options: AskOptions): Answer<unknown>;
  /**
   * HeadObject, with `ChecksumMode: 'ENABLED'`, of what `put` stores: for a PUT with `if-none-match: *`, which overwrites nothing. If its
   * answer is lost, the next try meets status 412; the envelope is stored if length and checksum are its own. Without this callback
   * the upload then fails with ERR_UPLOAD, whose message says that the envelope is perhaps delivered.
   */
  headObject?: ((request: { size: number }, options: AskOptions) => Answer<StoredObject>) | undefined;
  /** AbortMultipartUpload. `upload` is undefined where `create` may have done its work, but its answer never came. */
  abort(request: { upload: U | undefined }, options: AskOptions): Answer<unknown>;
}

/** Bytes of the envelope that were sent, of so many; bytes that are sent again count once. */
export interface UploadProgress {
  readonly loaded: number;
  readonly total: number;
}

export interface UploadOptions<U = unknown> extends ContextOptions {
  sealer: Sealer;
  sign: Sign<U>;
  /**
   * In bytes, 5 MiB to 5 GiB and 8 MiB unless told; more where there would be over 10,000 parts. An envelope that is not larger
   * than this goes in a single PUT.
   */
  partSize?: number | undefined;
  /** Parts in flight, 4 unless told; 6 in all uploads of a page together, as many as browsers have connections to a host. */
  concurrency?: number | undefined;
  /** How often one request is tried again before the upload fails, 7 times unless told, which takes up to a minute. */
  retries?: number | undefined;
  /** Milliseconds without a byte moving, or an answer, after which a request is given up and tried again; 30,000 unless told. */
  stallTimeout?: number | undefined;
  /**
   * Asked when the upload fails with ERR_UPLOAD: true, once the user wants to try again or the network is back, goes on with the
   * same envelope from the parts that are finished; false, and there being no such callback, aborts it.
   */
  resume?: ((error: KmsealError, options: AskOptions) => boolean | PromiseLike<boolean>) | undefined;
  /** Rejects with the signal's reason, once the multipart upload is aborted too. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: UploadProgress) => void) | undefined;
}

export interface UploadResult {
  /** The envelope's length in bytes. */
  size: number;
  /** What `sign.complete` answered; undefined where a single PUT did. */
  completed: unknown;
}

/**
 * Seals a file part by part and uploads the parts, of which S3 makes one object: the envelope, under a name and type that the
 * server chose. What counts as stored is S3's own answer only: with status 200, a strong ETag and no body, from where it was sent.
 * Failed requests are tried again after a random time of up to 0.5, 1, 2, ... 20 s, with a fresh signature.
 *
 * When it fails or is cancelled, the multipart upload is aborted, as far as the server can be reached within `stallTimeout`. A
 * lifecycle rule of the bucket (AbortIncompleteMultipartUpload) does so for pages that were closed.
 *
 * @throws KmsealError ERR_UPLOAD (with `status` and `part`), ERR_READ, ERR_SOURCE_CHANGED, and what Sealer.prepare throws
 */
export async function uploadSealed<U = unknown>(file: Blob, options: UploadOptions<U>): Promise<UploadResult> {
  const { sealer, sign, encryptionContext, requiredEncryptionContext, onProgress, resume } = options;
  const { partSize = 8 * MIB, concurrency = 4, retries = 7, stallTimeout = 30_000 } = options;
  if (!(sealer instanceof Sealer)) throw new TypeError('sealer must be a Sealer');
  for (const name of ['put', 'create', 'part', 'complete', 'abort'] as const) {
    if (typeof sign?.[name] !== 'function') throw new TypeError(`sign.${name} must be a function`);
  }
  if (sign.headObject != null && typeof sign.headObject !== 'function') throw new TypeError('sign.headObject must be a function');
  whole(partSize, 'partSize', MIN_PART, MAX_PART);
  whole(concurrency, 'concurrency', 1, 100);
  whole(retries, 'retries', 0, 1000);
  whole(stallTimeout, 'stallTimeout', 1, 2 ** 31 - 1);
  const signal = options.signal ?? new AbortController().signal;

  const sealed = await sealer.prepare(file, { encryptionContext, requiredEncryptionContext, signal });
  const transfer = new Transfer(sealed, { sign, partSize, concurrency, retries, stallTimeout, patient: !!resume, signal, onProgress });
  try {
    for (;;) {
      try {
        return await transfer.run();
      } catch (error) {
        if (!resume || !(error instanceof KmsealError && error.code === 'ERR_UPLOAD')) throw error;
        if (!(await transfer.untilAborted((asked) => resume(error, asked)))) throw error;
      }
    }
  } catch (error) {
    await transfer.abandon();
    throw error;
  } finally {
    sealed.close();
  }
}

function whole(value: number, name: string, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
  }
}
