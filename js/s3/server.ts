/**
 * Where the page may PUT, and with which headers; `content-length` is not one of them, browsers set it by themselves. The bucket's CORS
 * rule has to allow the headers, and to expose ETag.
 */
export interface SignedPut {
  /** The presigned URL. */
  url: string;
  /** As fetch takes them: a plain object, Headers, or pairs of name and value. */
  headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined;
}

/** A part that S3 has, as CompleteMultipartUpload wants it. */
export interface FinishedPart {
  /** From 1. */
  PartNumber: number;
  /** As S3 answered it, with its quotes. */
  ETag: string;
  /** In base64, if the option `checksumAlgorithm` is set. */
  ChecksumSHA256?: string;
}

/** A part of ListParts' answer, as the AWS SDK types it; the names are S3's. */
export interface ListedPart {
  /** From 1. S3 gives it; a part without it is a TypeError. */
  PartNumber?: number | undefined;
  /** With its quotes. S3 gives it; a part without it is a TypeError. */
  ETag?: string | undefined;
  /** In base64, if the part was sent with one. */
  ChecksumSHA256?: string | undefined;
  /** In bytes. */
  Size?: number | undefined;
}

/** HeadObject's answer; the names are S3's. */
export interface StoredObject {
  /** In bytes. */
  ContentLength?: number | undefined;
  /** In base64; of an object that was made of parts with `-` and their number behind it. */
  ChecksumSHA256?: string | undefined;
}

/** A callback's result: its answer, or fetch's Response, whose body is the answer in JSON. */
export type ServerAnswer<T> = T | Response | PromiseLike<T | Response>;

/** Given to callbacks as their last argument. */
export interface AskOptions {
  /** Aborted when the answer is no longer needed. */
  signal: AbortSignal;
}

/**
 * The page's requests to its server, which has the credentials. `signPut` and `signPart` answer with a presigned URL; the others make the
 * server call the S3 operation of that name. A part is signed only when it is about to be sent.
 *
 * Silence, errors that report a missing answer (fetch's TypeError, those of axios, ky and the like), and the statuses 408, 425, 429
 * and 5xx, of a Response or in `status` or `response.status` of an error, are retried: a callback may be called again because
 * its answer was lost. Any other error of a callback, any other status, and a Response that was redirected, end the upload with
 * ERR_UPLOAD, whose `cause` is the thrown value, or call `resume` if somebody can fix it. So does an answer with `error`, `errors` or
 * `errorMessage`, as clients give it that do not throw, and a text in tags, such as a login page, that is not a result of S3's.
 */
export interface UploadServer<U = unknown> {
  /**
   * CreateMultipartUpload. All `parts` have `partSize` bytes but the last, `size` in all. `checksumAlgorithm` is the option, S3's
   * ChecksumAlgorithm. The other callbacks get its answer as `upload`. If an upload was already created for the same object,
   * answer with that one. `description`, if the option `describe` is set, is the sealed description in base64url: up to 2,000 characters
   * fit into the object's metadata.
   */
  createMultipartUpload(
    request: { size: number; partSize: number; parts: number; checksumAlgorithm?: 'SHA256'; description?: string },
    options: AskOptions,
  ): ServerAnswer<U>;
  /**
   * UploadPart, of exactly `size` bytes; numbers start at 1. `checksumSHA256`, if the option `checksumAlgorithm` is set, is the
   * part's SHA-256 in base64, as in the header `x-amz-checksum-sha256`: with that signed, S3 accepts no other bytes.
   */
  signPart(
    request: { upload: U; number: number; size: number; checksumSHA256?: string },
    options: AskOptions,
  ): ServerAnswer<SignedPut>;
  /**
   * CompleteMultipartUpload; its answer is the result's `completed`. S3 may take minutes, and can answer with status 200 and an
   * `<Error>`: AWS's SDKs throw that, any other client has to check for it. A callback that returns at once, and nothing, is refused: the
   * upload would count as delivered before the server has answered. So is a page in place of an answer. (XMLHttpRequest with `responseType: 'json'`
   * gives null for one: reject then.)
   */
  completeMultipartUpload(
    request: { upload: U; size: number; parts: FinishedPart[] },
    options: AskOptions,
  ): ServerAnswer<unknown>;
  /** AbortMultipartUpload. `upload` is missing if `createMultipartUpload` may have succeeded, but its answer never arrived. */
  abortMultipartUpload(request: { upload?: U }, options: AskOptions): ServerAnswer<unknown>;
  /**
   * PutObject, for an envelope of `size` bytes, not larger than a part. `checksumSHA256` is the envelope's, as of a part; it is set
   * with `headObject`, too, if the page has SubtleCrypto. With the option `checksumAlgorithm`, sign it in the header
   * `x-amz-checksum-sha256` or in the URL's query: otherwise S3 would accept any other bytes, and the upload rejects with a TypeError.
   * `description` is as for `createMultipartUpload`.
   */
  signPut(
    request: { size: number; checksumSHA256?: string; description?: string },
    options: AskOptions,
  ): ServerAnswer<SignedPut>;
  /**
   * HeadObject, with `ChecksumMode: 'ENABLED'`, of the object that is uploaded: for writes with `if-none-match: *`, which overwrite
   * nothing. If the answer to one is lost, the next one meets status 412 or 409; the envelope is delivered if length and checksum are
   * its own. Without this callback, or with another answer, the upload fails with ERR_UPLOAD, whose message says that the
   * envelope is perhaps delivered. For an upload in parts it is called if they have checksums.
   */
  headObject?: ((request: { size: number }, options: AskOptions) => ServerAnswer<StoredObject>) | undefined;
  /**
   * ListParts, the `Parts` of all its pages: what S3 has. Ask again while `IsTruncated` says so: the SDK's paginateListParts does not end, since S3 has a
   * marker on the last page, too. It is asked when an upload is resumed, since its page may have ended before an answer came. With
   * `checksumAlgorithm` such a part counts if S3 has it with the checksum that was sent; otherwise it is sent again.
   */
  listParts?: ((request: { upload: U }, options: AskOptions) => ServerAnswer<readonly ListedPart[]>) | undefined;
}

/**
 * The same for a stream, whose envelope is sent while it is made. The length is given with `completeMultipartUpload`, or with `signPut` if
 * one part is all. A server that takes both files and streams is one of these.
 */
export interface StreamUploadServer<U = unknown> extends Omit<UploadServer<U>, 'createMultipartUpload'> {
  /**
   * As for a file, which has `size` and `parts`. For a stream they are not known: the first 1,000 parts have `partSize` bytes, each of the
   * next 1,000 twice as many, and so on up to 5 GiB, and the last one has what is left. So limit the sum of what `signPart` gets.
   */
  createMultipartUpload: (
    request: { size?: number; partSize: number; parts?: number; checksumAlgorithm?: 'SHA256'; description?: string },
    options: AskOptions,
  ) => ServerAnswer<U>;
}
