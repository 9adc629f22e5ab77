// What cannot be sealed, or is not what was announced.

const TYPE = 'TypeError';
const RANGE = 'RangeError';
const CHANGED = 'ERR_SOURCE_CHANGED';

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const SOURCES = [
  { title: 'nothing to seal', error: TYPE, says: /Blob, bytes or a stream/, call: ({ sealer }) => sealer.seal() },
  { title: 'text', error: TYPE, says: /Blob, bytes or a stream/, call: ({ sealer }) => sealer.seal('text') },
  {
    title: 'an array of numbers',
    error: TYPE,
    says: /Blob, bytes or a stream/,
    call: ({ sealer }) => sealer.seal([1, 2, 3]),
  },
  {
    title: 'a FileList',
    error: TYPE,
    says: /Blob, bytes or a stream/,
    call: ({ sealer }) => sealer.seal(document.querySelector('input').files),
  },
  {
    title: 'shared memory',
    error: TYPE,
    says: /shared memory/,
    call: ({ sealer, shared }) => sealer.seal(new Uint8Array(shared, 0, 8)),
  },
  {
    title: 'a SharedArrayBuffer',
    error: TYPE,
    says: /Blob, bytes or a stream/,
    call: ({ sealer, shared }) => sealer.seal(shared),
  },
  {
    title: 'shared memory in a stream',
    error: TYPE,
    says: /shared memory/,
    call: ({ sealer, shared, streamOf, read }) => read(sealer.seal(streamOf(new Uint8Array(shared)))),
  },
  {
    title: 'text in a stream',
    error: TYPE,
    says: /chunk of the stream/,
    call: ({ sealer, streamOf, read }) => read(sealer.seal(streamOf('text'))),
  },
  {
    title: 'a stream that someone else reads',
    error: TYPE,
    says: /lock|reader/i,
    call: ({ sealer, streamOf }) => {
      const stream = streamOf();
      stream.getReader();
      return sealer.seal(stream);
    },
  },
  {
    title: 'a size as text',
    error: TYPE,
    says: /size must be a number/,
    call: ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: '1' }),
  },
  {
    title: 'a negative size',
    error: RANGE,
    says: /size must/,
    call: ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: -1 }),
  },
  {
    title: 'a size that is not whole',
    error: RANGE,
    says: /size must/,
    call: ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: 0.5 }),
  },
  {
    title: 'more frames than there are numbers',
    error: 'ERR_TOO_LONG',
    says: /frame/,
    call: ({ make }) => make({ frameLength: 4096 }).sealedSize(4096 * 2 ** 32),
  },
  {
    title: 'a stream shorter than announced',
    error: CHANGED,
    says: /11 bytes/,
    call: ({ sealer, streamOf, bytes, read }) => read(sealer.seal(streamOf(bytes), { size: 11 })),
  },
  {
    title: 'a stream longer than announced',
    error: CHANGED,
    says: /9 bytes/,
    call: ({ sealer, streamOf, bytes, read }) => read(sealer.seal(streamOf(bytes), { size: 9 })),
  },
  {
    title: 'a long stream longer than announced',
    error: CHANGED,
    says: /1048576 bytes/,
    call: ({ sealer, streamOf, read }) =>
      read(sealer.seal(streamOf(new Uint8Array(2 ** 20), new Uint8Array(1)), { size: 2 ** 20 })),
  },
  {
    title: 'a stream without end, announced to have one',
    error: CHANGED,
    says: /1000000 bytes/,
    call: ({ sealer, read }) =>
      read(
        sealer.seal(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) }), {
          size: 1_000_000,
        }),
      ),
  },
  {
    title: 'a stream that fails',
    error: 'ERR_READ',
    says: /could not be read/,
    call: ({ sealer, read }) =>
      read(sealer.seal(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) }))),
  },
  {
    title: 'an iterator that throws',
    error: 'ERR_READ',
    says: /could not be read/,
    call: ({ sealer, read }) =>
      read(
        sealer.seal(
          (async function* () {
            throw new Error('gone');
          })(),
        ),
      ),
  },
  {
    title: 'a signal that is not an AbortSignal',
    error: TYPE,
    says: /signal must be an AbortSignal/,
    call: ({ sealer, bytes }) => sealer.seal(bytes, { signal: { aborted: false } }),
  },
  {
    title: 'onProgress that is not a function',
    error: TYPE,
    says: /onProgress/,
    call: ({ sealer, bytes }) => sealer.seal(bytes, { onProgress: true }),
  },
  {
    title: 'onProgress that is not a function, for a Blob',
    error: TYPE,
    says: /onProgress/,
    call: ({ sealer }) => sealer.seal(new Blob(['abc']), { onProgress: {} }),
  },
  {
    title: 'a size that is negative',
    error: RANGE,
    says: /plaintextSize must/,
    call: ({ sealer }) => sealer.sealedSize(-1),
  },
  {
    title: 'a size that is a Blob',
    error: TYPE,
    says: /plaintextSize must/,
    call: ({ sealer }) => sealer.sealedSize(new Blob()),
  },
  {
    title: 'a size over 2^53',
    error: RANGE,
    says: /plaintextSize must/,
    call: ({ sealer }) => sealer.sealedSize(2 ** 53),
  },
  {
    title: 'bytes to prepare',
    error: TYPE,
    says: /must be a Blob/,
    call: ({ sealer, bytes }) => sealer.prepare(bytes),
  },
  {
    title: 'a name to prepare',
    error: TYPE,
    says: /must be a Blob/,
    call: ({ sealer }) => sealer.prepare('/etc/hosts'),
  },
];
