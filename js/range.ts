import type { Body } from '#glue';
import { type Chunk, position } from './bytes.js';
import { type ReadOptions, rangeChunks, readSlice } from './chunks.js';
import { type Instance, call, free } from './load.js';
import { openFrame } from './opening.js';
import { ByteQueue } from './queue.js';
import type { RangeSource } from './types.js';

/** What the core says about some frames; see Body.seek. */
interface Cover {
  from: number;
  to: number;
  start: number;
  size: number;
}

/** A part of the plaintext: its frames, how many bytes of the first one's content lie before it, and where it is. */
export interface Part {
  queue: ByteQueue;
  skip: number;
  start: number;
  end: number;
  /** Of the whole plaintext. */
  size: number;
}

/** Opens the final frame, which proves the plaintext's size, and turns the body to the frames that cover a part. */
export async function locate(
  on: Instance, body: Body, source: Blob | RangeSource, sealedSize: number, wanted: [number, number], options: ReadOptions,
): Promise<Part> {
  const seek = (from: number, to: number) => call(on, () => body.seek(sealedSize, from, to)) as Cover;
  try {
    const final = seek(Infinity, Infinity);
    await check(on, body, await readSlice(source, final.from, final.to, options));
    const { size } = final;
    const start = position(wanted[0], size);
    const end = Math.max(start, position(wanted[1], size));
    const cover = seek(start, end);
    const queue = new ByteQueue(rangeChunks(source, cover.from, cover.to, options), options);
    return { queue, skip: start - cover.start, start, end, size };
  } catch (error) {
    free(on, body);
    throw error;
  }
}

/** Opens a frame by itself, which must be the one that the body was turned to. */
async function check(on: Instance, body: Body, bytes: Chunk): Promise<void> {
  call(on, (wasm) => body.plan(bytes.subarray(0, wasm.Body.headLength())));
  const { result, failed } = openFrame(on, body, bytes);
  try {
    await (result as PromiseLike<Chunk>);
  } catch (cause) {
    throw failed(cause);
  }
}
