/**
 * Every code of a {@link KmsealError}. Codes do not change between versions; sentences may. ERR_INTERNAL, which any call may give,
 * stands for a platform without randomness or memory, and for mistakes of ours.
 */
export type KmsealErrorCode =
  | 'ERR_KEY_INVALID'
  | 'ERR_KEY_UNSUPPORTED'
  | 'ERR_KEY_ID'
  | 'ERR_KEY_FINGERPRINT'
  | 'ERR_CONTEXT'
  | 'ERR_TOO_LONG'
  | 'ERR_READ'
  | 'ERR_SOURCE_CHANGED'
  | 'ERR_ENVELOPE_INVALID'
  | 'ERR_ENVELOPE_UNSUPPORTED'
  | 'ERR_TRUNCATED'
  | 'ERR_NO_MATCHING_KEY'
  | 'ERR_AUTHENTICATION'
  | 'ERR_KMS'
  | 'ERR_LOAD'
  | 'ERR_INSECURE_CONTEXT'
  | 'ERR_UPLOAD'
  | 'ERR_CLOSED'
  | 'ERR_PLATFORM'
  | 'ERR_INTERNAL';

/** What an error says beside its code and its sentence. */
export interface KmsealErrorOptions extends ErrorOptions {
  status?: number | undefined;
  part?: number | undefined;
}

/** What kmseal throws and rejects with, except for programmer mistakes (TypeError, RangeError) and a signal's reason. */
export class KmsealError extends Error {
  override readonly name = 'KmsealError';
  /** What went wrong; stable. */
  readonly code: KmsealErrorCode;
  /** Of ERR_UPLOAD: the HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** Of ERR_UPLOAD: the number of the part, from 1, where it was about one. */
  readonly part: number | undefined;

  /** The message says what to do; `cause` is the error of the platform or of KMS, where there is one. */
  constructor(code: KmsealErrorCode, message: string, options?: KmsealErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = options?.status;
    this.part = options?.part;
  }
}

/** @internal A read error of the caller's file; ours say themselves what is wrong. */
export function readError(cause: unknown, what = 'the file could not be read; it may have been moved, changed or locked'): KmsealError {
  return cause instanceof KmsealError ? cause : new KmsealError('ERR_READ', what, { cause });
}

/** @internal The same of a stream or another source, such as a connection that was reset. */
export function sourceError(cause: unknown): KmsealError {
  return readError(cause, 'the source failed and could not be read to its end; its own error is the cause');
}

/** @internal The caller's file is not what it was. */
export function changedError(what: string): KmsealError {
  return new KmsealError('ERR_SOURCE_CHANGED', `${what}; let the user choose the file again and seal it anew`);
}

/** @internal A sealer, opener or sealed file is used after close(). */
export function closedError(what: string): KmsealError {
  return new KmsealError('ERR_CLOSED', `this ${what} was closed; make a new one`);
}

/** @internal What the platform gave is not what it gives by its specification: `what` is to be restored. */
export function platformError(what: string, options?: ErrorOptions): KmsealError {
  const message = `${what} gave a wrong answer: another script of this page replaced it; restore the platform's own before kmseal is used`;
  return new KmsealError('ERR_PLATFORM', message, options);
}
