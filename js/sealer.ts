/// <reference lib="esnext.disposable" preserve="true" />
import type { Sealer as Handle, Sealing } from '#glue';
import { throwIfAborted } from './abort.js';
import { type Chunk, bytesAtCall, isBlob, isBytes, isStream, whole } from './bytes.js';
import { CacheWatch, checkedCache } from './cache-watch.js';
import { type Chunks, isRangeSource, rangeChunks, readSlice, sizeOf } from './chunks.js';
import { checkedContext } from './context.js';
import { closedError } from './errors.js';
import { collect } from './flow.js';
import { KmsPublicKey, handleOf } from './key.js';
import { type Instance, call, free, instance } from './load.js';
import { ByteQueue } from './queue.js';
import { SealedFile } from './sealed-file.js';
import { SequenceFlow } from './sealing.js';
import { streamChunks } from './streams.js';
import { disposable } from './dispose.js';
import { importKey, requireSubtleCrypto, usesSubtleCrypto } from './engine.js';
import type {
  ByteStream, Bytes, CacheOptions, ContextOptions, EncryptionContext, Engine, Output, RangeSource, SealOptions, SealStreamOptions,
} from './types.js';

export interface SealerOptions {
  /** The keys any one of which opens what is sealed. */
  keys: KmsPublicKey | readonly KmsPublicKey[];
  /** Stored in every envelope and authenticated. */
  encryptionContext?: EncryptionContext | undefined;
  /** Authenticated in every envelope and not stored. */
  requiredEncryptionContext?: EncryptionContext | undefined;
  /**
   * Content length of a frame in bytes, 4 KiB to 16 MiB. Unless told 256 KiB, and for files over 3 GB the smallest power of
   * two that keeps an envelope within 12,000 frames.
   */
  frameLength?: number | undefined;
  engine?: Engine | undefined;
  /**
   * Seals many envelopes of one context under one data key, which spares the opener's KMS calls. Off unless given. A page
   * that is taken over later can read what a cached key sealed.
   */
  cache?: CacheOptions | undefined;
}

/** @internal Seals a stream to what `like` is. */
export let sealLike: (sealer: Sealer, stream: ByteStream, options: SealStreamOptions, like: unknown) => Promise<unknown>;

export interface Sealer extends Disposable {}

/** Seals files, bytes and streams for one or several KMS keys. */
export class Sealer {
  readonly #keys: readonly KmsPublicKey[];
  readonly #options: SealerOptions;
  readonly #web: boolean;
  #handle: { on: Instance; sealer: Handle } | undefined;
  readonly #watch = new CacheWatch(
    () => this.#living((sealer) => sealer.expire(Date.now())),
    () => this.#living((sealer) => sealer.clear()),
  );
  #closed = false;

  /** @throws KmsealError ERR_CONTEXT */
  constructor(options: SealerOptions) {
    const { keys, encryptionContext, requiredEncryptionContext, frameLength, engine = 'auto', cache } = options;
    this.#keys = Array.isArray(keys) ? [...keys] : [keys as KmsPublicKey];
    if (this.#keys.length === 0 || !this.#keys.every((key) => key instanceof KmsPublicKey)) {
      throw new TypeError('keys must be one or several KmsPublicKey');
    }
    if (frameLength !== undefined) whole(frameLength, 'frameLength', 4 * 1024, 16 * 1024 * 1024);
    this.#web = usesSubtleCrypto(engine);
    this.#options = {
      keys: this.#keys,
      encryptionContext: checkedContext(encryptionContext),
      requiredEncryptionContext: checkedContext(requiredEncryptionContext, 'requiredEncryptionContext'),
      frameLength,
      cache: cache && checkedCache(cache),
    };
    this.#live();
  }

  /**
   * Seals a Blob or File to a Blob, bytes to bytes, a stream or `{ size, read }` to a stream.
   *
   * Bytes are copied at the call, up to 32 MiB, so that they may be wiped or used again after it; of a longer array what is there when
   * it is read is sealed, so leave it alone until the promise settles. A stream is taken at the call, and each of its chunks copied
   * before the next one is asked for; one that was read before, is read by something else or flows is a TypeError. (A generator that
   * was advanced before cannot be told: give its `size`.)
   *
   * @throws KmsealError ERR_READ, ERR_SOURCE_CHANGED, ERR_CONTEXT, ERR_TOO_LONG, ERR_INSECURE_CONTEXT, ERR_CLOSED
   */
  seal(data: Blob, options?: SealOptions): Promise<Blob>;
  seal(data: Bytes, options?: SealOptions): Promise<Uint8Array<ArrayBuffer>>;
  seal(data: ByteStream, options?: SealStreamOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  seal(data: RangeSource, options?: SealOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  seal(data: Blob | Bytes | ByteStream | RangeSource, options?: SealOptions): Promise<Output>;
  async seal(data: Blob | Bytes | ByteStream | RangeSource, options: SealStreamOptions = {}): Promise<unknown> {
    const { signal, onProgress } = options;
    if (isBlob(data)) {
      const sealed = await this.prepare(data, options);
      try {
        return await sealed.blob({ signal, onProgress });
      } finally {
        sealed.close();
      }
    }
    if (isBytes(data)) {
      const bytes = bytesAtCall(data);
      return this.#seal(() => bytes, { ...options, size: bytes.length }, data);
    }
    if (isStream(data)) {
      if (options.size !== undefined) whole(options.size, 'size', 0);
      return this.#seal(() => streamChunks(data), options, data);
    }
    if (!isRangeSource(data)) throw new TypeError('data must be a Blob, bytes or a stream, or { size, read }');
    const size = sizeOf(data, 'data');
    return this.#seal(() => rangeChunks(data, 0, size), { ...options, size }, data);
  }

  static {
    sealLike = (sealer, stream, options, like) => sealer.#seal(() => streamChunks(stream), options, like);
  }

  /** Seals to what `like` is. */
  async #seal(take: () => Chunk | Chunks, options: SealStreamOptions, like: unknown): Promise<unknown> {
    const { signal, onProgress, size } = options;
    // Bytes to be sealed anew that are no whole envelope fail while they are read.
    const sealedSize = size === undefined ? undefined : this.sealedSize(size, options);
    const flow = await this.#sequence(take, size, options);
    return collect(like, flow, { signal, onProgress, total: size, size: sealedSize });
  }

  /** The exact length of an envelope in bytes, for a Blob, bytes, or a stream with `size`. */
  sealedSize(plaintextSize: number, options: ContextOptions = {}): number {
    whole(plaintextSize, 'plaintextSize', 0);
    const { on, sealer } = this.#live();
    const [stored, required] = contexts(options);
    return call(on, () => sealer.sealedSize(plaintextSize, stored, required));
  }

  /**
   * Fixes an envelope's header and size and seals nothing yet. Pieces come from the result, in any order. Of `{ size, read }` read is
   * called with one part at a time for each piece that is being sealed.
   */
  async prepare(file: Blob | RangeSource, options: Omit<SealOptions, 'onProgress'> = {}): Promise<SealedFile> {
    if (!isBlob(file) && !isRangeSource(file)) throw new TypeError('file must be a Blob, a File or { size, read }');
    const fileSize = sizeOf(file, 'file');
    if (isBlob(file) && fileSize === 0) await readSlice(file, 0, 0);
    const message = this.#begin(fileSize, options);
    const key = await this.#importKey(message, options.signal);
    const { on, sealing, header, frameLength } = message;
    const replay = call(on, () => sealing.replay(key, fileSize));
    return new SealedFile({ on, replay, file, fileSize, header, frameLength });
  }

  /** @internal Whether it binds envelopes to pairs of its own, or with `{}` to none on purpose. */
  get hasContext(): boolean {
    return (this.#options.encryptionContext ?? this.#options.requiredEncryptionContext) !== undefined;
  }

  /** @internal Whether another one seals for the same keys in the same way. */
  sealsAs(other: Sealer): boolean {
    return this.#settings() === other.#settings();
  }

  #settings(): string {
    const { encryptionContext, requiredEncryptionContext, frameLength, cache } = this.#options;
    const keys = this.#keys.map(({ keyId, encryptionAlgorithm, fingerprint }) => [keyId, encryptionAlgorithm, fingerprint]);
    const [stored, required] = [encryptionContext, requiredEncryptionContext].map((pairs) => pairs && Object.entries(pairs).sort());
    return JSON.stringify([keys, stored, required, frameLength, cache, this.#web]);
  }

  /** Wipes cached keys and refuses to seal more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.forget();
    if (this.#handle) free(this.#handle.on, this.#handle.sealer);
    this.#handle = undefined;
  }

  /** A source is taken before anything is awaited. One that cannot be sealed stays as it was. */
  async #sequence(take: () => Chunk | Chunks, size: number | undefined, options: SealOptions): Promise<SequenceFlow> {
    const message = this.#begin(size, options);
    const { on, sealing, header, frameLength } = message;
    let queue: ByteQueue;
    try {
      queue = new ByteQueue(take(), { unit: frameLength });
    } catch (error) {
      free(on, sealing);
      throw error;
    }
    try {
      const key = await this.#importKey(message, options.signal);
      return new SequenceFlow(queue, { on, sequence: call(on, () => sealing.sequence(key)), header, frameLength, size });
    } catch (error) {
      queue.release();
      throw error;
    }
  }

  /** A new message; the usage of a cached data key is reserved before anything is awaited. */
  #begin(size: number | undefined, options: SealOptions) {
    throwIfAborted(options.signal);
    if (this.#web) requireSubtleCrypto();
    const { on, sealer } = this.#live();
    const [stored, required] = contexts(options);
    const sealing = call(on, () => sealer.begin(stored, required, size, Date.now()));
    if (this.#options.cache && size !== undefined) this.#watch.start();
    const header = call(on, () => sealing.header()) as Uint8Array<ArrayBuffer>;
    const frameLength = call(on, () => sealing.frameLength());
    return { on, sealing, header, frameLength };
  }

  /** The content key as a CryptoKey, or nothing where the .wasm does the work. */
  async #importKey({ on, sealing }: { on: Instance; sealing: Sealing }, signal: AbortSignal | undefined): Promise<CryptoKey | undefined> {
    try {
      const key = this.#web ? await importKey(on, sealing, 'encrypt') : undefined;
      throwIfAborted(signal);
      return key;
    } catch (error) {
      free(on, sealing);
      throw error;
    }
  }

  /** Works on the cache, if the instance that holds it is there. */
  #living<T>(work: (sealer: Handle) => T): T | undefined {
    const handle = this.#handle;
    return handle && !handle.on.dead ? call(handle.on, () => work(handle.sealer)) : undefined;
  }

  #live(): { on: Instance; sealer: Handle } {
    if (this.#closed) throw closedError('sealer');
    const on = instance();
    if (this.#handle?.on !== on) {
      const { encryptionContext, requiredEncryptionContext, frameLength, cache } = this.#options;
      const sealer = call(on, (wasm) => new wasm.Sealer(encryptionContext, requiredEncryptionContext, frameLength, cache));
      for (const key of this.#keys) call(on, () => sealer.addKey(handleOf(key, on)));
      this.#handle = { on, sealer };
    }
    return this.#handle;
  }
}

disposable(Sealer);

function contexts({ encryptionContext, requiredEncryptionContext }: ContextOptions): [unknown, unknown] {
  return [checkedContext(encryptionContext), checkedContext(requiredEncryptionContext, 'requiredEncryptionContext')];
}
