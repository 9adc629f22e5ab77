import type { ByteStream, Bytes } from './types.js';

/** Bytes in memory that nobody shares. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** A view of the caller's bytes, no copy. */
export function viewOf(data: unknown, name = 'data'): Chunk {
  if (isArrayBuffer(data)) return new Uint8Array(data);
  if (ArrayBuffer.isView(data) && isArrayBuffer(data.buffer)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError(`${name} must be an ArrayBuffer or a view of one; copy shared memory first`);
}

// Not by instanceof, which knows nothing of another window's or realm's objects.
const kindOf = (data: unknown) => Object.prototype.toString.call(data).slice(8, -1);

function isArrayBuffer(data: unknown): data is ArrayBuffer {
  return kindOf(data) === 'ArrayBuffer';
}

export function isBytes(data: unknown): data is Bytes {
  return isArrayBuffer(data) || ArrayBuffer.isView(data);
}

export function isBlob(data: unknown): data is Blob {
  return ['Blob', 'File'].includes(kindOf(data));
}

/** All of them in one. */
export function joined(chunks: readonly Chunk[]): Chunk {
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

export function isStream(data: unknown): data is ByteStream {
  return typeof data === 'object' && data !== null && ('getReader' in data || Symbol.asyncIterator in data);
}

/** Whole numbers in a range, or a RangeError. */
export function whole(value: unknown, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

/** Where Blob.slice puts a number: the nearest, ties to even (Web IDL, [Clamp]), and negative ones count from the end. */
export function position(value: number, size: number): number {
  let integer = Math.round(value) || 0;
  if (integer - value === 0.5) integer -= integer & 1;
  return integer < 0 ? Math.max(size + integer, 0) : Math.min(integer, size);
}
