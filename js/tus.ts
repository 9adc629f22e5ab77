/**
 * Options for tus-js-client and @uppy/tus that seal what they upload, chunk by chunk.
 *
 * @module kmseal/tus
 */
import { type EncryptionContext, KmsealError, Sealer } from './index.js';
import { SealingStack, type TusRequest } from './tus-requests.js';
import { SealingReader, type TusSource } from './tus-source.js';
import { urlStorage } from './url-storage.js';

export type { TusRequest, TusSource };
export type { TusResponse } from './tus-requests.js';

/** Large enough that the round trip of a PATCH hardly counts, small enough that two of them are no burden. */
const CHUNK_SIZE = 16 * 1024 * 1024;

/** The contexts of what is uploaded, merged with the Sealer's: one for all files, or a function of the file. */
export interface TusSealOptions {
  encryptionContext?: EncryptionContext | ((file: Blob) => EncryptionContext) | undefined;
  requiredEncryptionContext?: EncryptionContext | ((file: Blob) => EncryptionContext) | undefined;
}

/** Options of tus-js-client 4 and @uppy/tus 6; spread them first and change none of them but `chunkSize`. */
export interface TusOptions {
  fileReader: {
    /** Tells `kmseal/uppy` that nothing is left to do for it. */
    readonly seals: true;
    openFile(input: unknown, chunkSize: number): Promise<TusSource>;
  };
  /** Sends the requests, and lets an upload go on only with the envelope that it was begun with. */
  httpStack: { createRequest(method: string, url: string): TusRequest; getName(): string };
  /** In bytes: 16 MiB. One chunk travels while the next one is sealed. */
  chunkSize: number;
  parallelUploads: 1;
  /** The envelope's own. */
  uploadSize: null;
  storeFingerprintForResuming: false;
  /** Gives null, for which tus-js-client's types have no room. */
  fingerprint: () => Promise<never>;
  /** Needed, too, since @uppy/tus has a fingerprint of its own and looks for previous uploads. */
  urlStorage: typeof urlStorage;
  metadata: Record<string, string>;
  /** Of @uppy/tus, which else sends each file's name and type. */
  allowedMetaFields: string[];
  /** Their own rule, except that a sealing that failed is not repeated. */
  onShouldRetry: (error: Error, attempt: number, options: object, next?: (error: never) => boolean) => boolean;
}

/**
 * The options with which tus uploads a Blob or File sealed:
 *
 *     new tus.Upload(file, { ...tusOptions(sealer), endpoint: '/files', onSuccess, onError }).start();
 *     uppy.use(Tus, { ...tusOptions(sealer), endpoint: '/files' });
 *
 * Call it once and use the result for all files. Interrupted uploads resume as long as the page lives, since a File keeps its
 * envelope until it has been uploaded. `onError` gets a KmsealError where there is no envelope (ERR_CONTEXT, ERR_CLOSED, ...), and
 * else tus's error, whose `causingError` is one where sealing failed: ERR_READ, ERR_SOURCE_CHANGED, ERR_CLOSED, or ERR_UPLOAD for an
 * upload that was begun with another envelope.
 */
export function tusOptions(sealer: Sealer, options: TusSealOptions = {}): TusOptions {
  if (!(sealer instanceof Sealer)) throw new TypeError('sealer must be a Sealer');
  const stack = new SealingStack();
  return {
    fileReader: new SealingReader(sealer, options, stack),
    httpStack: stack,
    chunkSize: CHUNK_SIZE,
    parallelUploads: 1,
    uploadSize: null,
    storeFingerprintForResuming: false,
    fingerprint: async () => null as never,
    urlStorage,
    metadata: {},
    allowedMetaFields: [],
    onShouldRetry: shouldRetry,
  };
}

/** tus-js-client's DetailedError, as far as it matters here. */
interface RequestError {
  causingError?: unknown;
  originalResponse?: { getStatus(): number } | null;
}

function shouldRetry(error: Error & RequestError, _attempt: number, _options: object, next?: (error: never) => boolean): boolean {
  if (error.causingError instanceof KmsealError) return false;
  if (next) return next(error as never);
  const status = error.originalResponse?.getStatus() ?? 0;
  const refused = status >= 400 && status < 500 && status !== 409 && status !== 423;
  return !refused && globalThis.navigator?.onLine !== false;
}
