import { unlessAborted } from './abort.js';

/** After so many milliseconds a request of a small file counts as stalled. */
const DEADLINE = 30_000;

/** Does something with requests in it, which are aborted when the signal says so or when they stall, so that they can be made again. */
export async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const late = () => controller.abort(new DOMException(`no answer within ${DEADLINE / 1000} seconds`, 'TimeoutError'));
  const timer = setTimeout(late, DEADLINE);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (signal?.aborted) abort();
    // A service worker, or a script that wraps fetch, may not heed the signal.
    return await unlessAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
