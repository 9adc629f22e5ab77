import type { Readable } from 'node:stream';
import type { ByteStream, Bytes } from '../index.js';

export type Chunk = Uint8Array;

/** Where a plaintext comes from, piece by piece. */
export interface Source {
  /** In bytes, where it is known: all of it was authenticated. */
  readonly size: number | undefined;
  next(): Promise<Chunk | undefined>;
  cancel(reason?: unknown): void;
}

export function sourceOf(plaintext: Blob | Bytes | ByteStream): Source {
  if (typeof plaintext !== 'object' || plaintext === null) {
    throw new TypeError('plaintext must be what open or openRange gives: a stream, a Blob or bytes');
  }
  if (ArrayBuffer.isView(plaintext)) return bytesSource(bytesOf(plaintext));
  // Recognized by what they do: another realm's objects are instances of other classes.
  const stream = 'stream' in plaintext ? plaintext.stream() : plaintext;
  if (!('getReader' in stream))
    return Symbol.asyncIterator in stream ? iteratedSource(stream) : bytesSource(new Uint8Array(stream));
  const reader = stream.getReader();
  return {
    size: 'stream' in plaintext ? plaintext.size : undefined,
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : bytesOf(value);
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  };
}

/** A text's length in bytes differs from the one it reports. */
function bytesOf(chunk: unknown): Chunk {
  if (!ArrayBuffer.isView(chunk)) throw new TypeError('a chunk of the plaintext must be bytes');
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function bytesSource(bytes: Chunk): Source {
  let left: Chunk | undefined = bytes;
  const next = async () => {
    const piece = left;
    left = undefined;
    return piece;
  };
  return { size: bytes.length, next, cancel() {} };
}

/** A stream of Node, or of a similar library. */
function iteratedSource(stream: AsyncIterable<Uint8Array> & Partial<Pick<Readable, 'on' | 'destroy'>>): Source {
  const iterator = stream[Symbol.asyncIterator]();
  // It may fail before it is read, which would end the process without a listener; reading it reports the error.
  stream.on?.('error', () => {});
  return {
    size: undefined,
    async next() {
      const { done, value } = await iterator.next();
      return done ? undefined : bytesOf(value);
    },
    cancel() {
      // A generator would first wait for its pending read.
      if (stream.destroy) stream.destroy();
      else iterator.return?.().catch(() => {});
    },
  };
}
