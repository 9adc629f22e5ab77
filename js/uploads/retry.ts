import { Fault } from './fault.js';
import type { Retry } from './options.js';

export interface Persistence {
  /** How often it is tried again. */
  retries: number;
  signal: AbortSignal;
  part?: number | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;

/** Milliseconds between checks whether a browser is online, since not every worker gets the event. */
const LOOK_EVERY_MS = 5000;

/** After this many checks it is retried all the same: some systems wrongly report being offline. */
const LOOKS = 12;

/**
 * Retries until it works. Exponential back-off with full jitter, so that pages that failed together do not return together. A failure
 * while the browser is offline uses no retry, however long that lasts.
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { retries, signal, part, onRetry }: Persistence,
): Promise<T> {
  for (let failures = 0; ; ) {
    let fault;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Fault && error.passing)) throw error;
      fault = error;
    }
    const { error, unanswered } = fault;
    const waits = unanswered && isOffline();
    if (!waits && failures === retries) throw fault;
    const delay = waits ? Infinity : backOff(failures);
    onRetry?.({ ...(part !== undefined && { part }), attempt: failures + 1, delay, error });
    await pause(delay, unanswered, signal);
    failures = waits ? 0 : failures + 1;
  }
}

/** Milliseconds before the next try, after so many that failed. */
const backOff = (failures: number): number =>
  Math.random() * Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);

/** Waits after a failure that somebody says is mended, the longer the more often it was not; the time since the failure counts. */
export async function pauseBetween(failures: number, failedAt: number, signal: AbortSignal): Promise<void> {
  const left = backOff(failures) - (performance.now() - failedAt);
  if (left > 0) await pause(left, false, signal);
}

export const isOffline = (): boolean => globalThis.navigator?.onLine === false;

/** Waits until the browser is online, or a minute. */
export const untilOnline = (signal: AbortSignal): Promise<void> => pause(Infinity, true, signal);

/** Waits this long, or, if there was no answer, until the browser comes online. */
function pause(delay: number, unanswered: boolean, signal: AbortSignal): Promise<void> {
  return stoppable(signal, (resolve) => {
    let looks = 0;
    const look = () => {
      if (!isOffline() || ++looks === LOOKS) resolve();
    };
    const timer = delay === Infinity ? setInterval(look, LOOK_EVERY_MS) : setTimeout(resolve, delay);
    const online = () => resolve();
    if (unanswered) globalThis.addEventListener?.('online', online);
    return () => {
      clearTimeout(timer); // of an interval, too (HTML, "clearTimeout")
      globalThis.removeEventListener?.('online', online);
    };
  });
}

/** The result of a task, or the signal's reason. `start` returns a function that stops the task, which is called in any case. */
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
