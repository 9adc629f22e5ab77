import { adopted } from './browser.js';
import { type Chunk, bytesAtCall, isBlob, isBytes, isStream } from './bytes.js';
import { type ReadOptions, blobChunks, isRangeSource, rangeChunks, sizeOf, sliceOf } from './chunks.js';
import { ByteQueue } from './queue.js';
import { streamChunks } from './streams.js';

/** How much is read at a time until the header is complete. */
export const HEAD_SLICE_BYTES = 65_536; // 64 KiB

/** The given envelope. */
export interface Source {
  queue: ByteQueue;
  /** In bytes, if known. */
  size?: number | undefined;
  file?: Blob | undefined;
  bytes?: Chunk;
}

export function queueOf(envelope: unknown, reading: ReadOptions, slice = sliceOf(1)): Source {
  if (isBlob(envelope)) {
    const file = adopted(envelope);
    const size = sizeOf(file, 'envelope');
    return { queue: new ByteQueue(blobChunks(file, slice), reading), size, file };
  }
  if (isBytes(envelope)) {
    const bytes = bytesAtCall(envelope);
    return { queue: new ByteQueue(bytes), size: bytes.length, bytes };
  }
  if (isStream(envelope)) return { queue: new ByteQueue(streamChunks(envelope), reading) };
  if (!isRangeSource(envelope)) throw new TypeError('envelope must be a Blob, bytes or a stream, or { size, read }');
  const size = sizeOf(envelope, 'envelope');
  return { queue: new ByteQueue(rangeChunks(envelope, 0, size, reading, slice), reading), size };
}
