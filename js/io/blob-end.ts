import { type Chunk, viewOf } from './bytes.js';
import type { Chunks } from './chunks.js';
import { KmsealError, changedError, readError } from '../errors.js';
import { STREAMS_BLOBS } from './browser.js';
import { ignoreFailure } from './promises.js';

/** Whether a Blob may have more bytes than it reports: Node's openAsBlob reports a file's size modulo 2^32. Browsers report it correctly. */
export function mayBeLonger(file: Blob): boolean {
  // A Blob of a test DOM in Node has no stream, and is in memory.
  return !STREAMS_BLOBS && Boolean(globalThis.process?.versions?.node) && typeof file.stream === 'function';
}

/** Chunks of a whole Blob, whose last bytes are released when its stream has ended where its size says. */
export function endingChunks(file: Blob): Chunks {
  const { size } = file;
  const reader: ReadableStreamDefaultReader<Uint8Array> = file.stream().getReader();
  let left = size;

  async function read(): Promise<Chunk | undefined> {
    try {
      const { done, value } = await reader.read();
      return done ? undefined : viewOf(value, 'what the file gives');
    } catch (cause) {
      throw readError(cause);
    }
  }

  return {
    waits: false,
    foreign: true,
    async next() {
      if (left === 0) return undefined;
      const chunk = await read();
      if (!chunk) throw changedError(`the file ends before the ${size} bytes that it had when it was chosen`);
      left -= chunk.length;
      if (left < 0 || (left === 0 && (await read()))) throw longerError(size);
      return chunk;
    },
    cancel(reason) {
      ignoreFailure(reader.cancel(reason));
    },
  };
}

/** Reads a Blob to check that it ends where its size says. */
export async function checkEnd(file: Blob): Promise<void> {
  const chunks = endingChunks(file);
  try {
    while (await chunks.next());
  } catch (error) {
    chunks.cancel(error);
    throw error;
  }
}

/** The error; but a Blob that reports too small a size is not called cut off. */
export async function blamed(error: unknown, file: Blob | undefined): Promise<unknown> {
  if (!(file && mayBeLonger(file) && error instanceof KmsealError && error.code === 'ERR_TRUNCATED')) return error;
  return checkEnd(file).then(
    () => error,
    (why: unknown) => why,
  );
}

function longerError(size: number): KmsealError {
  const what = `this Blob reports ${size} bytes but has more, as Node's openAsBlob does from 4 GiB on`;
  return new KmsealError('ERR_READ', `${what}; open the file with openFile of kmseal/node`);
}
