import { type Chunk, viewOf } from './bytes.js';
import type { Chunks } from './chunks.js';
import { KmsealError, sourceError } from '../errors.js';

/** The members that we use of streams of Node and of packages: readable-stream, minipass, streamx. */
interface Emitter {
  on(event: string, listener: (value: never) => void): unknown;
  off(event: string, listener: (value: never) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  read?(size?: number): unknown;
  destroy?(): unknown;
  listenerCount?(event: string): number;
  /** Only on streams that emit nothing by themselves while somebody listens for `readable`. */
  readonly readableFlowing?: boolean | null;
  readonly readableObjectMode?: boolean;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly errored?: Error | null;
  readonly destroyed?: boolean;
  listeners?(event: string): unknown[];
  /** On busboy's files, and so on multer's and Fastify's, which end at their limit. */
  readonly truncated?: boolean;
  /** In minipass. */
  readonly flowing?: boolean;
  readonly emittedEnd?: boolean;
  /** In streamx. */
  readonly destroying?: boolean;
  /** The state of readable-stream 3 and streamx. */
  readonly _readableState?: { endEmitted?: boolean; pipeTo?: unknown };
}

const missing = (why: string) =>
  `the stream ${why}, so that bytes of it may be missing; hand in one that nothing else reads`;

/** The error for a stream whose first bytes may be gone. */
export const refused = (why: string) => new TypeError(missing(why));

export function isEmitter(stream: object): stream is Emitter {
  return ['on', 'off', 'pause', 'resume'].every((name) => typeof stream[name as never] === 'function');
}

function refuseTouched(stream: Emitter): void {
  const state = stream._readableState;
  const listens = ['data', 'readable'].some((event) => stream.listenerCount && stream.listenerCount(event) > 0);
  if (listens || state?.pipeTo) throw refused('is read by something else');
  if (stream.readableFlowing || stream.flowing) throw refused('flows already');
  if (stream.readableDidRead || (stream.readableEnded ?? stream.emittedEnd ?? state?.endEmitted))
    throw refused('was read before');
  if ((stream.destroyed || stream.destroying) && !stream.errored) throw refused('was destroyed before');
}

/** Why a stream that has ended is incomplete, if only this shows it. */
function cutOff(stream: Emitter, data: unknown): string | undefined {
  if (stream.truncated === true) return 'was cut off at a limit, such as the largest file that a parser of forms takes';
  // Node drops the rest of a request whose response is finished, and our listener with it.
  if (stream.listeners && !stream.listeners('data').includes(data)) {
    return 'lost its reader: the response was finished before the request was read, or something removed its listeners';
  }
  return undefined;
}

/**
 * Chunks of a stream that emits events, to which we listen from now on: anything written, failing or taken before the output is read
 * is noticed.
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
  const { take, release, ...own } = isReadable
    ? reading(stream, () => wake(), fail)
    : flowing(stream, () => wake(), fail);
  const listeners = Object.entries({
    ...own,
    end() {
      const why = cutOff(stream, own.data);
      if (why !== undefined)
        return fail(new KmsealError('ERR_READ', `the stream ${why}, so that bytes of it are missing`));
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

/** A chunk, or a TypeError that does not count as a failure of the source. */
function chunkOf(value: unknown, fail: (error: unknown) => void): Chunk | undefined {
  try {
    return viewOf(value, 'a chunk of the stream');
  } catch (error) {
    return void fail(error);
  }
}

/**
 * Bytes that are requested from a Node stream at a time. If asked for more than it reads by itself (64 KiB of a file), it reads as much the next
 * time: a file's many short reads would each wait behind the decryption of whole frames. Its price is memory: the stream buffers up to this.
 */
const AT_A_TIME_BYTES = 1_048_576; // 1 MiB

/** While somebody listens for `readable`, a Node stream gives its bytes only to read(), and shows each chunk to all others. */
function reading(stream: Emitter, wake: () => void, fail: (error: unknown) => void) {
  let reads = false;
  return {
    release: undefined,
    readable: wake,
    // Fires with each chunk, and only with ours while nobody else calls read.
    data() {
      if (!reads) fail(new KmsealError('ERR_READ', missing('is read by something else, too')));
    },
    take() {
      reads = true;
      try {
        // A stream of objects, as from Readable.from(), counts objects and not bytes.
        const value = (stream.readableObjectMode ? null : stream.read!(AT_A_TIME_BYTES)) ?? stream.read!();
        return value === null ? undefined : chunkOf(value, fail);
      } catch (cause) {
        return void fail(sourceError(cause));
      } finally {
        reads = false;
      }
    },
  };
}

/** For streams that could not be sealed: what they had emitted by then. */
const shown = new WeakMap<Emitter, Chunk[]>();

/** Other streams emit each chunk to all listeners, and flow when any of them wants. */
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
      // Its memory is reused when this returns.
      if (chunk) come.push(chunk.slice());
      wake();
    },
    take() {
      if (come.length === 0) stream.resume();
      return come.shift();
    },
  };
}
