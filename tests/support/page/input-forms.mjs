// Forms in which bytes are handed in: producers, streams that something has touched, views that lie.

/** All bytes of a Blob, a buffer or a stream. */
export const all = async (data) => {
  if (!(data instanceof ReadableStream)) return new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data);
  const pieces = [];
  const reader = data.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) pieces.push(value);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
};

/** Forms of a producer that fills one buffer again and again: `count` chunks of `length` bytes, which say which one they are. */
export const PRODUCERS = {
  async *generator(buffer, fill) {
    while (fill()) yield buffer;
  },
  iterator: (buffer, fill) => ({
    [Symbol.asyncIterator]: () => ({ next: async () => (fill() ? { value: buffer } : { done: true }) }),
  }),
  // It asks ahead, as streams do by default: the buffer is filled again a moment after a chunk was given.
  streamAhead: (buffer, fill) =>
    new ReadableStream({
      async pull(controller) {
        for (let turn = 0; turn < 30; turn++) await undefined;
        if (fill()) controller.enqueue(buffer);
        else controller.close();
      },
    }),
  stream: (buffer, fill) =>
    new ReadableStream(
      { pull: (controller) => (fill() ? controller.enqueue(buffer) : controller.close()) },
      { highWaterMark: 0 },
    ),
};

/** A source whose reads all lie in one buffer. */
export function oneBuffer(bytes) {
  const buffer = new Uint8Array(bytes.length);
  return {
    size: bytes.length,
    read: async (start, end) => {
      buffer.fill(0xee);
      buffer.set(bytes.subarray(start, end));
      return buffer.subarray(0, end - start);
    },
  };
}

/** Bytes that all differ from the one 256 before them. */
export function sample(length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 7 + (at >> 8);
  return bytes;
}

export class Lying extends Uint8Array {
  get length() {
    return 3;
  }
  get byteLength() {
    return 3;
  }
  get byteOffset() {
    return 1;
  }
  get buffer() {
    return new ArrayBuffer(3);
  }
}

/** A Blob by its looks, of another realm or a polyfill. */
export const blobLike = (size) => ({
  [Symbol.toStringTag]: 'Blob',
  size,
  slice: () => blobLike(size),
  arrayBuffer: async () => new ArrayBuffer(5),
});

/** How streams are touched before they are passed in; each returns the stream. */
export const TOUCHED = {
  'read to its end': async (make) => {
    const stream = make();
    await all(stream);
    return stream;
  },
  peeked: async (make) => {
    const stream = make();
    const reader = stream.getReader();
    await reader.read();
    reader.releaseLock();
    return stream;
  },
  cancelled: async (make) => {
    const stream = make();
    await stream.cancel();
    return stream;
  },
  locked: async (make) => {
    const stream = make();
    stream.getReader();
    return stream;
  },
  'given to two readers': async (make) => {
    const stream = make();
    stream.tee();
    return stream;
  },
  'sealed before': async (make, kit) => {
    const stream = make();
    await all(await kit.sealer().seal(stream));
    return stream;
  },
  'sealed before, and the upload failed': async (make, kit) => {
    const stream = make();
    const sealed = await kit.sealer().seal(stream);
    const reader = sealed.getReader();
    await reader.read();
    await reader.cancel();
    return stream;
  },
};

/** Streams that nothing has touched. */
export const FRESH = {
  'of an array': () => new ReadableStream({ start: (c) => (c.enqueue(sample(10)), c.enqueue(sample(10)), c.close()) }),
  'of a Blob': () => new Blob([sample(20)]).stream(),
  "a Response's body": () => new Response(sample(20)).body,
  'through a TransformStream': () => new Blob([sample(20)]).stream().pipeThrough(new TransformStream()),
};

try {
  const ofBytes = () =>
    new ReadableStream({ type: 'bytes', start: (c) => (c.enqueue(sample(10)), c.enqueue(sample(10)), c.close()) });
  ofBytes();
  FRESH['of bytes'] = ofBytes;
} catch {
  // WebKitGTK 2.50 has none.
}
