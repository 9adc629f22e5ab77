import type { Answer } from '#glue';
import { unlessAborted } from './abort.js';
import { CacheWatch, checkedCache } from './cache-watch.js';
import { type Instance, free } from './load.js';
import { ignoreFailure } from './promises.js';
import type { CacheOptions } from './types.js';

/** A question to KMS and, once it is there, the answer. */
interface Entry {
  readonly on: Instance;
  readonly stop: AbortController;
  readonly asked: Promise<void>;
  answer?: Answer;
  /** When the answer came. */
  born?: number;
  messages: number;
  bytes: number;
  /** Those who wait for the answer or look at it. */
  users: number;
}

/** What KMS has answered, within limits, and one call at a time for each encrypted data key. */
export class DataKeyCache {
  readonly #limits: Record<keyof CacheOptions, number>;
  // In the order of last use.
  readonly #entries = new Map<string, Entry>();
  #closed = false;
  readonly #watch = new CacheWatch(() => this.#expire(), () => this.#entries.forEach((entry, id) => this.#drop(id, entry)));

  constructor(options: CacheOptions) {
    const { maxAge, maxMessagesEncrypted = 2 ** 32, maxBytesEncrypted = Infinity, capacity = 100 } = checkedCache(options);
    this.#limits = { maxAge, maxMessagesEncrypted, maxBytesEncrypted, capacity };
  }

  /** Whether an envelope of so many plaintext bytes can be held to the limits at all. */
  takes(bytes = Infinity): boolean {
    return bytes <= this.#limits.maxBytesEncrypted;
  }

  /**
   * Gives `work` the answer, asking for it if it is not there. Use is counted before anything is awaited, so that of many at a
   * time one asks. A failure is shared by those who wait for it, and not kept; the call is cancelled when all have left.
   */
  async use<T>(
    on: Instance, id: string, bytes: number, signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<Answer>, work: (answer: Answer) => T,
  ): Promise<T> {
    const entry = this.#reserve(on, id, bytes) ?? this.#begin(on, id, bytes, ask);
    try {
      await unlessAborted(entry.asked, signal);
      return work(entry.answer!);
    } finally {
      if (--entry.users === 0 && (!entry.answer || this.#entries.get(id) !== entry)) this.#drop(id, entry);
    }
  }

  /** Wipes everything, or as soon as those who have it are done. */
  close(): void {
    this.#closed = true;
    this.#watch.forget();
  }

  /** Whether it has an answer that one more envelope of so many plaintext bytes may use. */
  answers(on: Instance, id: string, bytes: number): boolean {
    const entry = this.#entries.get(id);
    return entry?.answer !== undefined && this.#serves(entry, on, bytes);
  }

  #serves(entry: Entry, on: Instance, bytes: number): boolean {
    const { maxMessagesEncrypted, maxBytesEncrypted } = this.#limits;
    const within = entry.messages < maxMessagesEncrypted && entry.bytes + bytes <= maxBytesEncrypted;
    return within && entry.on === on && this.#left(entry) > 0;
  }

  #reserve(on: Instance, id: string, bytes: number): Entry | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    if (!this.#serves(entry, on, bytes)) {
      this.#drop(id, entry);
      return undefined;
    }
    this.#entries.set(id, entry);
    entry.messages++;
    entry.bytes += bytes;
    entry.users++;
    return entry;
  }

  #begin(on: Instance, id: string, bytes: number, ask: (signal: AbortSignal) => Promise<Answer>): Entry {
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < this.#limits.capacity) break;
      this.#drop(oldest, entry);
    }
    const stop = new AbortController();
    const asked = ask(stop.signal).then(
      (answer) => {
        entry.answer = answer;
        entry.born = Date.now();
        // All have left, and yet it was answered.
        if (entry.users === 0) this.#drop(id, entry);
        this.#watch.start();
      },
      (error) => {
        if (this.#entries.get(id) === entry) this.#entries.delete(id);
        throw error;
      },
    );
    ignoreFailure(asked);
    const entry: Entry = { on, stop, asked, messages: 1, bytes, users: 1 };
    if (!this.#closed) this.#entries.set(id, entry);
    return entry;
  }

  /** Milliseconds that an entry may still be used; a call under way is not aged. */
  #left({ born }: Entry): number {
    const age = born === undefined ? 0 : Date.now() - born;
    // A clock set back must not make a key live longer.
    return age < 0 ? 0 : this.#limits.maxAge - age;
  }

  #expire(): number | undefined {
    let least: number | undefined;
    for (const [id, entry] of this.#entries) {
      const left = this.#left(entry);
      if (left <= 0) this.#drop(id, entry);
      else if (entry.answer) least = Math.min(left, least ?? left);
    }
    return least;
  }

  /** Forgets an entry. Unless somebody uses it still, its call is cancelled and its key wiped. */
  #drop(id: string, entry: Entry): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    if (entry.users > 0) return;
    entry.stop.abort();
    free(entry.on, entry.answer);
    delete entry.answer;
  }
}
