import type { Drain } from '../frames/flow.js';
import { unlessAborted } from '../io/abort.js';
import { BLOB_TOGETHER_BYTES, callCollector, letGo } from '../io/browser.js';
import type { Chunk } from '../io/bytes.js';
import { ignoreFailure } from '../io/promises.js';

/** That of our Blobs, which requests say. */
const TYPE = { type: 'application/octet-stream' };

/** A piece of an envelope that is still being made. */
export interface Gathered {
  readonly blob: Blob;
  /** Whether the envelope ends with it. */
  readonly isLast: boolean;
}

/**
 * The envelope of a stream in pieces, one after another, each as a Blob that can be sent again. The stream is read no further than a few
 * frames beyond the piece that is asked for.
 */
export class Gatherer {
  readonly #drain: Drain;
  /** Bytes of the next piece: in Blobs, which cost the page no memory, and behind them in chunks. */
  #blobs: Blob[] = [];
  #chunks: Chunk[] = [];
  #inChunks = 0;
  #gathered = 0;
  /** Chunks that do not belong to it. */
  #rest: Chunk[] = [];
  /** Bytes in all that are in pieces. */
  #given = 0;
  #isDone = false;
  #closed: { reason: unknown } | undefined;
  #pulling: Promise<void> | undefined;

  constructor(drain: Drain) {
    this.#drain = drain;
  }

  /**
   * The next piece, of `length` bytes; the last one may be shorter, and has at least a byte. If the signal is aborted, nothing is lost: the
   * next call, with the same length, continues. After a failure every call fails with the same.
   */
  async next(length: number, signal?: AbortSignal): Promise<Gathered> {
    for (;;) {
      this.#fill(length);
      // Only a byte behind it shows that a piece is not the last.
      if (this.#rest.length > 0 || this.#isDone) return this.#piece();
      await unlessAborted(this.#pull(), signal);
    }
  }

  /** Ends the sealing, and cancels the stream with this reason. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    this.#drain.close(reason);
  }

  /** One at a time: one that nobody waits for any more keeps running. */
  #pull(): Promise<void> {
    if (!this.#pulling) {
      const pulling = this.#take();
      this.#pulling = pulling;
      ignoreFailure(pulling);
    }
    return this.#pulling;
  }

  async #take(): Promise<void> {
    const chunks = await this.#drain.next();
    // What was closed looks as if it had come to its end.
    if (this.#closed) throw this.#closed.reason;
    this.#rest.push(...(chunks ?? []).filter(({ length }) => length > 0));
    this.#isDone = !chunks;
    this.#pulling = undefined;
  }

  /** Takes what belongs to a piece of that length. */
  #fill(length: number): void {
    for (let chunk = this.#rest[0]; chunk && this.#gathered < length; chunk = this.#rest[0]) {
      const room = length - this.#gathered;
      // A copy, since the memory of chunks that are in a Blob is freed.
      if (chunk.length > room) this.#rest[0] = chunk.slice(room);
      else this.#rest.shift();
      const taken = chunk.subarray(0, room);
      this.#chunks.push(taken);
      this.#inChunks += taken.length;
      this.#gathered += taken.length;
      if (this.#inChunks >= BLOB_TOGETHER_BYTES) this.#wrap();
    }
  }

  #wrap(): void {
    if (this.#inChunks === 0) return;
    const blob = new Blob(this.#chunks, TYPE);
    if (blob.size !== this.#inChunks) throw this.#drain.otherLength(blob.size, this.#inChunks);
    this.#chunks.forEach(letGo);
    callCollector(2 * blob.size);
    this.#blobs.push(blob);
    [this.#chunks, this.#inChunks] = [[], 0];
  }

  #piece(): Gathered {
    this.#wrap();
    const blob = new Blob(this.#blobs, TYPE);
    if (blob.size !== this.#gathered) throw this.#drain.otherLength(blob.size, this.#gathered);
    this.#given += blob.size;
    [this.#blobs, this.#gathered] = [[], 0];
    const isLast = this.#rest.length === 0;
    // Whatever the page's scripts have replaced: what was sealed is in the pieces, all of it and nothing else.
    if (isLast && this.#given !== this.#drain.given) throw this.#drain.otherLength(this.#given, this.#drain.given);
    return { blob, isLast };
  }
}
