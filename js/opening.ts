import type { Body, ReadHeader } from '#glue';
import type { Chunk } from './bytes.js';
import { framesTogether, subtleCryptoError } from './engine.js';
import type { Flow, Frames, InFlight } from './flow.js';
import { type Instance, call, free, kmsealError } from './load.js';
import { isPromise } from './promises.js';
import type { ByteQueue } from './queue.js';

/** Most headers fit; longer ones are read in more steps. */
const FIRST_LOOK = 8 * 1024;
/** Headers that need more are read in steps that double, or each of their fields would copy all before it. */
const LONG_HEADER = 64 * 1024;
/** Frames up to this many bytes are opened many at a time, in software: each by itself would take far more time than its bytes do. */
const SHORT = 1024;
/** Bytes of such frames that are opened in one go, in a few milliseconds. */
const SHORT_TOGETHER = 32 * 1024;

export interface Limits {
  maxEncryptedDataKeys: number;
  minFrameLength: number;
  maxFrameLength: number;
}

/** Reads the header, which stays unauthenticated, and takes it out of the queue. */
export async function readHeader(on: Instance, queue: ByteQueue, limits: Limits): Promise<ReadHeader> {
  const { maxEncryptedDataKeys, minFrameLength, maxFrameLength } = limits;
  for (let need = 1; ; ) {
    const enough = await queue.fill(need);
    if (!queue.waits || need > LONG_HEADER) await queue.fill(2 * need);
    const bytes = queue.peek(Math.min(queue.size, Math.max(2 * need, FIRST_LOOK)));
    const read = call(on, (wasm) => wasm.readHeader(bytes, maxEncryptedDataKeys, minFrameLength, maxFrameLength, !enough));
    if (typeof read !== 'number') {
      queue.skip(call(on, () => read.length()));
      return read;
    }
    need = read;
  }
}

/** An error that the core words. */
function coreError(on: Instance, make: (wasm: Instance['wasm']) => unknown): unknown {
  return kmsealError(call(on, make));
}

/** Short frames that were opened together; see Body.openShort. */
interface OpenedShort {
  content: Chunk;
  /** In bytes. */
  took: number;
  /** The next frame's length in bytes, if its head was read. */
  planned: number | undefined;
  /** Of the frame behind these. */
  failure: unknown;
}

interface Opening {
  result: InFlight['result'];
  failed(cause: unknown): unknown;
}

/** Opens the frame that was planned last. Its bytes stay as they are until that has settled, and the body is there, unless `isClosed`. */
export function openFrame(on: Instance, body: Body, bytes: Chunk, isClosed = () => false): Opening {
  const { sequence, content } = call(on, () => body.open(bytes)) as { sequence: number; content: InFlight['result'] };
  const failed = (cause: unknown) => {
    if (isClosed()) return cause;
    try {
      call(on, () => body.authenticate(sequence, bytes));
    } catch (error) {
      return error;
    }
    // The frame is as it was sealed, and yet SubtleCrypto did not open it.
    return subtleCryptoError(cause);
  };
  return { result: content, failed };
}

/** Opens frames as their bytes come; releases them in order, each after it is authenticated. */
export class OpeningFlow implements Flow {
  readonly #on: Instance;
  readonly #queue: ByteQueue;
  readonly #body: Body;
  // What the body looks at to plan a frame, in bytes.
  readonly #head: number;
  // The length of the frame whose head has been read.
  #planned: number | undefined;
  #failure: { error: unknown } | undefined;
  #closed = false;

  // Bytes to pass over, and to give.
  #skip: number;
  #left: number;

  /** @param range bytes of the first frame's content to pass over, and bytes to give in all */
  constructor(on: Instance, queue: ByteQueue, body: Body, range = { skip: 0, length: Infinity }) {
    [this.#on, this.#queue, this.#body, this.#skip, this.#left] = [on, queue, body, range.skip, range.length];
    this.#head = call(on, (wasm) => wasm.Body.headLength());
  }

  next(): Frames | Promise<Frames> {
    if (this.#failure) throw this.#failure.error;
    return this.#atHand() ? this.#frames() : this.#framesAfter();
  }

  async #framesAfter(): Promise<Frames> {
    while (!this.#atHand()) {
      // What comes after an await must not use the body if it was closed meanwhile.
      if (this.#closed) return undefined;
      const wanted = this.#planned ?? (call(this.#on, () => this.#body.isDone()) ? undefined : this.#head);
      const there = await this.#queue.fill(wanted ?? 1);
      if (this.#closed || (wanted === undefined && !there)) return undefined;
      if (wanted === undefined) throw coreError(this.#on, (wasm) => wasm.trailingBytes());
      if (!there) throw coreError(this.#on, (wasm) => wasm.truncatedEnvelope());
    }
    return this.#frames();
  }

  /** Whether a whole frame is there; plans it as soon as its head is. */
  #atHand(): boolean {
    if (this.#closed) return false;
    if (this.#planned === undefined) {
      if (this.#queue.size < this.#head || call(this.#on, () => this.#body.isDone())) return false;
      this.#planned = call(this.#on, () => this.#body.plan(this.#queue.peek(this.#head)));
    }
    return this.#queue.size >= this.#planned;
  }

  /** The frames that are at hand, at least one. */
  #frames(): InFlight[] {
    if (this.#planned! <= SHORT) return [this.#shortFrames()];
    const frames: InFlight[] = [];
    const together = framesTogether(this.#planned!);
    try {
      do {
        const length = this.#planned!;
        const { result, failed } = this.#open();
        frames.push(this.#inFlight(result, length, failed));
        // Only the final frame can be shorter than those before it.
      } while (frames.length < together && this.#atHand() && this.#planned! > SHORT);
    } catch (error) {
      if (frames.length === 0) throw error;
      // The frames before it are good and leave first.
      this.#failure = { error };
    }
    return frames;
  }

  /** The short frames that are at hand, as one. */
  #shortFrames(): InFlight {
    const bytes = this.#queue.peek(Math.min(this.#queue.size, SHORT_TOGETHER));
    const { content, took, planned, failure } = call(this.#on, () => this.#body.openShort(bytes)) as OpenedShort;
    if (failure) this.#failure = { error: kmsealError(failure) };
    if (failure && content.length === 0) throw this.#failure!.error;
    this.#queue.take(took);
    this.#planned = planned;
    return this.#inFlight(content, took);
  }

  #open(): Opening {
    const bytes = this.#queue.take(this.#planned!);
    this.#planned = undefined;
    return openFrame(this.#on, this.#body, bytes, () => this.#closed);
  }

  // Not spread from an opening: V8 makes such objects in its old space, where all they lead to waits for a full collection.
  #inFlight(result: InFlight['result'], length: number, failed?: Opening['failed']): InFlight {
    const release = (plain: Chunk) => {
      this.#queue.settle(length);
      return [this.#trim(plain)];
    };
    return { result, failed, release };
  }

  /** What of a frame's content is wanted; frames are released in order. */
  #trim(plain: Chunk): Chunk {
    const wanted = plain.subarray(this.#skip, this.#skip + this.#left);
    this.#skip = 0;
    this.#left -= wanted.length;
    return wanted;
  }

  close(reason?: unknown): void {
    this.#closed = true;
    this.#queue.close(reason);
    free(this.#on, this.#body);
  }
}
