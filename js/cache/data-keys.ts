import type { Answer, Glue } from '#glue';
import { unlessAborted } from '../io/abort.js';
import { type CacheLimits, OPENER_CACHE, limitsOf } from './limits.js';
import type { OpenerCacheOptions } from './options.js';
import { CacheWatch, timeLeft } from './watch.js';
import { ignoreFailure } from '../io/promises.js';

/** A question to KMS and, once it has come, the secret that it answered. */
interface Entry {
  /** The instance that it lives in. */
  readonly wasm: Glue;
  readonly stop: AbortController;
  readonly asked: Promise<void>;
  answer?: Answer;
  /** When the answer came. */
  born?: number;
  /** Whether it has opened an envelope: no error tells a wrong secret from an altered envelope. */
  isProven?: boolean;
  messages: number;
  bytes: number;
  /** The number of callers that wait for the answer or use it. */
  users: number;
}

/** One envelope to open. */
export interface Use {
  /** The instance that opens it. */
  readonly wasm: Glue;
  /** Identifies the question to KMS. */
  readonly id: string;
  /** Its plaintext bytes. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** KMS's answers, within limits, with one call at a time for each encrypted data key. */
export class DataKeyCache {
  readonly #limits: CacheLimits<OpenerCacheOptions>;
  // In the order of last use.
  readonly #entries = new Map<string, Entry>();
  #closed = false;
  readonly #watch = new CacheWatch(
    () => this.#expire(),
    () => this.#entries.forEach((entry, id) => this.#drop(id, entry)),
  );

  constructor(options: OpenerCacheOptions) {
    this.#limits = limitsOf(options, OPENER_CACHE);
  }

  /** Whether an envelope with this many plaintext bytes fits the limits at all. */
  takes(bytes = Infinity): boolean {
    return bytes <= this.#limits.maxBytes;
  }

  /**
   * Passes the answer to `work`, after asking for it if needed. Use is counted before anything is awaited, so that of many
   * concurrent callers one asks. A failure is shared by those who wait for it, and not cached, nor is an answer with which no `work` succeeds; the
   * call is cancelled when all have left.
   */
  async use<T>(use: Use, ask: (signal: AbortSignal) => Promise<Answer>, work: (answer: Answer) => T): Promise<T> {
    const { id, signal } = use;
    const entry = this.#reserve(use) ?? this.#begin(use, ask);
    try {
      await unlessAborted(entry.asked, signal);
      const worked = work(entry.answer!);
      entry.isProven = true;
      return worked;
    } finally {
      if (--entry.users === 0 && (!entry.isProven || this.#entries.get(id) !== entry)) this.#drop(id, entry);
    }
  }

  /** Wipes everything at once, or as soon as its users are done. */
  close(): void {
    this.#closed = true;
    this.#watch.forget();
  }

  /** Whether it has an answer that one more envelope may use. */
  answers(use: Use): boolean {
    const entry = this.#entries.get(use.id);
    return entry?.answer !== undefined && this.#serves(entry, use);
  }

  #serves(entry: Entry, { wasm, bytes }: Use): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    const within = entry.messages < maxMessages && entry.bytes + bytes <= maxBytes;
    return within && entry.wasm === wasm && this.#timeLeft(entry) > 0;
  }

  #reserve(use: Use): Entry | undefined {
    const { id, bytes } = use;
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    if (!this.#serves(entry, use)) {
      this.#drop(id, entry);
      return undefined;
    }
    this.#entries.set(id, entry);
    entry.messages++;
    entry.bytes += bytes;
    entry.users++;
    return entry;
  }

  #begin({ wasm, id, bytes }: Use, ask: (signal: AbortSignal) => Promise<Answer>): Entry {
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < this.#limits.capacity) break;
      this.#drop(oldest, entry);
    }
    const stop = new AbortController();
    const asked = ask(stop.signal).then(
      (answer) => {
        entry.answer = answer;
        entry.born = Date.now();
        // All have left, but the answer arrived.
        if (entry.users === 0) this.#drop(id, entry);
        this.#watch.start();
      },
      (error) => {
        if (this.#entries.get(id) === entry) this.#entries.delete(id);
        throw error;
      },
    );
    ignoreFailure(asked);
    const entry: Entry = { wasm, stop, asked, messages: 1, bytes, users: 1 };
    if (!this.#closed) this.#entries.set(id, entry);
    return entry;
  }

  /** Milliseconds that an entry may still be used; a call in progress does not age. */
  #timeLeft({ born }: Entry): number {
    return born === undefined ? this.#limits.maxAge : timeLeft(born, this.#limits.maxAge);
  }

  #expire(): number | undefined {
    let least: number | undefined;
    for (const [id, entry] of this.#entries) {
      const left = this.#timeLeft(entry);
      if (left <= 0) this.#drop(id, entry);
      else if (entry.answer) least = Math.min(left, least ?? left);
    }
    return least;
  }

  /** Removes an entry. Unless it is still in use, its call is cancelled and its key wiped. */
  #drop(id: string, entry: Entry): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    if (entry.users > 0) return;
    entry.stop.abort();
    entry.answer?.free();
    delete entry.answer;
  }
}
