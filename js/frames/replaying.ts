import type { Replayable } from '#glue';
import { endingChunks, mayBeLonger } from '../io/blob-end.js';
import { type Chunk, isBlob } from '../io/bytes.js';
import { type Chunks, blobChunks, rangeChunks, sliceOf } from '../io/chunks.js';
import { framesTogether } from './engine.js';
import { KmsealError, closedError } from '../errors.js';
import type { Flow, Frames, InFlight } from './flow.js';
import { ByteQueue } from '../io/queue.js';
import type { DescriptionFields, RangeSource } from '../types.js';

/** A file whose envelope's header is fixed. */
export interface Prepared {
  /** Knows whether the file has changed: then nothing more leaves, not even the header. */
  replayable: Replayable;
  file: Blob | RangeSource;
  /** The file's length in bytes. */
  fileSize: number;
  header: Chunk;
  /** The file's name and the like, as its description has them. */
  named: DescriptionFields & { readonly size: number };
  frameLength: number;
  /** The content key, which the engine `wasm` does not have. */
  key: CryptoKey | undefined;
  /** That of a restored file, if it was saved with one. */
  description?: Chunk | undefined;
}

/** What the pieces of one file share. */
export interface Reads {
  /** How many have failed. A piece that was begun before the last failure fails too, since the file may have changed; a later one does not. */
  epoch: number;
  /** The last failure. */
  failure?: KmsealError;
  /** Where Blobs may be longer than they say: that this one is not. */
  ends?: Promise<void> | undefined;
  /** Whether the file was closed, and what seals it freed. */
  isClosed?: boolean;
}

/** What a flow goes through. */
interface Range {
  /** The position of the next piece in the envelope: 0 for the header. */
  at: number;
  /** The next frame, and the one to stop before. */
  frame: number;
  endFrame: number;
  queue: ByteQueue;
  /** That of the reads when this began. */
  epoch: number;
}

interface ReplayableOptions {
  prepared: Prepared;
  reads: Reads;
  /** The part of the envelope. */
  start: number;
  end: number;
}

/** Seals the frames that cover a range of the envelope; the header is its first piece. */
export class ReplayableFlow implements Flow {
  readonly #prepared: Prepared;
  readonly #reads: Reads;
  readonly #from: number;
  readonly #to: number;
  #range: Range | undefined;
  #closed = false;

  constructor({ prepared, reads, start, end }: ReplayableOptions) {
    this.#prepared = prepared;
    this.#reads = reads;
    this.#from = start;
    this.#to = end;
  }

  /** Fails where nothing may leave any more. */
  #checkOpen(): void {
    if (this.#reads.isClosed) throw closedError('sealed file');
    this.#prepared.replayable.check();
    if (this.#range && this.#range.epoch !== this.#reads.epoch) throw this.#reads.failure;
  }

  next(): Frames | Promise<Frames> {
    if (this.#closed) return undefined;
    // Here and not earlier, so that the reader of a stream gets the error from the stream.
    this.#checkOpen();
    if (!this.#range) {
      this.#range = this.#plan();
      if (this.#range.at === 0) return [this.#header()];
    }
    const { fileSize, frameLength } = this.#prepared;
    const range = this.#range;
    const first = range.frame;
    const past = Math.min(first + framesTogether(frameLength), range.endFrame);
    if (first >= past) return undefined;
    range.frame = past;
    const filled = range.queue.fill(Math.min(past * frameLength, fileSize) - first * frameLength);
    return filled === true ? this.#frames(first, past) : this.#framesAfter(filled, first, past);
  }

  async #framesAfter(filled: Promise<boolean>, first: number, past: number): Promise<Frames> {
    try {
      await filled;
    } catch (error) {
      throw this.#noted(error);
    }
    if (this.#closed) return undefined;
    this.#checkOpen();
    return this.#frames(first, past);
  }

  #frames(first: number, past: number): InFlight[] {
    const { replayable, frameLength } = this.#prepared;
    const { queue } = this.#range!;
    const frames: InFlight[] = [];
    for (let index = first; index < past; index++) {
      const view = queue.take(Math.min(frameLength, queue.size));
      const result = replayable.seal(index, view) as InFlight['result'];
      const release = (body: Chunk) => {
        queue.settle(view.length);
        return this.#accept(index, body);
      };
      frames.push({ result, plain: view.length, release });
    }
    return frames;
  }

  #plan(): Range {
    const { replayable, header, fileSize, frameLength } = this.#prepared;
    const fromHeader = this.#from < header.length;
    const frame = fromHeader ? 0 : replayable.frameAt(this.#from);
    const beyond = this.#to > Math.max(this.#from, header.length);
    const endFrame = beyond ? replayable.frameAt(this.#to - 1) + 1 : frame;
    return {
      at: fromHeader ? 0 : replayable.sealedStart(frame),
      frame,
      endFrame,
      queue: new ByteQueue(this.#chunks(frame * frameLength, Math.min(endFrame * frameLength, fileSize)), {
        unit: frameLength,
      }),
      epoch: this.#reads.epoch,
    };
  }

  #chunks(start: number, end: number): Chunks {
    const { file, fileSize, frameLength } = this.#prepared;
    if (!isBlob(file)) return rangeChunks(file, start, end, {}, sliceOf(frameLength));
    if (start === 0 && end === fileSize && fileSize > 0 && mayBeLonger(file)) return endingChunks(file);
    return blobChunks(file.slice(start, end), sliceOf(frameLength));
  }

  #header(): InFlight {
    // A copy, since its reader may pass the buffer on.
    const header = this.#prepared.header.slice();
    const release = () => {
      this.#checkOpen();
      return this.#cut([header]);
    };
    return { result: header, plain: 0, release };
  }

  #noted(error: unknown): unknown {
    if (error instanceof KmsealError) {
      // The core says so from now on.
      if (error.code === 'ERR_SOURCE_CHANGED' && !this.#reads.isClosed) this.#prepared.replayable.poison();
      if (error.code === 'ERR_READ') {
        this.#reads.epoch++;
        this.#reads.failure = error;
      }
    }
    return error;
  }

  /** No byte of a frame is released before its tag was compared with that of an earlier sealing. */
  #accept(index: number, body: Chunk): readonly Chunk[] {
    this.#checkOpen();
    return this.#cut([this.#prepared.replayable.accept(index, body) as Chunk, body]);
  }

  #cut(pieces: Chunk[]): Chunk[] {
    const kept = [];
    const range = this.#range!;
    for (const piece of pieces) {
      const within = piece.subarray(Math.max(this.#from - range.at, 0), Math.max(this.#to - range.at, 0));
      range.at += piece.length;
      if (within.length > 0) kept.push(within);
    }
    return kept;
  }

  close(): void {
    this.#closed = true;
    this.#range?.queue.close();
  }
}
