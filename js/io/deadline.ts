import { unlessAborted } from './abort.js';

/** Milliseconds after which a request for a small file counts as stalled. */
const DEADLINE_MS = 30_000;

/** Runs work with requests, which are aborted by the signal or when they stall, so that they can be repeated. */
export async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const late = () =>
    controller.abort(new DOMException(`no answer within ${DEADLINE_MS / 1000} seconds`, 'TimeoutError'));
  const timer = setTimeout(late, DEADLINE_MS);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (signal?.aborted) abort();
    // A service worker, or a script that wraps fetch, may ignore the signal.
    return await unlessAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
