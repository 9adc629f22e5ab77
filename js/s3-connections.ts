import { stoppable } from './s3-requests.js';

/** As many as browsers have to a host with HTTP/1.1: a request that only waits for one would pass for stalled. */
const CONNECTIONS = 6;

let taken = 0;
const waiting = new Set<() => void>();

/** Does the work when fewer than six others in this page, of whatever uploads, are under way. */
export async function connected<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  while (taken === CONNECTIONS) {
    await stoppable<void>(signal, (resolve) => {
      waiting.add(resolve);
      return () => waiting.delete(resolve);
    });
  }
  taken++;
  try {
    return await work();
  } finally {
    taken--;
    // All of them, since the first one may have been aborted meanwhile.
    for (const wake of waiting) wake();
  }
}
