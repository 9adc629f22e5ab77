import type { Sequencer } from '#glue';
import type { Chunk } from '../io/bytes.js';
import { framesTogether } from './engine.js';
import { changedError } from '../errors.js';
import type { Flow, Frames, InFlight } from './flow.js';
import type { ByteQueue } from '../io/queue.js';

interface SealingOptions {
  sequencer: Sequencer;
  header: Chunk;
  frameLength: number;
  /** The required length of the source, if known. */
  size: number | undefined;
  /** The envelope of its description, if it has one. */
  description: Chunk | undefined;
}

/** Seals bytes as they come, each once. */
export class SealingFlow implements Flow {
  readonly #queue: ByteQueue;
  readonly #options: SealingOptions;
  #taken = 0;
  #ended = false;
  #header: Chunk | undefined;

  get description(): Chunk | undefined {
    return this.#options.description;
  }

  constructor(queue: ByteQueue, options: SealingOptions) {
    this.#queue = queue;
    this.#options = options;
    this.#header = options.header;
  }

  next(): Frames | Promise<Frames> {
    if (this.#ended) return undefined;
    // Only a byte after a full frame shows that the frame is not the last.
    const filled = this.#queue.fill(this.#options.frameLength + 1);
    return filled === true ? this.#frames() : filled.then(() => this.#frames());
  }

  #frames(): Frames {
    if (this.#ended) return undefined;
    const { frameLength, size } = this.#options;
    if (size !== undefined && this.#taken + this.#queue.size > size) throw wrongSize(size);
    const frames: InFlight[] = [];
    while (this.#queue.size > frameLength && frames.length < framesTogether(frameLength)) {
      frames.push(this.#seal(this.#queue.take(frameLength), false));
    }
    if (frames.length === 0) {
      const rest = this.#queue.take(this.#queue.size);
      if (size !== undefined && this.#taken + rest.length !== size) throw wrongSize(size);
      frames.push(this.#seal(rest, true));
      this.#ended = true;
    }
    return frames;
  }

  #seal(content: Chunk, last: boolean): InFlight {
    this.#taken += content.length;
    const { head, body } = this.#options.sequencer.seal(content, last) as { head: Chunk; body: InFlight['result'] };
    const before = this.#header ? [this.#header, head] : [head];
    this.#header = undefined;
    const release = (sealed: Chunk) => {
      this.#queue.settle(content.length);
      return [...before, sealed];
    };
    return { result: body, plain: content.length, release };
  }

  close(reason?: unknown): void {
    this.#ended = true;
    this.#queue.close(reason);
    this.#options.sequencer.free();
  }
}

/** Options with the size that a source has. If another one was announced, the source is not whole. */
export function sized<O>(options: O & { size?: number | undefined }, size: number): O & { size: number } {
  if (options.size !== undefined && options.size !== size) throw wrongSize(options.size);
  return { ...options, size };
}

function wrongSize(size: number): Error {
  return changedError(`the data does not have the ${size} bytes that were announced`, 'give its true size, or none');
}
