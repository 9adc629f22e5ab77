import { type Chunk, joined } from './bytes.js';
import type { Chunks } from './chunks.js';
import { changedError } from './errors.js';
import { unlessIdle } from './idle.js';

/** Bytes of the buffers into which a stream's chunks are copied; of the first one, since many streams are short. */
const ROOM = 1024 * 1024;
const FIRST_ROOM = 64 * 1024;

/** Bytes at hand: from `at` to before `end`, of which `lent` were taken before and are still looked at. */
interface Held {
  readonly bytes: Chunk;
  at: number;
  end: number;
  lent: number;
  /** Whether chunks were copied there. */
  readonly isRoom: boolean;
}

export interface QueueOptions {
  /** Bytes that are taken at a time: whole units lie together, so that they are not copied once more. */
  unit?: number | undefined;
  /** Milliseconds for which the source may give nothing. */
  idleTimeout?: number | undefined;
}

/** Bytes in the order they arrive, handed out in pieces of the length that is asked for. */
export class ByteQueue {
  /** Bytes at hand. */
  size = 0;
  /** Whether more may come only when somebody sends it: it is a stream. */
  readonly waits: boolean;
  readonly #source: Chunks | undefined;
  readonly #room: number;
  readonly #idleTimeout: number | undefined;
  #held: Held[] = [];
  // What was taken from, in this order, until it is settled.
  #lent: Held[] = [];
  // The room that is being filled, and such as can be filled again.
  #filling: Held | undefined;
  #spare: Chunk[] = [];
  // Bytes of a stream so far, in all.
  #come = 0;
  #ended = false;

  /** @param data bytes that the caller leaves alone, or where they come from */
  constructor(data: Chunk | Chunks, { unit = 1, idleTimeout }: QueueOptions = {}) {
    this.#room = Math.max(1, Math.floor(ROOM / unit)) * unit;
    this.#idleTimeout = idleTimeout;
    if ('next' in data) {
      this.#source = data;
      this.waits = data.waits;
    } else {
      this.waits = false;
      this.#ended = true;
      this.#hold(data);
    }
  }

  #hold(bytes: Chunk): void {
    if (bytes.length === 0) return;
    this.#held.push({ bytes, at: 0, end: bytes.length, lent: 0, isRoom: false });
    this.size += bytes.length;
  }

  /**
   * Copies what belongs to another, who may fill it again as soon as the next chunk is asked for, and web streams ask ahead. The many short chunks of some streams
   * are copied together in the same go: each by itself would cost far more time and memory than it holds.
   */
  #copy(chunk: Chunk): void {
    for (let from = 0; from < chunk.length; ) {
      const room = this.#filling && this.#filling.end < this.#filling.bytes.length ? this.#filling : this.#newRoom();
      const part = chunk.subarray(from, from + room.bytes.length - room.end);
      room.bytes.set(part, room.end);
      if (room.at === room.end) this.#held.push(room);
      room.end += part.length;
      from += part.length;
      this.#come += part.length;
      this.size += part.length;
    }
  }

  #newRoom(): Held {
    // Up to the next multiple, so that units go on lying together after a shorter one.
    const length = this.#come === 0 ? Math.min(FIRST_ROOM, this.#room) : this.#room - (this.#come % this.#room);
    const spare = length === this.#room ? this.#spare.pop() : undefined;
    this.#filling = { bytes: spare ?? new Uint8Array(length), at: 0, end: 0, lent: 0, isRoom: true };
    return this.#filling;
  }

  /** Whether `length` bytes are at hand; waits until they are, or the source ends. */
  fill(length: number): true | Promise<boolean> {
    return this.size >= length || this.#wait(length);
  }

  async #wait(length: number): Promise<boolean> {
    while (this.size < length && !this.#ended) {
      const source = this.#source!;
      const chunk = await unlessIdle(source.next(), this.#idleTimeout, (error) => this.close(error));
      if (this.#ended) break; // closed meanwhile
      if (!chunk) this.#ended = true;
      else if (source.foreign) this.#copy(chunk);
      else this.#hold(chunk);
    }
    return this.size >= length;
  }

  /** The first bytes, which must be at hand: a view, or a copy where they do not lie together. */
  peek(length: number): Chunk {
    const pieces: Chunk[] = [];
    let left = length;
    for (const { bytes, at, end } of this.#held) {
      if (left === 0) break;
      if (bytes.length === 0) throw changedError('the array was transferred while it was read');
      const past = Math.min(end, at + left);
      pieces.push(bytes.subarray(at, past));
      left -= past - at;
    }
    return joined(pieces);
  }

  /** As {@link peek}, and takes them out. They stay as they are until they are settled. */
  take(length: number): Chunk {
    const taken = this.peek(length);
    this.#lend(length);
    return taken;
  }

  /** Takes out what nobody looks at any more; of what was taken before nothing may be looked at either. */
  skip(length: number): void {
    this.#lend(length);
    this.settle(length);
  }

  #lend(length: number): void {
    this.size -= length;
    while (length > 0) {
      const first = this.#held[0]!;
      const part = Math.min(length, first.end - first.at);
      if (this.#lent.at(-1) !== first) this.#lent.push(first);
      first.at += part;
      first.lent += part;
      length -= part;
      if (first.at === first.end) this.#held.shift();
    }
  }

  /** So many bytes of those that were taken first are looked at no more: the memory is used again. */
  settle(length: number): void {
    for (let first = this.#lent[0]; first; first = this.#lent[0]) {
      const part = Math.min(length, first.lent);
      first.lent -= part;
      length -= part;
      if (first.lent > 0 || first.at < first.end || (first === this.#filling && first.end < first.bytes.length)) return;
      this.#lent.shift();
      if (first === this.#filling) this.#filling = undefined;
      if (!first.isRoom) this.#source?.spent?.(first.bytes);
      else if (first.bytes.length === this.#room) this.#spare.push(first.bytes);
    }
  }

  /** Leaves the source as it was, if nothing was asked of it yet. */
  release(): void {
    this.#end();
    this.#source?.release?.();
  }

  /** Lets go of everything and stops the source. */
  close(reason?: unknown): void {
    const ended = this.#ended;
    this.#end();
    if (!ended) this.#source?.cancel(reason);
  }

  #end(): void {
    this.#ended = true;
    this.#held = [];
    this.#lent = [];
    this.#spare = [];
    this.#filling = undefined;
    this.size = 0;
  }
}
