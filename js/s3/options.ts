import type { ByteStream, KmsealError } from '../index.js';
import type { SealedUploadOptions } from '../uploads/options.js';
import type { KeepOptions, UploadStorage } from '../uploads/storage.js';
import type { StreamUploadProgress, UploadProgress } from './progress.js';
import type { AskOptions, StreamUploadServer, UploadServer } from './server.js';

/** How an upload is sent, begun or resumed; `U` is what `server.createMultipartUpload` answers. */
export interface TransferOptions<U = unknown> extends Pick<SealedUploadOptions<Blob>, 'sealer' | 'onRetry'> {
  /** What the page asks of its server. */
  server: UploadServer<U>;
  /** Parts in flight, 4 by default; 6 in all uploads of a page together, the number of connections that browsers open to a host. */
  concurrency?: number | undefined;
  /**
   * How often one request is retried before the upload fails: 7 times by default, which takes up to a minute. Failures while the
   * browser is offline do not count: the upload waits until it is online again.
   */
  retries?: number | undefined;
  /**
   * Milliseconds without a byte moving, or without an answer of `server`, after which a request is aborted and retried: 30,000 by
   * default.
   */
  stallTimeout?: number | undefined;
  /**
   * Milliseconds without an answer of S3 once all bytes of a request have left, or of `completeMultipartUpload`: 300,000 by default,
   * since proxies and scanners forward all bytes before they answer, and S3 takes minutes to assemble parts. In service
   * workers, which cannot observe progress, `stallTimeout` for each MiB is added.
   */
  answerTimeout?: number | undefined;
  /**
   * Called when the upload fails in a way that can be fixed: the network, the page's server, a login, ERR_READ. Resolve to true once the user
   * wants to retry or the network is back: the same envelope continues from the finished parts. False, or no
   * such callback, aborts it. It is not called if a retry must fail again, as when S3 refuses a signature. If it resolves at once, the
   * upload pauses before it continues: up to 0.5 s after a failure, and up to 20 s after several in a row.
   */
  resume?:
    | ((error: KmsealError<'ERR_UPLOAD' | 'ERR_READ'>, options: AskOptions) => boolean | PromiseLike<boolean>)
    | undefined;
  /** Rejects with the signal's reason, once the multipart upload is aborted too. */
  signal?: AbortSignal | undefined;
  /** Called when bytes of the envelope have left, at most every 50 ms. The upload continues after a retry when it is called again. */
  onProgress?: ((progress: UploadProgress) => void) | undefined;
  /**
   * Keeps the screen on while the upload runs, where the browser can and the page is visible: phones that fall asleep stop uploads. Off by default.
   */
  keepAwake?: boolean | undefined;
  /** Called once if the upload cannot be kept any more: it continues, but only as long as this page lives. */
  onUnsaved?: KeepOptions['onUnsaved'];
}

/** How a file or a stream is cut into parts. */
export interface PartOptions {
  /**
   * In bytes, 5 MiB to 5 GiB and 8 MiB by default; more if there would be over 10,000 parts. An envelope that is not larger
   * than this is sent in a single PUT.
   *
   * Nobody knows how many parts a stream will have, so after every 1,000 of them their size doubles: beginning with 8 MiB, they hold 8 TB.
   * A longer stream is ERR_TOO_LONG.
   */
  partSize?: number | undefined;
  /**
   * Makes S3 check what arrives, as buckets with Object Lock demand: `server` gets the algorithm in `createMultipartUpload`, the SHA-256 of
   * each part in `signPart`, or of the envelope in `signPut`, and those of all parts again in `completeMultipartUpload`. Off by default.
   */
  checksumAlgorithm?: 'SHA256' | undefined;
}

/** Options of {@link uploadSealed} for a file; `U` is what `server.createMultipartUpload` answers. */
export interface UploadOptions<U = unknown>
  extends TransferOptions<U>,
    SealedUploadOptions<Blob>,
    KeepOptions,
    PartOptions {}

/**
 * Options of {@link uploadSealed} for a stream. There is no `store`: a stream cannot be read again, so an upload of one ends with its page.
 * Up to `concurrency` parts that have not arrived are kept, and one more is gathered; the stream is read no further meanwhile.
 */
export interface StreamUploadOptions<U = unknown>
  extends Omit<TransferOptions<U>, 'server' | 'onProgress' | 'onUnsaved'>,
    SealedUploadOptions<ByteStream>,
    PartOptions {
  /** What the page asks of its server. */
  server: StreamUploadServer<U>;
  /** Called when bytes of the envelope have left, at most every 50 ms, and when a part has arrived; `total` is set once the stream has ended. */
  onProgress?: ((progress: StreamUploadProgress) => void) | undefined;
}

/** Options of {@link resumeSealed}. Context, part size and checksums are those that the upload was begun with. */
export interface ResumeOptions<U = unknown> extends TransferOptions<U> {
  /** Where the upload was kept. */
  store: UploadStorage;
  /** The upload's, as `store.list()` has it. */
  id: string;
}
