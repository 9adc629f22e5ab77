/// <reference lib="esnext.disposable" preserve="true" />
import type { Body, Unlocked } from '#glue';
import { reasonOf, throwIfAborted, unlessAborted } from './abort.js';
import { bytesAtCall, isBlob, isBytes, isStream, whole } from './bytes.js';
import { blamed } from './blob-end.js';
import { type ReadOptions, blobChunks, isRangeSource, rangeChunks, sizeOf, sliceOf } from './chunks.js';
import { checkedContext } from './context.js';
import { DataKeyCache } from './data-key-cache.js';
import { closedError } from './errors.js';
import { collect } from './flow.js';
import { type Instance, call, free, instance, load } from './load.js';
import { type Limits, OpeningFlow, readHeader } from './opening.js';
import { ByteQueue } from './queue.js';
import { locate } from './range.js';
import { streamChunks } from './streams.js';
import { importKey, requireSubtleCrypto, usesSubtleCrypto } from './engine.js';
import { disposable } from './dispose.js';
import { type UnlockOptions, unlock } from './unlocking.js';
import type {
  ByteStream, Bytes, CacheOptions, DecryptInput, DecryptOptions, DecryptOutput, EncryptionAlgorithm, EncryptionContext, Engine, Inspection,
  OpenOptions, OpenRangeResult, OpenResult, Output, RangeSource,
} from './types.js';

/** How much is read at a time until the header is whole. */
const HEAD_SLICE = 64 * 1024;
/** Generous, and yet a hostile header cannot make `inspect` hold more than 20 MB. */
const INSPECT_LIMITS = { maxEncryptedDataKeys: 100, minFrameLength: 1, maxFrameLength: 2 ** 32 - 1 };

export interface OpenerOptions {
  /**
   * Full ARNs of the keys that may open, the nearest first; checked at first use. `mrk-` keys match in any region. Whatever fails in
   * KMS for one of them, such as a whole region, the next one that the envelope names is asked.
   */
  keyIds: readonly string[];
  /**
   * Calls KMS Decrypt, with the caller's own client, credentials and retries. With keys in several regions the client is that of the
   * key's: `input.KeyId.split(':')[3]`.
   */
  decrypt: (input: DecryptInput, options: DecryptOptions) => Promise<DecryptOutput>;
  /** Which OAEP hash the keys were imported with; the envelope does not say. */
  encryptionAlgorithm?: EncryptionAlgorithm | undefined;
  /** Most encrypted data keys in a header; 8 unless told. */
  maxEncryptedDataKeys?: number | undefined;
  /**
   * Shortest frame in bytes; 1 by default, which takes every envelope. Of short frames each costs far more time than its bytes do, so
   * that an opener of envelopes that anyone may send can refuse them: kmseal seals with 4,096 or more.
   */
  minFrameLength?: number | undefined;
  /** Longest frame in bytes; 16 MiB unless told. */
  maxFrameLength?: number | undefined;
  /** As that of {@link Opener.open}, for all calls that have none of their own. */
  idleTimeout?: number | undefined;
  /** As the Sealer's. */
  engine?: Engine | undefined;
  /**
   * Keeps what KMS decrypted, for envelopes that were sealed under one data key: of many that are opened at a time one asks. Off
   * unless given. A cached key outlives a revoked permission by up to maxAge.
   */
  cache?: CacheOptions | undefined;
}

/** An envelope whose header is authenticated. */
interface Begun {
  on: Instance;
  queue: ByteQueue;
  /** Of the envelope in bytes, where it is known. */
  size: number | undefined;
  body: Body;
  /** Plaintext bytes, where they are known. */
  total: number | undefined;
  encryptionContext: EncryptionContext;
  /** The pairs of it that the header does not store. */
  required: EncryptionContext;
  keyId: string;
  reading: ReadOptions;
}

/** An envelope that was handed in. */
interface Source {
  queue: ByteQueue;
  /** In bytes, where it is known. */
  size?: number | undefined;
  file?: Blob | undefined;
}

/** @internal Opens to a stream, whatever the envelope is. */
export let openToStream: (opener: Opener, envelope: unknown, size: number | undefined, options: OpenOptions) => Promise<Pick<
  Begun, 'total' | 'encryptionContext' | 'required'> & { plaintext: ReadableStream<Uint8Array<ArrayBuffer>> }>;

export interface Opener extends Disposable {}

/** Opens envelopes through KMS Decrypt. */
export class Opener {
  readonly #unlocking: Pick<UnlockOptions, 'keyIds' | 'decrypt' | 'encryptionAlgorithm'>;
  readonly #limits: Limits;
  readonly #web: boolean;
  readonly #cache: DataKeyCache | undefined;
  readonly #idleTimeout: number | undefined;
  #closed = false;

  constructor(options: OpenerOptions) {
    const { keyIds, decrypt, encryptionAlgorithm, engine = 'auto', cache } = options;
    const { maxEncryptedDataKeys = 8, minFrameLength = 1, maxFrameLength = 2 ** 24 } = options;
    if (!Array.isArray(keyIds) || keyIds.length === 0 || !keyIds.every((id) => typeof id === 'string')) {
      throw new TypeError('keyIds must be an array of key ARNs');
    }
    if (typeof decrypt !== 'function') throw new TypeError('decrypt must be a function that calls KMS Decrypt');
    this.#limits = {
      maxEncryptedDataKeys: whole(maxEncryptedDataKeys, 'maxEncryptedDataKeys', 1, 2 ** 16 - 1),
      minFrameLength: whole(minFrameLength, 'minFrameLength', 1, 2 ** 32 - 1),
      maxFrameLength: whole(maxFrameLength, 'maxFrameLength', 1, 2 ** 32 - 1),
    };
    this.#web = usesSubtleCrypto(engine);
    this.#idleTimeout = checkedIdleTimeout(options.idleTimeout);
    this.#cache = cache && new DataKeyCache(cache);
    this.#unlocking = { keyIds: [...keyIds], decrypt, encryptionAlgorithm };
  }

  /**
   * Opens a Blob to a Blob, bytes to bytes, a stream or `{ size, read }` to a stream. Only authenticated frames are released; a stream
   * gives them before the end is seen, and errors if the envelope is cut. Bytes up to 32 MiB are copied at the call, and streams are
   * taken as by {@link Sealer.seal}.
   *
   * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_TRUNCATED, ERR_NO_MATCHING_KEY, ERR_CONTEXT,
   *   ERR_AUTHENTICATION, ERR_KMS, ERR_KEY_ID, ERR_READ, ERR_SOURCE_CHANGED, ERR_INSECURE_CONTEXT, ERR_LOAD, ERR_CLOSED
   */
  open(envelope: Blob, options?: OpenOptions): Promise<OpenResult<Blob>>;
  open(envelope: Bytes, options?: OpenOptions): Promise<OpenResult<Uint8Array<ArrayBuffer>>>;
  open(envelope: ByteStream, options?: OpenOptions): Promise<OpenResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  open(envelope: RangeSource, options?: OpenOptions): Promise<OpenResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  open(envelope: Blob | Bytes | ByteStream | RangeSource, options?: OpenOptions): Promise<OpenResult<Output>>;
  async open(envelope: Blob | Bytes | ByteStream | RangeSource, options: OpenOptions = {}): Promise<OpenResult<unknown>> {
    const like = isBlob(envelope) || isBytes(envelope) || isStream(envelope) ? envelope : undefined;
    const { plaintext, encryptionContext, keyId } = await this.#open(envelope, like, options);
    return { plaintext, encryptionContext, keyId };
  }

  static {
    openToStream = (opener, envelope, size, options) => opener.#open(envelope, undefined, options, size) as ReturnType<typeof openToStream>;
  }

  /** Opens to what `like` is. */
  async #open(envelope: unknown, like: unknown, options: OpenOptions, streamSize?: number) {
    if (streamSize !== undefined) whole(streamSize, 'size', 0);
    const source = (reading: ReadOptions) => ({ size: streamSize, ...queueOf(envelope, reading) });
    return this.#begin(source, options, async ({ on, queue, size, body, total, ...begun }) => {
      const { signal, onProgress } = options;
      const flow = new OpeningFlow(on, queue, body);
      try {
        // Who is told the plaintext's size beforehand must not see another.
        if (!like && size !== undefined) call(on, () => body.seek(size, 0, Infinity));
      } catch (error) {
        flow.close(error);
        throw error;
      }
      // Where no message has this length the flow fails, and must be let run to say how.
      const plaintext = await collect(like, flow, { signal, onProgress, total, size: total });
      return { plaintext, total, ...begun };
    });
  }

  /**
   * Opens a part of the plaintext, with Blob.slice's meaning of start and end: a Blob to a Blob, another source to a stream. The
   * header is authenticated first, then the final frame, whose sequence and length must agree with the source's size, then the
   * frames that cover the part. Nothing else is read, but for the first 64 KiB, where the header is.
   *
   * @throws KmsealError as open() does, and ERR_SOURCE_CHANGED if the source reads other lengths than it is asked for
   */
  openRange(source: Blob, start?: number, end?: number, options?: OpenOptions): Promise<OpenRangeResult<Blob>>;
  openRange(
    source: RangeSource, start?: number, end?: number, options?: OpenOptions,
  ): Promise<OpenRangeResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  async openRange(
    source: Blob | RangeSource, start = 0, end = Infinity, options: OpenOptions = {},
  ): Promise<OpenRangeResult<unknown>> {
    const { signal, onProgress } = options;
    if (!isBlob(source) && !isRangeSource(source)) throw new TypeError('source must be a Blob or { size, read }');
    const size = sizeOf(source, 'source');
    const file = isBlob(source) ? source : undefined;
    const head = (reading: ReadOptions) => ({ queue: new ByteQueue(rangeChunks(source, 0, size, reading, HEAD_SLICE), reading), size, file });
    return this.#begin(head, options, async ({ on, queue, body, encryptionContext, keyId, reading }) => {
      queue.close();
      const { queue: frames, skip, ...part } = await locate(on, body, source, size, [start, end], reading);
      const total = part.end - part.start;
      const flow = new OpeningFlow(on, frames, body, { skip, length: total });
      const plaintext = await collect(source, flow, { signal, onProgress, total, size: total });
      return { plaintext, encryptionContext, keyId, ...part };
    });
  }

  /** Wipes cached keys and refuses to open more. */
  close(): void {
    this.#closed = true;
    this.#cache?.close();
  }

  /** From the source to an authenticated header, and on to what is done with it. */
  async #begin<T>(
    source: (reading: ReadOptions) => Source, options: OpenOptions, work: (begun: Begun) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw closedError('opener');
    const { signal } = options;
    throwIfAborted(signal);
    if (this.#web) requireSubtleCrypto();
    const expected = checkedContext(options.encryptionContext);
    const reading = { signal, idleTimeout: checkedIdleTimeout(options.idleTimeout ?? this.#idleTimeout) };
    const { queue, size, file } = source(reading);
    const begin = async () => {
      try {
        await load();
        const on = instance();
        const header = await readHeader(on, queue, this.#limits);
        const total = size === undefined ? undefined : call(on, () => header.plaintextLength(size));
        const locked = call(on, () => header.expect(expected));
        const cache = !this.#closed && this.#cache?.takes(total) ? this.#cache : undefined;
        const { unlocked, keyId } = await unlock(on, locked, { ...this.#unlocking, cache, total, signal });
        const encryptionContext = call(on, () => unlocked.context()) as EncryptionContext;
        const required = call(on, () => unlocked.required()) as EncryptionContext;
        const key = this.#web ? await keyOf(on, unlocked) : undefined;
        const body = call(on, () => unlocked.body(key));
        return await work({ on, queue, size, body, total, encryptionContext, required, keyId, reading });
      } catch (error) {
        queue.close(error);
        throw await blamed(error, file);
      }
    };
    return unlessAborted(begin(), signal, () => queue.close(reasonOf(signal!)));
  }
}

disposable(Opener);

/** The content key as a CryptoKey; wiped at once if that fails. */
async function keyOf(on: Instance, unlocked: Unlocked): Promise<CryptoKey> {
  try {
    return await importKey(on, unlocked, 'decrypt');
  } catch (error) {
    free(on, unlocked);
    throw error;
  }
}

/**
 * Reads an envelope's header; nothing is authenticated. A stream is consumed.
 *
 * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_TRUNCATED, ERR_READ, ERR_LOAD
 */
export async function inspect(envelope: Blob | Bytes | ByteStream | RangeSource): Promise<Inspection> {
  const { queue, size } = queueOf(envelope, {}, HEAD_SLICE);
  try {
    await load();
    const on = instance();
    const header = await readHeader(on, queue, INSPECT_LIMITS);
    try {
      return call(on, () => header.describe(size)) as Inspection;
    } finally {
      free(on, header);
    }
  } finally {
    queue.close();
  }
}

function queueOf(envelope: unknown, reading: ReadOptions, slice = sliceOf(1)): Source {
  if (isBlob(envelope)) {
    const size = sizeOf(envelope, 'envelope');
    return { queue: new ByteQueue(blobChunks(envelope, slice), reading), size, file: envelope };
  }
  if (isBytes(envelope)) {
    const bytes = bytesAtCall(envelope);
    return { queue: new ByteQueue(bytes), size: bytes.length };
  }
  if (isStream(envelope)) return { queue: new ByteQueue(streamChunks(envelope), reading) };
  if (!isRangeSource(envelope)) throw new TypeError('envelope must be a Blob, bytes or a stream, or { size, read }');
  const size = sizeOf(envelope, 'envelope');
  return { queue: new ByteQueue(rangeChunks(envelope, 0, size, reading, slice), reading), size };
}

function checkedIdleTimeout(idleTimeout: number | undefined): number | undefined {
  return idleTimeout === undefined ? undefined : whole(idleTimeout, 'idleTimeout', 1, 2 ** 31 - 1);
}
