// Which failures are temporary, by class and HTTP status, and which are permanent.

/** A permanent failure: the message says why. */
export class Refused extends Error {
  constructor(message, code = 'REFUSED') {
    super(message);
    this.code = code;
  }
}

/** Names of KMS's and S3's errors, and Node's codes, for which a retry may succeed. Most have a status that does not show it. */
const PASSING = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'SlowDown',
  'LimitExceededException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded', // other words for throttling
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'NetworkingError',
  'IncompleteBody',
  'BadDigest', // on the way
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'CredentialsProviderError', // renewed by then
  'OperationAborted',
  'ConditionalRequestConflict',
  'PreconditionFailed',
  'NoSuchUpload', // somebody else wrote meanwhile
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_READ', // the envelope's body broke off, stood still or came damaged
]);
/** Request timeout, conflict, precondition failed, too many requests (RFC 9110, 15.5; RFC 6585, 4). */
const PASSING_STATUS = new Set([408, 409, 412, 429]);

/** Whether a retry may succeed. Causes count too: those of ERR_KMS are KMS's own errors. */
export function passes(error) {
  const { name, code, cause, errors = [], $metadata } = error ?? {};
  if ([cause, ...errors].some((inner) => inner && passes(inner))) return true;
  const status = $metadata?.httpStatusCode;
  return PASSING.has(name) || PASSING.has(code) || PASSING_STATUS.has(status) || (status >= 500 && status !== 501);
}

/**
 * S3 answers 200 before it knows whether a copy or a complete works. The SDK throws most errors that come behind that, with status 503, and makes
 * an answer with nothing in it out of the others.
 * @param {{ ETag?: string } | undefined} result
 */
export function expectMade(result) {
  if (result?.ETag) return;
  const error = new Error('S3 did not say that the object was made');
  throw Object.assign(error, { name: 'InternalError', $metadata: { httpStatusCode: 503 } });
}

/** One line for a log or a report. */
export const sentence = (error) => `${error?.code ?? error?.name}: ${error?.message}`;
