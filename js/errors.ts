/**
 * Every code, and what an error of it has besides its code, message and cause. Codes do not change between versions; sentences may.
 *
 * Each code says who is at fault (`@fault`), whether it passes by itself (`@passes`), what to do (`@remedy`), and with which HTTP status
 * a server answers that meets it (`@status`).
 */
export interface KmsealErrorDetails {
  /**
   * The source is not a public key as KMS gives it out, or it was damaged.
   *
   * @fault The publisher of the key.
   * @passes No.
   * @remedy Publish the unchanged answer of KMS GetPublicKey, as `kmseal key` and the AWS CLI write it.
   * @status 500
   */
  readonly ERR_KEY_INVALID: NoDetails;
  /**
   * The key cannot wrap data keys: it has the wrong type, size or usage, or this engine lacks its curve.
   *
   * @fault The creator of the key; of an ECC key perhaps the engine.
   * @passes No.
   * @remedy Create a KMS key of usage ENCRYPT_DECRYPT (RSA) or KEY_AGREEMENT (ECC_NIST_P384), and seal with `engine: 'webcrypto'`. ML-KEM keys need
   *   `experimental: true`, and together with other keys `mixed: true`. In a page ML-KEM keys and RSA keys of your own need the bundler's condition
   *   `every-kind`.
   * @status 500
   */
  readonly ERR_KEY_UNSUPPORTED: NoDetails;
  /**
   * A key id is missing, is an alias or not a full ARN, or differs from the one in the key's answer.
   *
   * @fault The configuration of the program that imports the key or opens the envelope.
   * @passes No.
   * @remedy Pass the full ARN of the key, `arn:aws:kms:REGION:ACCOUNT:key/ID`.
   * @status 500
   */
  readonly ERR_KEY_ID: NoDetails;
  /**
   * The key is not the one whose fingerprint was given, or it comes from another origin and no fingerprint was given.
   *
   * @fault The person who changed only the key or only the fingerprint; possibly an attacker who replaced the key.
   * @passes No.
   * @remedy Compare the fingerprint with that of the key in KMS, and seal nothing before they agree.
   * @status 500
   */
  readonly ERR_KEY_FINGERPRINT: NoDetails;
  /**
   * When sealing, the encryption context cannot be used; when opening, the envelope is not bound to the expected one.
   *
   * @fault When sealing, the caller; when opening, the sender who put this envelope here.
   * @passes No.
   * @remedy When sealing, correct the pairs that the message names; when opening, refuse the envelope.
   * @status 422
   */
  readonly ERR_CONTEXT: NoDetails;
  /**
   * There are more bytes than the key, the frame length or the reader can take.
   *
   * @fault The caller.
   * @passes No.
   * @remedy Seal long data with a Sealer, and with a larger `frameLength` if the message says so.
   * @status 413
   */
  readonly ERR_TOO_LONG: NoDetails;
  /**
   * A file, stream or other source could not be read to its end. Its own error is the cause.
   *
   * @fault The source: a file was moved or locked, or a connection broke.
   * @passes Often: a connection comes back; a file stays unreadable until it is chosen again.
   * @remedy Read again from the start, or let the user choose the file again.
   * @status 400 when a request broke off; 502 when the server's own storage did.
   */
  readonly ERR_READ: NoDetails;
  /**
   * The source gave bytes that differ from those before, or more or fewer than it announced.
   *
   * @fault The program that wrote to the file while it was read.
   * @passes No.
   * @remedy Let the user choose the file again, or open the source again, and begin from the start.
   * @status 409
   */
  readonly ERR_SOURCE_CHANGED: NoDetails;
  /**
   * The bytes are not an envelope, or they break a rule of the format.
   *
   * @fault The sender: the file was never sealed, or it was changed on its way.
   * @passes No.
   * @remedy Refuse the file; check that nothing decodes or converts uploads on their way.
   * @status 400
   */
  readonly ERR_ENVELOPE_INVALID: NoDetails;
  /**
   * The envelope uses a part of the AWS Encryption SDK's format that kmseal does not open, or it exceeds one of the opener's limits.
   *
   * @fault The sender, whose software or settings differ.
   * @passes No.
   * @remedy Seal with the algorithm suite 0x0478; raise the limit that the message names if the sender is trusted.
   * @status 422
   */
  readonly ERR_ENVELOPE_UNSUPPORTED: NoDetails;
  /**
   * The envelope ends before its last frame.
   *
   * @fault The sender or the storage that delivered only a part of it.
   * @passes If the envelope is sent again as a whole.
   * @remedy Discard what was opened so far, and fetch or request the whole envelope again.
   * @status 400
   */
  readonly ERR_TRUNCATED: NoDetails;
  /**
   * None of the keys that can open the envelope is among the opener's `keyIds`, `keys` and `rawKeys`.
   *
   * @fault The opener's configuration; or the page was given another key, possibly by an attacker.
   * @passes No.
   * @remedy Compare them with the keys that `inspect` shows. Add the key if it is yours, else refuse the envelope.
   * @status 422
   */
  readonly ERR_NO_MATCHING_KEY: NoDetails;
  /**
   * The envelope does not authenticate: bytes were altered after it was sealed. Or a private key of `rawKeys` does not open it.
   *
   * @fault Anyone who handled the envelope, by accident or on purpose.
   * @passes No.
   * @remedy Discard what was opened so far; fetch the envelope again, and refuse it if the error stays.
   * @status 422
   */
  readonly ERR_AUTHENTICATION: NoDetails;
  /**
   * KMS refused, could not be reached, or its answer does not fit; or `unwrap` of a raw key failed. Its own error is the cause; of several keys an
   * AggregateError.
   *
   * @fault The permissions or the state of the key, or the connection to KMS; the message says which.
   * @passes Throttling and outages do; a denied, disabled or deleted key does not.
   * @remedy Do what the message says; after throttling or an outage, try again later.
   * @status 503 when it passes by itself; 500 otherwise.
   */
  readonly ERR_KMS: NoDetails;
  /**
   * The WebAssembly module or the public key could not be loaded.
   *
   * @fault The deployment of the page, or the connection.
   * @passes If it was the connection: the next call loads again.
   * @remedy Do what the message says.
   * @status 503
   */
  readonly ERR_LOAD: NoDetails;
  /**
   * The page has no SubtleCrypto because it is not a secure context.
   *
   * @fault The server of the page, which uses plain http.
   * @passes No.
   * @remedy Serve the page over https or from localhost.
   * @status 500
   */
  readonly ERR_INSECURE_CONTEXT: NoDetails;
  /**
   * An upload failed: a request was refused, or nobody answered for too long.
   *
   * @fault The network, the page's server or the storage; `status` tells them apart.
   * @passes Without a status, and with 408, 425, 429 or 5xx: those were tried again before.
   * @remedy Try again when the network is back; for any other status, do what the message says.
   * @status Only in pages.
   */
  readonly ERR_UPLOAD: UploadDetails;
  /**
   * A sealer, an opener, a sealed file or a file was used after it was closed.
   *
   * @fault The caller.
   * @passes No.
   * @remedy Make a new one, and close it when its last call has settled.
   * @status 500
   */
  readonly ERR_CLOSED: NoDetails;
  /**
   * SubtleCrypto or another part of the platform gave a wrong answer: another script replaced it.
   *
   * @fault A script of the page, such as a polyfill or a test double.
   * @passes No.
   * @remedy Restore the platform's own function before kmseal is used.
   * @status 500
   */
  readonly ERR_PLATFORM: NoDetails;
  /**
   * The browser could not keep a Blob of this size; or the state of an upload cannot be kept, or was not kept.
   *
   * @fault The user's device: too little space, or a private window. For a state also its age, another version, or `engine: 'wasm'`.
   * @passes Once there is space again; a state does not.
   * @remedy Free space on the disk, use a window that is not private, or seal to a stream. Begin the upload again.
   * @status Only in pages.
   */
  readonly ERR_STORAGE: NoDetails;
  /**
   * kmseal itself failed, or the platform has no memory or randomness left. Any call may reject with it.
   *
   * @fault kmseal, or the platform.
   * @passes Often: the next call starts with fresh memory.
   * @remedy Try once more; report it if it happens twice.
   * @status 500
   */
  readonly ERR_INTERNAL: NoDetails;
}

/** Nothing besides code, message and cause. */
type NoDetails = unknown;

interface UploadDetails {
  /** The HTTP status, if there was an answer. */
  readonly status?: number;
  /** The number of the part, from 1, if the failed request was about one of several. */
  readonly part?: number;
}

/** Every code of a {@link KmsealError}; {@link KmsealErrorDetails} explains each of them. */
export type KmsealErrorCode = keyof KmsealErrorDetails;

/**
 * An error with one of these codes, by default with any: `if (error.code === 'ERR_UPLOAD')` narrows to those that have `status` and `part`.
 * The message says what is wrong, then what to do; `cause` is the error of the platform or of KMS, if there is one.
 */
export type KmsealError<Code extends KmsealErrorCode = KmsealErrorCode> = Code extends KmsealErrorCode
  ? Error & { readonly name: 'KmsealError'; readonly code: Code } & KmsealErrorDetails[Code]
  : never;

interface KmsealErrorConstructor {
  new <Code extends KmsealErrorCode>(
    code: Code,
    message: string,
    options?: ErrorOptions & { [Name in keyof KmsealErrorDetails[Code]]?: KmsealErrorDetails[Code][Name] | undefined },
  ): KmsealError<Code>;
  readonly prototype: KmsealError;
}

/**
 * What kmseal throws and rejects with, except for programmer mistakes (TypeError, RangeError) and a signal's reason. `instanceof
 * KmsealError` is also true of an error of another copy of the package, whose codes mean the same.
 */
// Without a name of its own: a bundler would call the inner one KmsealError2, which Node prints.
export const KmsealError: KmsealErrorConstructor = class extends Error {
  /** For a subclass it is what it always is. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== (KmsealError as unknown)) return Function.prototype[Symbol.hasInstance].call(this, value);
    const { name, code } = Object(value) as { name?: unknown; code?: unknown };
    return name === 'KmsealError' && typeof code === 'string';
  }

  override readonly name = 'KmsealError';
  readonly code: KmsealErrorCode;
  declare readonly status?: number;
  declare readonly part?: number;

  constructor(code: KmsealErrorCode, message: string, options?: ErrorOptions & UploadDetails) {
    super(message, options);
    this.code = code;
    // A missing detail is not even set to undefined; 0 is not a status.
    if (options?.status) this.status = options.status;
    if (options?.part) this.part = options.part;
  }
} as never;

/** @internal A read error of the caller's file; ours say themselves what is wrong. */
export function readError(
  cause: unknown,
  what = 'the file could not be read; it may have been moved, changed or locked',
): KmsealError {
  return cause instanceof KmsealError ? cause : new KmsealError('ERR_READ', what, { cause });
}

/** @internal The same of a stream or another source, such as a connection that was reset. */
export function sourceError(cause: unknown): KmsealError {
  return readError(cause, 'the source failed and could not be read to its end; its own error is the cause');
}

/** @internal The caller's file, or another source, is not what it was. */
export function changedError(what: string, remedy = 'let the user choose the file again and begin again'): KmsealError {
  return new KmsealError('ERR_SOURCE_CHANGED', `${what}; ${remedy}`);
}

/** @internal A sealer, opener or sealed file is used after close(). */
export function closedError(what: string): KmsealError {
  return new KmsealError('ERR_CLOSED', `this ${what} was closed; make a new one`);
}

/** @internal The platform did not behave as specified: `what` must be restored. */
export function platformError(what: string, options?: ErrorOptions): KmsealError {
  const message = `${what} gave a wrong answer: another script of this page replaced it; restore the platform's own before kmseal is used`;
  return new KmsealError('ERR_PLATFORM', message, options);
}

/** @internal The platform's random source failed. */
export function randomError(cause: unknown): KmsealError {
  return new KmsealError('ERR_INTERNAL', "the platform's random source failed, so nothing can be sealed safely", {
    cause,
  });
}

/** @internal The browser could not keep what it was given. */
export function storageError(cause: unknown): KmsealError {
  const what =
    'the browser has no room to keep a Blob of this size; free space on the disk, use a window that is not private, or take a stream';
  return new KmsealError('ERR_STORAGE', what, { cause });
}
