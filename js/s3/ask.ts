import { Fault, mayBeMended, passes, uploadFault } from '../uploads/fault.js';
import { stoppable } from '../uploads/retry.js';
import type { AskOptions, ServerAnswer, UploadServer } from './server.js';

interface AskSettings {
  signal: AbortSignal;
  /** Milliseconds to wait for an answer. */
  limit: number;
  part?: number | undefined;
}

/** Asks the page's server for something. */
export function ask<T>(
  name: keyof UploadServer,
  callback: (options: AskOptions) => ServerAnswer<T>,
  { signal, limit, part }: AskSettings,
): Promise<T> {
  const asked: Asked = { what: `server.${name}`, part, writes: name === 'completeMultipartUpload' };
  return stoppable<T>(signal, (resolve, reject) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const message = `the server did not answer ${asked.what} within ${limit / 1000} s; try again`;
      reject(uploadFault(message, { passing: true, unanswered: true, lost: asked.writes, part }));
    }, limit);
    const answer = async () => {
      let given;
      let answered;
      try {
        given = callback({ signal: controller.signal });
        answered = await given;
        if (isResponse(answered) && answered.ok && !answered.redirected && !answered.bodyUsed)
          return await json(answered, asked);
      } catch (cause) {
        throw cause instanceof Fault ? cause : thrown(asked, cause);
      }
      if (!isResponse(answered)) return expectAnswer(asked, given, answered);
      const { status, redirected, ok } = answered;
      // As to a login page, whose answer, even in JSON, means nothing for the upload.
      if (redirected) {
        const message = `${asked.what} was redirected, so the server did not answer; sign in again, or let it answer without a redirect`;
        throw uploadFault(message, { mendable: true, status, part });
      }
      if (ok)
        throw new TypeError(
          `the Response that ${asked.what} gives was read already; give what was read, or a clone of it`,
        );
      throw refused(asked, status);
    };
    (answer() as Promise<T>).then(resolve, reject);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });
}

/** What was asked. */
interface Asked {
  /** As sentences name it. */
  what: string;
  part: number | undefined;
  /** Whether it makes the object. */
  writes: boolean;
}

/**
 * A callback's value other than a Response, unless it shows that the callback did not wait for the server, or that the server refused:
 * otherwise an object that was never created would count as delivered.
 */
function expectAnswer<T>(asked: Asked, given: unknown, answered: T): T {
  const { subscribe, headers, response, responseURL, data, body, text } = (answered ?? {}) as Record<string, unknown>;
  // Some start only when something subscribes (Angular's HttpClient).
  if (typeof subscribe === 'function')
    throw new TypeError(`${asked.what} gives an Observable; give a promise (firstValueFrom)`);
  if (given === undefined && asked.writes) {
    throw new TypeError(
      `${asked.what} gives nothing to wait for; return the promise of what it asks, or make it an async function`,
    );
  }
  // Clients that do not throw on error statuses, such as axios with validateStatus, openapi-fetch, and XMLHttpRequest.
  const isClients = typeof headers === 'object' || isResponse(response) || typeof responseURL === 'string';
  const status = isClients ? statusOf(answered) : undefined;
  if (status !== undefined && (status < 200 || status > 299)) throw refused(asked, status);
  expectNoFailure(asked, answered);
  if (isClients) for (const content of [data, body, text, response]) expectNoFailure(asked, content);
  return answered;
}

/**
 * Throws if an answer with a good status tells of a failure. Some clients follow a redirect and give only the login page. S3 answers
 * CompleteMultipartUpload with 200 before it knows whether it works. Other clients and gateways have failures in `error`, `errors` or `errorMessage`.
 */
function expectNoFailure(asked: Asked, answer: unknown): void {
  if (typeof answer === 'string' && isPage(answer)) throw notAnswered(asked);
  const { error, errors, errorMessage } = (answer ?? {}) as Record<string, unknown>;
  const told = error || (Array.isArray(errors) && errors.length > 0 && errors) || errorMessage;
  if (told || (answer === false && asked.writes))
    throw failed(asked, 'reports an error; see what the server says', told);
}

/** Whether a text is a page, or another answer in tags that is not a result of S3's. */
const isPage = (text: string): boolean => /^\s*</.test(text) && !/^\s*(<\?xml[^>]*>\s*)?<\w+Result[\s>]/.test(text);

const notAnswered = (asked: Asked): Fault =>
  failed(asked, "is a page or S3's error; sign in again, or see what the server says");

/** The request may have succeeded all the same. */
const failed = ({ what, part, writes }: Asked, said: string, cause?: unknown): Fault =>
  uploadFault(`the answer to ${what} ${said}`, { mendable: true, lost: writes, part, cause });

function refused({ what, part, writes }: Asked, status: number, cause?: unknown): Fault {
  const message = `the server answered ${what} with status ${status}; see what it says`;
  const conflict = status === 409 || status === 412;
  return uploadFault(message, {
    passing: passes(status),
    mendable: mayBeMended(status),
    // A service worker may say so, where the browser is offline.
    unanswered: status === 504,
    lost: writes && status >= 500,
    conflict,
    status,
    part,
    cause,
  });
}

/** A callback's error, which HTTP libraries define in their own way: judged by its status, or by the absence of one. */
function thrown(asked: Asked, cause: unknown): Fault {
  const status = statusOf(cause);
  if (status) return refused(asked, status, cause);
  const { what, part, writes } = asked;
  const unanswered = status === 0 || isUnanswered(cause);
  const message = `${what} failed${unanswered ? ', perhaps without a connection; try again' : ''}`;
  return uploadFault(message, {
    passing: unanswered,
    mendable: true,
    unanswered,
    lost: unanswered && writes,
    part,
    cause,
  });
}

/** As axios, ky, Angular, ofetch and superagent report it; 0 if there was no answer. */
function statusOf(error: unknown): number | undefined {
  const { response, status, statusCode } = (error ?? {}) as {
    response?: { status?: unknown };
    status?: unknown;
    statusCode?: unknown;
  };
  return [response?.status, status, statusCode].find((number) => typeof number === 'number');
}

/** How fetch, and Node's sockets below other libraries, report a missing answer. */
const UNANSWERED = ['TypeError', 'NetworkError', 'TimeoutError'];
const UNANSWERED_CODES = [
  'ERR_NETWORK',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
];

function isUnanswered(error: unknown): boolean {
  const { name, code, cause } = (error ?? {}) as { name?: string; code?: string; cause?: unknown };
  return (
    UNANSWERED.includes(name!) ||
    UNANSWERED_CODES.includes(code!) ||
    isCut(error) ||
    (cause !== undefined && isUnanswered(cause))
  );
}

/**
 * Whether a callback's own reader of JSON met the end of the text. Response.json() of WebKit 2.50 words every text that is not JSON like that.
 */
function isCut(error: unknown): boolean {
  const { name, message } = (error ?? {}) as { name?: string; message?: string };
  return name === 'SyntaxError' && /\b(end|EOF|unterminated|expected pattern)\b/i.test(String(message));
}

/** By what it does, since it may come from any realm. */
function isResponse(answer: unknown): answer is Response {
  const { status, text } = (answer ?? {}) as Partial<Response>;
  return typeof status === 'number' && typeof text === 'function';
}

/** The callbacks whose answer is never empty: without it, nothing can be sent. */
const TELLING: readonly string[] = ['server.signPart', 'server.signPut', 'server.listParts'];

/** A body may be empty. */
async function json(response: Response, asked: Asked): Promise<unknown> {
  const text = await response.text();
  if (text === '') {
    if (TELLING.includes(asked.what) || Number(response.headers?.get('content-length')) > 0) throw cut(asked);
    return undefined;
  }
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    if (isPage(text)) throw notAnswered(asked);
    if (/^\s*[[{"]/.test(text)) throw cut(asked);
    // The platform's own error quotes the text, in which there may be a presigned URL.
    throw new SyntaxError('the answer is not JSON');
  }
  expectNoFailure(asked, answer);
  return answer;
}

/**
 * An answer of which only the beginning came. Where a connection ends within it, most engines say so. WebKit 2.50 takes
 * what has come for the whole, and so does a proxy between.
 */
function cut({ what, part, writes }: Asked): Fault {
  const message = `the answer to ${what} was empty or ended early; try again, and see what the server says`;
  return uploadFault(message, { passing: true, unanswered: true, lost: writes, part });
}
