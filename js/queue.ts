import { type Chunk, isBlob, isBytes, joined, viewOf } from './bytes.js';
import { changedError, readError } from './errors.js';
import { isChromium, letGo } from './garbage.js';
import type { ByteStream, RangeSource } from './types.js';

/** Bytes read from a file at a time; two such reads run ahead. */
const SLICE = 8 * 1024 * 1024;
const READS_AHEAD = 2;
/** The same for Chromium's way, in which nothing runs ahead. */
const SHORT_SLICE = 1024 * 1024;
/** Bytes below which a stream's chunks are copied together, and of the buffers that takes. */
const SHORT = 4096;
const SHARED = 64 * 1024;

/** How much of a Blob is read at a time: whole units, since one that lies in two reads must be copied together. */
export const sliceOf = (unit: number) => Math.max(1, Math.floor((isChromium() ? SHORT_SLICE : SLICE) / unit)) * unit;

const OTHER_LENGTH = 'the file has another length than when it was chosen';

/** Reads a part of a file, of exactly this length. */
export async function readSlice(file: Blob | RangeSource, start: number, end: number, signal?: AbortSignal): Promise<Chunk> {
  let view;
  try {
    view = viewOf(await (isBlob(file) ? file.slice(start, end).arrayBuffer() : file.read(start, end, { signal })), 'what read gives');
  } catch (cause) {
    throw readError(cause);
  }
  if (view.length !== end - start) throw changedError(OTHER_LENGTH);
  return view;
}

/** A part of a file, in slices that are read one after another. */
export async function* slices(file: Blob | RangeSource, start: number, end: number, signal?: AbortSignal, slice = SLICE) {
  for (let at = start; at < end; at += slice) yield readSlice(file, at, Math.min(at + slice, end), signal);
}

/** Where bytes come from: chunks of any size until `undefined`. */
interface Chunks {
  next(): Promise<Chunk | undefined>;
  /** Takes back a chunk of its own that nobody looks at any more. */
  spent?(chunk: Chunk): void;
  /** Not called after the end. */
  cancel(reason?: unknown): void;
}

/** Readers whose read is under way: Chromium 156 collects them if nothing else holds them, and the read never ends. */
const reading = new Set<ReadableStreamBYOBReader>();

/** Of a Blob, in buffers that are used again: fresh memory takes more time than reading into it. */
function streamedChunks(file: Blob, slice: number): Chunks {
  let reader: ReadableStreamBYOBReader | undefined;
  const spare: ArrayBuffer[] = [];
  let left = file.size;
  let checked = 0;

  async function read(view: Chunk) {
    try {
      reading.add((reader ??= file.stream().getReader({ mode: 'byob' })));
      return await reader.read(view);
    } catch (cause) {
      throw readError(cause);
    } finally {
      reading.delete(reader!);
    }
  }

  /** A stream goes on with what was deleted or rewritten; opening the file anew does not. */
  async function check(at: number) {
    if (at < checked + 2 * SLICE) return;
    checked = at;
    await readSlice(file, at, at + 1);
  }

  async function filled(buffer: ArrayBuffer, length: number) {
    for (let at = 0; at < length; ) {
      const { done, value } = await read(new Uint8Array(buffer, at, length - at));
      if (left === 0) return undefined; // cancelled
      if (done) throw changedError(OTHER_LENGTH);
      buffer = value.buffer;
      at += value.length;
    }
    left -= length;
    return new Uint8Array(buffer, 0, length);
  }

  return {
    async next() {
      const length = Math.min(slice, left);
      if (length === 0) return undefined;
      const [chunk] = await Promise.all([filled(spare.pop() ?? new ArrayBuffer(length), length), check(file.size - left)]);
      return chunk;
    },
    spent: ({ buffer }) => void spare.push(buffer),
    cancel() {
      left = 0;
      reader?.cancel().catch(() => {});
    },
  };
}

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

function streamChunks(stream: ByteStream): Chunks {
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

/** Bytes in the order they arrive, handed out in pieces of the length that is asked for. */
export class ByteQueue {
  /** Bytes at hand. */
  size = 0;
  /** Whether it may have to wait for more: it is a stream. */
  readonly waits: boolean;
  readonly #source: Chunks;
  #chunks: Chunk[] = [];
  // Where short chunks of a stream are copied together: each by itself would cost far more time and memory than it holds.
  #room: Chunk = new Uint8Array();
  #ended = false;
  // Chunks that were handed out: the caller is done with them when it asks for more.
  #spent: Chunk[] = [];

  /** @param slice how much of a Blob is read at a time */
  constructor(data: Blob | Chunk | ByteStream, slice = sliceOf(1)) {
    this.waits = !isBlob(data) && !isBytes(data);
    if (isBlob(data)) {
      this.#source = (isChromium() ? streamedChunks : slicedChunks)(data, slice);
    } else if (isBytes(data)) {
      this.#source = { next: async () => undefined, cancel() {} };
      this.#push(data);
    } else {
      this.#source = streamChunks(data);
    }
  }

  #push(chunk: Chunk): void {
    if (chunk.length === 0) return;
    this.size += chunk.length;
    if (!this.waits || chunk.length >= SHORT) {
      this.#chunks.push(chunk);
      return;
    }
    if (this.#room.length < chunk.length) this.#room = new Uint8Array(SHARED);
    const { buffer, byteOffset } = this.#room;
    this.#room.set(chunk);
    this.#room = this.#room.subarray(chunk.length);
    const last = this.#chunks.at(-1);
    // Behind the one before it, if that lies there, too.
    if (last?.buffer === buffer) this.#chunks[this.#chunks.length - 1] = new Uint8Array(buffer, last.byteOffset, last.length + chunk.length);
    else this.#chunks.push(new Uint8Array(buffer, byteOffset, chunk.length));
  }

  /** Waits until `length` bytes are at hand; false if the source ends before. */
  async fill(length: number): Promise<boolean> {
    for (const chunk of this.#spent) this.#source.spent?.(chunk);
    this.#spent = [];
    while (this.size < length && !this.#ended) {
      const chunk = await this.#source.next();
      if (chunk) this.#push(chunk);
      else this.#ended = true;
    }
    return this.size >= length;
  }

  /** The first bytes, which must be at hand: a view, or a copy where they lie in several chunks. */
  peek(length: number): Chunk {
    const pieces: Chunk[] = [];
    for (const chunk of this.#chunks) {
      if (length === 0) break;
      pieces.push(chunk.subarray(0, length));
      length -= Math.min(chunk.length, length);
    }
    return joined(pieces);
  }

  /** As {@link peek}, and takes them out. */
  take(length: number): Chunk {
    const taken = this.peek(length);
    let left = length;
    while (left > 0) {
      const first = this.#chunks[0]!;
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left);
        break;
      }
      left -= first.length;
      this.#chunks.shift();
      this.#spent.push(first);
    }
    this.size -= length;
    return taken;
  }

  /** Lets go of everything and stops the source. */
  close(reason?: unknown): void {
    this.#chunks = [];
    this.size = 0;
    if (!this.#ended) this.#source.cancel(reason);
    this.#ended = true;
  }
}
