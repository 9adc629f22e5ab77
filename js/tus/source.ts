import { isBlob } from '../io/bytes.js';
import { type ContextOptions, KmsealError } from '../index.js';
import { type Described, MOST_IN_HEADER_CHARACTERS, fieldsOf, prepareDescribed } from '../uploads/describe.js';
import { rereading } from '../uploads/reread.js';
import type { TusSource } from './client.js';
import { type SealingStack, isSealedChunk, noteChunk } from './requests.js';
import { canonical, contextsOf } from '../uploads/contexts.js';
import { TusKeeper, type RemoteTus } from './kept.js';
import { keep } from '../uploads/keeper.js';
import type { TusSealOptions } from './options.js';
import type { Retry } from '../uploads/options.js';

/** The envelope of one file, which all uploads of that file with the same contexts share until one of them is done. */
interface Envelope extends Described {
  readonly id: symbol;
  /** Keeps the upload, if that is wanted. */
  readonly keeper: TusKeeper | undefined;
  /** Sources that may still read it. */
  sources: number;
}

/** The `fileReader`: makes an envelope for each file. */
export class SealingReader {
  readonly seals = true;
  readonly #options: TusSealOptions;
  readonly #restored = new WeakMap<Blob, Envelope>();
  /** Whether it is for one upload that another page began: with another file, or once more, it would make an envelope without its context. */
  #isForOne = false;
  readonly #stack: SealingStack;
  /** By file and contexts: an abandoned upload may have left one of another user. */
  readonly #envelopes = new WeakMap<Blob, Map<string, Promise<Envelope>>>();

  constructor(options: TusSealOptions, stack: SealingStack) {
    this.#options = options;
    this.#stack = stack;
  }

  /** Takes an envelope that another page began. */
  restore(file: Blob, described: Described, keeper: TusKeeper): symbol {
    const id = Symbol('envelope');
    this.#isForOne = true;
    this.#restored.set(file, { id, ...described, keeper, sources: 0 });
    return id;
  }

  async openFile(input: unknown, chunkSize: number): Promise<TusSource> {
    if (!isBlob(input)) throw new TypeError('only a Blob or File can be sealed for tus');
    // tus opens each part of a parallel upload as if it were a file: an envelope in an envelope.
    if (isSealedChunk(input)) throw new TypeError('a sealed file is uploaded in one piece: leave parallelUploads at 1');
    const options = contextsOf(this.#options, input);
    const contexts = canonical(options);
    const envelopes = this.#envelopes.get(input) ?? new Map<string, Promise<Envelope>>();
    this.#envelopes.set(input, envelopes);
    const opening = envelopes.get(contexts) ?? this.#prepare(input, options);
    envelopes.set(contexts, opening);
    const forget = () => {
      if (envelopes.get(contexts) === opening) envelopes.delete(contexts);
    };
    try {
      return new SealingSource(await opening, {
        chunkSize,
        stack: this.#stack,
        onRetry: this.#options.onRetry,
        onClose: forget,
      });
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #prepare(file: Blob, options: ContextOptions): Promise<Envelope> {
    const restored = this.#restored.get(file);
    this.#restored.delete(file);
    if (restored) return restored;
    if (this.#isForOne)
      throw new TypeError(
        'the options of resumeTusOptions are for one upload of the File that they were made with; use those of tusOptions for another one',
      );
    const { sealer, describe, store, onUnsaved, id, name } = this.#options;
    const wanted = { ...options, fields: fieldsOf(describe, file), most: MOST_IN_HEADER_CHARACTERS };
    const { sealed, description } = await prepareDescribed(sealer, file, wanted);
    try {
      const kept = { store, id: id?.(file), name: name?.(file), onUnsaved };
      const keeper = await keep<RemoteTus>(sealed, kept, 'tus', { url: undefined, sent: 0, refused: false });
      const tusKeeper = keeper && new TusKeeper(keeper, sealed);
      return { id: Symbol('envelope'), sealed, description, keeper: tusKeeper, sources: 0 };
    } catch (error) {
      sealed.close();
      throw error;
    }
  }
}

/** A chunk that is sealed while the previous one is sent. */
interface Ahead {
  start: number;
  end: number;
  value: Promise<Blob>;
  stop: AbortController;
}

interface SourceSettings {
  chunkSize: number;
  stack: SealingStack;
  onRetry: ((retry: Retry) => void) | undefined;
  onClose(): void;
}

class SealingSource implements TusSource {
  readonly #envelope: Envelope;
  readonly #chunkSize: number;
  readonly #stack: SealingStack;
  readonly #onRetry: ((retry: Retry) => void) | undefined;
  readonly #onClose: () => void;
  #ahead: Ahead | undefined;
  #attempt = 0;
  #bypassed = false;
  #closed = false;

  constructor(envelope: Envelope, { chunkSize, stack, onRetry, onClose }: SourceSettings) {
    this.#envelope = envelope;
    [this.#chunkSize, this.#stack, this.#onRetry, this.#onClose] = [chunkSize, stack, onRetry, onClose];
    envelope.sources++;
  }

  /** tus reads it whenever it starts or resumes. */
  get size(): number {
    this.#attempt++;
    this.#bypassed = false;
    const { id, sealed, description, keeper } = this.#envelope;
    const { size } = sealed;
    this.#stack.expect({
      envelope: id,
      length: size,
      keeper,
      description,
      onBypass: () => {
        this.#bypassed = true;
      },
      onThere: () => this.close(),
      // The envelope itself stays for an Upload that starts again; a new one of the same file gets its own, which is kept.
      onDeleted: () => this.#giveUp(),
      // A server that has just lost its routes answers 404 to everything, and may have the upload all the same.
      onRefused: () => keeper?.isCreated === false && this.#giveUp(),
    });
    return size;
  }

  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    const { id, sealed, keeper } = this.#envelope;
    const length = end - start;
    // With an empty chunk tus would read again and again.
    if (length <= 0 && start < sealed.size)
      throw new KmsealError('ERR_UPLOAD', 'a chunk has no bytes; set chunkSize to 1 or more');
    if (this.#bypassed || length > this.#chunkSize || (end < sealed.size && length < this.#chunkSize)) {
      const message =
        'the whole envelope must be uploaded in order; leave uploadSize, parallelUploads and httpStack alone';
      throw new KmsealError('ERR_UPLOAD', message);
    }
    const attempt = this.#attempt;
    let value;
    try {
      value = await this.#take(start, end);
      await keeper?.sealed(start, Math.min(end, sealed.size));
    } catch (error) {
      // What can never be completed is not kept.
      if ((error as KmsealError).code === 'ERR_SOURCE_CHANGED') void keeper?.end();
      throw error;
    }
    // tus does not report an abort to readers, and would send this next to later chunks.
    if (attempt !== this.#attempt) return new Promise(() => {});
    noteChunk(value, { envelope: id, length: sealed.size, start });
    if (end < sealed.size) this.#ahead = this.#seal(end, end + this.#chunkSize);
    return { value, done: end >= sealed.size };
  }

  /** Called when all has been uploaded. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ahead?.stop.abort();
    this.#giveUp();
    if (--this.#envelope.sources > 0) return;
    this.#envelope.sealed.close();
  }

  /** It is no longer kept. */
  #giveUp(): void {
    const { id, keeper } = this.#envelope;
    this.#onClose();
    this.#stack.forget(id);
    // Others may be of uploads that were given up, which nobody closes.
    void keeper?.end();
  }

  #take(start: number, end: number): Promise<Blob> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.start === start && ahead.end === end) return ahead.value;
    ahead?.stop.abort();
    return this.#seal(start, end).value;
  }

  #seal(start: number, past: number): Ahead {
    const { sealed } = this.#envelope;
    const end = Math.min(past, sealed.size);
    const stop = new AbortController();
    const { signal } = stop;
    const value = rereading(() => sealed.slice(start, end, { signal }), { signal, onRetry: this.#onRetry });
    value.catch(() => {}); // reported to the reader
    return { start, end, value, stop };
  }
}
