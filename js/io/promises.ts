/** Whether it is a promise, by what it does: scripts replace a page's class of promises, and asynchronous functions give the engine's. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

/** Keeps a failure from being reported as unhandled, which ends a process in Node. Callers that wait for the promise see it all the same. */
export function ignoreFailure(promise: PromiseLike<unknown> | undefined): void {
  promise?.then(undefined, () => {});
}
