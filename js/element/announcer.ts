import { type Entry, isPending } from './files.js';
import { type KmsealFileTexts, say } from './texts.js';

/** Progress is announced at every quarter, and now and then within a long one. */
const STEP_PERCENT = 25;
const AT_LEAST_MS = 1000;
const AT_MOST_MS = 5000;

/** Announces the progress in a live region, since browsers do not announce progress bars by themselves. */
export class Announcer {
  readonly #region: HTMLElement;
  #busy = false;
  #step = 0;
  #spoken = 0;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  say(text: string): void {
    this.#region.textContent = text;
    this.#spoken = performance.now();
  }

  /** Falls silent; the next announcement is a start. */
  reset(): void {
    this.#busy = false;
    this.say('');
  }

  /** Announces what is new since the last call. */
  update(entries: readonly Entry[], texts: KmsealFileTexts): void {
    const count = entries.length;
    const name = entries[0]?.file.name ?? '';
    const busy = entries.some(isPending);
    if (busy && !this.#busy) {
      this.#step = 0;
      this.say(count === 1 ? say(texts, 'startedOne', { name }) : say(texts, 'startedMany', { count }));
    } else if (busy) {
      this.#progress(entries, texts);
    } else if (this.#busy && entries.some(({ state }) => state === 'failed')) {
      // An alert reports it.
      this.say('');
    } else if (this.#busy && count > 0) {
      this.say(count === 1 ? say(texts, 'readyOne', { name }) : say(texts, 'readyMany', { count }));
    }
    this.#busy = busy;
  }

  #progress(entries: readonly Entry[], texts: KmsealFileTexts): void {
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    const total = sum(entries.map(({ file }) => file.size));
    const percent = total > 0 ? Math.floor((100 * sum(entries.map(({ loaded }) => loaded))) / total) : 0;
    const step = Math.floor(percent / STEP_PERCENT);
    const silence = performance.now() - this.#spoken;
    if (silence < AT_LEAST_MS || (step <= this.#step && silence < AT_MOST_MS)) return;
    this.#step = step;
    this.say(say(texts, 'progress', { percent }));
  }
}
