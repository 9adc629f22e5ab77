/// <reference lib="esnext.disposable" preserve="true" />
import { throwIfAborted, unlessAborted } from './io/abort.js';
import { checkEnd, mayBeLonger } from './io/blob-end.js';
import { letGo } from './io/browser.js';
import { type Chunk, isBlob, position } from './io/bytes.js';
import { descriptionJson, sealDescription } from './frames/description.js';
import { disposable } from './io/dispose.js';
import { KmsealError, closedError } from './errors.js';
import { Drain, type Flow, toBlob, toStream } from './frames/flow.js';
import { type Prepared, type Reads, ReplayableFlow } from './frames/replaying.js';
import type { DescriptionFields, PlatformKey, RunOptions } from './types.js';

/**
 * The result of {@link SealedFile.save}, for IndexedDB and `structuredClone`: JSON has no CryptoKey. It seals the rest of one envelope. **It is a
 * secret**: AES-GCM encrypts as it decrypts, so a script that has it and the bytes that have left reads these, although the key
 * only encrypts. It opens no other envelope.
 */
export interface SealedFileState {
  /** The version of this shape. */
  readonly version: 1;
  /** The envelope's header with its tag, in which its message id is. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** Content bytes of every frame but the last. */
  readonly frameLength: number;
  /** The file's length in bytes. */
  readonly size: number;
  /** The file's own, if it has one. */
  readonly lastModified: number | undefined;
  /** Encrypts frames and cannot be exported. With the nonce of a frame that has left it decrypts that frame, too. */
  readonly key: PlatformKey;
  /** 16 bytes for each frame: its tag if it was sealed, else zeros. */
  readonly tags: Uint8Array<ArrayBuffer>;
  /** What {@link SealedFile.describe} made before. */
  readonly description: Uint8Array<ArrayBuffer> | undefined;
}

export interface SealedFile extends Disposable {}

/**
 * A file whose envelope is fixed and sealed piece by piece, any number of times: for resumable and parallel uploads in constant
 * memory. If the file changes meanwhile, calls fail with ERR_SOURCE_CHANGED; in browsers that do not notice (Firefox 153 a rewritten
 * file of the same size, Chromium 156 one rewritten within the second in which it was chosen) only where a piece is sealed twice.
 */
export class SealedFile {
  /** The envelope's length in bytes. */
  readonly size: number;
  /** The envelope's message id, in base64url: {@link Opener.open} and {@link inspect} give the same. */
  readonly messageId: string;
  readonly #prepared: Prepared;
  readonly #reads: Reads = { epoch: 0 };
  #description: { json: string | undefined; envelope: Chunk | Promise<Chunk> } | undefined;

  /** @internal */
  constructor(prepared: Prepared) {
    disposable(this);
    this.#prepared = prepared;
    this.size = prepared.replayable.sealedLength();
    this.messageId = prepared.replayable.messageId() as string;
    const { description } = prepared;
    if (description) this.#description = { json: undefined, envelope: description };
  }

  /**
   * A part of the envelope, with Blob.slice's meaning of start and end.
   *
   * @throws KmsealError ERR_READ, ERR_SOURCE_CHANGED, ERR_CLOSED
   */
  async slice(start = 0, end = this.size, options: Pick<RunOptions, 'signal'> = {}): Promise<Blob> {
    const from = position(start, this.size);
    const to = Math.max(from, position(end, this.size));
    throwIfAborted(options.signal);
    await this.#checkEnd(options.signal);
    return toBlob(this.#flow(from, to), { signal: options.signal, total: undefined, size: to - from });
  }

  /** @internal Seals a part again and gives out nothing: so the tags of its frames are compared with those of an earlier sealing. */
  async prove(start: number, end: number, signal: AbortSignal): Promise<void> {
    await this.#checkEnd(signal);
    const drain = new Drain(this.#flow(start, end), { signal, total: undefined, size: end - start });
    for (let pieces = await drain.next(); pieces; pieces = await drain.next()) pieces.forEach(letGo);
  }

  /** The whole envelope; progress is in plaintext bytes. */
  stream(options: RunOptions = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { signal, onProgress } = options;
    return toStream(this.#flow(0, this.size), { signal, onProgress, total: this.#prepared.fileSize, size: this.size });
  }

  /**
   * The file's description: a small envelope of its own, of the same data key and context, for {@link Opener.describe}. It holds JSON: `{ name,
   * type, size, lastModified, messageId }` and `fields`, at most 64 KiB. There is one for a file: called again, give the same fields. A
   * restored file gives the one that it was saved with.
   *
   * @throws TypeError if a field is not a JSON value, or the file was described with other fields
   * @throws KmsealError ERR_TOO_LONG, ERR_SOURCE_CHANGED, ERR_CLOSED
   */
  async describe(fields: DescriptionFields = {}): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#reads.isClosed) throw closedError('sealed file');
    const { replayable, named } = this.#prepared;
    const json = descriptionJson({ ...named, messageId: this.messageId }, fields);
    replayable.check();
    if (!this.#description) {
      const message = replayable.description();
      if (!message) throw new TypeError('this file was saved without a description; describe it before you save it');
      this.#description = { json, envelope: sealDescription(json, message) };
    }
    const { json: before = json, envelope } = this.#description;
    // Other bytes under its message id would be nonce reuse (docs/format.md, 14): the core seals them once.
    if (before !== json)
      throw new TypeError('this file was described with other fields before; give the same, or prepare it again');
    return (await envelope).slice();
  }

  /** @internal The whole envelope as a Blob. */
  async blob(options: RunOptions = {}): Promise<Blob> {
    const { signal, onProgress } = options;
    return toBlob(this.#flow(0, this.size), { signal, onProgress, total: this.#prepared.fileSize, size: this.size });
  }

  /**
   * The state from which {@link Sealer.restore} continues: in another page, after a crash, or tomorrow. It has the tags of the frames that were
   * sealed so far. So save it, and have it on disk, **after** a piece is sealed and **before** a byte of that piece leaves. Continue from
   * it in one place at a time. Otherwise a file that changed meanwhile could be sealed in two ways under one key (nonce reuse).
   *
   * @throws KmsealError ERR_STORAGE: the engine is `wasm`, which has no CryptoKey; ERR_SOURCE_CHANGED, ERR_CLOSED
   */
  async save(): Promise<SealedFileState> {
    // Its one frame has to be in the state: a restored file seals by SubtleCrypto alone, which must not get an empty one (wasm/src/engine.rs).
    if (!this.#prepared.fileSize) await this.slice();
    const description = (await this.#description?.envelope)?.slice();
    const { replayable, named, fileSize: size, header, frameLength, key } = this.#prepared;
    if (this.#reads.isClosed) throw closedError('sealed file');
    replayable.check();
    if (!key) throw new KmsealError('ERR_STORAGE', "engine: 'wasm' has no key that can be kept; seal with 'webcrypto'");
    const { lastModified } = named;
    const tags = replayable.tags() as Chunk;
    return { version: 1, header: header.slice(), frameLength, size, lastModified, key, tags, description };
  }

  /** Wipes the content keys. Later calls reject with ERR_CLOSED. */
  close(): void {
    if (this.#reads.isClosed) return;
    this.#reads.isClosed = true;
    this.#prepared.key = undefined;
    this.#prepared.replayable.free();
  }

  /** Pieces of a file do not show what is behind its last byte. */
  async #checkEnd(signal: AbortSignal | undefined): Promise<void> {
    const { file } = this.#prepared;
    if (!isBlob(file) || !mayBeLonger(file)) return;
    this.#reads.ends ??= checkEnd(file).catch((error: unknown) => {
      this.#reads.ends = undefined; // a later call reads it again
      throw error;
    });
    await unlessAborted(this.#reads.ends, signal);
  }

  #flow(start: number, end: number): Flow {
    return new ReplayableFlow({ prepared: this.#prepared, reads: this.#reads, start, end });
  }
}
