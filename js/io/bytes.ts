import type { ByteStream, Bytes } from '../types.js';

/** Bytes in memory that nobody shares. */
export type Chunk = Uint8Array<ArrayBuffer>;

/** An array of more bytes than this is not copied at the call. */
const MOST_COPIED_BYTES = 33_554_432; // 32 MiB

/** What the platform's own getters say of an object, whatever a subclass says. */
const PLATFORM = /* @__PURE__ */ platformGetters();

function platformGetters() {
  const getterOf = (prototype: object, name: string | symbol) => Object.getOwnPropertyDescriptor(prototype, name)!.get!;
  const placeOf = (prototype: object) =>
    ['buffer', 'byteOffset', 'byteLength'].map((name) => getterOf(prototype, name));
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  return {
    indexOf: typedArray.indexOf,
    array: placeOf(typedArray),
    view: placeOf(DataView.prototype),
    name: getterOf(typedArray, Symbol.toStringTag),
    byteLength: getterOf(ArrayBuffer.prototype, 'byteLength'),
  };
}

/** A view of the caller's bytes, no copy. */
export function viewOf(data: unknown, name = 'data'): Chunk {
  let place: [ArrayBuffer, number?, number?] | undefined;
  try {
    if (ArrayBuffer.isView(data)) {
      const isTypedArray = PLATFORM.name.call(data) !== undefined;
      // It throws if the view is out of bounds or its buffer detached; the getters below return 0 then, as for an empty view. It looks at no
      // byte. WebKit 2.50, once it has compiled a place that is often passed, does not throw at keys().
      if (isTypedArray) PLATFORM.indexOf.call(data as Uint8Array, 0, 1 / 0);
      place = (isTypedArray ? PLATFORM.array : PLATFORM.view).map(
        (getter) => getter.call(data) as unknown,
      ) as typeof place;
    } else if (isArrayBuffer(data)) place = [data];
    if (place && isArrayBuffer(place[0])) return new Uint8Array(...place);
  } catch {
    throw new TypeError(
      `${name} lies outside of its buffer, which was resized or transferred; hand in bytes that are there`,
    );
  }
  throw new TypeError(`${name} must be an ArrayBuffer or a view of one; copy shared memory first`);
}

/** The bytes as they are at the call; a view if they are too many to copy. */
export function bytesAtCall(data: unknown): Chunk {
  const view = viewOf(data);
  return isCopied(view) ? new Uint8Array(view) : view;
}

/** Browsers' SubtleCrypto rejects resizable ones. */
const isCopied = ({ length, buffer }: Chunk) =>
  length <= MOST_COPIED_BYTES || (buffer as { resizable?: boolean }).resizable; // ES2024

/** Bytes to seal. */
interface BytesAtEnd {
  readonly bytes: Chunk;
  /** The array that ends in them, for the envelope; none if they were not copied. */
  readonly all: Chunk | undefined;
}

/**
 * As {@link bytesAtCall}, with the copy at the end of an array as long as the envelope, which can fill it from its start: a sealed frame ends where
 * the content of the next one begins, or before. So fresh memory is needed once, which takes several times as long as the copying does.
 */
export function bytesAtEnd(data: unknown, sealedSize: (length: number) => number): BytesAtEnd {
  const view = viewOf(data);
  const length = sealedSize(view.length);
  if (!isCopied(view)) return { bytes: view, all: undefined };
  const all = new Uint8Array(length);
  const bytes = all.subarray(length - view.length);
  bytes.set(view);
  return { bytes, all };
}

// Not by instanceof, which fails for objects of another window or realm.
export const tagOf = (data: unknown) => Object.prototype.toString.call(data).slice(8, -1);

/** Ask ArrayBuffer.isView first: what is not an ArrayBuffer costs an exception here, 5 microseconds for each chunk. */
function isArrayBuffer(data: unknown): data is ArrayBuffer {
  try {
    PLATFORM.byteLength.call(data);
    return true;
  } catch {
    return false;
  }
}

/** What came in, and so what comes out. */
export type Kind = 'blob' | 'bytes' | 'stream';

/** A Blob gives a Blob, bytes give bytes, and whatever else a stream. */
export function kindOf(data: unknown): Kind {
  if (isBlob(data)) return 'blob';
  return isBytes(data) ? 'bytes' : 'stream';
}

export function isBytes(data: unknown): data is Bytes {
  return ArrayBuffer.isView(data) || isArrayBuffer(data);
}

/** By its name, or by what it does: a test DOM has its own classes. */
export function isBlob(data: unknown): data is Blob {
  if (['Blob', 'File'].includes(tagOf(data))) return true;
  if (typeof data !== 'object' || data === null || isBytes(data)) return false;
  return ['slice', 'arrayBuffer'].every((name) => typeof (data as Record<string, unknown>)[name] === 'function');
}

/** All chunks in one. */
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
export function wholeNumber(value: unknown, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
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
