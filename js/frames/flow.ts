import { reasonOf, throwIfAborted, unlessAborted } from '../io/abort.js';
import type { Chunk, Kind } from '../io/bytes.js';
import { type KmsealError, platformError, storageError } from '../errors.js';
import { BLOB_IN_MEMORY_BYTES, BLOB_TOGETHER_BYTES, answersWithinCall, callCollector, letGo } from '../io/browser.js';
import { subtleCryptoError, yieldToEventLoop } from './engine.js';
import { ignoreFailure, isPromise } from '../io/promises.js';
import { streamClass } from '../io/stream-class.js';
import type { RunOptions } from '../types.js';

/** A frame in flight. */
export interface InFlight {
  /** The engine's result. */
  readonly result: PromiseLike<Chunk> | Chunk;
  /** Plaintext bytes, if they are not the output. */
  readonly plain?: number;
  /** Checks the result and returns what may be released. */
  release(result: Chunk): readonly Chunk[];
  /** The meaning of a rejected result, if it is not that SubtleCrypto fails. */
  readonly failed?: ((cause: unknown) => unknown) | undefined;
}

/** Where frames come from, in order. */
export interface Flow {
  /** Starts a few more frames, at once if their bytes are at hand; `undefined` at the end. Called again only when it has answered. */
  next(): Frames | PromiseLike<Frames>;
  /** Frees its resources. Called once, at the end, on failure and when the reader leaves. */
  close(reason?: unknown): void;
}

/** What a flow has started; `undefined` at its end. */
export type Frames = InFlight[] | undefined;

interface RunContext extends RunOptions {
  /** Plaintext bytes in all, if known. */
  total: number | undefined;
  /** Output bytes in all, if known. */
  size: number | undefined;
  /** The array that they become, if there is one already. Its end may be what the flow still has to read. */
  into?: Chunk | undefined;
}

/** Milliseconds of work within calls after which the event loop gets its turn: promises alone would leave it none. */
const TURN_MS = 10;

/** The least number of frames in flight behind the next one if the engine works in parallel with the page. More gain nothing on two cores. */
const FRAMES_AHEAD = 3;

/** Takes frames out of a flow in order, while others are in flight. */
export class Drain {
  readonly #flow: Flow;
  readonly #run: RunContext;
  #under: InFlight[] = [];
  #least = FRAMES_AHEAD;
  // More, once what they take is there.
  #coming: PromiseLike<void> | undefined;
  #loaded = 0;
  /** Bytes that were given out, and whether that is all. */
  given = 0;
  isDone = false;
  #ended = false;
  #closed = false;
  // Where the engine works: in parallel with the page, or within the call. There frames in flight gain nothing, and each of them would need
  // fresh memory.
  #within: boolean | undefined;
  #turn = performance.now();

  constructor(flow: Flow, run: RunContext) {
    this.#flow = flow;
    this.#run = run;
  }

  /** The next frame's bytes; `undefined` at the end. */
  async next(): Promise<readonly Chunk[] | undefined> {
    try {
      while (this.#under.length === 0 && !this.#ended) {
        if (this.#within && performance.now() > this.#turn + TURN_MS) {
          await yieldToEventLoop();
          this.#turn = performance.now();
        }
        // Only if there is something to wait for: there are enough promises already, and each takes its time.
        const coming = this.#more();
        if (coming) await coming;
      }
      throwIfAborted(this.#run.signal);
      const frame = this.#under.shift();
      if (!frame) {
        const { size } = this.#run;
        if (size !== undefined && this.given !== size) throw this.otherLength(this.given, size);
        this.isDone = true;
        this.close();
        return undefined;
      }
      const { result } = frame;
      // An envelope's header comes as a frame without content.
      if (frame.plain !== 0) this.#within ??= !isPromise(result) || (await answersWithinCall(result));
      while (this.#within === false && this.#under.length < this.#least && !this.#ended && !this.#coming) this.#more();
      let bytes;
      try {
        bytes = isPromise(result) ? await result : result;
      } catch (cause) {
        throw frame.failed ? frame.failed(cause) : subtleCryptoError(cause);
      }
      throwIfAborted(this.#run.signal);
      const pieces = frame.release(bytes);
      for (const piece of pieces) {
        if (!ArrayBuffer.isView(piece)) throw platformError('Promise');
        this.given += piece.length;
      }
      this.#loaded += frame.plain ?? pieces[0]!.length;
      const { total } = this.#run;
      this.#run.onProgress?.({ loaded: this.#loaded, ...(total !== undefined && { total }) });
      return pieces;
    } catch (error) {
      // Whatever fails because of an abort, the signal's reason is the error.
      const { signal } = this.#run;
      const reason = signal?.aborted ? reasonOf(signal) : error;
      this.close(reason);
      throw reason;
    }
  }

  /** Starts more frames; returns a promise if it has to wait. */
  #more(): PromiseLike<void> | undefined {
    if (this.#coming) return this.#coming;
    let frames;
    try {
      frames = this.#flow.next();
    } catch (error) {
      // Reported when its turn comes: the frames before it are good.
      frames = Promise.reject(error);
    }
    if (!isPromise(frames)) {
      this.#add(frames);
      return undefined;
    }
    this.#coming = frames.then((come) => {
      this.#coming = undefined;
      this.#add(come);
    });
    ignoreFailure(this.#coming);
    return this.#coming;
  }

  #add(frames: Frames): void {
    if (!frames) {
      this.#ended = true;
      return;
    }
    // Reported when their turn comes, not as unhandled rejections before.
    for (const { result } of frames) if (isPromise(result)) ignoreFailure(result);
    if (this.#closed) return;
    this.#least = Math.max(FRAMES_AHEAD, frames.length);
    this.#under.push(...frames);
  }

  /** The error of the last check: whatever a page's scripts have replaced, nothing is released that is shorter or longer than planned. */
  otherLength(length: number, planned: number): KmsealError {
    return platformError(
      `Promise, ReadableStream, Response or Blob (${length} bytes came out where ${planned} were planned)`,
    );
  }

  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#under = [];
    this.#flow.close(reason);
  }
}

/** A stream of the flow's bytes that the page's Response recognizes as one. Nothing runs before the first read. */
export function toStream(flow: Flow, run: RunContext): ReadableStream<Chunk> {
  return streamOf(new Drain(flow, run), run);
}

function streamOf(drain: Drain, { signal }: RunContext, onError?: (error: unknown) => void): ReadableStream<Chunk> {
  let abort = () => {};
  let uncollected = 0;
  const { Stream } = streamClass();
  return new Stream<Chunk>(
    {
      start(controller) {
        abort = () => {
          const reason = reasonOf(signal!);
          onError?.(reason);
          drain.close(reason);
          controller.error(reason);
        };
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      },
      async pull(controller) {
        try {
          // A pull that enqueues nothing is not repeated, so continue until there is something.
          for (let given = 0; given === 0; ) {
            const pieces = await drain.next();
            if (!pieces) {
              signal?.removeEventListener('abort', abort);
              return controller.close();
            }
            for (const piece of pieces) {
              if (piece.length > 0) controller.enqueue(piece);
              given += piece.length;
            }
            uncollected = callCollector(uncollected + given);
          }
        } catch (error) {
          signal?.removeEventListener('abort', abort);
          onError?.(error);
          throw error;
        }
      },
      cancel(reason) {
        signal?.removeEventListener('abort', abort);
        drain.close(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The type of our Blobs. */
const TYPE = { type: 'application/octet-stream' };

/** The flow's bytes as a Blob that the browser keeps on disk if it is large: through a Response, and never from one long array. */
export async function toBlob(flow: Flow, run: RunContext): Promise<Blob> {
  const drain = new Drain(flow, run);
  const { size = Infinity } = run;
  // A value that the page's Response takes for text would become text.
  const inMemory = size <= BLOB_IN_MEMORY_BYTES || !streamClass().known;
  let blob;
  try {
    blob = await (inMemory
      ? unlessAborted(inPieces(drain), run.signal, () => drain.close(reasonOf(run.signal!)))
      : throughResponse(drain, run));
    if (!drain.isDone || blob.size !== drain.given) throw drain.otherLength(blob.size, drain.given);
  } catch (error) {
    drain.close(error); // a Response of the page may never have read
    throw error;
  }
  if (inMemory) callCollector(2 * blob.size);
  return blob;
}

async function throughResponse(drain: Drain, run: RunContext): Promise<Blob> {
  let failure: { error: unknown } | undefined;
  const stream = streamOf(drain, run, (error) => (failure ??= { error }));
  try {
    return await new Response(stream, { headers: { 'content-type': TYPE.type } }).blob();
  } catch (error) {
    // Response hides the stream's own error behind a TypeError. Without one it is the browser that failed: it kept what it was given as
    // far as it had room (private windows have less), and says only "Failed to fetch".
    if (failure) throw failure.error;
    throw drain.given > 0 ? storageError(error) : error;
  }
}

/** A Blob of Blobs, each made when its bytes are there. */
async function inPieces(drain: Drain): Promise<Blob> {
  const parts: Blob[] = [];
  let held: Chunk[] = [];
  let begun = 0;
  for (;;) {
    const pieces = await drain.next();
    held.push(...(pieces ?? []));
    if (pieces && drain.given < begun + BLOB_TOGETHER_BYTES) continue;
    const blob = new Blob(held, TYPE);
    held.forEach(letGo);
    parts.push(blob);
    [held, begun] = [[], drain.given];
    if (!pieces) return parts.length === 1 ? blob : new Blob(parts, TYPE);
  }
}

/**
 * The flow's bytes in one array of `run.size` bytes, which is `run.into` if that is given; on failure it is wiped. A flow with more bytes fails at
 * its end: an envelope that was cut between two frames has room for less than its frames hold.
 */
export async function toBytes(flow: Flow, run: RunContext): Promise<Chunk> {
  const { size = 0 } = run;
  const drain = new Drain(flow, { ...run, size });
  let out: Chunk | undefined;
  let at = 0;
  try {
    out = run.into ?? new Uint8Array(size);
    for (let pieces = await drain.next(); pieces; pieces = await drain.next()) {
      for (const piece of pieces) {
        if (at + piece.length <= size) out.set(piece, at);
        at += piece.length;
        letGo(piece); // so that the next frames lie where these did
      }
    }
    return out;
  } catch (error) {
    drain.close(error); // there may have been no room
    out?.fill(0);
    throw error;
  }
}

/** The flow's bytes as a Blob, as an array of `run.size` bytes, or as a stream. */
export async function collect(kind: Kind, flow: Flow, run: RunContext): Promise<unknown> {
  if (kind === 'blob') return toBlob(flow, run);
  return kind === 'bytes' ? toBytes(flow, run) : toStream(flow, run);
}
