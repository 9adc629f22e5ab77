import { Fault, passes, stoppable } from './s3-requests.js';
import type { SignedPut } from './s3.js';

export interface PutSettings {
  signal: AbortSignal;
  stallTimeout: number;
  part?: number | undefined;
  onProgress(loaded: number): void;
}

/** Sends bytes to S3 and gives their ETag. Not with fetch, which tells nothing of an upload's progress. */
export function put(blob: Blob, signed: SignedPut, { signal, stallTimeout, part, onProgress }: PutSettings): Promise<string> {
  const what = part === undefined ? 'the envelope' : `part ${part}`;
  return stoppable(signal, (resolve, reject) => {
    const request = new XMLHttpRequest();
    try {
      request.open('PUT', signed.url);
      for (const [name, value] of Object.entries(signed.headers ?? {})) request.setRequestHeader(name, value);
    } catch (cause) {
      throw new Fault(`${what} has no URL or headers that can be used; see what the server signed`, { passing: false, part, cause });
    }
    let timer: ReturnType<typeof setTimeout>;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        reject(new Fault(`${what} stalled on its way to S3 for ${stallTimeout / 1000} s; try again`, { passing: true, part }));
      }, stallTimeout);
    };
    request.upload.onprogress = ({ loaded }) => {
      watch();
      try {
        onProgress(loaded);
      } catch (error) {
        reject(error);
      }
    };
    request.onload = () => {
      try {
        resolve(storedETag(request, signed.url, what, part));
      } catch (fault) {
        reject(fault);
      }
    };
    request.onerror = () => {
      const remedy = "the connection broke, or the bucket's CORS rule does not let this page PUT; try again";
      reject(new Fault(`S3 did not answer for ${what}: ${remedy}`, { passing: true, part }));
    };
    watch();
    request.send(blob);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  });
}

/** As RFC 9110, 8.8.3 has it, or without the quotes, as some stores send it; but not a weak one, which S3 never gives. */
const STRONG_ETAG = /^("?)[^"\s]+\1$/;

/**
 * The ETag of what S3 has stored, or else a Fault. A good status alone shows nothing: a login page, a captive portal, a proxy or a
 * service worker answers with one as well. S3 answers PutObject and UploadPart with status 200, an ETag and no body.
 */
function storedETag(request: XMLHttpRequest, asked: string, what: string, part: number | undefined): string {
  const { status, responseText, responseURL } = request;
  if (!isSameRequest(asked, responseURL)) {
    const { origin } = new URL(responseURL);
    const remedy = 'S3 did not answer; sign in there, or change networks, and try again';
    throw new Fault(`${what} was redirected to ${origin}: ${remedy}`, { passing: false, status, part });
  }
  if (status < 200 || status > 299 || /<Error[\s>]/.test(responseText)) throw refused(request, what, part);
  const etag = request.getResponseHeader('etag');
  if (status !== 200 || responseText !== '' || (etag !== null && !STRONG_ETAG.test(etag))) {
    const remedy = 'look for a proxy, a captive portal or a service worker, and try again';
    throw new Fault(`something else than S3 answered for ${what} (status ${status}): ${remedy}`, { passing: false, status, part });
  }
  if (etag === null) {
    const remedy = "let the bucket's CORS rule expose it (ExposeHeaders: ETag)";
    throw new Fault(`the answer for ${what} shows no ETag, so it may not be stored; ${remedy}`, { passing: false, status, part });
  }
  return etag;
}

/** Whether the request was answered where it was sent. S3 itself redirects to another of its hosts only, and keeps path and query. */
function isSameRequest(asked: string, answered: string): boolean {
  if (answered === '') return true;
  const [from, to] = [new URL(asked, globalThis.document?.baseURI ?? location.href), new URL(answered)];
  return from.pathname === to.pathname && [...from.searchParams].every(([name, value]) => to.searchParams.getAll(name).includes(value));
}

/** Codes of S3 that pass, whatever the status: it can answer 200, and only then fail. */
const PASSING_CODES = ['InternalError', 'ServiceUnavailable', 'SlowDown', 'OperationAborted', 'ConditionalRequestConflict']
  // A fresh signature helps where the old one had expired, which Cloudflare R2 calls ExpiredRequest.
  .concat('ExpiredToken', 'ExpiredRequest', 'RequestTimeout');

/** S3's refusal. */
function refused({ status, responseText }: XMLHttpRequest, what: string, part: number | undefined): Fault {
  // Browsers send a request again by themselves when its connection breaks, so that even the first answer may be about the second one.
  if (status === 412) {
    const remedy = 'perhaps this envelope, whose answer was lost; look it up before you upload again';
    return new Fault(`S3 has an object under this key already (status 412), ${remedy}`, { passing: false, status, part });
  }
  const code = /<Code>(\w+)<\/Code>/.exec(responseText)?.[1] ?? 'no reason given';
  const expired = code === 'AccessDenied' && /has expired/.test(responseText);
  const passing = passes(status) || expired || PASSING_CODES.includes(code);
  const remedy = passing ? 'try again later' : 'see what the server signs';
  return new Fault(`S3 refused ${what} with status ${status} (${code}); ${remedy}`, { passing, status, part });
}
