import { refusal } from './guard.mjs';

const HOUR_MS = 60 * 60 * 1000;

/**
 * Uploads that were begun and have not arrived. Their number, their bytes in total and the time since the last request are limited.
 * Without these bounds anybody who may begin an upload could fill memory, disk and bucket by beginning more.
 */
export class Unfinished {
  #maxCount;
  #maxBytes;
  #lifetime;
  #now;
  /** @type {Map<string, { bytes: number, heard: number, finished: boolean, ends: Map<string, () => Promise<void>> }>} */
  #all = new Map();

  /**
   * @param {object} options
   * @param {number} options.maxBytes that may be declared for all of them together
   * @param {number} [options.maxCount]
   * @param {number} [options.lifetime] in milliseconds; longer than a signed URL is valid
   * @param {() => number} [options.now]
   */
  constructor({ maxBytes, maxCount = 1000, lifetime = HOUR_MS, now = Date.now }) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /**
   * Notes a request for an upload, which begins if it is unknown.
   *
   * @param {string} id
   * @param {number} [bytes] that were declared for it
   */
  hear(id, bytes) {
    const { finished = false, ends = new Map(), bytes: declared = 0 } = this.#all.get(id) ?? {};
    const again = bytes !== undefined;
    // A smaller size now does not take back bytes declared before, which may have been sent.
    const most = Math.max(bytes ?? 0, finished ? 0 : declared);
    const others = [...this.#all].filter(([other, { finished }]) => other !== id && !finished);
    if (others.length >= this.#maxCount) {
      throw refusal(
        429,
        'TOO_MANY',
        'Too many uploads are unfinished here. Finish or cancel some, or try again in an hour.',
      );
    }
    if (again && others.reduce((sum, [, other]) => sum + other.bytes, most) > this.#maxBytes) {
      throw refusal(
        429,
        'TOO_MUCH',
        'The unfinished uploads here are too large together. Finish or cancel some, or try again in an hour.',
      );
    }
    this.#all.set(id, { bytes: most, heard: this.#now(), finished: finished && !again, ends });
  }

  /**
   * Schedules an action for an hour after the last request, and replaces the action scheduled under that name before.
   *
   * @param {string} id
   * @param {string} name
   * @param {() => Promise<void>} end
   */
  onExpiry(id, name, end) {
    this.#all.get(id)?.ends.set(name, end);
  }

  /** It has arrived, or was cancelled: it no longer counts. @param {string} id */
  finish(id) {
    const known = this.#all.get(id);
    if (known) known.finished = true;
  }

  /** Removes uploads without a request for too long. */
  async expire() {
    const overdue = [...this.#all].filter(([, { heard }]) => heard + this.#lifetime < this.#now());
    for (const [id] of overdue) this.#all.delete(id);
    await Promise.all(overdue.flatMap(([, { ends }]) => Array.from(ends.values(), (end) => end())));
  }
}
