/**
 * Sealed uploads to S3 by presigned URLs, resumable and in constant memory.
 *
 * @module kmseal/s3
 */
import { type ByteStream, type SealedFile, Sealer } from './index.js';
import { toBase64url } from './io/base64url.js';
import { isBlob, isStream, wholeNumber } from './io/bytes.js';
import { notOurs } from './io/other-copy.js';
import { LONGEST_TIMER_MS } from './io/timer.js';
import { PartsKeeper, type RemoteParts, partsOf } from './s3/kept.js';
import type { PartOptions, ResumeOptions, StreamUploadOptions, TransferOptions, UploadOptions } from './s3/options.js';
import { MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES } from './s3/part-sizes.js';
import { FilePieces, type Pieces } from './s3/pieces.js';
import type { StreamUploadProgress, UploadProgress } from './s3/progress.js';
import type { StreamUploadServer } from './s3/server.js';
import { StreamPieces } from './s3/stream-pieces.js';
import { Transfer } from './s3/transfer.js';
import { awake } from './uploads/awake.js';
import { expectFunctions } from './uploads/callbacks.js';
import { contextsOf } from './uploads/contexts.js';
import { fieldsOf, prepareDescribed } from './uploads/describe.js';
import { Fault } from './uploads/fault.js';
import { Gatherer } from './uploads/gatherer.js';
import { type Keeper, expectNoStore, keep } from './uploads/keeper.js';
import { expectUploadNames } from './uploads/names.js';
import { restore } from './uploads/restore.js';
import type { Retry } from './uploads/options.js';
import { pauseBetween } from './uploads/retry.js';
import type { FileHandle, UploadState, UploadStorage } from './uploads/storage.js';

export type { FileHandle, ResumeOptions, Retry, StreamUploadOptions, UploadOptions, UploadState, UploadStorage };
export type { StreamUploadProgress, StreamUploadServer, UploadProgress };
export type {
  AskOptions,
  FinishedPart,
  ListedPart,
  ServerAnswer,
  SignedPut,
  StoredObject,
  UploadServer,
} from './s3/server.js';

const MIB = 1_048_576;

const CALLBACKS = [
  'createMultipartUpload',
  'signPart',
  'completeMultipartUpload',
  'abortMultipartUpload',
  'signPut',
] as const;

/** What only uploadSealed and resumeSealed take. */
const OPTIONS = [
  'server',
  'checksumAlgorithm',
  'partSize',
  'concurrency',
  'retries',
  'stallTimeout',
  'answerTimeout',
  'signal',
  'onProgress',
  'resume',
  'keepAwake',
  'store',
  'id',
  'name',
  'handle',
  'onUnsaved',
] satisfies (keyof UploadOptions)[];

/** What is known of an upload that was stored. */
export interface UploadResult {
  /** The envelope's length in bytes. */
  size: number;
  /** The answer of `server.completeMultipartUpload`; undefined after a single PUT, and if its answer was lost but `headObject` found the object. */
  completed: unknown;
}

/**
 * Seals a file part by part and uploads the parts, which S3 assembles to one object: the envelope, under a name and type that the
 * server chose. Only S3's own answer counts as stored: with status 200, a strong ETag and no body, from where it was sent.
 * Failed requests are retried after a random time of up to 0.5, 1, 2, ... 20 s, with a fresh signature, and failed reads of the file
 * up to three times. Works in pages, workers and service workers; in service workers, and behind one that passes requests on, progress
 * is reported part by part.
 *
 * A stream is uploaded while it is still being made, such as a recording or a zip: of this realm or another one, or anything else that
 * gives Uint8Arrays one after another. It is read as its parts are sent. What was sealed of it is kept until it has arrived, so that it can
 * be sent again. If the stream fails, or the upload does, nothing is stored: the multipart upload is aborted and the stream cancelled.
 *
 * With `store`, the upload of a file continues in another page by {@link resumeSealed}: after a reload, a crash, or tomorrow. What is kept is deleted
 * when the upload is done or aborted, and stays when it fails in a way that can be fixed.
 *
 * When it fails or is cancelled, the multipart upload is aborted, as far as the server can be reached within `stallTimeout`. A
 * lifecycle rule of the bucket (AbortIncompleteMultipartUpload) does so for pages that were closed.
 *
 * @throws KmsealError ERR_UPLOAD (with `status` and `part`), ERR_READ, ERR_SOURCE_CHANGED, and what Sealer.prepare or Sealer.seal throws;
 *   ERR_TOO_LONG: a stream has more bytes than 10,000 parts hold
 */
export function uploadSealed<U = unknown>(file: Blob, options: UploadOptions<U>): Promise<UploadResult>;
export function uploadSealed<U = unknown>(stream: ByteStream, options: StreamUploadOptions<U>): Promise<UploadResult>;
export async function uploadSealed<U>(
  data: Blob | ByteStream,
  options: UploadOptions<U> | StreamUploadOptions<U>,
): Promise<UploadResult> {
  const signal = check(options);
  return !isBlob(data) && isStream(data)
    ? uploadStream(data, { ...(options as StreamUploadOptions<U>), signal })
    : uploadFile(data, { ...(options as UploadOptions<U>), signal });
}

/** With the signal, given or not. */
type Signalled<O> = O & { signal: AbortSignal };

async function uploadFile<U>(file: Blob, options: Signalled<UploadOptions<U>>): Promise<UploadResult> {
  const { sealer, signal } = options;
  const { partSize, checksumAlgorithm } = checkParts(options);
  const fields = fieldsOf(options.describe, file);
  const described = await prepareDescribed(sealer, file, { ...contextsOf(options, file), signal, fields });
  const { sealed, description } = described;
  const remote: RemoteParts = {
    partSize: Math.max(partSize, Math.ceil(sealed.size / MAX_PARTS)),
    checksumAlgorithm,
    created: undefined,
    parts: [],
  };
  let keeper;
  try {
    keeper = await keep(sealed, options, 's3', remote);
  } catch (error) {
    sealed.close();
    throw error;
  }
  return deliver(new FilePieces(sealed, remote.partSize), { options, signal, remote, description, keeper });
}

async function uploadStream<U>(stream: ByteStream, options: Signalled<StreamUploadOptions<U>>): Promise<UploadResult> {
  const { sealer, signal } = options;
  const { partSize, checksumAlgorithm } = checkParts(options);
  expectNoStore(options);
  const fields = fieldsOf(options.describe, stream);
  const { drain, description } = await sealer.drain(stream, { ...contextsOf(options, stream), signal, fields });
  const remote: RemoteParts = { partSize, checksumAlgorithm, created: undefined, parts: [] };
  return deliver(new StreamPieces(new Gatherer(drain), partSize), {
    options,
    signal,
    remote,
    description: description && toBase64url(description),
    keeper: undefined,
  });
}

/**
 * Continues an upload that another page began with `store`, with the same file. It seals to the same envelope, and sends the parts that S3 does
 * not have yet. Meanwhile it seals again, and compares, every part that left before: so what arrives is never a mixture of two versions
 * of the file. A file of another size, time or content is ERR_SOURCE_CHANGED; until something was sent, the upload stays for another try.
 *
 * @throws KmsealError ERR_STORAGE: nothing is kept under this id, or another page runs the upload; and what uploadSealed throws
 */
export async function resumeSealed<U = unknown>(file: Blob, options: ResumeOptions<U>): Promise<UploadResult> {
  const { sealer, store, id, onUnsaved } = options;
  const signal = check(options);
  const recognize = async (sealed: SealedFile, { parts: [first], partSize }: RemoteParts) => {
    if (!first) return;
    // At the part's end: at its start there may be the header alone.
    const end = Math.min(first.PartNumber * partSize, sealed.size);
    await sealed.slice(end - 1, end, { signal });
  };
  const restored = { sealer, store, id, way: 's3', remoteOf: partsOf, recognize, onUnsaved } as const;
  const { sealed, description, keeper } = await restore(file, restored);
  const { remote } = keeper.kept;
  return deliver(new FilePieces(sealed, remote.partSize), { options, signal, remote, description, keeper });
}

interface Delivery<U> {
  options: TransferOptions<U> | StreamUploadOptions<U>;
  signal: AbortSignal;
  /** What was planned, and what is known of an earlier life. */
  remote: RemoteParts;
  /** In base64url, if there is one. */
  description: string | undefined;
  keeper: Keeper<RemoteParts> | undefined;
}

/** Uploads what was prepared or restored, and closes it. */
async function deliver<U>(pieces: Pieces, delivery: Delivery<U>): Promise<UploadResult> {
  const { options, signal, remote, description, keeper } = delivery;
  const { concurrency = 4, retries = 7, stallTimeout = 30_000, answerTimeout = 300_000 } = options;
  // For a file it is asked, and told, all that it expects.
  const { server, onProgress } = options as StreamUploadOptions<U>;
  const { onRetry, resume } = options;
  const transfer = new Transfer<U>(pieces, {
    server,
    remote,
    description,
    concurrency,
    retries,
    stallTimeout,
    answerTimeout,
    patient: !!resume,
    signal,
    onProgress,
    onRetry,
    keeper: keeper && new PartsKeeper(keeper),
  });
  let finished = -1;
  let stays = false;
  const run = async (): Promise<UploadResult> => {
    for (let failures = 0; ; failures++) {
      try {
        const completed = await transfer.run();
        return { size: pieces.size!, completed };
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        stays = keeper !== undefined && error.mendable && !resume;
        if (!resume || !error.mendable) throw error.error;
        const failedAt = performance.now();
        if (!(await transfer.untilAborted((asked) => resume(error.error, asked)))) throw error.error;
        // A callback that says yes to everything would ask the server again and again.
        if (transfer.finishedParts > finished) failures = 0;
        finished = transfer.finishedParts;
        await pauseBetween(failures, failedAt, signal);
      }
    }
  };
  try {
    return await (options.keepAwake ? awake(run) : run());
  } catch (error) {
    stays ||= keeper?.isLeft === true;
    // A camera stays on as long as its stream is read. (The keeper may still save a file's state.)
    if (!keeper) pieces.close(error);
    if (!stays) await transfer.abandon();
    throw error;
  } finally {
    await keeper?.end(stays);
    pieces.close();
  }
}

/** Throws for options that cannot be used; returns the signal. */
function check<U>(options: TransferOptions<U> | StreamUploadOptions<U>): AbortSignal {
  const { sealer, server, onProgress, onRetry, resume, onUnsaved, signal } = options as TransferOptions<U>;
  const { concurrency = 4, retries = 7, stallTimeout = 30_000, answerTimeout = 300_000 } = options;
  if (!(sealer instanceof Sealer)) throw notOurs(sealer, 'Sealer', 'sealer', 'a Sealer');
  for (const name of CALLBACKS) {
    if (typeof server?.[name] !== 'function') throw new TypeError(`server.${name} must be a function`);
  }
  const { headObject, listParts } = server;
  expectFunctions({
    'server.headObject': headObject,
    'server.listParts': listParts,
    resume,
    onProgress,
    onRetry,
    onUnsaved,
  });
  expectUploadNames(options, OPTIONS);
  wholeNumber(concurrency, 'concurrency', 1, 100);
  wholeNumber(retries, 'retries', 0, 1000);
  wholeNumber(stallTimeout, 'stallTimeout', 1, LONGEST_TIMER_MS);
  wholeNumber(answerTimeout, 'answerTimeout', 1, LONGEST_TIMER_MS);
  return signal ?? new AbortController().signal;
}

/** The same of the parts. */
function checkParts({ partSize = 8 * MIB, checksumAlgorithm }: PartOptions): {
  partSize: number;
  checksumAlgorithm: 'SHA256' | undefined;
} {
  if (![undefined, 'SHA256'].includes(checksumAlgorithm))
    throw new TypeError("checksumAlgorithm must be 'SHA256', or left out");
  wholeNumber(partSize, 'partSize', MIN_PART_BYTES, MAX_PART_BYTES);
  return { partSize, checksumAlgorithm };
}
