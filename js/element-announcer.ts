import type { Entry } from './element-files.js';
import { fill, type KmsealFileTexts } from './element-texts.js';

/** Progress is worth a word at every quarter, and now and then within a long one. */
const STEP = 25;
const AT_LEAST = 1000;
const AT_MOST = 5000;

/** Says in a live region how the sealing goes, since browsers do not announce progress bars by themselves. */
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

  /** Falls silent; what comes next is a start. */
  reset(): void {
    this.#busy = false;
    this.say('');
  }

  /** Says what is new since the last call. */
  update(entries: readonly Entry[], texts: KmsealFileTexts): void {
    const count = entries.length;
    const name = entries[0]?.file.name ?? '';
    const busy = entries.some(({ state }) => state === 'waiting' || state === 'sealing');
    if (busy && !this.#busy) {
      this.#step = 0;
      this.say(fill(count === 1 ? texts.startedOne : texts.startedMany, { name, count }));
    } else if (busy) {
      this.#progress(entries, texts);
    } else if (this.#busy && entries.some(({ state }) => state === 'failed')) {
      // An alert speaks of it.
      this.say('');
    } else if (this.#busy && count > 0) {
      this.say(fill(count === 1 ? texts.readyOne : texts.readyMany, { name, count }));
    }
    this.#busy = busy;
  }

  #progress(entries: readonly Entry[], texts: KmsealFileTexts): void {
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    const total = sum(entries.map(({ file }) => file.size));
    const percent = total > 0 ? Math.floor((100 * sum(entries.map(({ loaded }) => loaded))) / total) : 0;
    const step = Math.floor(percent / STEP);
    const silence = performance.now() - this.#spoken;
    if (silence < AT_LEAST || (step <= this.#step && silence < AT_MOST)) return;
    this.#step = step;
    this.say(fill(texts.progress, { percent }));
  }
}
