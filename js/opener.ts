/// <reference lib="esnext.disposable" preserve="true" />
import type { Body, Glue, Unlocked } from '#glue';
import { reasonOf, throwIfAborted, unlessAborted } from './io/abort.js';
import { adopted } from './io/browser.js';
import { type Chunk, type Kind, isBlob, kindOf, wholeNumber } from './io/bytes.js';
import { blamed } from './io/blob-end.js';
import { type ReadOptions, isRangeSource, rangeChunks, sizeOf } from './io/chunks.js';
import { expectedContext } from './io/context.js';
import { DataKeyCache } from './cache/data-keys.js';
import { HEAD_SLICE_BYTES, type Source, queueOf } from './io/envelope.js';
import { openDescription } from './frames/description.js';
import { closedError } from './errors.js';
import { collect } from './frames/flow.js';
import { instance, load } from './load.js';
import { type Limits, OpeningFlow, readHeader } from './frames/opening.js';
import { ByteQueue } from './io/queue.js';
import { refuseStrays } from './io/strays.js';
import { locate } from './frames/range.js';
import { importKey, requireSubtleCrypto, usesSubtleCrypto } from './frames/engine.js';
import { disposable } from './io/dispose.js';
import { LONGEST_TIMER_MS } from './io/timer.js';
import { HandedOver, handOver } from './frames/unlocked-header.js';
import { OpenerKeys } from './frames/opener-keys.js';
import type { OpenOptions, OpenRangeOptions, OpenerOptions, UnlockOptions } from './frames/opener-options.js';
import { unlock } from './frames/unlocking.js';
import type {
  ByteStream,
  Bytes,
  DescribeOptions,
  Description,
  EncryptionContext,
  RangeSource,
  UnlockedHeader,
} from './types.js';

/** What the format's fields can hold: the core knows the limits that are not given. */
const UINT16_MAX = 65_535;
const UINT32_MAX = 4_294_967_295;

/** An opened envelope. */
export interface OpenResult<T> {
  /** A Blob, bytes or a stream, as the envelope is. */
  plaintext: T;
  /** The whole context, stored pairs and required ones, authenticated. It has no prototype. */
  encryptionContext: EncryptionContext;
  /** The ARN of the opener's key that opened it; of a raw key its namespace and name, with a slash between them. */
  keyId: string;
  /** The envelope's message id, authenticated: 43 characters of base64url. {@link Opener.describe} takes it. */
  messageId: string;
}

/** An opened part of an envelope. */
export interface OpenRangeResult<T> extends OpenResult<T> {
  /** Where the part begins in the plaintext, in bytes. */
  start: number;
  /** Where it ends: the first byte after it. */
  end: number;
  /** Length of the whole plaintext in bytes. */
  size: number;
}

const OPTIONS = [
  'keyIds',
  'decrypt',
  'keys',
  'getPublicKey',
  'deriveSharedSecret',
  'decapsulate',
  'rawKeys',
  'unlocked',
  'encryptionAlgorithm',
  'maxEncryptedDataKeys',
  'minFrameLength',
  'maxFrameLength',
  'idleTimeout',
  'engine',
  'cache',
] satisfies (keyof OpenerOptions)[];

/** An envelope whose header is authenticated. */
interface Authenticated {
  wasm: Glue;
  queue: ByteQueue;
  /** The envelope's length in bytes, if known. */
  size: number | undefined;
  unlocked: Unlocked;
  /** Plaintext bytes, if known. */
  total: number | undefined;
  encryptionContext: EncryptionContext;
  /** The pairs of it that the header does not store. */
  required: EncryptionContext;
  keyId: string;
  messageId: string;
  reading: ReadOptions;
}

/** The same, ready for its frames. */
interface Opening extends Omit<Authenticated, 'unlocked'> {
  body: Body;
}

/** An envelope that is opened to be sealed again. */
interface OpenedToReseal extends Pick<Opening, 'encryptionContext' | 'required'> {
  plaintext: ReadableStream<Chunk>;
  /** The plaintext's length in bytes, where it is known. */
  size: number | undefined;
}

export interface Opener extends Disposable {}

/** Opens envelopes through KMS, or with keys of the caller's. */
export class Opener {
  readonly #keys: OpenerKeys | HandedOver;
  readonly #limits: Limits;
  readonly #web: boolean;
  readonly #cache: DataKeyCache | undefined;
  readonly #idleTimeout: number | undefined;
  #closed = false;

  constructor(options: OpenerOptions) {
    disposable(this);
    const { engine = 'webcrypto', cache, encryptionContext } = options as OpenerOptions & OpenOptions;
    // A sealer takes one. Here it would guard nothing: every envelope would open.
    if (encryptionContext !== undefined)
      throw new TypeError('encryptionContext is expected of each envelope: hand it to open(), not to the Opener');
    refuseStrays(options, OPTIONS);
    this.#keys = options.unlocked === undefined ? new OpenerKeys(options) : new HandedOver(options);
    this.#limits = {
      maxEncryptedDataKeys: optional(options.maxEncryptedDataKeys, 'maxEncryptedDataKeys', UINT16_MAX),
      minFrameLength: optional(options.minFrameLength, 'minFrameLength', UINT32_MAX),
      maxFrameLength: optional(options.maxFrameLength, 'maxFrameLength', UINT32_MAX),
    };
    this.#web = usesSubtleCrypto(engine);
    this.#idleTimeout = optional(options.idleTimeout, 'idleTimeout', LONGEST_TIMER_MS);
    this.#cache = cache && new DataKeyCache(cache);
  }

  /**
   * Opens a Blob to a Blob, bytes to bytes, a stream or `{ size, read }` to a stream. Only authenticated frames are released; a stream
   * releases them before the end is seen, and errors if the envelope is cut. Bytes up to 32 MiB are copied at the call, and streams are
   * locked as by {@link Sealer.seal}.
   *
   * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_TRUNCATED, ERR_NO_MATCHING_KEY, ERR_CONTEXT,
   *   ERR_AUTHENTICATION, ERR_KMS, ERR_KEY_ID, ERR_READ, ERR_SOURCE_CHANGED, ERR_INSECURE_CONTEXT, ERR_LOAD, ERR_CLOSED
   */
  open(envelope: Blob, options?: OpenOptions): Promise<OpenResult<Blob>>;
  open(envelope: Bytes, options?: OpenOptions): Promise<OpenResult<Uint8Array<ArrayBuffer>>>;
  open(envelope: ByteStream, options?: OpenOptions): Promise<OpenResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  open(envelope: RangeSource, options?: OpenOptions): Promise<OpenResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  open(
    envelope: Blob | Bytes | ByteStream | RangeSource,
    options?: OpenOptions,
  ): Promise<OpenResult<Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>>>;
  async open(
    envelope: Blob | Bytes | ByteStream | RangeSource,
    options: OpenOptions = {},
  ): Promise<OpenResult<unknown>> {
    const source = (reading: ReadOptions) => queueOf(envelope, reading);
    return this.#begin(source, options, async (opening) => {
      const { encryptionContext, keyId, messageId } = opening;
      const plaintext = await opened(kindOf(envelope), new OpeningFlow(opening), opening, options);
      return { plaintext, encryptionContext, keyId, messageId };
    });
  }

  /**
   * @internal Opens to a stream, whatever the envelope is. A caller that knows the plaintext's size beforehand must not see
   * another, so a size that no envelope has fails here.
   */
  async openToReseal(envelope: unknown, streamSize: number | undefined, options: OpenOptions): Promise<OpenedToReseal> {
    if (streamSize !== undefined) wholeNumber(streamSize, 'size', 0);
    const source = (reading: ReadOptions) => ({ size: streamSize, ...queueOf(envelope, reading) });
    return this.#begin(source, options, async (opening) => {
      const { size, body, total, encryptionContext, required } = opening;
      const flow = new OpeningFlow(opening);
      try {
        if (size !== undefined) body.seek(size, 0, Infinity);
      } catch (error) {
        flow.close(error);
        throw error;
      }
      const plaintext = (await opened('stream', flow, opening, options)) as ReadableStream<Chunk>;
      return { plaintext, encryptionContext, required, size: total };
    });
  }

  /**
   * Opens a part of the plaintext, from `start` to before `end`: a Blob to a Blob, another source to a stream. The
   * header is authenticated first, then the final frame, whose sequence and length must agree with the source's size, then the
   * frames that cover the part. Nothing else is read, except the first 64 KiB, where the header is.
   *
   * @throws KmsealError as open() does, and ERR_SOURCE_CHANGED if the source reads more or less than it is asked for
   */
  openRange(source: Blob, options?: OpenRangeOptions): Promise<OpenRangeResult<Blob>>;
  openRange(
    source: RangeSource,
    options?: OpenRangeOptions,
  ): Promise<OpenRangeResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  async openRange(source: Blob | RangeSource, options: OpenRangeOptions = {}): Promise<OpenRangeResult<unknown>> {
    // A position given as a separate argument would be ignored, and the whole opened instead of a part.
    if (Object(options) !== options)
      throw new TypeError('options must be an object, such as { start, end, encryptionContext }');
    const { start = 0, end = Infinity, signal, onProgress } = options;
    if (!isBlob(source) && !isRangeSource(source)) throw new TypeError('source must be a Blob or { size, read }');
    const file = isBlob(source) ? adopted(source) : undefined;
    const given = file ?? source;
    const size = sizeOf(given, 'source');
    const from = (reading: ReadOptions) => ({
      queue: new ByteQueue(rangeChunks(given, 0, size, reading, HEAD_SLICE_BYTES), reading),
      size,
      file,
    });
    return this.#begin(from, options, async (opening) => {
      const { wasm, queue: head, body, encryptionContext, keyId, messageId, reading } = opening;
      head.close();
      const wanted = { wasm, body, source: given, sealedSize: size, start, end, reading };
      const { queue, skip, ...part } = await locate(wanted);
      const total = part.end - part.start;
      const flow = new OpeningFlow({ wasm, queue, body, skip, length: total });
      const plaintext = await collect(kindOf(source), flow, { signal, onProgress, total, size: total });
      return { plaintext, encryptionContext, keyId, messageId, ...part };
    });
  }

  /**
   * Opens the description of a file: what {@link SealedFile.describe} made, as bytes, a Blob, or the base64url that an upload carried. With a
   * cache it needs no call of KMS besides the file's. The object has no prototype, nor have those in it, and no key `__proto__`.
   *
   * @throws KmsealError as open() does; ERR_AUTHENTICATION: it was made for another envelope; ERR_ENVELOPE_INVALID: it is not a description, or
   *   longer than 1 MiB
   */
  async describe(description: Blob | Bytes | string, options: DescribeOptions): Promise<Description> {
    const { messageId, ...others } = options;
    return openDescription(description, messageId, (envelope) => this.open(envelope, others));
  }

  /**
   * Does all that opening does up to the first frame, and gives what opens this envelope and no other: for `new Opener({ unlocked })` in a
   * page. The data key, under which other envelopes may be sealed, stays here. What it gives is a secret: send it only to those who may see the file,
   * and neither store nor log it.
   *
   * @param header the envelope, or its first bytes, at least the header: `inspect` gives its length, and 64 KiB hold nearly every one. From a
   *   stream or `{ size, read }` no more is read. A cache with `maxBytes` takes no part, since the file's size is not known
   * @throws KmsealError as open() does; ERR_TRUNCATED says how many bytes the header takes
   */
  async unlock(header: Blob | Bytes | ByteStream | RangeSource, options: UnlockOptions = {}): Promise<UnlockedHeader> {
    const source = (reading: ReadOptions) => ({ ...queueOf(header, reading, HEAD_SLICE_BYTES), size: undefined });
    return this.#authenticate(source, options, async ({ queue, unlocked, encryptionContext, keyId }) => {
      queue.close();
      return { ...handOver(unlocked), encryptionContext, keyId };
    });
  }

  /** Wipes cached keys, and that of an unlocked header, and refuses to open more. */
  close(): void {
    this.#closed = true;
    this.#cache?.close();
    if (this.#keys instanceof HandedOver) this.#keys.wipe();
  }

  /** From the source to the frames behind an authenticated header, and on to what is done with them. */
  #begin<T>(
    source: (reading: ReadOptions) => Source,
    options: OpenOptions,
    work: (opening: Opening) => Promise<T>,
  ): Promise<T> {
    return this.#authenticate(source, options, async (authenticated) => {
      const { wasm, unlocked } = authenticated;
      const body = unlocked.body(this.#web ? await contentKeyOf(wasm, unlocked) : undefined);
      return work({ ...authenticated, body });
    });
  }

  /** From the source to an authenticated header, and on to what is done with it. */
  async #authenticate<T>(
    source: (reading: ReadOptions) => Source,
    options: OpenOptions,
    work: (authenticated: Authenticated) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw closedError('opener');
    const { signal } = options;
    throwIfAborted(signal);
    if (this.#web) requireSubtleCrypto();
    const expected = expectedContext(options);
    const reading = {
      signal,
      idleTimeout: optional(options.idleTimeout, 'idleTimeout', LONGEST_TIMER_MS) ?? this.#idleTimeout,
    };
    const { queue, size, file } = source(reading);
    const begin = async () => {
      try {
        await load();
        const wasm = instance();
        const header = await readHeader(wasm, queue, this.#limits);
        const total = size === undefined ? undefined : header.plaintextLength(size);
        const messageId = header.messageId();
        const cache = !this.#closed && this.#cache?.takes(total) ? this.#cache : undefined;
        const { unlocked, keyId } = await unlock(wasm, header, { keys: this.#keys, expected, cache, total, signal });
        const encryptionContext = unlocked.context() as EncryptionContext;
        const required = unlocked.required() as EncryptionContext;
        return await work({
          wasm,
          queue,
          size,
          unlocked,
          total,
          encryptionContext,
          required,
          keyId,
          messageId,
          reading,
        });
      } catch (error) {
        queue.close(error);
        throw await blamed(error, file);
      }
    };
    return unlessAborted(begin(), signal, () => queue.close(reasonOf(signal!)));
  }
}

/** The plaintext. Where no message has the envelope's length the flow fails, and must be let run to say how. */
function opened(
  kind: Kind,
  flow: OpeningFlow,
  { total }: Opening,
  { signal, onProgress }: OpenOptions,
): Promise<unknown> {
  return collect(kind, flow, { signal, onProgress, total, size: total });
}

/** The content key as a CryptoKey; wiped at once if that fails. */
async function contentKeyOf(wasm: Glue, unlocked: Unlocked): Promise<CryptoKey> {
  try {
    return await importKey(wasm, unlocked, 'decrypt');
  } catch (error) {
    unlocked.free();
    throw error;
  }
}

/** A whole number from 1, if one is given. */
function optional(value: number | undefined, name: string, most: number): number | undefined {
  return value === undefined ? undefined : wholeNumber(value, name, 1, most);
}
