import { viewOf } from './bytes.js';
import type { Chunks } from './chunks.js';
import { KmsealError, sourceError } from './errors.js';
import { ignoreFailure } from './promises.js';
import type { ByteStream } from './types.js';

/** What is looked at of a stream of Node's, or of the package readable-stream. */
interface NodeStream extends AsyncIterable<unknown> {
  on(event: string, listener: (value: never) => void): unknown;
  off(event: string, listener: (value: never) => void): unknown;
  listenerCount(event: string): number;
  read(): unknown;
  destroy(): unknown;
  readonly readableFlowing: boolean | null;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly errored?: Error | null;
  readonly destroyed?: boolean;
}

/** Streams and iterators that were taken before. Those of polyfills cannot be asked. */
const taken = new WeakSet<object>();

const missing = (why: string) => `the stream ${why}, so that bytes of it may be missing; hand in one that nothing else reads`;
const refused = (why: string) => new TypeError(missing(why));

/**
 * Of the caller's stream. It is taken at once, so that who reads it from now on either fails or takes nothing from us; and what was
 * touched before is refused: its first bytes are gone.
 */
export function streamChunks(stream: ByteStream): Chunks {
  if ('getReader' in stream) return webChunks(stream);
  const node = stream as unknown as NodeStream;
  const emits = typeof node.on === 'function';
  if (emits && ['data', 'readable'].some((event) => node.listenerCount?.(event) > 0)) throw refused('is read by something else');
  return emits && 'readableFlowing' in node && typeof node.read === 'function' ? nodeChunks(node) : iteratorChunks(stream, emits);
}

function webChunks(stream: ReadableStream<Uint8Array>): Chunks {
  if (stream.locked) throw refused('is locked to a reader of something else');
  if (isDisturbed(stream)) throw refused('was read, sealed or cancelled before');
  const reader = stream.getReader();
  taken.add(stream);
  return {
    waits: true,
    foreign: true,
    async next() {
      let result;
      try {
        result = await reader.read();
      } catch (cause) {
        throw sourceError(cause);
      }
      if (!result.done) return viewOf(result.value, 'a chunk of the stream');
      reader.releaseLock();
      return undefined;
    },
    release() {
      reader.releaseLock();
      taken.delete(stream);
    },
    cancel(reason) {
      ignoreFailure(reader.cancel(reason));
    },
  };
}

/** Whether a stream was read or cancelled, which its interface does not tell. */
function isDisturbed(stream: ReadableStream): boolean {
  // Node's and Deno's tell by this symbol, those of web-streams-polyfill by this property.
  const { [Symbol.for('nodejs.stream.disturbed')]: told, _disturbed: ownWord = told } = stream as unknown as Record<string | symbol, unknown>;
  if (taken.has(stream) || ownWord === true) return true;
  if (typeof ownWord === 'boolean' || typeof Response !== 'function') return false;
  try {
    // It refuses such streams, and leaves others alone. To one of another class it is text.
    new Response(stream);
    return false;
  } catch {
    return true;
  }
}

/** With a listener for `readable` a stream gives its bytes to us only, whoever makes it flow or pipes it, too; and they see them all. */
function nodeChunks(stream: NodeStream): Chunks {
  if (stream.readableFlowing === true) throw refused('flows already');
  if (stream.readableDidRead || stream.readableEnded) throw refused('was read before');
  if (stream.destroyed && !stream.errored) throw refused('was destroyed before');
  let failure: { cause: unknown } | undefined = stream.errored ? { cause: stream.errored } : undefined;
  let ended = false;
  let reads = false;
  let wake = () => {};
  const listeners = {
    readable: () => wake(),
    // Comes with each chunk, and with none but ours while nobody else calls read.
    data: () => {
      if (!reads) fail(new KmsealError('ERR_READ', missing('is read by something else, too')));
    },
    end() {
      ended = true;
      wake();
    },
    error: fail,
    close: () => ended || fail(new Error('the stream was closed before its end')),
  };
  function fail(cause: unknown) {
    failure ??= { cause };
    wake();
  }
  // In this order: the listener for data would make it flow.
  const entries = Object.entries(listeners) as [string, () => void][];
  for (const [event, listener] of entries) stream.on(event, listener);
  const detach = () => entries.forEach(([event, listener]) => stream.off(event, listener));

  function read() {
    reads = true;
    try {
      return stream.read();
    } catch (cause) {
      fail(cause);
    } finally {
      reads = false;
    }
  }

  return {
    waits: true,
    foreign: true,
    async next() {
      while (!failure) {
        const chunk = read();
        if (chunk !== null && chunk !== undefined) return viewOf(chunk, 'a chunk of the stream');
        if (ended) {
          detach();
          return undefined;
        }
        if (!failure) await new Promise<void>((resolve) => (wake = resolve));
      }
      throw sourceError(failure.cause);
    },
    release: detach,
    cancel() {
      detach();
      stream.on('error', () => {}); // of what is destroyed nobody waits for
      stream.destroy();
      fail(undefined);
    },
  };
}

function iteratorChunks(stream: AsyncIterable<Uint8Array>, emits: boolean): Chunks {
  const iterator = stream[Symbol.asyncIterator]();
  // A generator is its own iterator, and gives nothing a second time.
  if (taken.has(iterator)) throw refused('was sealed or opened before');
  taken.add(iterator);
  // What emits events begins to listen to them here.
  let first = emits ? iterator.next() : undefined;
  ignoreFailure(first);
  return {
    waits: true,
    foreign: true,
    async next() {
      let result;
      try {
        const asked = first ?? iterator.next();
        first = undefined;
        result = await asked;
      } catch (cause) {
        throw sourceError(cause);
      }
      return result.done ? undefined : viewOf(result.value, 'a chunk of the stream');
    },
    release() {
      if (!emits) taken.delete(iterator);
    },
    async cancel() {
      try {
        if (emits) (stream as unknown as NodeStream).destroy?.();
        await iterator.return?.();
      } catch {
        // Nobody waits for the rest any more.
      }
    },
  };
}
