import { type Entry, isPending } from './files.js';
import { Sign } from './sign.js';
import { type KmsealFileTexts, shownName, sizeText } from './texts.js';
import type { KmsealError } from '../index.js';

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

/** Adds a name to an element's part, or removes it. */
export function togglePart(element: Element, name: string, on: boolean): void {
  const names = new Set(element.getAttribute('part')?.split(' '));
  if (on) names.add(name);
  else names.delete(name);
  element.setAttribute('part', [...names].join(' '));
}

let count = 0;

/** A chosen file on the list. */
export class ItemView {
  readonly element: HTMLElement;
  readonly #entry: Entry;
  readonly #root: ShadowRoot;
  readonly #sign: Sign;
  readonly #name: HTMLElement;
  readonly #size: HTMLElement;
  readonly #state: HTMLElement;
  readonly #code: HTMLElement;
  readonly #progress: HTMLProgressElement;
  readonly #retry: HTMLButtonElement;
  // One button under changing labels, so that it keeps the focus when the sealing ends.
  readonly #remove: HTMLButtonElement;
  #shown: { state: Entry['state']; texts: KmsealFileTexts; disabled: boolean } | undefined;

  constructor(entry: Entry, root: ShadowRoot, { remove, retry }: { remove: () => void; retry: () => void }) {
    this.#entry = entry;
    this.#root = root;
    const document = root.ownerDocument;
    const id = `item-${++count}`;
    const name = make(document, 'span', 'name', { id: `${id}-name`, dir: 'auto' });
    this.#name = name;
    this.#sign = new Sign(document);
    this.#size = make(document, 'span', 'size');
    this.#state = make(document, 'span', 'state', { id: `${id}-state` });
    this.#code = make(document, 'code', 'code');
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
    const actions = make(document, 'span', 'actions');
    actions.append(this.#retry, this.#remove);
    const details = make(document, 'span', 'details');
    details.append(this.#state, this.#code, actions);
    this.element = make(document, 'li', 'item');
    this.element.append(this.#sign.element, name, this.#size, details, this.#progress);
  }

  render(texts: KmsealFileTexts, disabled: boolean): void {
    const { state } = this.#entry;
    const shown = this.#shown;
    // Only one of many files changes at a time.
    if (shown?.state === state && shown.texts === texts && shown.disabled === disabled) return;
    this.#shown = { state, texts, disabled };
    const busy = isPending(this.#entry);
    this.element.setAttribute('part', `item item-${state}`);
    this.#sign.show(state);
    // The page may have replaced the file.
    setText(this.#name, shownName(this.#entry.file.name));
    setText(this.#size, sizeText(this.#entry.file.size, texts));
    setText(this.#state, texts[state]);
    setText(this.#code, state === 'failed' ? codeOf(this.#entry.error) : '');
    const [label, other] = busy ? [texts.cancel, texts.remove] : [texts.remove, texts.cancel];
    setText(this.#remove, label);
    // It is as wide as the longer label, or it would move under the pointer.
    this.#remove.dataset.other = other;
    setText(this.#retry, texts.retry);
    // Before the button is hidden, since the focus would be lost.
    if (state !== 'failed' && this.#root.activeElement === this.#retry) this.focus();
    this.#retry.hidden = state !== 'failed';
    this.#progress.hidden = state !== 'sealing';
    this.#retry.disabled = disabled;
    this.#remove.disabled = disabled;
    this.renderProgress();
  }

  renderProgress(): void {
    const { file, loaded, state } = this.#entry;
    if (state !== 'sealing') return;
    this.#progress.max = Math.max(file.size, 1);
    this.#progress.value = loaded;
  }

  focus(): void {
    this.#remove.focus();
  }
}

/** The code for support: that of our own error, otherwise the error's class. */
export function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as Partial<KmsealError>;
  return String(code ?? name ?? '');
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
