import { KmsealError } from './index.js';
import type { Answer, AskOptions } from './s3.js';

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
        if (isResponse(answered) && answered.ok && !answered.redirected) return await json(answered);
      } catch (cause) {
        const passing = (cause as Partial<Error> | undefined)?.name === 'TypeError';
        throw new Fault(`sign.${name} failed${passing ? ', perhaps for want of a connection; try again' : ''}`, { passing, part, cause });
      }
      if (!isResponse(answered)) return answered;
      const { status, redirected } = answered;
      // As to a login page, whose answer, even if it is JSON, says nothing about the upload.
      if (redirected) {
        throw new Fault(`sign.${name} was redirected, so the server did not answer; sign in again, or have it answer itself`, {
          passing: false, status, part,
        });
      }
      throw new Fault(`the server answered sign.${name} with status ${status}; see what it says`, { passing: passes(status), status, part });
    };
    (answer() as Promise<T>).then(resolve, reject);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  });
}

/** Of any realm. */
function isResponse(answer: unknown): answer is Response {
  const { status, text } = (answer ?? {}) as Partial<Response>;
  return typeof status === 'number' && typeof text === 'function';
}

/** A body may be empty. */
async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

/** Whether a request that was answered so is worth another try. */
export const passes = (status: number): boolean => status === 408 || status === 429 || status >= 500;
