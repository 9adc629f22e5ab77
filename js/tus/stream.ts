import { type ByteStream, KmsealError } from '../index.js';
import { isStream } from '../io/bytes.js';
import { ignoreFailure } from '../io/promises.js';
import { contextsOf } from '../uploads/contexts.js';
import { MOST_IN_HEADER_CHARACTERS, fieldsOf, textOf } from '../uploads/describe.js';
import { type Gathered, Gatherer } from '../uploads/gatherer.js';
import type { TusSource } from './client.js';
import type { StreamReader, TusStreamOptions } from './options.js';
import { type SealingStack, type Starting, noteChunk } from './requests.js';

/** What tus-js-client takes for a stream in browsers is its reader. */
export const isReader = (input: unknown): input is StreamReader =>
  typeof input === 'object' && input !== null && typeof (input as StreamReader).read === 'function' && !isStream(input);

/** The stream that a reader reads. */
const streamOf = (reader: StreamReader): ByteStream => ({
  [Symbol.asyncIterator]: () => ({
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    async return(): Promise<IteratorReturnResult<undefined>> {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  }),
});

/** The `fileReader` of one stream: makes its envelope when the upload starts. */
export class StreamSealer {
  readonly seals = true;
  readonly #input: ByteStream | StreamReader;
  readonly #options: TusStreamOptions;
  readonly #stack: SealingStack;
  #opening: Promise<StreamSource> | undefined;
  /** Whether no further try can help: a stream is not read twice. */
  hasFailed = false;

  constructor(input: ByteStream | StreamReader, options: TusStreamOptions, stack: SealingStack) {
    [this.#input, this.#options, this.#stack] = [input, options, stack];
  }

  async openFile(input: unknown): Promise<TusSource> {
    if (input !== this.#input)
      throw new TypeError('these options are for one stream; give Upload the same one, or make options for this one');
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<StreamSource> {
    const { sealer, describe, signal } = this.#options;
    const stream = isReader(this.#input) ? streamOf(this.#input) : this.#input;
    const fields = fieldsOf(describe, this.#input);
    const wanted = { ...contextsOf(this.#options, this.#input), signal, fields };
    const { drain, description } = await sealer.drain(stream, wanted);
    const gatherer = new Gatherer(drain);
    signal?.addEventListener('abort', () => gatherer.close(signal.reason));
    try {
      const text = description && textOf(description, MOST_IN_HEADER_CHARACTERS);
      const onFailure = () => {
        this.hasFailed = true;
      };
      return new StreamSource(gatherer, { stack: this.#stack, description: text, onFailure });
    } catch (error) {
      gatherer.close(error);
      throw error;
    }
  }
}

interface SourceSettings {
  stack: SealingStack;
  /** In base64url, if there is one. */
  description: string | undefined;
  onFailure: () => void;
}

/** The envelope of a stream. The chunk that is sent is kept until the next one is asked for, which is gathered meanwhile. */
class StreamSource implements TusSource, Starting {
  readonly envelope = Symbol('envelope');
  readonly description: string | undefined;
  readonly #gatherer: Gatherer;
  readonly #stack: SealingStack;
  readonly #onFailure: () => void;
  #kept: Gathered & { start: number } = { start: 0, blob: new Blob(), isLast: false };
  #ahead: Promise<Gathered> | undefined;
  #asked = 0;

  constructor(gatherer: Gatherer, { stack, description, onFailure }: SourceSettings) {
    [this.#gatherer, this.#stack, this.#onFailure] = [gatherer, stack, onFailure];
    this.description = description;
    stack.only = this;
  }

  get size(): number {
    throw new TypeError('nobody knows the length of a stream yet; leave uploadLengthDeferred true');
  }

  /** The envelope's length in bytes, once its end was handed out. */
  get length(): number | undefined {
    return this.#kept.isLast ? this.#end : undefined;
  }

  get #end(): number {
    return this.#kept.start + this.#kept.blob.size;
  }

  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    this.#asked++;
    const asked = this.#asked;
    const length = end - start;
    if (!Number.isSafeInteger(length) || length < 1)
      throw new KmsealError('ERR_UPLOAD', 'a chunk has no bytes, or no end; set chunkSize to a whole number');
    if (!this.#stack.isUsed)
      throw new KmsealError('ERR_UPLOAD', 'the requests of a stream are sent by kmseal; leave httpStack alone');
    let failure: { error: unknown } | undefined;
    try {
      while (start >= this.#end && !this.#kept.isLast) await this.#advance(length);
    } catch (error) {
      this.#onFailure();
      failure = { error };
    }
    // tus does not report an abort to readers, and would send this, or report it, next to what it asks now.
    if (asked !== this.#asked) return new Promise(() => {});
    if (failure) throw failure.error;
    const { start: from, blob, isLast } = this.#kept;
    if (start < from || start > this.#end) throw this.#gone();
    const to = Math.min(start - from + length, blob.size);
    const value = blob.slice(start - from, to, blob.type);
    noteChunk(value, { envelope: this.envelope, length: this.length, start });
    if (!isLast) ignoreFailure(this.#gather(length));
    return { value, done: isLast && to === blob.size };
  }

  /** What was kept has arrived. */
  async #advance(length: number): Promise<void> {
    const gathering = this.#gather(length);
    const gathered = await gathering;
    if (this.#ahead !== gathering) return; // another call has taken it
    this.#kept = { start: this.#end, ...gathered };
    this.#ahead = undefined;
  }

  #gather(length: number): Promise<Gathered> {
    this.#ahead ??= this.#gatherer.next(length);
    return this.#ahead;
  }

  #gone(): KmsealError {
    this.#onFailure();
    const message = 'the server does not have what had arrived, and a stream cannot be read again; begin again';
    return new KmsealError('ERR_UPLOAD', message);
  }

  /** The upload is deleted from the server. */
  onDeleted(): void {
    this.#gatherer.close(new KmsealError('ERR_CLOSED', 'this upload was deleted; begin again with a new stream'));
  }

  onBypass(): void {}

  onRefused(): void {}

  onThere(): void {}

  /** All has arrived. */
  close(): void {}
}
