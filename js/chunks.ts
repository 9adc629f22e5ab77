import { type Chunk, isBlob, viewOf } from './bytes.js';
import { changedError, readError } from './errors.js';
import { isChromium, letGo } from './garbage.js';
import type { ByteStream, RangeSource } from './types.js';

/** Bytes read from a file at a time; two such reads run ahead. */
const SLICE = 8 * 1024 * 1024;
const READS_AHEAD = 2;
/** The same for Chromium's way, in which nothing runs ahead, and bytes after which it is looked whether the file has changed. */
const SHORT_SLICE = 1024 * 1024;
const LOOK_EVERY = 2 * SLICE;

/** How much of a Blob is read at a time: whole units, since one that lies in two reads must be copied together. */
export const sliceOf = (unit: number) => Math.max(1, Math.floor((isChromium ? SHORT_SLICE : SLICE) / unit)) * unit;

const OTHER_LENGTH = 'the file has another length than when it was chosen';

/**
 * Reads a part of a file, of exactly this length. Of an empty one the whole: in Chromium a file that was deleted before anybody looked
 * at it has 0 bytes, and its slices can be read.
 */
export async function readSlice(file: Blob | RangeSource, start: number, end: number, signal?: AbortSignal): Promise<Chunk> {
  let view;
  try {
    view = viewOf(await (isBlob(file) ? (end > 0 ? file.slice(start, end) : file).arrayBuffer() : file.read(start, end, { signal })), 'what read gives');
  } catch (cause) {
    throw readError(cause);
  }
  if (view.length !== end - start) throw changedError(OTHER_LENGTH);
  return view;
}

/** A part of a file, in slices that are read one after another. */
export async function* slices(file: Blob | RangeSource, start: number, end: number, signal?: AbortSignal, slice = SLICE) {
  if (isBlob(file) && file.size === 0) yield readSlice(file, 0, 0);
  for (let at = start; at < end; at += slice) yield readSlice(file, at, Math.min(at + slice, end), signal);
}

/** Where bytes come from: chunks of any size until `undefined`. */
export interface Chunks {
  next(): Promise<Chunk | undefined>;
  /** Takes back a chunk of its own that nobody looks at any more. */
  spent?(chunk: Chunk): void;
  /** Not called after the end. */
  cancel(reason?: unknown): void;
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
      reader.cancel().catch(() => {});
    },
  };
}

/** Of a Blob, in slices of which some are read ahead. */
function slicedChunks(file: Blob, slice: number): Chunks {
  const reads: Promise<Chunk>[] = [];
  let at = 0;
  return {
    async next() {
      while (reads.length < READS_AHEAD && at < file.size) {
        const read = readSlice(file, at, Math.min(at + slice, file.size));
        read.catch(() => {});
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
  if (file.size === 0) return { next: () => readSlice(file, 0, 0).then(() => undefined), cancel() {} };
  try {
    // Elsewhere it is no faster (Firefox 153), slower (Node), or not there (WebKit).
    if (isChromium) return streamedChunks(file.stream().getReader({ mode: 'byob' }), file, slice);
  } catch {
    // An older Chromium has no such stream of a Blob.
  }
  return slicedChunks(file, slice);
}

/** Of the caller's stream. */
export function streamChunks(stream: ByteStream): Chunks {
  // Not all browsers can iterate a ReadableStream.
  const reader = 'getReader' in stream ? stream.getReader() : undefined;
  const iterator = reader ? undefined : (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return {
    async next() {
      let result;
      try {
        result = await (reader ? reader.read() : iterator!.next());
      } catch (cause) {
        throw readError(cause);
      }
      if (!result.done) return viewOf(result.value, 'a chunk of the stream');
      reader?.releaseLock();
      return undefined;
    },
    async cancel(reason) {
      try {
        await (reader ? reader.cancel(reason) : iterator!.return?.());
      } catch {
        // Nobody waits for the rest any more.
      }
    },
  };
}
