import { reasonOf } from './abort.js';
import { bytesOf } from './blob-bytes.js';
import { type Chunk, isBlob, viewOf, wholeNumber } from './bytes.js';
import { changedError, readError, sourceError } from '../errors.js';
import { STREAMS_BLOBS, UNREADABLE, letGo } from './browser.js';
import { unlessIdle } from './idle.js';
import { ignoreFailure } from './promises.js';
import type { RangeSource } from '../types.js';

/** Bytes read from a file at a time; two such reads run ahead. */
const SLICE_BYTES = 8_388_608; // 8 MiB
const READS_AHEAD = 2;
/** The same for a byte stream, in which nothing runs ahead; and bytes between checks whether the file has changed. */
const SHORT_SLICE_BYTES = 1_048_576; // 1 MiB
const LOOK_EVERY_BYTES = 16_777_216; // 16 MiB

/** How much of a Blob is read at a time: whole units, since a unit in two reads must be copied together. */
export const sliceOf = (unit: number) =>
  Math.max(1, Math.floor((STREAMS_BLOBS ? SHORT_SLICE_BYTES : SLICE_BYTES) / unit)) * unit;

const OTHER_LENGTH = 'the length of the file is not what it was when it was chosen';

/** A source of bytes: chunks of any size until `undefined`. */
export interface Chunks {
  /** Whether more may arrive only when somebody sends it. */
  readonly waits: boolean;
  /** Whether a chunk belongs to someone else, who may reuse its memory when the next one is requested. */
  readonly foreign: boolean;
  next(): Promise<Chunk | undefined>;
  /** Takes back its own chunk that is no longer needed. */
  spent?(chunk: Chunk): void;
  /** Leaves the given source as it was; called instead of cancel, and only before the first chunk was requested. */
  release?(): void;
  /** Not called after the end. */
  cancel(reason?: unknown): void;
}

/**
 * A file of kmseal/node. Every answer of its own `read` is memory that nobody else has: it is not copied, and it is freed as soon as it is no
 * longer needed. Where `read` was replaced, the two differ.
 */
export interface OwnFile extends RangeSource {
  readonly ownRead?: RangeSource['read'];
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for which a source may deliver nothing. */
  idleTimeout?: number | undefined;
}

/** Its size in bytes, which third-party Blobs and sources may report as undefined or NaN. */
export function sizeOf(file: Blob | RangeSource, name: string): number {
  return wholeNumber(file.size, `${name}.size`, 0);
}

/** Whether it is a source of parts; Node streams have a method read, too. */
export function isRangeSource(data: unknown): data is RangeSource {
  return (
    typeof data === 'object' && data !== null && 'size' in data && typeof (data as RangeSource).read === 'function'
  );
}

/** Reads a part of a file, of exactly this length. An empty file is read whole. */
export async function readSlice(
  file: Blob | RangeSource,
  start: number,
  end: number,
  options?: ReadOptions,
): Promise<Chunk> {
  const bytes = isBlob(file)
    ? await (end > 0 ? readBlob(file.slice(start, end)) : readEmpty(file))
    : await readSource(file, start, end, options);
  if (bytes.length !== end - start) throw isBlob(file) ? changedError(OTHER_LENGTH) : answerError(bytes, end - start);
  return bytes;
}

/** Nobody chose what a source of the caller's own reads. */
const answerError = ({ length }: Chunk, asked: number) =>
  changedError(
    `read gave ${length} bytes and not ${asked}`,
    'if the source has changed, open it again and begin again',
  );

async function readEmpty(file: Blob): Promise<Chunk> {
  if (UNREADABLE.has(file))
    throw readError(undefined, 'the file could not be read when its size was asked; choose it again');
  try {
    return await readBlob(file);
  } catch (error) {
    UNREADABLE.add(file);
    throw error;
  }
}

async function readBlob(file: Blob): Promise<Chunk> {
  try {
    return viewOf(await bytesOf(file), 'what the file gives');
  } catch (cause) {
    throw readError(cause);
  }
}

const overlap = (a: Chunk, b: Chunk) =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;

/** For each source the pending reads, each with the answers that others got meanwhile. */
const unanswered = new WeakMap<RangeSource, Set<Chunk[]>>();

async function readSource(
  source: RangeSource,
  start: number,
  end: number,
  { signal, idleTimeout }: ReadOptions = {},
): Promise<Chunk> {
  const stop = new AbortController();
  const abort = () => stop.abort(reasonOf(signal!));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const reads = unanswered.get(source) ?? new Set();
  unanswered.set(source, reads);
  const others: Chunk[] = [];
  reads.add(others);
  try {
    const answer = (async () => source.read(start, end, { signal: stop.signal }))();
    const view = viewOf(await unlessIdle(answer, idleTimeout, (error) => stop.abort(error)), 'what read gives');
    // Two concurrent calls that fill one buffer: the first to be answered may have got the other's bytes.
    if (others.some((other) => overlap(other, view)))
      throw new TypeError('read gave the same memory to two calls that ran at once');
    reads.delete(others);
    for (const read of reads) read.push(view);
    return view;
  } catch (cause) {
    throw sourceError(cause);
  } finally {
    reads.delete(others);
    signal?.removeEventListener('abort', abort);
  }
}

/** A part of a source, in slices read one after another. */
export function rangeChunks(
  file: Blob | RangeSource,
  start: number,
  end: number,
  { signal }: ReadOptions = {},
  slice = SLICE_BYTES,
): Chunks {
  // An empty file has no parts, but it may have changed all the same.
  if (isBlob(file) && file.size === 0) return blobChunks(file, slice);
  const { read, ownRead } = file as OwnFile;
  if (read && read === ownRead) return slicedChunks(file, start, end, slice, 1);
  const stop = new AbortController();
  const cancel = (reason?: unknown) => {
    signal?.removeEventListener('abort', abort);
    stop.abort(reason);
  };
  const abort = () => cancel(reasonOf(signal!));
  signal?.addEventListener('abort', abort);
  let at = start;
  return {
    waits: true,
    foreign: !isBlob(file),
    async next() {
      const from = at;
      if (from >= end) {
        signal?.removeEventListener('abort', abort);
        return undefined;
      }
      at = Math.min(at + slice, end);
      return readSlice(file, from, at, { signal: stop.signal });
    },
    cancel,
  };
}

/** Readers with a read in progress, which nothing else may reference. */
const reading = new Set<ReadableStreamBYOBReader>();

/** Chunks of a Blob, in reused buffers: fresh memory takes more time than reading into it. */
function streamedChunks(reader: ReadableStreamBYOBReader, file: Blob, slice: number): Chunks {
  const spare: ArrayBuffer[] = [];
  let left = file.size;
  let reads = 0;
  let looked = 0;

  /** A stream keeps reading a deleted or rewritten file; opening the file again does not. */
  function look(at: number) {
    looked = at;
    return readSlice(file, at, at + 1);
  }

  async function filled(buffer: ArrayBuffer, length: number) {
    reading.add(reader);
    try {
      for (let at = 0; at < length; ) {
        reads++;
        const { done, value } = await reader.read(new Uint8Array(buffer, at, length - at));
        if (left === 0) return undefined; // cancelled
        if (done) throw changedError(OTHER_LENGTH);
        buffer = value.buffer;
        at += value.length;
      }
    } catch (cause) {
      throw readError(cause);
    } finally {
      reading.delete(reader);
    }
    left -= length;
    return new Uint8Array(buffer, 0, length);
  }

  return {
    waits: false,
    foreign: false,
    async next() {
      const length = Math.min(slice, left);
      if (length === 0) return undefined;
      const at = file.size - left;
      const looking = at >= looked + LOOK_EVERY_BYTES ? look(at) : undefined;
      const [chunk] = await Promise.all([filled(spare.pop() ?? new ArrayBuffer(length), length), looking]);
      // The bytes of several reads may be of different files until the file is checked after them.
      if (chunk && left === 0 && reads > 1) await look(at);
      return chunk;
    },
    spent: ({ buffer }) => void spare.push(buffer),
    cancel() {
      left = 0;
      ignoreFailure(reader.cancel());
    },
  };
}

/** A part of a file, in slices of memory that nobody else has; some are read ahead, `most` being 1 only once a second one is wanted. */
function slicedChunks(file: Blob | RangeSource, at: number, end: number, slice: number, most = READS_AHEAD): Chunks {
  const reads: Promise<Chunk>[] = [];
  return {
    waits: false,
    foreign: false,
    async next() {
      for (; reads.length < most && at < end; at += slice) {
        const read = readSlice(file, at, Math.min(at + slice, end));
        ignoreFailure(read);
        reads.push(read);
      }
      most = READS_AHEAD;
      return reads.shift();
    },
    spent: letGo,
    cancel() {
      at = end;
      reads.length = 0;
    },
  };
}

/** Chunks of a Blob, this many bytes at a time. */
export function blobChunks(file: Blob, slice: number): Chunks {
  if (file.size === 0)
    return { waits: false, foreign: false, next: () => readSlice(file, 0, 0).then(() => undefined), cancel() {} };
  try {
    if (STREAMS_BLOBS) return streamedChunks(file.stream().getReader({ mode: 'byob' }), file, slice);
  } catch {
    // In an older Chromium, such as 100, a Blob has no byte stream.
  }
  return slicedChunks(file, 0, file.size, slice);
}
