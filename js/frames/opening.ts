import type { Body, Glue, Header } from '#glue';
import type { Chunk } from '../io/bytes.js';
import { framesTogether, subtleCryptoError } from './engine.js';
import type { Flow, Frames, InFlight } from './flow.js';
import type { ByteQueue } from '../io/queue.js';

/** Most headers fit; longer ones are read in more steps. */
const FIRST_LOOK_BYTES = 8192; // 8 KiB
/** Longer headers are read in steps that double; otherwise each of their fields would copy all before it. */
const LONG_HEADER_BYTES = 65_536; // 64 KiB
/** Frames up to this many bytes are opened many at a time, in software: one by one they would take far more time than their bytes. */
const SHORT_FRAME_BYTES = 1024;
/** Bytes of such frames that are opened in one go, in a few milliseconds. */
const SHORT_TOGETHER_BYTES = 32_768; // 32 KiB

/** Limits of envelopes; the core knows those that are not given. */
export interface Limits {
  maxEncryptedDataKeys?: number | undefined;
  minFrameLength?: number | undefined;
  maxFrameLength?: number | undefined;
}

/** Reads the header, which stays unauthenticated, and takes it out of the queue. */
export async function readHeader(wasm: Glue, queue: ByteQueue, limits: Limits): Promise<Header> {
  const { maxEncryptedDataKeys, minFrameLength, maxFrameLength } = limits;
  for (let need = 1; ; ) {
    const isEnough = await queue.fill(need);
    if (!queue.waits || need > LONG_HEADER_BYTES) await queue.fill(2 * need);
    const bytes = queue.peek(Math.min(queue.size, Math.max(2 * need, FIRST_LOOK_BYTES)));
    const read = wasm.Header.read(bytes, maxEncryptedDataKeys, minFrameLength, maxFrameLength, !isEnough) as
      | Header
      | number;
    if (typeof read !== 'number') {
      queue.skip(read.length());
      return read;
    }
    need = read;
  }
}

/** Short frames that were opened together; see Body.openShort. */
interface OpenedShort {
  content: Chunk;
  /** In bytes. */
  took: number;
  /** The next frame's length in bytes, if its head was read. */
  planned: number | undefined;
  /** The next frame's error, if it has one. */
  failure: unknown;
}

/** A frame that is being opened. */
interface OpeningFrame {
  result: InFlight['result'];
  failed(cause: unknown): unknown;
}

/** Opens the frame that was planned last. Its bytes stay unchanged until that has settled, and the body stays alive, unless `isClosed`. */
export function openFrame(body: Body, bytes: Chunk, isClosed = () => false): OpeningFrame {
  const { sequence, content } = body.open(bytes) as { sequence: number; content: InFlight['result'] };
  const failed = (cause: unknown) => {
    if (isClosed()) return cause;
    try {
      body.authenticate(sequence, bytes);
    } catch (error) {
      return error;
    }
    // The frame is unaltered, but SubtleCrypto did not open it.
    return subtleCryptoError(cause);
  };
  return { result: content, failed };
}

interface OpeningOptions {
  wasm: Glue;
  queue: ByteQueue;
  body: Body;
  /** Bytes of the first frame's content to skip. */
  skip?: number;
  /** Bytes to return in all. */
  length?: number;
}

/** Opens frames as their bytes arrive; releases them in order, each after it is authenticated. */
export class OpeningFlow implements Flow {
  readonly #wasm: Glue;
  readonly #queue: ByteQueue;
  readonly #body: Body;
  // The bytes that the body needs to plan a frame.
  readonly #head: number;
  // The length of the frame whose head has been read.
  #planned: number | undefined;
  #failure: { error: unknown } | undefined;
  #closed = false;

  // Plaintext bytes to skip, and still to return.
  #skip: number;
  #length: number;

  constructor({ wasm, queue, body, skip = 0, length = Infinity }: OpeningOptions) {
    this.#wasm = wasm;
    this.#queue = queue;
    this.#body = body;
    this.#skip = skip;
    this.#length = length;
    this.#head = wasm.Body.headLength();
  }

  next(): Frames | Promise<Frames> {
    if (this.#failure) throw this.#failure.error;
    return this.#atHand() ? this.#frames() : this.#framesAfter();
  }

  async #framesAfter(): Promise<Frames> {
    while (!this.#atHand()) {
      // Code after an await must not use the body if it was closed meanwhile.
      if (this.#closed) return undefined;
      const wanted = this.#planned ?? (this.#body.isDone() ? undefined : this.#head);
      const isFilled = await this.#queue.fill(wanted ?? 1);
      if (this.#closed || (wanted === undefined && !isFilled)) return undefined;
      if (wanted === undefined) throw this.#wasm.trailingBytes();
      if (!isFilled) throw this.#wasm.truncatedEnvelope();
    }
    return this.#frames();
  }

  /** Whether a whole frame is there; plans it as soon as its head is. */
  #atHand(): boolean {
    if (this.#closed) return false;
    if (this.#planned === undefined) {
      if (this.#queue.size < this.#head || this.#body.isDone()) return false;
      this.#planned = this.#body.plan(this.#queue.peek(this.#head));
      this.#queue.align(this.#planned);
    }
    return this.#queue.size >= this.#planned;
  }

  /** The frames that are at hand, at least one. */
  #frames(): InFlight[] {
    if (this.#planned! <= SHORT_FRAME_BYTES) return [this.#shortFrames()];
    const frames: InFlight[] = [];
    const together = framesTogether(this.#planned!);
    try {
      do {
        const length = this.#planned!;
        const { result, failed } = this.#open();
        frames.push(this.#inFlight(result, length, failed));
        // Only the final frame can be shorter than those before it.
      } while (frames.length < together && this.#atHand() && this.#planned! > SHORT_FRAME_BYTES);
    } catch (error) {
      if (frames.length === 0) throw error;
      // The frames before it are good and leave first.
      this.#failure = { error };
    }
    return frames;
  }

  /** The short frames that are at hand, as one. */
  #shortFrames(): InFlight {
    const bytes = this.#queue.peek(Math.min(this.#queue.size, SHORT_TOGETHER_BYTES));
    const { content, took, planned, failure } = this.#body.openShort(bytes) as OpenedShort;
    if (failure) this.#failure = { error: failure };
    if (failure && content.length === 0) throw this.#failure!.error;
    this.#queue.take(took);
    this.#planned = planned;
    return this.#inFlight(content, took);
  }

  #open(): OpeningFrame {
    const bytes = this.#queue.take(this.#planned!);
    this.#planned = undefined;
    return openFrame(this.#body, bytes, () => this.#closed);
  }

  // Not spread from an opening: V8 allocates such objects in its old space, where everything they reference waits for a full collection.
  #inFlight(result: InFlight['result'], length: number, failed?: OpeningFrame['failed']): InFlight {
    const release = (plain: Chunk) => {
      this.#queue.settle(length);
      return [this.#trim(plain)];
    };
    return { result, failed, release };
  }

  /** The requested part of a frame's content; frames are released in order. */
  #trim(plain: Chunk): Chunk {
    const wanted = plain.subarray(this.#skip, this.#skip + this.#length);
    this.#skip = 0;
    this.#length -= wanted.length;
    return wanted;
  }

  close(reason?: unknown): void {
    this.#closed = true;
    this.#queue.close(reason);
    this.#body.free();
  }
}
