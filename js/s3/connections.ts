import { stoppable } from '../uploads/retry.js';

/** As many as browsers open to a host with HTTP/1.1: a request that only waits for a connection would count as stalled. */
const CONNECTIONS = 6;

let taken = 0;
const waiting = new Set<() => void>();

/** Waits until fewer than six requests of this page, of any uploads, are in progress. Returns what frees the connection again. */
export async function connection(signal: AbortSignal): Promise<() => void> {
  while (taken === CONNECTIONS) {
    await stoppable<void>(signal, (resolve) => {
      waiting.add(resolve);
      return () => waiting.delete(resolve);
    });
  }
  signal.throwIfAborted();
  taken++;
  return () => {
    taken--;
    // All of them, since the first one may have been aborted meanwhile.
    for (const wake of waiting) wake();
  };
}
