/**
 * Options for tus-js-client and @uppy/tus that seal what they upload, chunk by chunk.
 *
 * @module kmseal/tus
 */
import { type ByteStream, KmsealError, type SealedFile, Sealer } from './index.js';
import { isStream } from './io/bytes.js';
import { notOurs } from './io/other-copy.js';
import type { TusRequest, TusSource } from './tus/client.js';
import { TusKeeper, type RemoteTus, remoteTusOf } from './tus/kept.js';
import type { StreamReader, TusResumeOptions, TusSealOptions, TusStreamOptions } from './tus/options.js';
import { noteRestored } from './tus/reached.js';
import { SealingStack } from './tus/requests.js';
import { SealingReader } from './tus/source.js';
import { StreamSealer, isReader } from './tus/stream.js';
import { expectFunctions } from './uploads/callbacks.js';
import { passes } from './uploads/fault.js';
import { expectNoStore } from './uploads/keeper.js';
import { expectUploadNames } from './uploads/names.js';
import { restore } from './uploads/restore.js';
import type { Retry } from './uploads/options.js';
import { isOffline } from './uploads/retry.js';
import type { FileHandle, UploadState, UploadStorage } from './uploads/storage.js';
import { urlStorage } from './uploads/url-storage.js';

export type { FileHandle, Retry, StreamReader, TusResumeOptions, TusSealOptions, TusStreamOptions };
export type { UploadState, UploadStorage };

const FILE_OPTIONS = ['store', 'id', 'name', 'onUnsaved'] satisfies (keyof TusSealOptions)[];

const STREAM_OPTIONS = ['signal'] satisfies (keyof TusStreamOptions)[];

/** Large enough that the round trip of a PATCH hardly matters, small enough that two of them are not a burden. */
const CHUNK_BYTES = 16_777_216; // 16 MiB

/** Options of tus-js-client 4 and @uppy/tus 6; spread them first and change none of them but `chunkSize`. */
export interface TusOptions {
  /** Gives each file its envelope, chunk by chunk. */
  fileReader: {
    /** Tells `kmseal/uppy` that the file is already sealed. */
    readonly seals: true;
    /** Called by tus. */
    openFile(input: unknown, chunkSize: number): Promise<TusSource>;
  };
  /** Sends the requests, and lets an upload continue only with the envelope that it was begun with. */
  httpStack: { createRequest(method: string, url: string): TusRequest; getName(): string };
  /** In bytes: 16 MiB. One chunk travels while the next one is sealed. */
  chunkSize: number;
  /** An envelope is uploaded in order. */
  parallelUploads: 1;
  /** The envelope's own. */
  uploadSize: null;
  /** After a reload a file has another envelope, so nothing could resume. */
  storeFingerprintForResuming: false;
  /** Returns null, which tus-js-client's types do not allow. */
  fingerprint: () => Promise<never>;
  /** Also needed, since @uppy/tus has its own fingerprint and looks for previous uploads. */
  urlStorage: typeof urlStorage;
  /** None: tus would send it in the clear. A description is added when an upload is created. */
  metadata: Record<string, string>;
  /** For @uppy/tus, which otherwise sends each file's name and type. */
  allowedMetaFields: string[];
  /**
   * Their own rule, except that a failed sealing is not repeated (a failed read is retried first), and that tus-js-client, too,
   * continues while the browser is offline: the next request waits until it is online.
   */
  onShouldRetry: (
    error: Error,
    attempt: number,
    options: { retryDelays?: number[] | null },
    next?: (error: never) => boolean,
  ) => boolean;
}

/**
 * The options with which tus uploads a Blob or File sealed:
 *
 *     new tus.Upload(file, { ...tusOptions({ sealer }), endpoint: '/files', onSuccess, onError }).start();
 *     uppy.use(Tus, { ...tusOptions({ sealer }), endpoint: '/files' });
 *
 * Call it once and use the result for all files. Interrupted uploads resume as long as the page lives, since a File keeps its
 * envelope until it has been uploaded. `onError` gets a KmsealError if no envelope could be made (ERR_CONTEXT, ERR_CLOSED, ...), and
 * otherwise tus's error, whose `causingError` is a KmsealError if sealing failed: ERR_READ, ERR_SOURCE_CHANGED, ERR_CLOSED, or ERR_UPLOAD for an
 * upload that was begun with another envelope.
 */
export function tusOptions(options: TusSealOptions): TusOptions;
/**
 * The options with which tus-js-client uploads a stream sealed, while it is still being made:
 *
 *     const reader = recording.getReader();
 *     new tus.Upload(reader, { ...tusOptions(reader, { sealer }), endpoint: '/files', onSuccess, onError }).start();
 *
 * They are for this stream and one upload. The server learns the length with the last chunk (tus 1.0, "Upload-Defer-Length"). A chunk is
 * kept until it has arrived, and the next one is gathered meanwhile; the stream is read no further. It may also be given as a stream, for
 * those who call `fileReader` themselves. `onError` gets what the stream failed with as ERR_READ, in `causingError`; the upload is then
 * left unfinished on the server, for `abort(true)` or its expiry.
 */
export function tusOptions(
  stream: ByteStream | StreamReader,
  options: TusStreamOptions,
): TusOptions & { uploadLengthDeferred: true };
export function tusOptions(
  first: TusSealOptions | ByteStream | StreamReader,
  second?: TusStreamOptions,
): TusOptions | (TusOptions & { uploadLengthDeferred: true }) {
  const stack = new SealingStack();
  if (!second) {
    const options = first as TusSealOptions;
    expectUsable(options);
    expectUploadNames(options, FILE_OPTIONS);
    const { id, name, onUnsaved } = options;
    expectFunctions({ id, name, onUnsaved });
    return optionsOf(new SealingReader(options, stack), stack, options);
  }
  if (!isStream(first) && !isReader(first))
    throw new TypeError('the first of two arguments must be a stream or its reader');
  expectUsable(second);
  expectNoStore(second);
  expectUploadNames(second, STREAM_OPTIONS);
  const fileReader = new StreamSealer(first, second, stack);
  const options = optionsOf(fileReader, stack, second);
  return {
    ...options,
    uploadLengthDeferred: true,
    onShouldRetry: (...asked) => !fileReader.hasFailed && options.onShouldRetry(...asked),
  };
}

function expectUsable({ sealer, onRetry }: { sealer: Sealer; onRetry?: unknown }): void {
  if (!(sealer instanceof Sealer)) throw notOurs(sealer, 'Sealer', 'the option sealer', 'a Sealer');
  expectFunctions({ onRetry });
}

function optionsOf(
  fileReader: TusOptions['fileReader'],
  stack: SealingStack,
  { onRetry }: Pick<TusSealOptions, 'onRetry'>,
): TusOptions {
  return {
    fileReader,
    httpStack: stack,
    chunkSize: CHUNK_BYTES,
    parallelUploads: 1,
    uploadSize: null,
    storeFingerprintForResuming: false,
    fingerprint: async () => null as never,
    urlStorage,
    metadata: {},
    allowedMetaFields: [],
    onShouldRetry: (...asked) => shouldRetry({ onRetry, stack }, ...asked),
  };
}

/**
 * The options with which tus-js-client continues an upload that another page began with `store`, with the same file:
 *
 *     const options = await resumeTusOptions(file, { sealer, store, id });
 *     new tus.Upload(file, { ...options, endpoint: '/files', onSuccess, onError }).start();
 *
 * They are for this file and one upload. What left before is sealed again and compared before the last chunk leaves; a file that has
 * changed is ERR_SOURCE_CHANGED.
 *
 * @throws KmsealError ERR_STORAGE: nothing is kept under this id, or another page runs the upload; ERR_SOURCE_CHANGED
 */
export async function resumeTusOptions(
  file: Blob,
  options: TusResumeOptions,
): Promise<TusOptions & { uploadUrl: string | null }> {
  expectUploadNames(options, FILE_OPTIONS);
  const { sealer, store, id, onUnsaved } = options;
  const made = tusOptions({ sealer, onRetry: options.onRetry });
  const recognize = async (sealed: SealedFile, { sent }: RemoteTus) => {
    if (sent > 0) await sealed.slice(sent - 1, sent);
  };
  const restored = { sealer, store, id, way: 'tus', remoteOf: remoteTusOf, recognize, onUnsaved } as const;
  const { sealed, description, keeper } = await restore(file, restored);
  const { url, sent, refused } = keeper.kept.remote;
  const tusKeeper = new TusKeeper(keeper, sealed, sent);
  const envelope = (made.fileReader as SealingReader).restore(file, { sealed, description }, tusKeeper);
  if (url !== undefined) {
    const before = refused ? { status: 0, isTold: true } : undefined; // by the page that began it
    noteRestored(url, { envelope, offset: sent, length: sealed.size, refused: before });
  }
  void tusKeeper.prove();
  return { ...made, uploadUrl: url ?? null };
}

/** tus-js-client's DetailedError, as far as it matters here. */
interface RequestError {
  causingError?: unknown;
  originalResponse?: { getStatus(): number } | null;
}

function shouldRetry(
  { onRetry, stack }: { onRetry: TusSealOptions['onRetry']; stack: SealingStack },
  error: Error & RequestError,
  attempt: number,
  { retryDelays }: { retryDelays?: number[] | null },
  next?: (error: never) => boolean,
): boolean {
  const { causingError } = error;
  // That of an answer which tus-js-client does not get to see.
  const told =
    causingError instanceof KmsealError && causingError.code === 'ERR_UPLOAD' ? causingError.status : undefined;
  if (causingError instanceof KmsealError && !passes(told ?? 0)) return false;
  const status = told ?? error.originalResponse?.getStatus();
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 409 && status !== 423;
  if (!(next ? next(error as never) : !refused)) return false;
  stack.waits ||= isOffline();
  const delay = isOffline() ? Infinity : (retryDelays?.[attempt] ?? 0);
  // Not with tus's own error, whose message has the upload's URL: anyone who has that can write to it.
  const answered =
    status === undefined ? 'the tus server did not answer' : `the tus server answered with status ${status}`;
  onRetry?.({
    attempt: attempt + 1,
    delay,
    error: new KmsealError('ERR_UPLOAD', `${answered}; the upload is tried again`, { status }),
  });
  return true;
}
