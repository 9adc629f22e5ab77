/** Bytes that kmseal accepts: any view with its offset and length. SharedArrayBuffer is refused. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** A stream of bytes that kmseal accepts: of the platform, of Node, or any other that gives Uint8Arrays. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Pairs that are bound to an envelope. Stored pairs are readable by all who see the envelope, and KMS never sees them.
 * Keys that begin with `aws-crypto-` are reserved; all together at most 65,535 bytes when serialized. Anything but a plain object of
 * strings (null, a Map, an instance of a class, a key that is a symbol) is a TypeError; `undefined` stands for none.
 */
export type EncryptionContext = Readonly<Record<string, string>>;

/** How KMS names RSA-OAEP with SHA-256 (the default) or SHA-1. */
export type EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' | 'RSAES_OAEP_SHA_1';

/** The hash of RSA-OAEP, as SubtleCrypto names it. */
export type OaepHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/**
 * What opens one envelope, as JSON: {@link Opener.unlock} gives it on a server, and `new Opener({ unlocked })` takes it in a page.
 * It is a secret.
 */
export interface UnlockedHeader {
  /** The version of this form: 1. */
  readonly version: number;
  /** SHA-256 over the envelope's header, in base64url: 43 characters. */
  readonly headerHash: string;
  /** The key of this envelope's frames, in base64url: 43 characters. */
  readonly contentKey: string;
  /** The whole context, stored pairs and required ones, authenticated. */
  readonly encryptionContext: EncryptionContext;
  /** The key that opened it, as {@link OpenResult} has it. */
  readonly keyId: string;
}

/**
 * What {@link SealedFile.describe} seals beside a file, and {@link Opener.describe} opens. Whatever sealed the file wrote it, so a name may
 * hold anything, such as `../` and line ends.
 */
export interface Description {
  /** Missing if the file had none, as with a Blob. */
  readonly name?: string;
  /** The media type that the browser guessed; often an empty text. */
  readonly type?: string;
  /** Length of the plaintext in bytes. Missing if a stream was sealed, whose length nobody knew yet. */
  readonly size?: number;
  /** In milliseconds since 1970. */
  readonly lastModified?: number;
  /** The message id of the file's envelope. */
  readonly messageId: string;
  /** What the page added. */
  readonly [field: string]: unknown;
}

/** Options of {@link Opener.describe}. */
export interface DescribeOptions {
  /** The message id of the file's envelope, as {@link Opener.open}, {@link Opener.openRange} and {@link inspect} give it. */
  messageId: string;
  /** What the caller expects, as of {@link Opener.open}: the file's own. */
  encryptionContext?: EncryptionContext | undefined;
  /** Rejects with the signal's reason and leaves nothing running. */
  signal?: AbortSignal | undefined;
}

/** Fields of the page's own: anything that JSON has. `name`, `type` and `lastModified` take the place of the file's. */
export interface DescriptionFields {
  /** In place of the file's name. */
  readonly name?: string | undefined;
  /** In place of its media type. */
  readonly type?: string | undefined;
  /** In place of its time, in milliseconds since 1970. */
  readonly lastModified?: number | undefined;
  readonly [field: string]: unknown;
}

/** How far a call is, in bytes of plaintext. */
export interface Progress {
  /** Bytes that are done. */
  readonly loaded: number;
  /** Bytes in all, if that is known. */
  readonly total?: number;
}

/** The contexts of one envelope; merged with the Sealer's. */
export interface ContextOptions {
  /** Stored in the envelope and authenticated. */
  encryptionContext?: EncryptionContext | undefined;
  /** Authenticated and not stored: the opener must know these pairs. */
  requiredEncryptionContext?: EncryptionContext | undefined;
}

/** A way to stop a call, and one to watch it. */
export interface RunOptions {
  /** Rejects with the signal's reason and leaves nothing running. */
  signal?: AbortSignal | undefined;
  /** Called after each frame that is done, 256 KiB of plaintext by default. What it throws fails the call. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The input of KMS Decrypt (AWS KMS API Reference, "Decrypt"). */
export interface DecryptInput {
  /** The ARN, one of the opener's `keyIds`, of the key to decrypt with. */
  KeyId: string;
  /** The encrypted data key: 256, 384 or 512 bytes, by the size of the key. */
  CiphertextBlob: Uint8Array<ArrayBuffer>;
  /** The opener's option `encryptionAlgorithm`. */
  EncryptionAlgorithm: EncryptionAlgorithm;
}

/** How a call of KMS is stopped: one signal, under the names that `fetch` and the AWS SDK have for it. */
export interface DecryptOptions {
  /** Aborted when nobody waits for the answer any more. Missing if nothing can abort it. */
  readonly signal?: AbortSignal;
  /** The same signal: so the options can be passed on to the AWS SDK as they are. */
  readonly abortSignal?: AbortSignal;
}

/** The part of KMS Decrypt's answer that is looked at. */
export interface DecryptOutput {
  /** The ARN of the key that KMS used: that of the input, else ERR_KMS. */
  KeyId?: string | undefined;
  /** What was encrypted: 80 bytes, else ERR_KMS. */
  Plaintext?: Uint8Array | undefined;
}

/** The input of KMS DeriveSharedSecret (AWS KMS API Reference, "DeriveSharedSecret"). */
export interface DeriveSharedSecretInput {
  /** The ARN, of one of the opener's `keys`, of the key to derive with. */
  KeyId: string;
  /** KMS has no other. */
  KeyAgreementAlgorithm: 'ECDH';
  /** The sender's public key: DER of a SubjectPublicKeyInfo, 91, 120 or 158 bytes by the curve. */
  PublicKey: Uint8Array<ArrayBuffer>;
}

/** The part of KMS DeriveSharedSecret's answer that is looked at. */
export interface DeriveSharedSecretOutput {
  /** The ARN of the key that KMS used: that of the input, else ERR_KMS. */
  KeyId?: string | undefined;
  /** ECDH, else ERR_KMS. */
  KeyAgreementAlgorithm?: string | undefined;
  /** The shared x coordinate: 32, 48 or 66 bytes by the curve, else ERR_KMS. */
  SharedSecret?: Uint8Array | undefined;
}

/** The input of KMS Decapsulate (AWS KMS API Reference, "Decapsulate"). */
export interface DecapsulateInput {
  /** The ARN, one of the opener's `keyIds` or `keys`, of the key to decapsulate with. */
  KeyId: string;
  /** KMS has no other. */
  EncapsulationAlgorithm: 'ML_KEM';
  /** The encapsulated secret: 1,088 or 1,568 bytes, by the size of the key. */
  SharedSecretCiphertextBlob: Uint8Array<ArrayBuffer>;
}

/** The part of KMS Decapsulate's answer that is looked at. */
export interface DecapsulateOutput {
  /** The ARN of the key that KMS used: that of the input, else ERR_KMS. */
  KeyId?: string | undefined;
  /** ML_KEM, else ERR_KMS. */
  EncapsulationAlgorithm?: string | undefined;
  /** The secret: 32 bytes, else ERR_KMS. KMS returns another secret, and no error, for what was altered. */
  SharedSecret?: Uint8Array | undefined;
}

/** The input of KMS GetPublicKey (AWS KMS API Reference, "GetPublicKey"). */
export interface GetPublicKeyInput {
  /** One of the ARNs in the opener's `keys`. */
  KeyId: string;
}

/** A CryptoKey, for which servers without lib.dom have no type. */
export type PlatformKey = typeof globalThis extends { CryptoKey: { prototype: infer Key } } ? Key : object;

/** A customer's own RSA key that opens: its name, and its private half or what calls it. */
export interface RawKey {
  /** As the key was imported for sealing. */
  keyNamespace: string;
  /** As the key was imported for sealing. */
  keyName: string;
  /** The OAEP hash that the key was imported with for sealing. It is compared with that of `privateKey`. */
  hash?: OaepHash | undefined;
  /** A CryptoKey of RSA-OAEP of usage `decrypt`, and of the hash that the key was imported with for sealing. */
  privateKey?: PlatformKey | undefined;
  /**
   * Decrypts with RSA-OAEP where the private key is: in an HSM, or in another cloud. It returns the 32 bytes of the data key.
   * Give it or `privateKey`.
   */
  unwrap?: ((ciphertext: Uint8Array<ArrayBuffer>, options: DecryptOptions) => Promise<Bytes>) | undefined;
}

/** What can be read in parts: a file (`openFile` of kmseal/node), an object in S3. */
export interface RangeSource {
  /** In bytes. */
  readonly size: number;
  /**
   * The bytes from `start` to before `end`, no more and no fewer, at most 16 MiB. Within one call of `seal`, `open`
   * or `openRange`, and within one piece of `prepare`, what it gives is copied before it is called again. Those that run at the same
   * time call it at the same time: never share one buffer between them, or one of the calls fails as ERR_READ. The signal is aborted when
   * nobody waits for the answer any more.
   */
  read(start: number, end: number, options: { signal: AbortSignal }): Promise<Bytes>;
}
