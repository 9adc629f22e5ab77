/**
 * Options for tus-js-client and @uppy/tus that seal what they upload, chunk by chunk.
 *
 * @module kmseal/tus
 */
import { type ContextOptions, type EncryptionContext, KmsealError, type SealedFile, Sealer } from './index.js';
import { urlStorage } from './url-storage.js';

/** Large enough that the round trip of a PATCH hardly counts, small enough that two of them are no burden. */
const CHUNK_SIZE = 16 * 1024 * 1024;

/** The contexts of what is uploaded, merged with the Sealer's: one for all files, or a function of the file. */
export interface TusSealOptions {
  encryptionContext?: EncryptionContext | ((file: Blob) => EncryptionContext) | undefined;
  requiredEncryptionContext?: EncryptionContext | ((file: Blob) => EncryptionContext) | undefined;
}

/** What tus-js-client reads a file through. */
export interface TusSource {
  /** The envelope's length in bytes. */
  readonly size: number;
  slice(start: number, end: number): Promise<{ value: Blob; done: boolean }>;
  close(): void;
}

/** Options of tus-js-client 4 and @uppy/tus 6; spread them first and change none of them but `chunkSize`. */
export interface TusOptions {
  fileReader: {
    /** Tells `kmseal/uppy` that nothing is left to do for it. */
    readonly seals: true;
    openFile(input: unknown, chunkSize: number): Promise<TusSource>;
  };
  /** In bytes: 16 MiB. One chunk travels while the next one is sealed. */
  chunkSize: number;
  parallelUploads: 1;
  /** The envelope's own. */
  uploadSize: null;
  storeFingerprintForResuming: false;
  /** Gives null, for which tus-js-client's types have no room. */
  fingerprint: () => Promise<never>;
  /** Needed, too, since @uppy/tus has a fingerprint of its own and looks for previous uploads. */
  urlStorage: typeof urlStorage;
  metadata: Record<string, string>;
  /** Of @uppy/tus, which else sends each file's name and type. */
  allowedMetaFields: string[];
  /** Their own rule, except that a sealing that failed is not repeated. */
  onShouldRetry: (error: Error, attempt: number, options: object, next?: (error: never) => boolean) => boolean;
}

/**
 * The options with which tus uploads a Blob or File sealed:
 *
 *     new tus.Upload(file, { ...tusOptions(sealer), endpoint: '/files', onSuccess, onError }).start();
 *     uppy.use(Tus, { ...tusOptions(sealer), endpoint: '/files' });
 *
 * Call it once and use the result for all files. Interrupted uploads resume as long as the page lives, since a File keeps its
 * envelope until it has been uploaded. `onError` gets a KmsealError where there is no envelope (ERR_CONTEXT, ERR_CLOSED, ...), and
 * else tus's error, whose `causingError` is one where sealing failed: ERR_READ, ERR_SOURCE_CHANGED, ERR_CLOSED, or ERR_UPLOAD for an
 * upload that was begun with another envelope.
 */
export function tusOptions(sealer: Sealer, options: TusSealOptions = {}): TusOptions {
  if (!(sealer instanceof Sealer)) throw new TypeError('sealer must be a Sealer');
  const reader = new SealingReader(sealer, options);
  return {
    fileReader: reader,
    chunkSize: CHUNK_SIZE,
    parallelUploads: 1,
    uploadSize: null,
    storeFingerprintForResuming: false,
    fingerprint: async () => null as never,
    urlStorage,
    metadata: {},
    allowedMetaFields: [],
    onShouldRetry: shouldRetry,
  };
}

/** tus-js-client's DetailedError, as far as it matters here. */
interface RequestError {
  causingError?: unknown;
  originalResponse?: { getStatus(): number } | null;
}

function shouldRetry(error: Error & RequestError, _attempt: number, _options: object, next?: (error: never) => boolean): boolean {
  if (error.causingError instanceof KmsealError) return false;
  if (next) return next(error as never);
  const status = error.originalResponse?.getStatus() ?? 0;
  const refused = status >= 400 && status < 500 && status !== 409 && status !== 423;
  return !refused && globalThis.navigator?.onLine !== false;
}

/** The envelope of one file, which all uploads of that file share until one of them is done. */
interface Envelope {
  readonly sealed: SealedFile;
  /** What lies before was handed out, and so may be on a server. */
  reached: number;
  /** Sources that may still read it. */
  sources: number;
}

/** What was handed out, of all readers. */
const sealedChunks = new WeakSet<Blob>();

class SealingReader {
  readonly seals = true;
  readonly #sealer: Sealer;
  readonly #options: TusSealOptions;
  readonly #envelopes = new WeakMap<Blob, Promise<Envelope>>();

  constructor(sealer: Sealer, options: TusSealOptions) {
    this.#sealer = sealer;
    this.#options = options;
  }

  async openFile(input: unknown, chunkSize: number): Promise<TusSource> {
    if (!(input instanceof Blob)) throw new TypeError('only a Blob or File can be sealed for tus');
    // tus opens each part of a parallel upload as if it were a file: an envelope in an envelope.
    if (sealedChunks.has(input)) throw new TypeError('a sealed file is uploaded in one piece: leave parallelUploads at 1');
    const opening = this.#envelopes.get(input) ?? this.#prepare(input);
    this.#envelopes.set(input, opening);
    try {
      const envelope = await opening;
      return new SealingSource(envelope, chunkSize, () => {
        if (this.#envelopes.get(input) === opening) this.#envelopes.delete(input);
      });
    } catch (error) {
      this.#envelopes.delete(input);
      throw error;
    }
  }

  async #prepare(file: Blob): Promise<Envelope> {
    const { encryptionContext, requiredEncryptionContext } = this.#options;
    const of = (context: typeof encryptionContext) => (typeof context === 'function' ? context(file) : context);
    const contexts: ContextOptions = {
      encryptionContext: of(encryptionContext),
      requiredEncryptionContext: of(requiredEncryptionContext),
    };
    return { sealed: await this.#sealer.prepare(file, contexts), reached: 0, sources: 0 };
  }
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
  readonly #onClose: () => void;
  #ahead: Ahead | undefined;
  #attempt = 0;
  #closed = false;

  constructor(envelope: Envelope, chunkSize: number, onClose: () => void) {
    this.#envelope = envelope;
    this.#chunkSize = chunkSize;
    this.#onClose = onClose;
    envelope.sources++;
  }

  /** tus asks for it whenever it starts or resumes. */
  get size(): number {
    this.#attempt++;
    return this.#envelope.sealed.size;
  }

  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    const { sealed } = this.#envelope;
    if (start > this.#envelope.reached) {
      throw new KmsealError('ERR_UPLOAD', 'this upload was not begun with this envelope; forget its URL and start a new one');
    }
    if (end < sealed.size && end - start < this.#chunkSize) {
      throw new KmsealError('ERR_UPLOAD', 'the whole envelope must be uploaded in order; leave uploadSize and parallelUploads alone');
    }
    const attempt = this.#attempt;
    const value = await this.#take(start, end);
    // tus tells no reader of an abort, and would send this beside what it asked for since.
    if (attempt !== this.#attempt) return new Promise(() => {});
    sealedChunks.add(value);
    // As it is now: another upload of the file may have come further meanwhile.
    this.#envelope.reached = Math.max(this.#envelope.reached, end);
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
