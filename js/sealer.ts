/// <reference lib="esnext.disposable" preserve="true" />
import type { Draft, Glue, Sealer as Handle, Message } from '#glue';
import { throwIfAborted, unlessAborted } from './io/abort.js';
import { adopted } from './io/browser.js';
import {
  type Chunk,
  type Kind,
  bytesAtCall,
  bytesAtEnd,
  isBlob,
  isBytes,
  isStream,
  kindOf,
  wholeNumber,
} from './io/bytes.js';
import { type CacheLimits, SEALER_CACHE, limitsOf } from './cache/limits.js';
import { SenderCache, freshSenders } from './cache/senders.js';
import { CacheWatch } from './cache/watch.js';
import { type Chunks, isRangeSource, rangeChunks, readSlice, sizeOf } from './io/chunks.js';
import { checkedContexts } from './io/context.js';
import { KmsealError, changedError, closedError } from './errors.js';
import { describeMessage } from './frames/description.js';
import { Drain, collect } from './frames/flow.js';
import { KmsPublicKey } from './key.js';
import { instance, isLiving } from './load.js';
import { notOurs } from './io/other-copy.js';
import { ByteQueue } from './io/queue.js';
import { RsaPublicKey } from './rsa-key.js';
import { SealedFile, type SealedFileState } from './sealed-file.js';
import { SealingFlow, sized } from './frames/sealing.js';
import { streamChunks } from './io/streams.js';
import { disposable } from './io/dispose.js';
import { agreementError, importKey, requireSubtleCrypto, usesSubtleCrypto } from './frames/engine.js';
import { wrap } from './frames/wrapping.js';
import type { CacheOptions, SealerCacheOptions } from './cache/options.js';
import type {
  ByteStream,
  Bytes,
  ContextOptions,
  DescriptionFields,
  EncryptionContext,
  RangeSource,
  RunOptions,
} from './types.js';

/** How a {@link Sealer} seals, and for whom. */
export interface SealerOptions {
  /** The keys, of any kinds; any one of them opens the envelope. */
  keys: SealerKey | readonly SealerKey[];
  /**
   * Takes ML-KEM keys beside keys of other kinds. Such an envelope is as weak as its weakest key, and so it is not quantum-safe. Off by default.
   */
  mixed?: boolean | undefined;
  /** Stored in every envelope and authenticated. */
  encryptionContext?: EncryptionContext | undefined;
  /** Authenticated in every envelope and not stored. */
  requiredEncryptionContext?: EncryptionContext | undefined;
  /**
   * Content length of a frame in bytes, 4 KiB to 16 MiB. By default 256 KiB, and for files over 3 GB the smallest power of
   * two that keeps an envelope within 12,000 frames.
   */
  frameLength?: number | undefined;
  /**
   * What encrypts the frames: `webcrypto` by default. `wasm` also works where SubtleCrypto is missing, on pages served over plain http; not
   * for ECC keys, which need SubtleCrypto's key agreement.
   */
  engine?: 'webcrypto' | 'wasm' | undefined;
  /**
   * Seals many envelopes of one context under one data key, which saves KMS calls of the opener. Off by default. A page
   * that is taken over later can read what a cached key sealed.
   */
  cache?: SealerCacheOptions | undefined;
}

type SealerKey = KmsPublicKey | RsaPublicKey;

/** Options of {@link Sealer.seal}. */
export interface SealOptions extends ContextOptions, RunOptions {}

/** Options of {@link Sealer.seal} for a stream. */
export interface SealStreamOptions extends SealOptions {
  /** The stream's length in bytes, if known; another length is ERR_SOURCE_CHANGED. */
  size?: number | undefined;
}

/** A draft, and what it waits for. */
interface Drafted {
  draft: Draft;
  /** The wrapping of its data key, if that is not done. */
  wrapped: Promise<void> | undefined;
}

export interface Sealer extends Disposable {}

/** Seals files, bytes and streams for one or several keys. */
export class Sealer {
  readonly #keys: readonly SealerKey[];
  readonly #options: ContextOptions & {
    mixed: boolean;
    frameLength: number | undefined;
    cache: CacheLimits<CacheOptions> | undefined;
  };
  readonly #web: boolean;
  readonly #senders: SenderCache | undefined;
  #handle: { wasm: Glue; sealer: Handle } | undefined;
  readonly #watch = new CacheWatch(
    () => this.#living?.expire(Date.now()),
    () => this.#living?.clear(),
  );
  #closed = false;

  /** @throws KmsealError ERR_CONTEXT; ERR_KEY_UNSUPPORTED: an ECC key with the engine `wasm`, or an ML-KEM key beside others without `mixed` */
  constructor(options: SealerOptions) {
    disposable(this);
    const { keys, mixed = false, frameLength, engine = 'webcrypto', cache } = options;
    this.#keys = Array.isArray(keys) ? [...keys] : [keys as SealerKey];
    const strangers = this.#keys.filter((key) => !(key instanceof KmsPublicKey || key instanceof RsaPublicKey));
    if (this.#keys.length === 0 || strangers.length > 0) {
      const mustBe = 'one or several KmsPublicKey or RsaPublicKey';
      throw notOurs(strangers[0], ['KmsPublicKey', 'RsaPublicKey'], 'keys', mustBe);
    }
    if (frameLength !== undefined) {
      const { Sealer: Own } = instance();
      wholeNumber(frameLength, 'frameLength', Own.minFrameLength(), Own.maxFrameLength());
    }
    this.#web = usesSubtleCrypto(engine);
    const agreeing = this.#keys.filter(isEcc);
    if (!this.#web && agreeing.length > 0) throw agreementError(agreeing[0]!.keySpec);
    const { keepSender = false, ...limited } = cache ?? ({} as SealerCacheOptions);
    if (typeof keepSender !== 'boolean') throw new TypeError('cache.keepSender must be true or false');
    if (keepSender && agreeing.length === 0)
      throw new TypeError('cache.keepSender needs an ECC key in keys: other kinds of key have no sender');
    const limits = cache && limitsOf(limited, SEALER_CACHE);
    this.#senders = keepSender ? new SenderCache(limits!) : undefined;
    const { stored, required } = checkedContexts(options, ['keys', 'mixed', 'frameLength', 'engine', 'cache']);
    this.#options = {
      encryptionContext: stored,
      requiredEncryptionContext: required,
      mixed,
      frameLength,
      cache: keepSender ? undefined : limits,
    };
    this.#sealer();
  }

  /**
   * Seals a Blob or File to a Blob, bytes to bytes, a stream or `{ size, read }` to a stream.
   *
   * Bytes are copied at the call, up to 32 MiB, so that they may be wiped or reused after it. A longer array is sealed as it is when
   * it is read, so do not change it until the promise settles. A stream is locked at the call, and each of its chunks copied
   * before the next one is requested; one that was read before, is read by something else or flows is a TypeError. (A generator that
   * was advanced before cannot be recognized: give its `size`.)
   *
   * @throws KmsealError ERR_READ, ERR_SOURCE_CHANGED, ERR_CONTEXT, ERR_TOO_LONG, ERR_INSECURE_CONTEXT, ERR_CLOSED
   */
  seal(data: Blob, options?: SealOptions): Promise<Blob>;
  seal(data: Bytes, options?: SealOptions): Promise<Uint8Array<ArrayBuffer>>;
  seal(data: ByteStream, options?: SealStreamOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  seal(data: RangeSource, options?: SealOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  seal(
    data: Blob | Bytes | ByteStream | RangeSource,
    options?: SealOptions,
  ): Promise<Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>>;
  async seal(data: Blob | Bytes | ByteStream | RangeSource, options: SealStreamOptions = {}): Promise<unknown> {
    if (isBlob(data)) return this.#sealBlob(data, options);
    const kind = kindOf(data);
    if (isBytes(data)) {
      const { bytes, all } = bytesAtEnd(data, (length) => this.sealedSize(length, options));
      return this.#seal(kind, () => bytes, sized(options, bytes.length), all);
    }
    if (isStream(data)) {
      if (options.size !== undefined) wholeNumber(options.size, 'size', 0);
      return this.#seal(kind, () => streamChunks(data), options);
    }
    if (!isRangeSource(data)) throw new TypeError('data must be a Blob, bytes or a stream, or { size, read }');
    const size = sizeOf(data, 'data');
    return this.#seal(kind, () => rangeChunks(data, 0, size), sized(options, size));
  }

  /** @internal Seals a stream to a Blob, to bytes or to a stream. */
  sealStreamAs(kind: Kind, stream: ByteStream, options: SealStreamOptions): Promise<unknown> {
    return this.#seal(kind, () => streamChunks(stream), options);
  }

  /** @internal Seals a stream to frames that are taken one by one. With `fields` it is described before it is read: without its size. */
  async drain(
    stream: ByteStream,
    { fields, ...options }: SealOptions & { fields?: DescriptionFields | undefined },
  ): Promise<{ drain: Drain; description: Chunk | undefined }> {
    const flow = await this.#sequence(() => streamChunks(stream), undefined, options, fields);
    const drain = new Drain(flow, { signal: options.signal, total: undefined, size: undefined });
    return { drain, description: flow.description };
  }

  async #sealBlob(blob: Blob, options: SealOptions): Promise<Blob> {
    const { signal, onProgress } = options;
    const sealed = await this.#prepare(blob, options, false);
    try {
      return await sealed.blob({ signal, onProgress });
    } finally {
      sealed.close();
    }
  }

  async #seal(kind: Kind, take: () => Chunk | Chunks, options: SealStreamOptions, into?: Chunk): Promise<unknown> {
    const { signal, onProgress, size } = options;
    // Bytes to reseal that are not a complete envelope fail while they are read.
    const sealedSize = into?.length ?? (size === undefined ? undefined : this.sealedSize(size, options));
    const flow = await this.#sequence(take, size, options);
    return collect(kind, flow, { signal, onProgress, total: size, size: sealedSize, into });
  }

  /** The exact length of an envelope in bytes, for a Blob, bytes, or a stream with `size`. */
  sealedSize(plaintextSize: number, options: ContextOptions = {}): number {
    wholeNumber(plaintextSize, 'plaintextSize', 0);
    const sealer = this.#sealer();
    const { stored, required } = checkedContexts(options);
    return sealer.sealedSize(plaintextSize, stored, required);
  }

  /**
   * Fixes an envelope's header and size, and seals nothing yet. The result returns pieces in any order. For `{ size, read }`, read is
   * called with one part at a time for each piece that is being sealed.
   */
  prepare(source: Blob | RangeSource, options: Omit<SealOptions, 'onProgress'> = {}): Promise<SealedFile> {
    return this.#prepare(source, options, true);
  }

  async #prepare(source: Blob | RangeSource, options: SealOptions, isDescribable: boolean): Promise<SealedFile> {
    const { file, fileSize, named } = fileOf(source);
    if (isBlob(file) && fileSize === 0) await readSlice(file, 0, 0);
    const drafted = this.#begin(fileSize, sized(options, fileSize));
    const message = await this.#wrapped(drafted, options.signal, isDescribable);
    const [header, frameLength] = [message.header() as Chunk, message.frameLength()];
    const key = await this.#importKey(message, options.signal);
    const replayable = message.replayable(key, fileSize);
    return new SealedFile({ replayable, file, fileSize, named, header, frameLength, key });
  }

  /**
   * Continues from a {@link SealedFile.save | saved state} with the same file, to the same envelope. That has the keys and the context with which
   * it was begun, whatever this sealer's are. A frame with a tag in the state must be sealed to that tag again: otherwise the file has
   * changed, and from then on every call fails with ERR_SOURCE_CHANGED. Only frames that are sealed again are compared. So before you use an
   * envelope that was sent in two lives, seal again what was sent in the first.
   *
   * @throws KmsealError ERR_SOURCE_CHANGED: the file has another size or time; ERR_STORAGE: the state is damaged, or of another version
   */
  async restore(source: Blob | RangeSource, state: SealedFileState): Promise<SealedFile> {
    this.#sealer();
    requireSubtleCrypto();
    const { version, header, frameLength, size, lastModified, key, tags, description: kept } = state;
    const wasm = instance();
    await importKey(wasm, { importKey: async () => key }, 'encrypt');
    let replayable;
    let description;
    try {
      description = kept && bytesAtCall(kept);
      if (version === 1 && key.algorithm.name === 'AES-GCM')
        replayable = wasm.Replayable.restore(key, header, frameLength, size, tags);
    } catch {
      // What was kept may hold anything.
    }
    if (!replayable)
      throw new KmsealError('ERR_STORAGE', 'the saved state is damaged or of another version; begin again');
    const { file, fileSize, named } = fileOf(source);
    if (fileSize !== size || (lastModified !== undefined && lastModified !== named.lastModified))
      throw changedError('this is not the file that was begun');
    return new SealedFile({ replayable, file, fileSize, named, header: header.slice(), frameLength, key, description });
  }

  /** @internal Whether it binds envelopes to its own pairs, or with `{}` deliberately to none. */
  get hasContext(): boolean {
    return (this.#options.encryptionContext ?? this.#options.requiredEncryptionContext) !== undefined;
  }

  /** @internal Whether another sealer seals for the same keys in the same way. */
  sealsAs(other: Sealer): boolean {
    return this.#settings() === other.#settings();
  }

  #settings(): string {
    const { encryptionContext, requiredEncryptionContext, frameLength, cache } = this.#options;
    const keys = this.#keys.map((key) => key.handle().describe() as unknown);
    const [stored, required] = [encryptionContext, requiredEncryptionContext].map(
      (pairs) => pairs && Object.entries(pairs).sort(),
    );
    return JSON.stringify([keys, stored, required, frameLength, cache, this.#senders?.limits, this.#web]);
  }

  /** Wipes cached keys and refuses to seal more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.forget();
    this.#senders?.close();
    this.#handle?.sealer.free();
    this.#handle = undefined;
  }

  /** A source is locked before anything is awaited. One that cannot be sealed stays as it was. */
  async #sequence(
    take: () => Chunk | Chunks,
    size: number | undefined,
    options: SealOptions,
    fields?: DescriptionFields,
  ): Promise<SealingFlow> {
    const drafted = this.#begin(size, options);
    const frameLength = drafted.draft.frameLength();
    let queue: ByteQueue;
    try {
      queue = new ByteQueue(take(), { unit: frameLength });
    } catch (error) {
      drafted.draft.free();
      throw error;
    }
    try {
      const message = await this.#wrapped(drafted, options.signal, fields !== undefined);
      const header = message.header() as Chunk;
      const description = fields && (await describeMessage(message, fields));
      const key = await this.#importKey(message, options.signal);
      return new SealingFlow(queue, { sequencer: message.sequencer(key), header, frameLength, size, description });
    } catch (error) {
      queue.release();
      throw error;
    }
  }

  /** A new message; the usage of a cached data key, or of a kept sender, is reserved before anything is awaited. */
  #begin(size: number | undefined, options: SealOptions): Drafted {
    throwIfAborted(options.signal);
    if (this.#web) requireSubtleCrypto();
    const { stored, required } = checkedContexts(options);
    const draft = this.#sealer().begin(stored, required, size, Date.now());
    if (this.#options.cache && size !== undefined) this.#watch.start();
    // Work that others wait for begins now, so that a message that is aborted does not hold them up.
    return { draft, wrapped: wrap(draft, this.#senders?.reserve(size) ?? freshSenders) };
  }

  /** The message, once its data key is wrapped for all keys. */
  async #wrapped({ draft, wrapped }: Drafted, signal: AbortSignal | undefined, describable: boolean): Promise<Message> {
    try {
      if (wrapped) await unlessAborted(wrapped, signal);
    } catch (error) {
      draft.free();
      throw error;
    }
    return draft.message(describable);
  }

  /** The content key as a CryptoKey, or undefined if the .wasm does the work. */
  async #importKey(message: Message, signal: AbortSignal | undefined): Promise<CryptoKey | undefined> {
    try {
      const key = this.#web ? await importKey(instance(), message, 'encrypt') : undefined;
      throwIfAborted(signal);
      return key;
    } catch (error) {
      message.free();
      throw error;
    }
  }

  /** What holds the cache, if its instance is alive. */
  get #living(): Handle | undefined {
    return this.#handle && isLiving(this.#handle.wasm) ? this.#handle.sealer : undefined;
  }

  #sealer(): Handle {
    if (this.#closed) throw closedError('sealer');
    const wasm = instance();
    if (this.#handle?.wasm !== wasm) {
      const { mixed, encryptionContext, requiredEncryptionContext, frameLength, cache } = this.#options;
      const recipients = new wasm.Recipients();
      for (const key of this.#keys) recipients.add(key.handle());
      const sealer = new wasm.Sealer(
        recipients,
        mixed,
        encryptionContext,
        requiredEncryptionContext,
        frameLength,
        cache,
      );
      this.#handle = { wasm, sealer };
    }
    return this.#handle.sealer;
  }
}

function fileOf(source: Blob | RangeSource) {
  if (!isBlob(source) && !isRangeSource(source)) throw new TypeError('file must be a Blob, a File or { size, read }');
  const file = isBlob(source) ? adopted(source) : source;
  // From the file as it was given: what is adopted has no name.
  const { name, type, lastModified } = source as Partial<File>;
  const size = sizeOf(file, 'file');
  return { file, fileSize: size, named: { name, type, size, lastModified } };
}

const isEcc = (key: SealerKey): key is KmsPublicKey => key instanceof KmsPublicKey && key.keySpec.startsWith('ECC_');
