import { reasonOf, throwIfAborted, unlessAborted } from './abort.js';
import { type Chunk, isBlob, isBytes } from './bytes.js';
import { isThere, subtleCryptoError, yieldToEventLoop } from './engine.js';
import { platformError } from './errors.js';
import { callCollector, letGo } from './garbage.js';
import { ignoreFailure, isPromise } from './promises.js';
import { streamClass } from './stream-class.js';
import type { RunOptions } from './types.js';

/** A frame under way. */
export interface InFlight {
  /** What the engine makes of it. */
  readonly result: PromiseLike<Chunk> | Chunk;
  /** Plaintext bytes, where they are not what leaves. */
  readonly plain?: number;
  /** Checks the result and gives what may leave. */
  release(result: Chunk): readonly Chunk[];
  /** What a rejected result means, where that is not that SubtleCrypto does not work. */
  readonly failed?: ((cause: unknown) => unknown) | undefined;
}

/** Where frames come from, in order. */
export interface Flow {
  /** Starts a few frames more, at once if what it takes is at hand; `undefined` at the end. Called again only when it has answered. */
  next(): Frames | PromiseLike<Frames>;
  /** Frees what it holds. Called once, at the end, on failure and when the reader leaves. */
  close(reason?: unknown): void;
}

/** What a flow has started; `undefined` at its end. */
export type Frames = InFlight[] | undefined;

export interface RunContext extends RunOptions {
  /** Plaintext bytes in all, if known. */
  total: number | undefined;
  /** Bytes that come out in all, if known. */
  size: number | undefined;
}

/** Milliseconds of work within calls after which the event loop has its turn: promises alone would leave it none. */
const TURN = 10;

/** The least frames that are under way behind the next one where the engine works beside the page. More gain nothing on two cores. */
const AHEAD = 3;

/** Takes frames out of a flow in order, while others are under way. */
class Drain {
  readonly #flow: Flow;
  readonly #run: RunContext;
  #under: InFlight[] = [];
  #least = AHEAD;
  // More, once what they take is there.
  #coming: PromiseLike<void> | undefined;
  #loaded = 0;
  /** Bytes that have left, and whether that is all. */
  left = 0;
  isDone = false;
  #ended = false;
  #closed = false;
  // Where the engine does its work: beside the page, or within the call, as the wasm engine and Chromium 156's SubtleCrypto do.
  // These gain nothing by frames that are under way, each of which would lie in fresh memory.
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
        if (this.#within && performance.now() > this.#turn + TURN) {
          await yieldToEventLoop();
          this.#turn = performance.now();
        }
        // Only where there is something to wait for: of promises there are enough, and each takes its time.
        const coming = this.#more();
        if (coming) await coming;
      }
      throwIfAborted(this.#run.signal);
      const frame = this.#under.shift();
      if (!frame) {
        const { size } = this.#run;
        if (size !== undefined && this.left !== size) throw otherLength(this.left, size);
        this.isDone = true;
        this.close();
        return undefined;
      }
      const { result } = frame;
      // An envelope's header comes as a frame without content.
      if (frame.plain !== 0) this.#within ??= !isPromise(result) || (await isThere(result));
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
        this.left += piece.length;
      }
      this.#loaded += frame.plain ?? pieces[0]!.length;
      this.#run.onProgress?.({ loaded: this.#loaded, total: this.#run.total });
      return pieces;
    } catch (error) {
      // Whatever an abort makes fail on the way, the signal's reason tells why.
      const { signal } = this.#run;
      const reason = signal?.aborted ? reasonOf(signal) : error;
      this.close(reason);
      throw reason;
    }
  }

  /** Starts more frames; a promise if that takes waiting. */
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
    this.#coming = frames.then((there) => {
      this.#coming = undefined;
      this.#add(there);
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
    this.#least = Math.max(AHEAD, frames.length);
    this.#under.push(...frames);
  }

  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#under = [];
    this.#flow.close(reason);
  }
}

/** A stream of the flow's bytes, of which the page's Response knows that it is one. Nothing runs before the first read. */
export function toStream(flow: Flow, run: RunContext): ReadableStream<Chunk> {
  return streamOf(new Drain(flow, run), run);
}

function streamOf(drain: Drain, { signal }: RunContext, onError?: (error: unknown) => void): ReadableStream<Chunk> {
  let abort = () => {};
  let left = 0;
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
          // A pull that enqueues nothing is not repeated, so go on until there is something.
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
            left = callCollector(left + given);
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

/**
 * A Blob of up to so many bytes is made of pieces in memory, which spares the way through a stream. Firefox 153 dies of that way, too
 * ("IPDL protocol error: unexpected null value"): some pages after one that went it and was left by sending a form.
 */
const IN_MEMORY = 32 * 1024 * 1024;

/** What a Blob of ours is. */
const TYPE = { type: 'application/octet-stream' };

/**
 * The flow's bytes as a Blob that the browser keeps on disk where it is large. An array handed to `new Blob` looks right in Chromium
 * from 512 MiB on and then fails to read.
 */
export async function toBlob(flow: Flow, run: RunContext): Promise<Blob> {
  const drain = new Drain(flow, run);
  const { size = Infinity } = run;
  // What the page's Response takes for a text would become one.
  const inMemory = size <= IN_MEMORY || !streamClass().known;
  let blob;
  try {
    blob = await (inMemory ? unlessAborted(inPieces(drain), run.signal, () => drain.close(reasonOf(run.signal!))) : throughResponse(drain, run));
    if (!drain.isDone || blob.size !== drain.left) throw otherLength(blob.size, drain.left);
  } catch (error) {
    drain.close(error); // a Response of the page may never have read
    throw error;
  }
  // Chromium does not count a Blob's bytes, and keeps them until it happens to collect the Blob. Where it has no disk for them
  // (headless, 156) sending one fails at 500 MiB.
  if (inMemory) callCollector(2 * blob.size);
  return blob;
}

async function throughResponse(drain: Drain, run: RunContext): Promise<Blob> {
  let failure: { error: unknown } | undefined;
  const stream = streamOf(drain, run, (error) => (failure ??= { error }));
  try {
    return await new Response(stream, { headers: { 'content-type': TYPE.type } }).blob();
  } catch (error) {
    // Response hides the stream's own error behind a TypeError.
    throw failure ? failure.error : error;
  }
}

/** Of Blobs, if it is too large for one. */
async function inPieces(drain: Drain): Promise<Blob> {
  const parts: Blob[] = [];
  let held: Chunk[] = [];
  let begun = 0;
  for (;;) {
    const pieces = await drain.next();
    held.push(...(pieces ?? []));
    if (pieces && drain.left < begun + IN_MEMORY) continue;
    const blob = new Blob(held, TYPE);
    held.forEach(letGo);
    parts.push(blob);
    [held, begun] = [[], drain.left];
    if (!pieces) return parts.length === 1 ? blob : new Blob(parts, TYPE);
  }
}

/**
 * The flow's bytes in one array of `run.size` bytes; on failure it is wiped. A flow that gives more fails at its end: an envelope that
 * was cut between two frames has room for less than its frames hold.
 */
export async function toBytes(flow: Flow, run: RunContext): Promise<Chunk> {
  const { size = 0 } = run;
  const drain = new Drain(flow, { ...run, size });
  let out: Chunk | undefined;
  let at = 0;
  try {
    out = new Uint8Array(size);
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

/** The flow's bytes as what `like` is: a Blob, an array of `run.size` bytes, or else a stream. */
export async function collect(like: unknown, flow: Flow, run: RunContext): Promise<unknown> {
  if (isBlob(like)) return toBlob(flow, run);
  return isBytes(like) ? toBytes(flow, run) : toStream(flow, run);
}

/** The last check: whatever a page's scripts have replaced, nothing leaves that is shorter or longer than planned. */
function otherLength(length: number, planned: number): Error {
  return platformError(`Promise, ReadableStream, Response or Blob (${length} bytes came out where ${planned} were planned)`);
}
