import { unlessAborted } from './abort.js';
import { type Chunk, isBlob, isBytes } from './bytes.js';
import { isThere, yieldToEventLoop } from './engine.js';
import { callCollector, letGo } from './garbage.js';
import type { RunOptions } from './types.js';

/** A frame under way. */
export interface InFlight {
  /** What the engine makes of it. */
  readonly result: Promise<ArrayBuffer> | Chunk;
  /** Plaintext bytes, where they are not what leaves. */
  readonly plain?: number;
  /** Checks the result and gives what may leave. */
  release(result: Chunk): readonly Chunk[];
  /** What a rejected result means, where it means more than it says. */
  readonly failed?: ((cause: unknown) => unknown) | undefined;
}

/** Where frames come from, in order. */
export interface Flow {
  /** Starts a few frames more, or many; `undefined` at the end. Called again only when it has answered. */
  next(many: boolean): Promise<InFlight[] | undefined>;
  /** Frees what it holds. Called once, at the end, on failure and when the reader leaves. */
  close(reason?: unknown): void;
}

export interface RunContext extends RunOptions {
  /** Plaintext bytes in all, if known. */
  total: number | undefined;
}

/**
 * Milliseconds of work within calls after which the event loop has its turn: promises alone would leave it none. Many frames at a
 * time take about as long.
 */
const TURN = 10;

/** Takes frames out of a flow in order, while others are under way. */
class Drain {
  readonly #flow: Flow;
  readonly #run: RunContext;
  #ahead: Promise<InFlight[] | undefined> | undefined;
  #batch: InFlight[] = [];
  #loaded = 0;
  #closed = false;
  // Where the engine does its work: beside the page, or within the call, as the wasm engine and Chromium 156's SubtleCrypto do.
  #within: boolean | undefined;
  // Whether many frames are under way at a time. SubtleCrypto gains nothing by that within the call, and each frame would lie in
  // fresh memory.
  #many = false;
  #turn = performance.now();

  constructor(flow: Flow, run: RunContext) {
    this.#flow = flow;
    this.#run = run;
  }

  /** The next frame's bytes; `undefined` at the end. */
  async next(): Promise<readonly Chunk[] | undefined> {
    try {
      const frame = await this.#nextFrame();
      this.#run.signal?.throwIfAborted();
      if (!frame) {
        this.close();
        return undefined;
      }
      let result;
      try {
        result = await frame.result;
      } catch (cause) {
        throw frame.failed ? frame.failed(cause) : cause;
      }
      this.#run.signal?.throwIfAborted();
      const bytes = result instanceof ArrayBuffer ? new Uint8Array(result) : result;
      const pieces = frame.release(bytes);
      this.#loaded += frame.plain ?? pieces[0]!.length;
      this.#run.onProgress?.({ loaded: this.#loaded, total: this.#run.total });
      return pieces;
    } catch (error) {
      // Whatever an abort makes fail on the way, the signal's reason tells why.
      const { signal } = this.#run;
      const reason = signal?.aborted ? signal.reason : error;
      this.close(reason);
      throw reason;
    }
  }

  async #nextFrame(): Promise<InFlight | undefined> {
    if (this.#batch.length === 0) {
      const started = await (this.#ahead ?? this.#start());
      if (!started) return undefined;
      this.#batch = started;
      const [{ plain, result }] = started as [InFlight];
      // An envelope's header comes as a frame without content.
      if (plain !== 0 && this.#within === undefined) {
        const promised = result instanceof Promise;
        this.#within = !promised || (await isThere(result));
        this.#many = !promised || !this.#within;
      }
      this.#ahead = this.#many ? this.#start() : undefined;
    }
    return this.#batch.shift();
  }

  #start(): Promise<InFlight[] | undefined> {
    const starting = this.#inTurn().then(() => this.#flow.next(this.#many));
    // Reported when its turn comes, not as an unhandled rejection before.
    starting.then((batch) => batch?.forEach(({ result }) => result instanceof Promise && result.catch(() => {})), () => {});
    return starting;
  }

  async #inTurn(): Promise<void> {
    if (!this.#within || (!this.#many && performance.now() < this.#turn + TURN)) return;
    await yieldToEventLoop();
    this.#turn = performance.now();
  }

  close(reason?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#batch = [];
    this.#ahead = undefined;
    this.#flow.close(reason);
  }
}

/** A stream of the flow's bytes. Nothing runs before the first read. */
export function toStream(flow: Flow, run: RunContext, onError?: (error: unknown) => void): ReadableStream<Chunk> {
  const drain = new Drain(flow, run);
  const { signal } = run;
  let abort = () => {};
  let left = 0;
  return new ReadableStream<Chunk>(
    {
      start(controller) {
        abort = () => {
          onError?.(signal!.reason);
          drain.close(signal!.reason);
          controller.error(signal!.reason);
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

/**
 * The flow's bytes, `size` of them if that is known, as a Blob that the browser keeps on disk where it is large. An array handed to
 * `new Blob` looks right in Chromium from 512 MiB on and then fails to read.
 */
export async function toBlob(flow: Flow, run: RunContext, size = Infinity): Promise<Blob> {
  const type = 'application/octet-stream';
  if (size <= IN_MEMORY) {
    const drain = new Drain(flow, run);
    const pieces = await unlessAborted(allOf(drain), run.signal, () => drain.close(run.signal!.reason));
    const blob = new Blob(pieces, { type });
    pieces.forEach(letGo);
    // Chromium does not count a Blob's bytes, and keeps them until it happens to collect the Blob. Where it has no disk for them
    // (headless, 156) sending one fails at 500 MiB.
    callCollector(2 * size);
    return blob;
  }
  let failure: { error: unknown } | undefined;
  const stream = toStream(flow, run, (error) => (failure ??= { error }));
  try {
    return await new Response(stream, { headers: { 'content-type': type } }).blob();
  } catch (error) {
    // Response hides the stream's own error behind a TypeError.
    throw failure ? failure.error : error;
  }
}

async function allOf(drain: Drain): Promise<Chunk[]> {
  const all: Chunk[] = [];
  for (let pieces = await drain.next(); pieces; pieces = await drain.next()) all.push(...pieces);
  return all;
}

/**
 * The flow's bytes in one array of `size` bytes; on failure it is wiped. A flow that gives more fails at its end: an envelope that
 * was cut between two frames has room for less than its frames hold.
 */
export async function toBytes(flow: Flow, size: number, run: RunContext): Promise<Chunk> {
  const drain = new Drain(flow, run);
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

/** The flow's bytes as what `like` is: a Blob, an array of `size` bytes, or else a stream. */
export async function collect(like: unknown, flow: Flow, run: RunContext, size: number): Promise<unknown> {
  if (isBlob(like)) return toBlob(flow, run, run.total);
  return isBytes(like) ? toBytes(flow, size, run) : toStream(flow, run);
}
