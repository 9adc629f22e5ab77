import type { ByteStream } from '../index.js';
import type { SealedUploadOptions } from '../uploads/options.js';
import type { KeepOptions, UploadStorage } from '../uploads/storage.js';

/** Options of `tusOptions`. For requests, `onRetry` gets tus's own `attempt` and `delay`; part numbers do not exist. */
export interface TusSealOptions extends SealedUploadOptions<Blob>, Pick<KeepOptions, 'store' | 'onUnsaved'> {
  /** What a file's upload is called in the store; by default a random id. */
  id?: ((file: Blob) => string) | undefined;
  /** A name of the file to show in lists. It is kept in the clear, and by default not at all. */
  name?: ((file: Blob) => string) | undefined;
}

/** A ReadableStream's reader, which tus-js-client takes for the stream. */
export interface StreamReader {
  /** The next chunk. */
  read(): PromiseLike<{ done: boolean; value?: Uint8Array | undefined }>;
  /** Ends the stream. */
  cancel(reason?: unknown): PromiseLike<void>;
}

/** Options of `tusOptions` for a stream. */
export interface TusStreamOptions extends SealedUploadOptions<ByteStream | StreamReader> {
  /** Ends the upload and cancels the stream, which tus-js-client's own `abort()` does not: what it aborts may start again. */
  signal?: AbortSignal | undefined;
}

/** Options of `resumeTusOptions`. */
export interface TusResumeOptions
  extends Pick<SealedUploadOptions<Blob>, 'sealer' | 'onRetry'>,
    Pick<KeepOptions, 'onUnsaved'> {
  /** Where the upload was kept. */
  store: UploadStorage;
  /** The upload's, as `store.list()` has it. */
  id: string;
}
