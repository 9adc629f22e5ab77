import { type Reply, type Sent, storedETag } from './answer.js';
import { type Transport, byFetch, byXhr } from './exchange.js';
import { LONGEST_TIMER_MS } from '../io/timer.js';
import { uploadFault } from '../uploads/fault.js';
import { watchPolicy } from '../uploads/policy.js';
import { stoppable } from '../uploads/retry.js';
import type { SignedPut } from './server.js';

const MIB = 1_048_576;

interface PutSettings {
  signal: AbortSignal;
  /** Milliseconds for which no byte may move, and for which no answer may come once all bytes have left. */
  stallTimeout: number;
  answerTimeout: number;
  part?: number | undefined;
  onProgress(loaded: number): void;
}

/** Sends bytes to S3 and returns their ETag. */
export function put(
  blob: Blob,
  signed: SignedPut,
  { signal, stallTimeout, answerTimeout, part, onProgress }: PutSettings,
): Promise<string> {
  const what = part === undefined ? 'the envelope' : `part ${part}`;
  const sent: Sent = { url: signed.url, what, part };
  return stoppable(signal, (resolve, reject) => {
    const usesXhr = typeof globalThis.XMLHttpRequest === 'function';
    // Where a service worker takes the request (Angular's takes all), no progress is told before the answer. A worker does not say whether it has one.
    let isHidden = !usesXhr || !globalThis.document || !!globalThis.navigator?.serviceWorker?.controller;
    let isSent = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expectWithin = (limit: number, expected: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const message = `${what} stalled: ${expected} for ${limit / 1000} s; try again`;
        reject(uploadFault(message, { passing: true, unanswered: true, lost: isSent || isHidden, part }));
      }, limit);
    };
    // Timed separately, since proxies and scanners accept all bytes at once, and forward them before they answer.
    const onSent = () => {
      if (isSent) return;
      isSent = true;
      expectWithin(answerTimeout, 'S3 did not answer');
    };
    const events = {
      onMoved(loaded: number) {
        isHidden = false;
        if (loaded === blob.size) onSent();
        else if (!isSent) expectWithin(stallTimeout, 'no byte moved');
        try {
          onProgress(loaded);
        } catch (error) {
          reject(error);
        }
      },
      onSent,
      onReply(reply: Reply) {
        try {
          resolve(storedETag(reply, sent));
        } catch (fault) {
          reject(fault);
        }
      },
      onBroken() {
        const { forbidden } = policy;
        if (forbidden) return reject(uploadFault(forbidden, { mendable: true, part }));
        const remedy =
          "the connection broke, or the bucket's CORS rule or the page's connect-src forbids the PUT; try again";
        reject(
          uploadFault(`S3 did not answer for ${what}: ${remedy}`, {
            passing: true,
            unanswered: true,
            lost: isSent || isHidden,
            part,
          }),
        );
      },
    };
    const policy = watchPolicy(signed.url);
    // Unseen, a MiB may take as long as silence may last.
    const unseen = Math.min(answerTimeout + stallTimeout * Math.ceil(blob.size / MIB), LONGEST_TIMER_MS);
    if (isHidden) expectWithin(unseen, 'S3 did not answer');
    else expectWithin(stallTimeout, 'no byte moved');
    const transport: Transport = usesXhr ? byXhr : byFetch;
    try {
      const stop = transport(blob, signed.url, pairsOf(signed.headers), events);
      return () => {
        clearTimeout(timer);
        policy.stop();
        stop();
      };
    } catch {
      clearTimeout(timer);
      policy.stop();
      // Not with the platform's error: it may quote the URL, which is as good as a password.
      throw uploadFault(`${what} has no URL or headers that can be used; see what the server signed`, { part });
    }
  });
}

/** The pairs of a plain object, of a list of pairs, or of Headers of any realm. */
export function pairsOf(headers: SignedPut['headers'] = {}): [string, string][] {
  return Symbol.iterator in headers
    ? Array.from(headers as Iterable<[string, string]>)
    : Object.entries(headers as Record<string, string>);
}
