/// <reference lib="esnext.disposable" preserve="true" />
import type { Locked, Unlocked } from '#glue';
import { isBytes, isStream, ownPairs, viewOf, whole } from './bytes.js';
import { KmsealError, closedError } from './errors.js';
import { type RunContext, toBlob, toBytes, toStream } from './flow.js';
import { type Instance, call, instance, load } from './load.js';
import { OpeningFlow, readHeader } from './opening.js';
import { ByteQueue } from './queue.js';
import { requireSubtleCrypto, usesSubtleCrypto } from './engine.js';
import { disposable } from './dispose.js';
import type {
  ByteStream, Bytes, DecryptInput, DecryptOutput, EncryptionAlgorithm, EncryptionContext, Engine, Inspection, OpenOptions,
  OpenResult,
} from './types.js';

/** Generous, and yet a hostile header cannot make `inspect` hold more than 20 MB. */
const INSPECT_LIMITS = { maxEncryptedDataKeys: 100, maxFrameLength: 2 ** 32 - 1 };

export interface OpenerOptions {
  /** Full ARNs of the keys that may open; checked at first use. `mrk-` keys match in any region. */
  keyIds: readonly string[];
  /** Calls KMS Decrypt, with the caller's own client, credentials and retries. */
  decrypt: (input: DecryptInput, options: { signal?: AbortSignal | undefined }) => Promise<DecryptOutput>;
  /** Which OAEP hash the keys were imported with; the envelope does not say. */
  encryptionAlgorithm?: EncryptionAlgorithm | undefined;
  /** Most encrypted data keys in a header; 8 unless told. */
  maxEncryptedDataKeys?: number | undefined;
  /** Longest frame in bytes; 16 MiB unless told. */
  maxFrameLength?: number | undefined;
  /** As the Sealer's. */
  engine?: Engine | undefined;
}

export interface Opener extends Disposable {}

/** Opens envelopes through KMS Decrypt. */
export class Opener {
  readonly #options: OpenerOptions;
  readonly #limits: { maxEncryptedDataKeys: number; maxFrameLength: number };
  readonly #web: boolean;
  #closed = false;

  constructor(options: OpenerOptions) {
    const { keyIds, decrypt, encryptionAlgorithm, maxEncryptedDataKeys = 8, maxFrameLength = 2 ** 24, engine = 'auto' } = options;
    if (!Array.isArray(keyIds) || keyIds.length === 0 || !keyIds.every((id) => typeof id === 'string')) {
      throw new TypeError('keyIds must be an array of key ARNs');
    }
    if (typeof decrypt !== 'function') throw new TypeError('decrypt must be a function that calls KMS Decrypt');
    this.#limits = {
      maxEncryptedDataKeys: whole(maxEncryptedDataKeys, 'maxEncryptedDataKeys', 1, 2 ** 16 - 1),
      maxFrameLength: whole(maxFrameLength, 'maxFrameLength', 1, 2 ** 32 - 1),
    };
    this.#web = usesSubtleCrypto(engine);
    this.#options = { keyIds: [...keyIds], decrypt, encryptionAlgorithm };
  }

  /**
   * Opens a Blob to a Blob, bytes to bytes, a stream to a stream. Only authenticated frames are released; a stream gives them
   * before the end is seen, and errors if the envelope is cut.
   *
   * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_TRUNCATED, ERR_NO_MATCHING_KEY, ERR_CONTEXT,
   *   ERR_AUTHENTICATION, ERR_KMS, ERR_KEY_ID, ERR_READ, ERR_INSECURE_CONTEXT, ERR_LOAD, ERR_CLOSED
   */
  open(envelope: Blob, options?: OpenOptions): Promise<OpenResult<Blob>>;
  open(envelope: Bytes, options?: OpenOptions): Promise<OpenResult<Uint8Array<ArrayBuffer>>>;
  open(envelope: ByteStream, options?: OpenOptions): Promise<OpenResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  async open(envelope: Blob | Bytes | ByteStream, options: OpenOptions = {}): Promise<OpenResult<unknown>> {
    if (this.#closed) throw closedError('opener');
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#web) requireSubtleCrypto();
    const { queue, size } = queueOf(envelope);
    const opening = this.#open(envelope, queue, size, options);
    return signal ? unlessAborted(opening, signal, () => queue.close(signal.reason)) : opening;
  }

  async #open(
    envelope: unknown, queue: ByteQueue, size: number | undefined, options: OpenOptions,
  ): Promise<OpenResult<unknown>> {
    const { signal, onProgress } = options;
    try {
      await load();
      const on = instance();
      const header = await readHeader(on, queue, this.#limits);
      const total = size === undefined ? undefined : call(on, () => header.plaintextLength(size));
      const expected = ownPairs(options.encryptionContext);
      const locked = call(on, () => header.expect(expected));
      const { unlocked, keyId } = await this.#unlock(on, locked, signal);
      const encryptionContext = call(on, () => unlocked.context()) as EncryptionContext;
      const key = this.#web ? await importKey(on, unlocked) : undefined;
      const body = call(on, () => unlocked.body(key));
      const flow = new OpeningFlow(on, queue, body, this.#web);
      const plaintext = await collect(envelope, flow, { signal, onProgress, total });
      return { plaintext, encryptionContext, keyId };
    } catch (error) {
      queue.close(error);
      throw error;
    }
  }

  /** Refuses to open more. */
  close(): void {
    this.#closed = true;
  }

  /** Asks KMS about one encrypted data key after the other, as far as its errors allow. */
  async #unlock(on: Instance, locked: Locked, signal?: AbortSignal): Promise<{ unlocked: Unlocked; keyId: string }> {
    const { keyIds, encryptionAlgorithm } = this.#options;
    const inputs: DecryptInput[] = call(on, () => locked.candidates([...keyIds], encryptionAlgorithm));
    let first: KmsealError | undefined;
    for (const input of inputs) {
      try {
        const plaintext = await this.#decrypt(on, input, signal);
        const unlocked = call(on, () => locked.authenticate(plaintext));
        return { unlocked, keyId: input.KeyId };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        first ??= error.error;
        if (!error.tryNext) throw error.error;
      }
    }
    throw first;
  }

  async #decrypt(on: Instance, input: DecryptInput, signal?: AbortSignal): Promise<Uint8Array> {
    let answer;
    try {
      answer = await this.#options.decrypt(input, { signal });
      signal?.throwIfAborted();
    } catch (cause) {
      signal?.throwIfAborted();
      const name = cause instanceof Error ? cause.name : 'an error';
      const { tryNext, sentence } = call(on, (wasm) => wasm.kmsAdvice(name)) as { tryNext: boolean; sentence: string };
      throw new Refused(tryNext, new KmsealError('ERR_KMS', `${sentence} (${name} for ${input.KeyId})`, { cause }));
    }
    if (answer?.KeyId !== input.KeyId) {
      throw new KmsealError('ERR_KMS', 'KMS answered for another key than it was asked about; decrypt must pass its input on unchanged');
    }
    // No bytes are as wrong as too few, and the core says so.
    return answer.Plaintext instanceof Uint8Array ? answer.Plaintext : new Uint8Array();
  }
}

disposable(Opener);

/** The content key as a CryptoKey; wiped at once if that fails. */
async function importKey(on: Instance, unlocked: Unlocked): Promise<CryptoKey> {
  try {
    return await call(on, () => unlocked.importKey());
  } catch (error) {
    if (!on.dead) unlocked.free();
    throw error;
  }
}

/** KMS refused one encrypted data key. */
class Refused {
  constructor(
    readonly tryNext: boolean,
    readonly error: KmsealError,
  ) {}
}

/**
 * Reads an envelope's header; nothing is authenticated. A stream is consumed.
 *
 * @throws KmsealError ERR_ENVELOPE_INVALID, ERR_ENVELOPE_UNSUPPORTED, ERR_TRUNCATED, ERR_READ, ERR_LOAD
 */
export async function inspect(envelope: Blob | Bytes | ByteStream): Promise<Inspection> {
  const { queue, size } = queueOf(envelope, 64 * 1024);
  try {
    await load();
    const on = instance();
    const header = await readHeader(on, queue, INSPECT_LIMITS);
    return call(on, () => header.describe(size)) as Inspection;
  } finally {
    queue.close();
  }
}

function queueOf(envelope: unknown, slice?: number): { queue: ByteQueue; size: number | undefined } {
  if (envelope instanceof Blob) return { queue: new ByteQueue(envelope, slice), size: envelope.size };
  if (isBytes(envelope)) return { queue: new ByteQueue(viewOf(envelope)), size: envelope.byteLength };
  if (isStream(envelope)) return { queue: new ByteQueue(envelope), size: undefined };
  throw new TypeError('envelope must be a Blob, bytes or a stream');
}

/** Plaintext of the envelope's own kind. */
async function collect(envelope: unknown, flow: OpeningFlow, run: RunContext): Promise<unknown> {
  if (envelope instanceof Blob) return toBlob(flow, run);
  // Where no message has this length the flow fails, and must be let run to say how.
  if (isBytes(envelope)) return toBytes(flow, run.total ?? 0, run);
  return toStream(flow, run);
}

/** The promise, or the signal's reason if that comes first: a source or a KMS that does not answer must not hold the caller. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, onAbort: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      onAbort();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
