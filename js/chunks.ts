import { reasonOf } from './abort.js';
import { type Chunk, isBlob, viewOf, whole } from './bytes.js';
import { KmsealError, changedError, readError, sourceError } from './errors.js';
import { isChromium, letGo } from './garbage.js';
import { unlessIdle } from './idle.js';
import { ignoreFailure } from './promises.js';
import type { RangeSource } from './types.js';

/** Bytes read from a file at a time; two such reads run ahead. */
const SLICE = 8 * 1024 * 1024;
const READS_AHEAD = 2;
/** The same for Chromium's way, in which nothing runs ahead, and bytes after which it is looked whether the file has changed. */
const SHORT_SLICE = 1024 * 1024;
const LOOK_EVERY = 2 * SLICE;

/** How much of a Blob is read at a time: whole units, since one that lies in two reads must be copied together. */
export const sliceOf = (unit: number) => Math.max(1, Math.floor((isChromium ? SHORT_SLICE : SLICE) / unit)) * unit;

const OTHER_LENGTH = 'the file has another length than when it was chosen';

/** Where bytes come from: chunks of any size until `undefined`. */
export interface Chunks {
  /** Whether more may come only when somebody sends it. */
  readonly waits: boolean;
  /** Whether a chunk is another's, who may use its memory again when the next one is asked for. */
  readonly foreign: boolean;
  next(): Promise<Chunk | undefined>;
  /** Takes back a chunk of its own that nobody looks at any more. */
  spent?(chunk: Chunk): void;
  /** Leaves what was handed in as it was; called in place of cancel, and only before the first chunk was asked for. */
  release?(): void;
  /** Not called after the end. */
  cancel(reason?: unknown): void;
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for which a source may give nothing. */
  idleTimeout?: number | undefined;
}

/** Its size in bytes, which other people's Blobs and sources may tell as undefined or NaN. */
export function sizeOf(file: Blob | RangeSource, name: string): number {
  return whole(file.size, `${name}.size`, 0);
}

/** Whether it is a source of parts; streams of Node's have a method read, too. */
export function isRangeSource(data: unknown): data is RangeSource {
  return typeof data === 'object' && data !== null && 'size' in data && typeof (data as RangeSource).read === 'function';
}

/**
 * Reads a part of a file, of exactly this length. Of an empty one the whole: in Chromium a file that was deleted before anybody looked
 * at it has 0 bytes, and its slices can be read.
 */
export async function readSlice(file: Blob | RangeSource, start: number, end: number, options?: ReadOptions): Promise<Chunk> {
  const bytes = isBlob(file) ? await readBlob(end > 0 ? file.slice(start, end) : file) : await readSource(file, start, end, options);
  if (bytes.length !== end - start) throw changedError(OTHER_LENGTH);
  return bytes;
}

async function readBlob(file: Blob): Promise<Chunk> {
  try {
    return viewOf(await bytesOf(file), 'what the file gives');
  } catch (cause) {
    throw readError(cause);
  }
}

/** All of a Blob's bytes. Those of a test's DOM may lack arrayBuffer(). */
function bytesOf(blob: Blob): PromiseLike<ArrayBuffer> {
  if (typeof blob.arrayBuffer === 'function') return blob.arrayBuffer();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error!);
    reader.readAsArrayBuffer(blob);
  });
}

const overlap = (a: Chunk, b: Chunk) =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;

/** Of each source the reads that have not been answered yet, each with the answers that others got meanwhile. */
const unanswered = new WeakMap<RangeSource, Set<Chunk[]>>();

async function readSource(source: RangeSource, start: number, end: number, { signal, idleTimeout }: ReadOptions = {}): Promise<Chunk> {
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
    // Two calls at once that fill one buffer: the one that was answered first may have got the other's bytes.
    if (others.some((other) => overlap(other, view))) throw new TypeError('read gave the same memory to two calls that ran at once');
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

/** A part of a source, in slices that are read one after another. */
export function rangeChunks(file: Blob | RangeSource, start: number, end: number, { signal }: ReadOptions = {}, slice = SLICE): Chunks {
  // Of an empty file there is no part, and yet it may not be what it was.
  if (isBlob(file) && file.size === 0) return blobChunks(file, slice);
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

/** Readers whose read is under way: Chromium 156 collects them if nothing else holds them, and the read never ends. */
const reading = new Set<ReadableStreamBYOBReader>();

/** Of a Blob, in buffers that are used again: fresh memory takes more time than reading into it. */
function streamedChunks(reader: ReadableStreamBYOBReader, file: Blob, slice: number): Chunks {
  const spare: ArrayBuffer[] = [];
  let left = file.size;
  let reads = 0;
  let looked = 0;

  /** A stream goes on with what was deleted or rewritten; opening the file anew does not. */
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
      const looking = at >= looked + LOOK_EVERY ? look(at) : undefined;
      const [chunk] = await Promise.all([filled(spare.pop() ?? new ArrayBuffer(length), length), looking]);
      // What came in several reads may be of different files until it was looked after them.
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

/** Of a Blob, in slices of which some are read ahead. */
function slicedChunks(file: Blob, slice: number): Chunks {
  const reads: Promise<Chunk>[] = [];
  let at = 0;
  return {
    waits: false,
    foreign: false,
    async next() {
      while (reads.length < READS_AHEAD && at < file.size) {
        const read = readSlice(file, at, Math.min(at + slice, file.size));
        ignoreFailure(read);
        reads.push(read);
        at += slice;
      }
      return reads.shift();
    },
    spent: letGo,
    cancel() {
      at = file.size;
      reads.length = 0;
    },
  };
}

/** Of a Blob, so much at a time. */
export function blobChunks(file: Blob, slice: number): Chunks {
  if (file.size === 0) return { waits: false, foreign: false, next: () => readSlice(file, 0, 0).then(() => undefined), cancel() {} };
  try {
    // Elsewhere it is no faster (Firefox 153), slower (Node), or not there (WebKit).
    if (isChromium) return streamedChunks(file.stream().getReader({ mode: 'byob' }), file, slice);
  } catch {
    // An older Chromium has no such stream of a Blob.
  }
  return slicedChunks(file, slice);
}
