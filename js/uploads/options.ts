import type { DescriptionFields, EncryptionContext, KmsealError, Sealer } from '../index.js';

/** A request, or a read of the file, that failed and is retried. */
export interface Retry {
  /** The number of the part, from 1, if it concerns one of several. */
  readonly part?: number;
  /** The number of this retry, from 1. */
  readonly attempt: number;
  /** Milliseconds until then; Infinity while the browser is offline: as soon as it is online again, and every minute. */
  readonly delay: number;
  /** The reason: ERR_UPLOAD (with `status`, if there was an answer), or ERR_READ. */
  readonly error: KmsealError<'ERR_UPLOAD' | 'ERR_READ'>;
}

/** Whether files get a description, and what the page adds to it: the same for all files, or a function of the file. */
export type Describe<F> =
  | boolean
  | DescriptionFields
  | ((file: F) => boolean | DescriptionFields | undefined)
  | undefined;

/** What all ways of uploading have in common; `F` is what a way calls a file. */
export interface SealedUploadOptions<F> {
  /** Seals what is uploaded. */
  sealer: Sealer;
  /** Stored in each envelope and authenticated: one context for all files, or a function of the file. Merged with the sealer's. */
  encryptionContext?: EncryptionContext | ((file: F) => EncryptionContext) | undefined;
  /** Authenticated and not stored: anyone who opens must know these pairs. One context for all files, or a function of the file. */
  requiredEncryptionContext?: EncryptionContext | ((file: F) => EncryptionContext) | undefined;
  /**
   * Gives each file a description, a small envelope with its name and type, which the upload carries beside it in base64url: true, or an
   * object of further fields (JSON), or a function of the file that returns one of these. Nothing is sent by default.
   */
  describe?: Describe<F>;
  /**
   * Called before each wait for a retry, of a request or of a read of the file, so that a page can say "no connection, trying again"
   * instead of a percentage that stands still.
   */
  onRetry?: ((retry: Retry) => void) | undefined;
}
