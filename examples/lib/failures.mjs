// Which failures pass by themselves, by class and HTTP status, and those that never do.

/** Not done, and not worth another try: the message says why. */
export class Refused extends Error {
  code = 'REFUSED';
}

/** Names of KMS's and S3's errors, and Node's codes, that a later try may not meet. Most have a status that does not say so. */
const PASSING = new Set([
  'ThrottlingException', 'Throttling', 'ThrottledException', 'TooManyRequestsException', 'RequestThrottled', 'SlowDown',
  'LimitExceededException', 'RequestLimitExceeded', 'BandwidthLimitExceeded', // other words for throttling
  'RequestTimeout', 'RequestTimeoutException', 'TimeoutError', 'NetworkingError', 'IncompleteBody', 'BadDigest', // on the way
  'ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'RequestTimeTooSkewed', 'CredentialsProviderError', // renewed by then
  'OperationAborted', 'ConditionalRequestConflict', 'PreconditionFailed', 'NoSuchUpload', // somebody else wrote meanwhile
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  'ERR_READ', // the envelope's body broke off, stood still or came damaged
]);
/** Request timeout, conflict, precondition failed, too many requests (RFC 9110, 15.5; RFC 6585, 4). */
const PASSING_STATUS = new Set([408, 409, 412, 429]);

/** Whether a later try may succeed. Causes count, too: of ERR_KMS those are KMS's own errors. */
export function passes(error) {
  const { name, code, cause, errors = [], $metadata } = error ?? {};
  if ([cause, ...errors].some((inner) => inner && passes(inner))) return true;
  const status = $metadata?.httpStatusCode;
  return PASSING.has(name) || PASSING.has(code) || PASSING_STATUS.has(status) || (status >= 500 && status !== 501);
}

/** One line for a log or a report. */
export const sentence = (error) => `${error?.code ?? error?.name}: ${error?.message}`;
