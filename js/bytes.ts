import type { ByteStream, Bytes } from './types.js';

/** Bytes in memory that nobody shares. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** A view of the caller's bytes, no copy. */
export function viewOf(data: unknown, name = 'data'): Chunk {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw new TypeError(`${name} must be an ArrayBuffer or a view of one; copy shared memory first`);
}

export function isBytes(data: unknown): data is Bytes {
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data);
}

export function isStream(data: unknown): data is ByteStream {
  return typeof data === 'object' && data !== null && ('getReader' in data || Symbol.asyncIterator in data);
}

/** Own enumerable pairs, read once, so that no getter or proxy runs inside wasm. */
export function ownPairs(context: unknown): unknown {
  if (context === undefined || context === null) return undefined;
  // A Map, a URLSearchParams or a promise would pass for an empty context.
  if (Object.prototype.toString.call(context) !== '[object Object]') {
    throw new TypeError('encryptionContext must be a plain object of strings');
  }
  return { __proto__: null, ...context };
}

/** Whole numbers in a range, or a RangeError. */
export function whole(value: unknown, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

/** Where Blob.slice puts a number: negative ones count from the end. */
export function position(value: number, size: number): number {
  const integer = Math.trunc(value) || 0;
  return integer < 0 ? Math.max(size + integer, 0) : Math.min(integer, size);
}
