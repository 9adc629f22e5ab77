import { type Chunk, joined } from './bytes.js';
import type { Chunks } from './chunks.js';
import { changedError } from '../errors.js';
import { unlessIdle } from './idle.js';

/** Bytes of the buffers into which a stream's chunks are copied; and of the first one, since many streams are short. */
const ROOM_BYTES = 1_048_576; // 1 MiB
const FIRST_ROOM_BYTES = 65_536; // 64 KiB

/** Bytes at hand: from `at` to before `end`, of which `lent` were taken before and are still in use. */
interface Held {
  readonly bytes: Chunk;
  at: number;
  end: number;
  lent: number;
  /** Whether chunks were copied there. */
  readonly isRoom: boolean;
}

interface QueueOptions {
  /** Bytes that are taken at a time: whole units are contiguous, so that they are not copied once more. */
  unit?: number | undefined;
  /** Milliseconds for which the source may deliver nothing. */
  idleTimeout?: number | undefined;
}

/** Bytes in the order of arrival, handed out in pieces of the requested length. */
export class ByteQueue {
  /** Bytes at hand. */
  size = 0;
  /** Whether more may arrive only when somebody sends it: it is a stream. */
  readonly waits: boolean;
  readonly #source: Chunks | undefined;
  // The length of a buffer: whole units.
  #room: number;
  readonly #idleTimeout: number | undefined;
  #held: Held[] = [];
  // The buffers with taken bytes, in this order, until these are settled.
  #lent: Held[] = [];
  // The buffer that is being filled, and buffers that can be refilled.
  #filling: Held | undefined;
  #spare: Chunk[] = [];
  // Bytes of a stream since its first unit.
  #come = 0;
  #ended = false;

  /** @param data bytes that the caller does not touch, or their source */
  constructor(data: Chunk | Chunks, { unit = 1, idleTimeout }: QueueOptions = {}) {
    this.#room = Math.max(1, Math.floor(ROOM_BYTES / unit)) * unit;
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

  /** From here on bytes are taken in such units: see {@link QueueOptions.unit}. Long ones change nothing: a hostile header can name any length. */
  align(unit: number): void {
    this.#room = Math.floor(ROOM_BYTES / unit) * unit || this.#room;
    this.#come = this.size;
  }

  #hold(bytes: Chunk): void {
    if (bytes.length === 0) return;
    this.#held.push({ bytes, at: 0, end: bytes.length, lent: 0, isRoom: false });
    this.size += bytes.length;
  }

  /**
   * Copies what belongs to another, who may fill it again as soon as the next chunk is asked for, and web streams ask ahead. The many short
   * chunks of some streams are copied together in the same go: each by itself would cost far more time and memory than it holds.
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
    // Up to the next multiple, so that units stay contiguous after a shorter one.
    const length = this.#come === 0 ? Math.min(FIRST_ROOM_BYTES, this.#room) : this.#room - (this.#come % this.#room);
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

  /** The first bytes, which must be at hand: a view, or a copy if they are not contiguous. */
  peek(length: number): Chunk {
    const pieces: Chunk[] = [];
    let left = length;
    for (const { bytes, at, end } of this.#held) {
      if (left === 0) break;
      if (bytes.length === 0)
        throw changedError('the array was transferred while it was read', 'keep it until the call ends');
      const past = Math.min(end, at + left);
      pieces.push(bytes.subarray(at, past));
      left -= past - at;
    }
    return joined(pieces);
  }

  /** Like {@link peek}, but takes them out. They stay unchanged until they are settled. */
  take(length: number): Chunk {
    const taken = this.peek(length);
    this.#lend(length);
    return taken;
  }

  /** Takes out bytes that are no longer needed; nothing taken earlier may be in use either. */
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

  /** Marks this many of the oldest taken bytes as no longer needed: their memory is reused. */
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

  /** Leaves the source as it was, if nothing was requested yet. */
  release(): void {
    this.#end();
    this.#source?.release?.();
  }

  /** Releases everything and stops the source. */
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
