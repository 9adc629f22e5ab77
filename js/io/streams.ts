import { type Chunk, viewOf } from './bytes.js';
import type { Chunks } from './chunks.js';
import { emitterChunks, isEmitter, refused } from './emitters.js';
import { sourceError } from '../errors.js';
import { ignoreFailure } from './promises.js';
import type { ByteStream } from '../types.js';

/** Streams and iterators that were taken before. Polyfilled ones cannot be asked. */
const taken = new WeakSet<object>();

/**
 * Chunks of the caller's stream. It is locked at once, so that other readers either fail or take nothing from us. A stream that was
 * read before is refused: its first bytes are gone.
 */
export function streamChunks(stream: ByteStream): Chunks {
  if ('getReader' in stream) return webChunks(stream);
  return isEmitter(stream) ? emitterChunks(stream) : iteratorChunks(stream);
}

function webChunks(stream: ReadableStream<Uint8Array>): Chunks {
  if (stream.locked) throw refused('is locked, since something else reads it');
  if (isDisturbed(stream)) throw refused('was read, sealed or cancelled before');
  const reader = stream.getReader();
  taken.add(stream);
  return {
    waits: true,
    foreign: true,
    async next() {
      const chunk = await nextChunk(() => reader.read());
      if (!chunk) reader.releaseLock();
      return chunk;
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

/** The next chunk of a reader or an iterator; `undefined` at the end. */
async function nextChunk(
  read: () => PromiseLike<{ done?: boolean | undefined; value?: unknown }>,
): Promise<Chunk | undefined> {
  let result;
  try {
    result = await read();
  } catch (cause) {
    throw sourceError(cause);
  }
  return result.done ? undefined : viewOf(result.value, 'a chunk of the stream');
}

/** Whether a stream was read or cancelled, which its interface does not show. */
function isDisturbed(stream: ReadableStream): boolean {
  // Node's and Deno's show it by this symbol, those of web-streams-polyfill by this property.
  const { [Symbol.for('nodejs.stream.disturbed')]: told, _disturbed: ownWord = told } = stream as unknown as Record<
    string | symbol,
    unknown
  >;
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

function iteratorChunks(stream: AsyncIterable<Uint8Array>): Chunks {
  const iterator = stream[Symbol.asyncIterator]();
  // A generator is its own iterator, and returns nothing a second time.
  if (taken.has(iterator)) throw refused('was sealed or opened before');
  taken.add(iterator);
  return {
    waits: true,
    foreign: true,
    next: () => nextChunk(() => iterator.next()),
    release: () => void taken.delete(iterator),
    async cancel() {
      try {
        await iterator.return?.();
      } catch {
        // The rest is no longer needed.
      }
    },
  };
}
