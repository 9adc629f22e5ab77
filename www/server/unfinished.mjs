import { refusal } from './guard.mjs';

const HOUR = 60 * 60 * 1000;

/**
 * Uploads that were begun and have not arrived: so many at most, of so many bytes together, each for so long after it was last heard of.
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
  constructor({ maxBytes, maxCount = 1000, lifetime = HOUR, now = Date.now }) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
    this.#lifetime = lifetime;
    this.#now = now;
  }

  /**
   * Notes that something was heard of an upload, which begins thereby if it is not known.
   *
   * @param {string} id
   * @param {number} [bytes] that were declared for it
   */
  hear(id, bytes) {
    const { finished = false, ends = new Map(), ...known } = this.#all.get(id) ?? {};
    const again = bytes !== undefined;
    // What was declared before, and less of it now, may have been sent.
    const most = Math.max(bytes ?? 0, finished ? 0 : (known.bytes ?? 0));
    const others = [...this.#all].filter(([other, { finished }]) => other !== id && !finished);
    if (others.length >= this.#maxCount) {
      throw refusal(429, 'TOO_MANY', 'Too many uploads are unfinished here. Finish or cancel some, or try again in an hour.');
    }
    if (again && others.reduce((sum, [, other]) => sum + other.bytes, most) > this.#maxBytes) {
      throw refusal(429, 'TOO_MUCH', 'The unfinished uploads here are too large together. Finish or cancel some, or try again in an hour.');
    }
    this.#all.set(id, { bytes: most, heard: this.#now(), finished: finished && !again, ends });
  }

  /**
   * Has something done an hour after it was last heard of, in the place of what was to be done in that name before.
   *
   * @param {string} id
   * @param {string} name
   * @param {() => Promise<void>} end
   */
  onExpiry(id, name, end) {
    this.#all.get(id)?.ends.set(name, end);
  }

  /** It has arrived, or was cancelled: it counts no more. @param {string} id */
  finish(id) {
    const known = this.#all.get(id);
    if (known) known.finished = true;
  }

  /** Forgets those that were not heard of for too long. */
  async expire() {
    const overdue = [...this.#all].filter(([, { heard }]) => heard + this.#lifetime < this.#now());
    for (const [id] of overdue) this.#all.delete(id);
    await Promise.all(overdue.flatMap(([, { ends }]) => Array.from(ends.values(), (end) => end())));
  }
}
