/// <reference lib="esnext.disposable" preserve="true" />
import type { Replay } from '#glue';
import { throwIfAborted } from './abort.js';
import { unlessAborted } from './abort.js';
import { checkEnd, endingChunks, mayBeLonger } from './blob-end.js';
import { type Chunk, isBlob, position } from './bytes.js';
import { type Chunks, blobChunks, rangeChunks, sliceOf } from './chunks.js';
import { disposable } from './dispose.js';
import { framesTogether } from './engine.js';
import { KmsealError, closedError } from './errors.js';
import { type Flow, type Frames, type InFlight, toBlob, toStream } from './flow.js';
import { type Instance, call, free } from './load.js';
import { ByteQueue } from './queue.js';
import type { RangeSource, RunOptions } from './types.js';

interface Prepared {
  on: Instance;
  replay: Replay;
  file: Blob | RangeSource;
  /** Of the file, in bytes. */
  fileSize: number;
  header: Chunk;
  frameLength: number;
  /** Set once the file was seen to have changed: nothing more leaves, not even the header. */
  changed?: KmsealError;
  /** Where Blobs may be longer than they say: that this one is not. */
  ends?: Promise<void>;
  /** The last failure to read: what was under way beside it ends, too, since the file may have changed; what begins later tries anew. */
  unread?: KmsealError;
}

export interface SealedFile extends Disposable {}

/**
 * A file whose envelope is fixed and sealed piece by piece, as often as asked: for resumable and parallel uploads in constant
 * memory. If the file changes meanwhile, ERR_SOURCE_CHANGED; in browsers that do not notice (Firefox a rewritten file of the
 * same size, Chromium one rewritten within the second in which it was chosen) only where a piece is sealed twice.
 */
export class SealedFile {
  /** The envelope's length in bytes. */
  readonly size: number;
  readonly #prepared: Prepared;
  #closed = false;

  /** @internal */
  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    this.size = call(prepared.on, () => prepared.replay.sealedLength());
  }

  /**
   * A part of the envelope, with Blob.slice's meaning of start and end.
   *
   * @throws KmsealError ERR_READ, ERR_SOURCE_CHANGED, ERR_CLOSED
   */
  async slice(start = 0, end = this.size, options: Pick<RunOptions, 'signal'> = {}): Promise<Blob> {
    const from = position(start, this.size);
    const to = Math.max(from, position(end, this.size));
    throwIfAborted(options.signal);
    await this.#checkEnd(options.signal);
    return toBlob(this.#flow(from, to), { signal: options.signal, total: undefined, size: to - from });
  }

  /** The whole envelope; progress is in plaintext bytes. */
  stream(options: RunOptions = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { signal, onProgress } = options;
    return toStream(this.#flow(0, this.size), { signal, onProgress, total: this.#prepared.fileSize, size: this.size });
  }

  /** @internal The whole envelope as a Blob. */
  async blob(options: RunOptions = {}): Promise<Blob> {
    const { signal, onProgress } = options;
    return toBlob(this.#flow(0, this.size), { signal, onProgress, total: this.#prepared.fileSize, size: this.size });
  }

  /** Wipes the content key. Later calls reject with ERR_CLOSED. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    free(this.#prepared.on, this.#prepared.replay);
  }

  /** Pieces of a file do not show what lies behind its last byte. */
  async #checkEnd(signal: AbortSignal | undefined): Promise<void> {
    const { file } = this.#prepared;
    if (!isBlob(file) || !mayBeLonger(file)) return;
    this.#prepared.ends ??= checkEnd(file).catch((error: unknown) => {
      delete this.#prepared.ends; // a later call reads it again
      throw error;
    });
    await unlessAborted(this.#prepared.ends, signal);
  }

  #flow(start: number, end: number): Flow {
    return new ReplayFlow(this.#prepared, start, end, () => {
      if (this.#closed) throw closedError('sealed file');
      if (this.#prepared.changed) throw this.#prepared.changed;
    });
  }
}

disposable(SealedFile);

/** What a flow goes through. */
interface Range {
  /** Where the next piece lies in the envelope: 0 for the header. */
  at: number;
  /** The next frame, and the one to stop before. */
  frame: number;
  endFrame: number;
  queue: ByteQueue;
  /** The failure to read that was the last one when this began. */
  unread: KmsealError | undefined;
}

/** Seals the frames that cover a range of the envelope, of which the header is the first piece. */
class ReplayFlow implements Flow {
  readonly #prepared: Prepared;
  readonly #checkOpen: () => void;
  readonly #from: number;
  readonly #to: number;
  #range: Range | undefined;
  #closed = false;

  constructor(prepared: Prepared, start: number, end: number, checkOpen: () => void) {
    [this.#prepared, this.#from, this.#to] = [prepared, start, end];
    this.#checkOpen = () => {
      checkOpen();
      if (this.#range && this.#range.unread !== prepared.unread) throw prepared.unread;
    };
  }

  next(): Frames | Promise<Frames> {
    if (this.#closed) return undefined;
    // Here and not before, so that whoever asks for a stream learns what is wrong from the stream.
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
    const { on, replay, frameLength } = this.#prepared;
    const { queue } = this.#range!;
    const frames: InFlight[] = [];
    for (let index = first; index < past; index++) {
      const view = queue.take(Math.min(frameLength, queue.size));
      const result = call(on, () => replay.seal(index, view)) as InFlight['result'];
      const release = (body: Chunk) => {
        queue.settle(view.length);
        return this.#accept(index, body);
      };
      frames.push({ result, plain: view.length, release });
    }
    return frames;
  }

  #plan(): Range {
    const { on, replay, header, fileSize, frameLength } = this.#prepared;
    const fromHeader = this.#from < header.length;
    const frame = fromHeader ? 0 : call(on, () => replay.frameAt(this.#from));
    const beyond = this.#to > Math.max(this.#from, header.length);
    const endFrame = beyond ? call(on, () => replay.frameAt(this.#to - 1)) + 1 : frame;
    return {
      at: fromHeader ? 0 : call(on, () => replay.sealedStart(frame)),
      frame,
      endFrame,
      queue: new ByteQueue(this.#chunks(frame * frameLength, Math.min(endFrame * frameLength, fileSize)), { unit: frameLength }),
      unread: this.#prepared.unread,
    };
  }

  #chunks(start: number, end: number): Chunks {
    const { file, fileSize, frameLength } = this.#prepared;
    if (!isBlob(file)) return rangeChunks(file, start, end, {}, sliceOf(frameLength));
    if (start === 0 && end === fileSize && fileSize > 0 && mayBeLonger(file)) return endingChunks(file);
    return blobChunks(file.slice(start, end), sliceOf(frameLength));
  }

  #header(): InFlight {
    // A copy, since whoever reads it may hand its buffer on.
    const header = this.#prepared.header.slice();
    const release = () => {
      this.#checkOpen();
      return this.#cut([header]);
    };
    return { result: header, plain: 0, release };
  }

  #noted(error: unknown): unknown {
    if (error instanceof KmsealError) {
      if (error.code === 'ERR_SOURCE_CHANGED') this.#prepared.changed = error;
      if (error.code === 'ERR_READ') this.#prepared.unread = error;
    }
    return error;
  }

  /** No byte of a frame leaves before its tag was compared with that of an earlier sealing. */
  #accept(index: number, body: Chunk): readonly Chunk[] {
    const { on, replay } = this.#prepared;
    this.#checkOpen();
    try {
      const head = call(on, () => replay.accept(index, body)) as Chunk;
      return this.#cut([head, body]);
    } catch (error) {
      throw this.#noted(error);
    }
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

