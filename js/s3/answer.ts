import { PERHAPS } from './delivered.js';
import { type Fault, passes, uploadFault } from '../uploads/fault.js';

/** The answer to a request that sent bytes. */
export interface Reply {
  status: number;
  /** The URL after redirects; empty if a service worker made the answer. */
  url: string;
  etag: string | null;
  body: string;
}

/** Which bytes they were. */
export interface Sent {
  /** Where they were sent. */
  url: string;
  /** As sentences name them. */
  what: string;
  part: number | undefined;
}

/** As in RFC 9110, 8.8.3, or without the quotes, as some stores send it; but not a weak one, which S3 never sends. */
const STRONG_ETAG = /^("?)[^"\s]+\1$/;

/**
 * Returns the ETag of the stored bytes, or throws a Fault. A good status alone proves nothing: a login page, a captive portal, a proxy or a
 * service worker answers with one as well. S3 answers PutObject and UploadPart with status 200, an ETag and no body.
 */
export function storedETag(reply: Reply, { url: asked, what, part }: Sent): string {
  const { status, url, etag, body } = reply;
  if (!isSameRequest(asked, url)) {
    const remedy = 'S3 did not answer; sign in there, or change networks, and try again';
    throw uploadFault(`${what} was redirected to ${new URL(url).origin}: ${remedy}`, { mendable: true, status, part });
  }
  if (status < 200 || status > 299 || /<Error[\s>]/.test(body)) throw refused(reply, what, part);
  if (status !== 200 || body !== '' || (etag !== null && !STRONG_ETAG.test(etag))) {
    const remedy = 'look for a proxy, a captive portal or a service worker, and try again';
    throw uploadFault(`something other than S3 answered for ${what} (status ${status}): ${remedy}`, {
      mendable: true,
      status,
      part,
    });
  }
  if (etag === null) {
    const remedy = "let the bucket's CORS rule expose it (ExposeHeaders: ETag)";
    throw uploadFault(`the answer for ${what} shows no ETag, so it may not be stored; ${remedy}`, { status, part });
  }
  return etag;
}

/** Whether the request was answered where it was sent. S3 itself redirects to another of its hosts only, and keeps path and query. */
function isSameRequest(asked: string, answered: string): boolean {
  if (answered === '') return true;
  const [from, to] = [new URL(asked, globalThis.document?.baseURI ?? globalThis.location?.href), new URL(answered)];
  return (
    from.pathname === to.pathname &&
    [...from.searchParams].every(([name, value]) => to.searchParams.getAll(name).includes(value))
  );
}

/** S3's codes of temporary failures, whatever the status: it can answer 200, and only then fail. */
const PASSING_CODES = [
  'InternalError',
  'ServiceUnavailable',
  'SlowDown',
  'OperationAborted',
  'ConditionalRequestConflict',
  // Bytes damaged on their way arrive when they are sent again.
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'IncompleteBody',
  'RequestTimeout',
  // A fresh signature helps if the old one had expired, which Cloudflare R2 calls ExpiredRequest.
  'ExpiredToken',
  'ExpiredRequest',
];

/** S3's refusal. */
function refused({ status, body }: Reply, what: string, part: number | undefined): Fault {
  const said = textOf(body, 'Message');
  const quote = said ? `. S3 says: ${said}` : '';
  const code = textOf(body, 'Code');
  // Browsers repeat a request by themselves when its connection breaks, so that even the first answer may be about the second one.
  if (status === 412) {
    const remedy = 'perhaps this envelope, whose answer was lost; look it up before you upload again';
    const message = `${PERHAPS}: S3 has an object under this key already (status 412), ${remedy}${quote}`;
    return uploadFault(message, { conflict: true, status, part });
  }
  const expired = /^(AccessDenied|InvalidRequest|InvalidArgument)$/.test(code ?? '') && /\bexpired\b/i.test(said ?? '');
  const passing = passes(status) || expired || PASSING_CODES.includes(code ?? '');
  const remedy = passing ? 'try again later' : 'see what the server signs';
  const message = `S3 refused ${what} with status ${status} (${code ?? 'no reason given'}); ${remedy}${quote}`;
  // Without a code it was not S3, but perhaps a proxy that requires signing in.
  const mendable = passing || code === undefined;
  const conflict = status === 409;
  return uploadFault(message, {
    passing,
    mendable,
    // So a service worker answers that is offline, as Angular's does.
    unanswered: status === 504,
    lost: status >= 500 || status === 200 || conflict,
    conflict,
    status,
    part,
  });
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Characters of S3's own sentence that the error quotes. */
const MOST_TOLD_CHARACTERS = 300;

/** The text of an element of S3's answer. */
function textOf(body: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]+)</${element}>`).exec(body)?.[1]?.trim().slice(0, MOST_TOLD_CHARACTERS);
  return text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!) || undefined;
}
