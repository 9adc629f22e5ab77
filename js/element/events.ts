import type { Entry } from './files.js';
import { submittedAs } from './value.js';

/** The events that an element sends its page. */
export class Teller {
  readonly #element: HTMLElement;
  /** Whether a person, or the page by another context or key, changed the value's origin since the last `change`. */
  #owed = false;
  /** What was written to the console in this turn. */
  #logged: unknown;
  /** The numbers of all files that were ever chosen. */
  readonly #numbers = new WeakMap<Entry, number>();
  #count = 0;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** The number of a chosen file, whatever its place is by now. Those of one choice have them in its order. */
  #numberOf(entry: Entry, entries: readonly Entry[]): number {
    if (!this.#numbers.has(entry))
      for (const one of entries) if (!this.#numbers.has(one)) this.#numbers.set(one, ++this.#count);
    return this.#numbers.get(entry)!;
  }

  /** Tells what became of a file. */
  settled(entry: Entry, entries: readonly Entry[]): void {
    const { state, file, error } = entry;
    if (state === 'failed') this.#failed(file, error);
    else if (state === 'sealed')
      this.#tell('seal', { file, sealed: submittedAs(entry, this.#numberOf(entry, entries) - 1)?.file });
  }

  /** The console gets it too, for the page's authors: the person reads only what to do. It gets one of several files that fail for one reason. */
  #failed(file: File, error: unknown): void {
    if (!this.#tell('sealerror', { file, error }, true) || error === this.#logged) return;
    this.#logged = error;
    queueMicrotask(() => (this.#logged = undefined));
    console.error(error);
  }

  #tell(type: 'seal' | 'sealerror', detail: object, cancelable = false): boolean {
    return this.#element.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, cancelable, detail }));
  }

  /** A person changed the choice: `input` reports it at once, and `change` when the value is there. */
  input(): void {
    this.#owed = true;
    this.#element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  }

  /**
   * The value is gone until all is sealed again, without a person's action: anything that keeps a copy must learn that, and the new value. Not before
   * the current script has ended: a framework may be in the middle of rendering.
   *
   * @param emptied whether there was a value; otherwise a listener that changes the context each time would be called forever
   */
  owe(emptied: boolean): void {
    this.#owed = true;
    if (emptied) queueMicrotask(() => this.#owed && this.input());
  }

  /** A script set it, and knows about it. */
  forgive(): void {
    this.#owed = false;
  }

  /** `change`, if it is due. */
  settle(): void {
    if (!this.#owed) return;
    this.#owed = false;
    this.#element.dispatchEvent(new Event('change', { bubbles: true }));
  }
}
