import type { Body, Glue } from '#glue';
import { type Chunk, position } from '../io/bytes.js';
import { type ReadOptions, rangeChunks, readSlice } from '../io/chunks.js';
import { openFrame } from './opening.js';
import { ByteQueue } from '../io/queue.js';
import type { RangeSource } from '../types.js';

/** The core's answer about some frames; see Body.seek. */
interface Cover {
  from: number;
  to: number;
  start: number;
  size: number;
}

/** A part of the plaintext: its frames, how many bytes of the first one's content lie before it, and where it is. */
export interface Located {
  queue: ByteQueue;
  skip: number;
  start: number;
  end: number;
  /** The whole plaintext's length. */
  size: number;
}

/** What is to be opened. */
export interface Wanted {
  wasm: Glue;
  body: Body;
  source: Blob | RangeSource;
  /** The envelope's length in bytes. */
  sealedSize: number;
  /** The part of the plaintext, with Blob.slice's meaning of the two. */
  start: number;
  end: number;
  reading: ReadOptions;
}

/** Opens the final frame, which proves the plaintext's size, and turns the body to the frames that cover a part. */
export async function locate({ wasm, body, source, sealedSize, start, end, reading }: Wanted): Promise<Located> {
  const seek = (from: number, to: number) => body.seek(sealedSize, from, to) as Cover;
  try {
    const final = seek(Infinity, Infinity);
    await check(wasm, body, await readSlice(source, final.from, final.to, reading));
    const { size } = final;
    const from = position(start, size);
    const to = Math.max(from, position(end, size));
    const cover = seek(from, to);
    const queue = new ByteQueue(rangeChunks(source, cover.from, cover.to, reading), reading);
    return { queue, skip: from - cover.start, start: from, end: to, size };
  } catch (error) {
    body.free();
    throw error;
  }
}

/** Opens a frame by itself, which must be the one that the body was turned to. */
async function check(wasm: Glue, body: Body, bytes: Chunk): Promise<void> {
  body.plan(bytes.subarray(0, wasm.Body.headLength()));
  const { result, failed } = openFrame(body, bytes);
  try {
    await (result as PromiseLike<Chunk>);
  } catch (cause) {
    throw failed(cause);
  }
}
