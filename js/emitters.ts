import { type Chunk, viewOf } from './bytes.js';
import type { Chunks } from './chunks.js';
import { KmsealError, sourceError } from './errors.js';

/** What is looked at of a stream of Node's, and of those of packages: readable-stream, minipass, streamx. */
interface Emitter {
  on(event: string, listener: (value: never) => void): unknown;
  off(event: string, listener: (value: never) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  read?(): unknown;
  destroy?(): unknown;
  listenerCount?(event: string): number;
  /** Only of those that give nothing by themselves while somebody listens for `readable`. */
  readonly readableFlowing?: boolean | null;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly errored?: Error | null;
  readonly destroyed?: boolean;
  listeners?(event: string): unknown[];
  /** Of busboy's files, and so of multer's and Fastify's, which end at their limit. */
  readonly truncated?: boolean;
  /** Of minipass. */
  readonly flowing?: boolean;
  readonly emittedEnd?: boolean;
  /** Of streamx. */
  readonly destroying?: boolean;
  /** Where readable-stream 3 and streamx keep the rest. */
  readonly _readableState?: { endEmitted?: boolean; pipeTo?: unknown };
}

const missing = (why: string) => `the stream ${why}, so that bytes of it may be missing; hand in one that nothing else reads`;

/** What is said of a stream whose first bytes may be gone. */
export const refused = (why: string) => new TypeError(missing(why));

export function isEmitter(stream: object): stream is Emitter {
  return ['on', 'off', 'pause', 'resume'].every((name) => typeof stream[name as never] === 'function');
}

function refuseTouched(stream: Emitter): void {
  const state = stream._readableState;
  const listens = ['data', 'readable'].some((event) => stream.listenerCount && stream.listenerCount(event) > 0);
  if (listens || state?.pipeTo) throw refused('is read by something else');
  if (stream.readableFlowing || stream.flowing) throw refused('flows already');
  if (stream.readableDidRead || (stream.readableEnded ?? stream.emittedEnd ?? state?.endEmitted)) throw refused('was read before');
  if ((stream.destroyed || stream.destroying) && !stream.errored) throw refused('was destroyed before');
}

/** Why a stream that has ended is not whole, where nothing but this tells. */
function cutOff(stream: Emitter, data: unknown): string | undefined {
  if (stream.truncated === true) return 'was cut off at a limit, such as the largest file that a parser of forms takes';
  // Node drops the rest of a request whose response is finished, and our listener with it.
  if (stream.listeners && !stream.listeners('data').includes(data)) {
    return 'lost its reader: the response was finished before the request was read, or something removed its listeners';
  }
  return undefined;
}

/**
 * Of a stream that emits events, to which we listen from now on: what is written, fails or is taken before anybody reads what comes out
 * is not missed.
 */
export function emitterChunks(stream: Emitter): Chunks {
  refuseTouched(stream);
  let failure: { error: unknown } | undefined;
  let ended = false;
  let wake = () => {};

  function fail(error: unknown): void {
    failure ??= { error };
    wake();
  }
  // Node's streams have both: the listener for `readable` comes first, since that for `data` alone would make them flow.
  const isReadable = 'readableFlowing' in stream && typeof stream.read === 'function';
  const { take, release, ...own } = isReadable ? reading(stream, () => wake(), fail) : flowing(stream, () => wake(), fail);
  const listeners = Object.entries({
    ...own,
    end() {
      const why = cutOff(stream, own.data);
      if (why !== undefined) return fail(new KmsealError('ERR_READ', `the stream ${why}, so that bytes of it are missing`));
      ended = true;
      wake();
    },
    error: (cause: unknown) => fail(sourceError(cause)),
    close: () => ended || fail(sourceError(new Error('the stream was closed before its end'))),
  });
  const detach = () => listeners.forEach(([event, listener]) => stream.off(event, listener));
  listeners.forEach(([event, listener]) => stream.on(event, listener));
  if (stream.errored) fail(sourceError(stream.errored));

  return {
    waits: true,
    foreign: true,
    async next() {
      while (!failure) {
        const chunk = take();
        if (chunk) return chunk;
        if (ended) {
          detach();
          return undefined;
        }
        if (!failure) await new Promise<void>((resolve) => (wake = resolve));
      }
      throw failure.error;
    },
    release() {
      detach();
      release?.();
    },
    cancel() {
      detach();
      stream.on('error', () => {}); // of what is destroyed nobody waits for
      stream.destroy?.();
      fail(undefined);
    },
  };
}

/** A chunk, or a TypeError that is none of the source's failures. */
function chunkOf(value: unknown, fail: (error: unknown) => void): Chunk | undefined {
  try {
    return viewOf(value, 'a chunk of the stream');
  } catch (error) {
    return void fail(error);
  }
}

/** While somebody listens for `readable`, a stream of Node's gives its bytes to read() only, and shows each chunk to all others. */
function reading(stream: Emitter, wake: () => void, fail: (error: unknown) => void) {
  let reads = false;
  return {
    release: undefined,
    readable: wake,
    // Comes with each chunk, and with none but ours while nobody else calls read.
    data() {
      if (!reads) fail(new KmsealError('ERR_READ', missing('is read by something else, too')));
    },
    take() {
      reads = true;
      try {
        const value = stream.read!();
        return value === null ? undefined : chunkOf(value, fail);
      } catch (cause) {
        return void fail(sourceError(cause));
      } finally {
        reads = false;
      }
    },
  };
}

/** Of streams that could not be sealed: what they had shown by then. */
const shown = new WeakMap<Emitter, Chunk[]>();

/** Other streams show each chunk to all who listen, and flow when any of them likes. */
function flowing(stream: Emitter, wake: () => void, fail: (error: unknown) => void) {
  const come = shown.get(stream) ?? [];
  return {
    release() {
      stream.pause();
      shown.set(stream, come);
    },
    data(value: unknown) {
      stream.pause();
      const chunk = chunkOf(value, fail);
      // Its memory is used again when this returns.
      if (chunk) come.push(chunk.slice());
      wake();
    },
    take() {
      if (come.length === 0) stream.resume();
      return come.shift();
    },
  };
}
