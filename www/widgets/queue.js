/** Work that is done one after the other. */
export function createQueue() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();

  /**
   * Runs `work` when all previous work is done. A cancelled wait ends at once.
   *
   * @template T
   * @param {AbortSignal} signal
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  return function inTurn(signal, work) {
    const turn = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = turn.catch(() => {});
    return new Promise((resolve, reject) => {
      turn.then(resolve, reject);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
}
