import { LONGEST_TIMER_MS } from '../io/timer.js';

/** Events after which a page may never run again, and where they are sent. */
const leaving = () =>
  [
    [globalThis as Partial<EventTarget>, 'pagehide'],
    [globalThis.document as Partial<EventTarget> | undefined, 'freeze'],
  ] as const;

/** Milliseconds that are left of `maxAge` for what was made at `born`. A clock set back must not make a key live longer. */
export function timeLeft(born: number, maxAge: number): number {
  const age = Date.now() - born;
  return age < 0 ? 0 : maxAge - age;
}

/**
 * Wipes expired keys in time, and all of them when the page is left or frozen, where no timer would run; a page that continues later
 * begins with none.
 */
export class CacheWatch {
  readonly #expire: () => number | undefined;
  readonly #clear: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param expire drops old entries; returns the milliseconds until the next one expires, if any
   * @param clear drops everything
   */
  constructor(expire: () => number | undefined, clear: () => void) {
    this.#expire = expire;
    this.#clear = clear;
  }

  /** Must be called when a key was added. */
  start(): void {
    if (this.#timer !== undefined) return;
    const left = this.#expire();
    if (left === undefined) return this.#stop();
    for (const [target, event] of leaving()) target?.addEventListener?.(event, this.forget);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.start();
      },
      Math.min(left, LONGEST_TIMER_MS),
    );
    // In Node a timer must not keep the process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [target, event] of leaving()) target?.removeEventListener?.(event, this.forget);
  }

  /** Drops everything now. */
  readonly forget = (): void => {
    this.#stop();
    this.#clear();
  };
}
