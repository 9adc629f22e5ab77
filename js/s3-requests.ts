import { KmsealError } from './index.js';
import type { Answer, AskOptions, SignedPut } from './s3.js';

/** A request that failed: what the caller is told in the end, and whether to try again before. */
export class Fault {
  readonly error: KmsealError;
  readonly passing: boolean;

  constructor(message: string, { passing, ...details }: { passing: boolean; status?: number; part?: number | undefined; cause?: unknown }) {
    this.error = new KmsealError('ERR_UPLOAD', message, details);
    this.passing = passing;
  }
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 20_000;

/** Tries until it works. Exponential back-off with full jitter, so that pages that failed together do not come back together. */
export async function persist<T>(attempt: () => Promise<T>, retries: number, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!error.passing || failures === retries) throw error.error;
    }
    const most = Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY);
    await stoppable(signal, (resolve) => {
      const timer = setTimeout(resolve, Math.random() * most);
      return () => clearTimeout(timer);
    });
  }
}

/** What comes of a task, or the signal's reason. `start` gives what stops the task, which is called in any case. */
export async function stoppable<T>(
  signal: AbortSignal,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  signal.throwIfAborted();
  let abort = () => {};
  let stop = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort);
      stop = start(resolve, reject);
    });
  } finally {
    signal.removeEventListener('abort', abort);
    stop();
  }
}

export interface AskSettings {
  signal: AbortSignal;
  /** Milliseconds until an answer is no longer waited for. */
  limit: number;
  part?: number | undefined;
}

/** Asks the page's server for something. */
export function ask<T>(name: string, callback: (options: AskOptions) => Answer<T>, { signal, limit, part }: AskSettings): Promise<T> {
  return stoppable<T>(signal, (resolve, reject) => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      reject(new Fault(`the server did not answer sign.${name} within ${limit / 1000} s; try again`, { passing: true, part }));
    }, limit);
    const answer = async () => {
      let answered;
      try {
        answered = await callback({ signal: controller.signal });
        if (answered instanceof Response && answered.ok) return await json(answered);
      } catch (cause) {
        const passing = cause instanceof TypeError;
        throw new Fault(`sign.${name} failed${passing ? ', perhaps for want of a connection; try again' : ''}`, { passing, part, cause });
      }
      if (!(answered instanceof Response)) return answered;
      const { status } = answered;
      throw new Fault(`the server answered sign.${name} with status ${status}; see what it says`, { passing: passes(status), status, part });
    };
    (answer() as Promise<T>).then(resolve, reject);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });
}

/** A body may be empty. */
async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

const passes = (status: number) => status === 408 || status === 429 || status >= 500;

export interface PutSettings {
  signal: AbortSignal;
  stallTimeout: number;
  part?: number | undefined;
  onProgress(loaded: number): void;
}

/** Sends bytes to S3 and gives their ETag, if the page may see it. Not with fetch, which tells nothing of an upload's progress. */
export function put(blob: Blob, signed: SignedPut, { signal, stallTimeout, part, onProgress }: PutSettings): Promise<string | null> {
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
      if (request.status >= 200 && request.status < 300) resolve(request.getResponseHeader('etag'));
      else reject(refused(what, request, part));
    };
    request.onerror = () => {
      const remedy = "the connection broke, or the bucket's CORS rule does not let this page PUT; try again";
      reject(new Fault(`${what} did not reach S3: ${remedy}`, { passing: true, part }));
    };
    watch();
    request.send(blob);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  });
}

/** S3's refusal; a fresh signature helps where the old one had expired. */
function refused(what: string, { status, responseText }: XMLHttpRequest, part: number | undefined): Fault {
  const code = /<Code>(\w+)<\/Code>/.exec(responseText)?.[1] ?? 'no reason given';
  const expired = code === 'ExpiredToken' || code === 'RequestTimeout' || (code === 'AccessDenied' && /has expired/.test(responseText));
  const passing = expired || passes(status);
  const remedy = passing ? 'try again later' : 'see what the server signs';
  return new Fault(`S3 refused ${what} with status ${status} (${code}); ${remedy}`, { passing, status, part });
}
