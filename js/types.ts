import type { Opener } from './opener.js';
import type { Sealer } from './sealer.js';

/** Bytes that kmseal takes: any view is taken with its offset and length. SharedArrayBuffer is refused. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** A stream of bytes that kmseal takes. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** What comes out: a Blob of a Blob, bytes of bytes, a stream of a stream. */
export type Output = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * Pairs that are bound to an envelope. Stored pairs are readable by all who see the envelope, and KMS never sees them.
 * Keys that begin with `aws-crypto-` are reserved; all together at most 65,535 bytes when serialized. Anything but a plain object of
 * strings (null, a Map, an instance of a class, a key that is a symbol) is a TypeError; `undefined` stands for none.
 */
export type EncryptionContext = Readonly<Record<string, string>>;

/** How KMS names RSA-OAEP with SHA-256 (the default) or SHA-1. */
export type EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' | 'RSAES_OAEP_SHA_1';

/** The answer of KMS GetPublicKey, as `aws kms get-public-key` prints it or the JavaScript SDK returns it. */
export interface GetPublicKeyOutput {
  readonly KeyId?: string | undefined;
  /** DER of a SubjectPublicKeyInfo, or its base64. */
  readonly PublicKey?: string | Bytes | undefined;
  readonly KeySpec?: string | undefined;
  readonly CustomerMasterKeySpec?: string | undefined;
  readonly KeyUsage?: string | undefined;
  readonly EncryptionAlgorithms?: readonly string[] | undefined;
}

/** What the caller says about a key beside the key itself. */
export interface ImportOptions {
  /** The key's ARN, needed unless the source is GetPublicKey's answer. */
  keyId?: string | undefined;
  /** The OAEP hash, SHA-256 unless told; never taken from the source. */
  encryptionAlgorithm?: EncryptionAlgorithm | undefined;
  /** `SHA256:` and the padded base64 of SHA-256 over the DER. It guards only if it came another way than the key. */
  fingerprint?: string | undefined;
}

/** Plaintext bytes done, and in all where that is known. */
export interface Progress {
  readonly loaded: number;
  readonly total: number | undefined;
}

/** The contexts of one envelope; merged with the Sealer's. */
export interface ContextOptions {
  /** Stored in the envelope and authenticated. */
  encryptionContext?: EncryptionContext | undefined;
  /** Authenticated and not stored: whoever opens must know these pairs. */
  requiredEncryptionContext?: EncryptionContext | undefined;
}

/** A way to stop, and one to watch. */
export interface RunOptions {
  /** Rejects with the signal's reason and leaves nothing running. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export interface SealOptions extends ContextOptions, RunOptions {}

export interface SealStreamOptions extends SealOptions {
  /** The stream's length in bytes, if known; another length is ERR_SOURCE_CHANGED. */
  size?: number | undefined;
}

/** Limits of a data-key cache, a Sealer's or an Opener's. */
export interface CacheOptions {
  /** Longest use of one data key, in milliseconds. */
  maxAge: number;
  /** Most envelopes sealed, or opened, under one data key; 2^32 unless told. */
  maxMessagesEncrypted?: number | undefined;
  /** Most plaintext bytes under one data key; streams of unknown length then take no part in the cache. */
  maxBytesEncrypted?: number | undefined;
  /** Most data keys kept, 100 unless told; the one not used for longest makes room. A Sealer has one for each context. */
  capacity?: number | undefined;
}

/** `auto` is `webcrypto`; `wasm` also works where SubtleCrypto is missing, on pages served over plain http. */
export type Engine = 'auto' | 'webcrypto' | 'wasm';

/** Input of KMS Decrypt. */
export interface DecryptInput {
  KeyId: string;
  CiphertextBlob: Uint8Array<ArrayBuffer>;
  EncryptionAlgorithm: EncryptionAlgorithm;
}

/** How a call of KMS Decrypt is stopped: one signal, as kmseal and as the AWS SDK call it. */
export interface DecryptOptions {
  signal?: AbortSignal | undefined;
  abortSignal?: AbortSignal | undefined;
}

/** The part of KMS Decrypt's answer that is looked at. */
export interface DecryptOutput {
  KeyId?: string | undefined;
  Plaintext?: Uint8Array | undefined;
}

export interface OpenOptions extends RunOptions {
  /**
   * What the caller expects, the only guard against one person's envelope put in another's place: a stored pair must match,
   * a pair that is not stored is taken as a required one.
   */
  encryptionContext?: EncryptionContext | undefined;
  /**
   * Milliseconds for which the source may give nothing while it is waited for; then ERR_READ, and the source is cancelled. For a
   * stream it is the time until the next chunk, for `{ size, read }` that of one read. Off by default: a connection that
   * stalls is waited for without end. The time between reads of the plaintext does not count.
   */
  idleTimeout?: number | undefined;
}

/** What can be read in parts: a file (`openFile` of kmseal/node), an object in S3. */
export interface RangeSource {
  /** In bytes. */
  readonly size: number;
  /**
   * The bytes from `start` to before `end`, no more and no fewer, at most 16 MiB. Within one call of `seal`, `open`
   * or `openRange`, and within one piece of `prepare`, what it gives is copied before it is called again. Those that run at the same
   * time call it at the same time: never share one buffer between them, or one of the calls fails as ERR_READ. The signal is aborted when nobody waits for the answer any more.
   */
  read(start: number, end: number, options: { signal?: AbortSignal | undefined }): Promise<Bytes>;
}

/** An opened part of an envelope. */
export interface OpenRangeResult<T> extends OpenResult<T> {
  /** Where the part lies in the plaintext, in bytes; `end` is the first byte after it. */
  start: number;
  end: number;
  /** Length of the whole plaintext in bytes. */
  size: number;
}

/** Who opens an envelope and who seals it anew. */
export interface ResealOptions extends OpenOptions {
  opener: Opener;
  sealer: Sealer;
  /** A stream's length in bytes, if known; another length is ERR_TRUNCATED. Without it frames do not grow with the file, nor does the sealer's cache serve. */
  size?: number | undefined;
}

/** An opened envelope; the context is the whole one, stored and required, authenticated. */
export interface OpenResult<T> {
  plaintext: T;
  encryptionContext: EncryptionContext;
  /** The ARN, of the opener's keyIds, whose key opened it. */
  keyId: string;
}

/** A header as it stands, not authenticated. */
export interface Inspection {
  /** `0x0478` */
  algorithmSuite: string;
  /** 64 hex digits. */
  messageId: string;
  /** The stored pairs. */
  encryptionContext: EncryptionContext;
  encryptedDataKeys: { providerId: string; keyId: string; ciphertextLength: number }[];
  /** The ARNs of the keys, any one of which opens it. */
  keyIds: string[];
  /** Content length in bytes of every frame but the last. */
  frameLength: number;
  /** In bytes, with the tag. */
  headerLength: number;
  /** Where the envelope's size is known. */
  plaintextSize?: number;
  frames?: number;
}

/**
 * What `load()` takes: where `kmseal.wasm` is, an answer to a request for it, its bytes, or the compiled module (for which servers
 * without lib.dom have no type).
 */
export type WasmSource =
  | string | URL | Response | Bytes
  | (typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object);
