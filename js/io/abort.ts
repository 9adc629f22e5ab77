/** Takes a signal of any class: that of another realm or of a polyfill may lack throwIfAborted() and the reason. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal) return;
  if (typeof signal.addEventListener !== 'function') throw new TypeError('signal must be an AbortSignal');
  if (signal.aborted) throw reasonOf(signal);
}

/** Why a signal was aborted. */
export function reasonOf(signal: AbortSignal): unknown {
  // null is a valid reason.
  return signal.reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : signal.reason;
}

/** The promise, or the signal's reason if that comes first: a source or a KMS that does not answer must not hold the caller. */
export function unlessAborted<T>(
  promise: PromiseLike<T>,
  signal: AbortSignal | undefined,
  onAbort?: () => void,
): PromiseLike<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      onAbort?.();
      reject(reasonOf(signal));
    };
    const settled =
      <A>(settle: (value: A) => void) =>
      (value: A) => {
        signal.removeEventListener('abort', abort);
        settle(value);
      };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(settled(resolve), settled(reject));
    if (signal.aborted) abort();
  });
}
