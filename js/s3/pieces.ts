import type { SealedFile } from '../index.js';
import { proofsOf } from '../uploads/proofs.js';
import type { FinishedPart } from './server.js';

/** The envelope that is uploaded, in pieces: parts with numbers from 1, or one piece that is all of it. */
export interface Pieces {
  /** The envelope's length in bytes; undefined as long as it is being made. */
  readonly size: number | undefined;
  /** What `createMultipartUpload` is asked with. */
  readonly plan: { readonly size?: number; readonly partSize: number; readonly parts?: number };
  /** Whether one piece is all of it, as soon as that is known. */
  isOne(signal: AbortSignal): boolean | Promise<boolean>;
  /**
   * Gives out the numbers of parts that have not arrived, one with each call, and undefined behind the last one. If the signal is aborted while
   * a part is waited for, the call fails, and nothing is lost.
   */
  left(
    finished: readonly (FinishedPart | undefined)[],
    signal: AbortSignal,
  ): () => number | undefined | Promise<number | undefined>;
  /** The length of a piece that was given out, in bytes. */
  sizeOf(number: number): number;
  /** Its bytes, the same each time. */
  seal(number: number, signal: AbortSignal): Promise<Blob>;
  /** It has arrived, and is not asked for again. */
  arrived(number: number): void;
  /** Works that together seal a part of another life again. */
  again(number: number, signal: AbortSignal): Iterable<() => Promise<unknown>>;
  /** Ends it; a stream is cancelled with this reason. */
  close(reason?: unknown): void;
}

/** Those of a file, which are sealed whenever they are asked for. */
export class FilePieces implements Pieces {
  readonly plan: { readonly size: number; readonly partSize: number; readonly parts: number };
  readonly #sealed: SealedFile;

  constructor(sealed: SealedFile, partSize: number) {
    this.#sealed = sealed;
    const { size } = sealed;
    this.plan = { size, partSize, parts: Math.ceil(size / partSize) };
  }

  get size(): number {
    return this.plan.size;
  }

  isOne(): boolean {
    return this.plan.parts === 1;
  }

  left(finished: readonly (FinishedPart | undefined)[]): () => number | undefined {
    const numbers = Array.from({ length: this.plan.parts }, (_, index) => index + 1);
    const left = numbers.filter((number) => !finished[number - 1]);
    return () => left.shift();
  }

  sizeOf(number: number): number {
    const { size, partSize } = this.plan;
    return Math.min(partSize, size - (number - 1) * partSize);
  }

  /** Again for each try, so that a changed file is noticed. */
  seal(number: number, signal: AbortSignal): Promise<Blob> {
    const start = (number - 1) * this.plan.partSize;
    return this.#sealed.slice(start, start + this.sizeOf(number), { signal });
  }

  arrived(): void {}

  again(number: number, signal: AbortSignal): Iterable<() => Promise<unknown>> {
    const start = (number - 1) * this.plan.partSize;
    return proofsOf(this.#sealed, start, start + this.sizeOf(number), signal);
  }

  close(): void {
    this.#sealed.close();
  }
}
