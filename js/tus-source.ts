import { isBlob } from './bytes.js';
import { type ContextOptions, KmsealError, type SealedFile, type Sealer } from './index.js';
import type { TusSealOptions } from './tus.js';
import { type SealingStack, isSealedChunk, noteChunk } from './tus-requests.js';

/** What tus-js-client reads a file through. */
export interface TusSource {
  /** The envelope's length in bytes. */
  readonly size: number;
  slice(start: number, end: number): Promise<{ value: Blob; done: boolean }>;
  close(): void;
}

/** The envelope of one file, which all uploads of that file with the same contexts share until one of them is done. */
interface Envelope {
  readonly id: symbol;
  readonly sealed: SealedFile;
  /** Sources that may still read it. */
  sources: number;
}

/** What `fileReader` is: gives each file an envelope. */
export class SealingReader {
  readonly seals = true;
  readonly #sealer: Sealer;
  readonly #options: TusSealOptions;
  readonly #stack: SealingStack;
  /** By file and contexts: an upload that was given up may have left one of another user. */
  readonly #envelopes = new WeakMap<Blob, Map<string, Promise<Envelope>>>();

  constructor(sealer: Sealer, options: TusSealOptions, stack: SealingStack) {
    this.#sealer = sealer;
    this.#options = options;
    this.#stack = stack;
  }

  async openFile(input: unknown, chunkSize: number): Promise<TusSource> {
    if (!isBlob(input)) throw new TypeError('only a Blob or File can be sealed for tus');
    // tus opens each part of a parallel upload as if it were a file: an envelope in an envelope.
    if (isSealedChunk(input)) throw new TypeError('a sealed file is uploaded in one piece: leave parallelUploads at 1');
    const options = this.#contextsOf(input);
    const contexts = canonical(options);
    const envelopes = this.#envelopes.get(input) ?? new Map<string, Promise<Envelope>>();
    this.#envelopes.set(input, envelopes);
    const opening = envelopes.get(contexts) ?? this.#prepare(input, options);
    envelopes.set(contexts, opening);
    const forget = () => {
      if (envelopes.get(contexts) === opening) envelopes.delete(contexts);
    };
    try {
      return new SealingSource(await opening, chunkSize, this.#stack, forget);
    } catch (error) {
      forget();
      throw error;
    }
  }

  #contextsOf(file: Blob): ContextOptions {
    const { encryptionContext, requiredEncryptionContext } = this.#options;
    const of = (context: typeof encryptionContext) => (typeof context === 'function' ? context(file) : context);
    return { encryptionContext: of(encryptionContext), requiredEncryptionContext: of(requiredEncryptionContext) };
  }

  async #prepare(file: Blob, options: ContextOptions): Promise<Envelope> {
    return { id: Symbol('envelope'), sealed: await this.#sealer.prepare(file, options), sources: 0 };
  }
}

/** Equal for equal contexts, whatever the order of their keys. */
function canonical({ encryptionContext, requiredEncryptionContext }: ContextOptions): string {
  const entries = (context: ContextOptions['encryptionContext']) => Object.entries(context ?? {}).map((entry) => entry.map(String)).sort();
  return JSON.stringify([entries(encryptionContext), entries(requiredEncryptionContext)]);
}

/** A chunk that is sealed while the one before travels. */
interface Ahead {
  start: number;
  end: number;
  value: Promise<Blob>;
  stop: AbortController;
}

class SealingSource implements TusSource {
  readonly #envelope: Envelope;
  readonly #chunkSize: number;
  readonly #stack: SealingStack;
  readonly #onClose: () => void;
  #ahead: Ahead | undefined;
  #attempt = 0;
  #bypassed = false;
  #closed = false;

  constructor(envelope: Envelope, chunkSize: number, stack: SealingStack, onClose: () => void) {
    this.#envelope = envelope;
    this.#chunkSize = chunkSize;
    this.#stack = stack;
    this.#onClose = onClose;
    envelope.sources++;
  }

  /** tus asks for it whenever it starts or resumes. */
  get size(): number {
    this.#attempt++;
    this.#bypassed = false;
    const { id, sealed: { size } } = this.#envelope;
    this.#stack.expect({ envelope: id, length: size, onBypass: () => { this.#bypassed = true; } });
    return size;
  }

  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    const { id, sealed } = this.#envelope;
    const length = end - start;
    // Without a byte tus would ask again and again.
    if (length <= 0 && start < sealed.size) throw new KmsealError('ERR_UPLOAD', 'a chunk has no bytes; set chunkSize to 1 or more');
    if (this.#bypassed || length > this.#chunkSize || (end < sealed.size && length < this.#chunkSize)) {
      const message = 'the whole envelope must be uploaded in order; leave uploadSize, parallelUploads and httpStack alone';
      throw new KmsealError('ERR_UPLOAD', message);
    }
    const attempt = this.#attempt;
    const value = await this.#take(start, end);
    // tus tells no reader of an abort, and would send this beside what it asked for since.
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
    this.#onClose();
    if (--this.#envelope.sources === 0) this.#envelope.sealed.close();
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
    const value = sealed.slice(start, end, { signal: stop.signal });
    value.catch(() => {}); // reported to whoever asks for it
    return { start, end, value, stop };
  }
}
