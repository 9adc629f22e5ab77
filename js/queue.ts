import { type Chunk, isBlob, isBytes, joined } from './bytes.js';
import { type Chunks, blobChunks, sliceOf, streamChunks } from './chunks.js';
import type { ByteStream } from './types.js';

/** Bytes below which a stream's chunks are copied together, and of the buffers that takes. */
const SHORT = 4096;
const SHARED = 64 * 1024;

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
      this.#source = blobChunks(data, slice);
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

  /** Whether `length` bytes are at hand; waits until they are, or the source ends. */
  fill(length: number): true | Promise<boolean> {
    for (const chunk of this.#spent) this.#source.spent?.(chunk);
    this.#spent = [];
    return this.size >= length || this.#wait(length);
  }

  async #wait(length: number): Promise<boolean> {
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
    this.#spent = [];
    this.size = 0;
    if (!this.#ended) this.#source.cancel(reason);
    this.#ended = true;
  }
}
