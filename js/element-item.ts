import type { Entry } from './element-files.js';
import type { KmsealFileTexts } from './element-texts.js';

/** An element that pages can style by its part. */
export function make<K extends keyof HTMLElementTagNameMap>(
  document: Document,
  tag: K,
  part: string,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.setAttribute('part', part);
  return element;
}

let count = 0;

/** A chosen file on the list. */
export class ItemView {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #root: ShadowRoot;
  readonly #state: HTMLElement;
  readonly #progress: HTMLProgressElement;
  readonly #retry: HTMLButtonElement;
  // One button, whatever it is called, so that focus stays on it when the sealing ends.
  readonly #remove: HTMLButtonElement;
  #shown: { state: Entry['state']; texts: KmsealFileTexts; disabled: boolean } | undefined;

  constructor(entry: Entry, root: ShadowRoot, { remove, retry }: { remove: () => void; retry: () => void }) {
    this.#entry = entry;
    this.#root = root;
    const document = root.ownerDocument;
    const id = `item-${++count}`;
    const name = make(document, 'span', 'name', { id: `${id}-name`, textContent: entry.file.name });
    this.#state = make(document, 'span', 'state', { id: `${id}-state` });
    this.#progress = make(document, 'progress', 'progress');
    this.#progress.setAttribute('aria-labelledby', name.id);
    const button = (what: string, action: () => void) => {
      const made = make(document, 'button', `button ${what}`, { type: 'button', id: `${id}-${what}` });
      made.setAttribute('aria-labelledby', `${made.id} ${name.id}`);
      made.addEventListener('click', action);
      return made;
    };
    this.#retry = button('retry', retry);
    this.#remove = button('remove', remove);
    this.element = make(document, 'li', 'item');
    this.element.append(name, this.#progress, this.#state, this.#retry, this.#remove);
  }

  render(texts: KmsealFileTexts, disabled: boolean): void {
    const { state } = this.#entry;
    const shown = this.#shown;
    // Of many files one changes at a time.
    if (shown?.state === state && shown.texts === texts && shown.disabled === disabled) return;
    this.#shown = { state, texts, disabled };
    const busy = state === 'waiting' || state === 'sealing';
    this.element.setAttribute('part', `item item-${state}`);
    setText(this.#state, texts[state]);
    setText(this.#remove, busy ? texts.cancel : texts.remove);
    setText(this.#retry, texts.retry);
    // Before the button is hidden, or focus would be lost.
    if (state !== 'failed' && this.#root.activeElement === this.#retry) this.focus();
    this.#retry.hidden = state !== 'failed';
    this.#progress.hidden = state !== 'sealing';
    this.#retry.disabled = disabled;
    this.#remove.disabled = disabled;
    this.renderProgress();
  }

  renderProgress(): void {
    const { file, loaded } = this.#entry;
    this.#progress.max = Math.max(file.size, 1);
    this.#progress.value = loaded;
  }

  focus(): void {
    this.#remove.focus();
  }
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
