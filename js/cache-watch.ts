import { whole } from './bytes.js';
import type { CacheOptions } from './types.js';

/** The options of a cache, checked. */
export function checkedCache({ maxAge, maxMessagesEncrypted, maxBytesEncrypted, capacity }: CacheOptions): CacheOptions {
  whole(maxAge, 'cache.maxAge', 1);
  if (maxMessagesEncrypted !== undefined) whole(maxMessagesEncrypted, 'cache.maxMessagesEncrypted', 1, 2 ** 32);
  if (maxBytesEncrypted !== undefined) whole(maxBytesEncrypted, 'cache.maxBytesEncrypted', 0);
  if (capacity !== undefined) whole(capacity, 'cache.capacity', 1);
  return { maxAge, maxMessagesEncrypted, maxBytesEncrypted, capacity };
}

/** Events after which a page may never run again, and where they are sent. */
const LEAVING = [
  [globalThis as Partial<EventTarget>, 'pagehide'],
  [globalThis.document as Partial<EventTarget> | undefined, 'freeze'],
] as const;

/**
 * Wipes expired keys in time, and all of them when the page is left or frozen, where no timer would run; a page that goes on later
 * begins with none.
 */
export class CacheWatch {
  readonly #expire: () => number | undefined;
  readonly #clear: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param expire drops what is too old; gives the milliseconds until the next key is, if there is one
   * @param clear drops everything
   */
  constructor(expire: () => number | undefined, clear: () => void) {
    [this.#expire, this.#clear] = [expire, clear];
  }

  /** To be called when a key was put in. */
  start(): void {
    if (this.#timer !== undefined) return;
    const left = this.#expire();
    if (left === undefined) return this.#stop();
    for (const [target, event] of LEAVING) target?.addEventListener?.(event, this.forget);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, Math.min(left, 2 ** 31 - 1));
    // In Node a timer must not keep the process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [target, event] of LEAVING) target?.removeEventListener?.(event, this.forget);
  }

  /** Drops everything now. */
  readonly forget = (): void => {
    this.#stop();
    this.#clear();
  };
}
