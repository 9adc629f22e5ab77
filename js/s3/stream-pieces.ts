import { KmsealError } from '../index.js';
import type { Gatherer } from '../uploads/gatherer.js';
import { MAX_PARTS, sizeOfPart } from './part-sizes.js';
import type { Pieces } from './pieces.js';
import type { FinishedPart } from './server.js';

/** Those of a stream, which cannot be read again: each is kept until it has arrived. */
export class StreamPieces implements Pieces {
  size: number | undefined;
  readonly plan: { readonly partSize: number };
  readonly #gatherer: Gatherer;
  /** In bytes, of all that were gathered, in their order. */
  readonly #sizes: number[] = [];
  /** Those that have not arrived, by number. */
  readonly #kept = new Map<number, Blob>();
  #gathering: Promise<unknown> = Promise.resolve();

  constructor(gatherer: Gatherer, partSize: number) {
    this.#gatherer = gatherer;
    this.plan = { partSize };
  }

  async isOne(signal: AbortSignal): Promise<boolean> {
    if (this.#sizes.length === 0) await this.#gather(signal);
    return this.size === this.#sizes[0];
  }

  left(finished: readonly (FinishedPart | undefined)[], signal: AbortSignal): () => Promise<number | undefined> {
    const numbers = Array.from(this.#sizes, (_, index) => index + 1);
    const left = numbers.filter((number) => !finished[number - 1]);
    return async () => left.shift() ?? this.#inTurn(() => this.#gather(signal));
  }

  sizeOf(number: number): number {
    return this.#sizes[number - 1]!;
  }

  async seal(number: number): Promise<Blob> {
    return this.#kept.get(number)!;
  }

  arrived(number: number): void {
    this.#kept.delete(number);
  }

  again(): [] {
    return [];
  }

  close(reason?: unknown): void {
    this.#gatherer.close(reason);
  }

  /** The next part; undefined behind the last one. */
  async #gather(signal: AbortSignal): Promise<number | undefined> {
    signal.throwIfAborted();
    if (this.size !== undefined) return undefined;
    const number = this.#sizes.length + 1;
    const { blob, isLast } = await this.#gatherer.next(sizeOfPart(number, this.plan.partSize), signal);
    if (number === MAX_PARTS && !isLast) throw tooLong(this.plan.partSize);
    this.#kept.set(number, blob);
    this.#sizes.push(blob.size);
    if (isLast) this.size = this.#sizes.reduce((sum, size) => sum + size, 0);
    return number;
  }

  /** One part at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#gathering.then(work);
    this.#gathering = working.then(undefined, () => {});
    return working;
  }
}

function tooLong(partSize: number): KmsealError {
  const message = `the stream is longer than ${MAX_PARTS} parts can hold whose first has ${partSize} bytes; begin again with a larger partSize`;
  return new KmsealError('ERR_TOO_LONG', message);
}
