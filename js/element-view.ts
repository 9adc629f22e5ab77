import type { Entry } from './element-files.js';
import { ItemView, make } from './element-item.js';
import type { KmsealFileTexts } from './element-texts.js';

/** What a person does. */
export interface Actions {
  choose(files: readonly File[]): void;
  drop(files: readonly File[]): void;
  remove(entry: Entry): void;
  retry(entry: Entry): void;
}

/** What is shown. */
export interface Shown {
  entries: readonly Entry[];
  texts: KmsealFileTexts;
  disabled: boolean;
  /** What keeps the form from being sent, if that is to be said now. */
  alert: string;
  invalid: boolean;
}

/** The shadow tree: the native input within a zone to drop on, the chosen files, a live region and an alert. */
export class View {
  /** It has no name, and no form owns what is in a shadow tree: it is never submitted. */
  readonly input: HTMLInputElement;
  readonly status: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #actions: Actions;
  readonly #list: HTMLElement;
  readonly #alert: HTMLElement;
  readonly #items = new Map<Entry, ItemView>();
  #complaint = '';

  constructor(root: ShadowRoot, actions: Actions) {
    this.#root = root;
    this.#actions = actions;
    const document = root.ownerDocument;
    this.input = make(document, 'input', 'input', { type: 'file' });
    // Safari takes a list without bullets for none.
    this.#list = make(document, 'ul', 'list', { role: 'list', hidden: true });
    this.status = make(document, 'div', 'status', { role: 'status' });
    this.#alert = make(document, 'div', 'alert', { role: 'alert', id: 'alert' });
    this.input.setAttribute('aria-describedby', this.#alert.id);
    const zone = make(document, 'div', 'zone');
    zone.append(this.input, this.#list, this.#alert, this.status);
    root.append(zone);
    this.#listenToInput();
    this.#listenToDrops(zone);
    // A label around the element would take a click on a file's name for one on itself.
    zone.addEventListener('click', (event) => event.target !== this.input && event.preventDefault());
  }

  #listenToInput(): void {
    const { input } = this;
    // So that the same file can be chosen again.
    input.addEventListener('click', () => (input.value = ''));
    input.addEventListener('cancel', () => this.#mirror());
    // Both are told by the element itself, once it has taken the files.
    input.addEventListener('input', (event) => event.stopPropagation());
    input.addEventListener('change', (event) => {
      event.stopPropagation();
      this.#actions.choose([...(input.files ?? [])]);
    });
  }

  #listenToDrops(zone: HTMLElement): void {
    const files = ({ dataTransfer }: DragEvent) => (dataTransfer?.types.includes('Files') ? dataTransfer : undefined);
    const show = (dragging: boolean) => zone.part.toggle('dragging', dragging && !this.input.disabled);
    zone.addEventListener('dragover', (event) => {
      const transfer = files(event);
      if (!transfer) return;
      // Else the browser would leave the page for the file.
      event.preventDefault();
      transfer.dropEffect = this.input.disabled ? 'none' : 'copy';
      show(true);
    });
    zone.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!zone.contains(relatedTarget as Node | null)) show(false);
    });
    zone.addEventListener('drop', (event) => {
      const transfer = files(event);
      show(false);
      if (!transfer) return;
      event.preventDefault();
      if (!this.input.disabled) this.#actions.drop([...transfer.files]);
    });
  }

  /** Says why a drop is refused, until something else is chosen. */
  complain(text: string): void {
    this.#complaint = text;
    this.#showError(text);
  }

  /** Shows which files there are, and how each is doing. */
  render({ entries, texts, disabled, alert, invalid }: Shown): void {
    const { input } = this;
    input.disabled = disabled;
    const present = new Set(entries);
    for (const [entry, item] of this.#items) {
      if (present.has(entry)) continue;
      item.element.remove();
      this.#items.delete(entry);
    }
    entries.forEach((entry) => {
      let item = this.#items.get(entry);
      if (!item) {
        item = new ItemView(entry, this.#root, {
          remove: () => this.#remove(entry),
          retry: () => this.#actions.retry(entry),
        });
        this.#items.set(entry, item);
        this.#list.append(item.element);
      }
      item.render(texts, disabled);
    });
    this.#list.hidden = entries.length === 0;
    input.setAttribute('aria-invalid', String(invalid));
    this.#showError(alert || this.#complaint);
    this.#mirror(entries);
  }

  /** The alert stays, or it would not be noticed; what pages style comes and goes. */
  #showError(text: string): void {
    // The same text again would be read aloud again.
    if (this.#alert.textContent === text) return;
    this.#alert.replaceChildren(...(text ? [make(this.#alert.ownerDocument, 'div', 'error', { textContent: text })] : []));
  }

  /** Shows only how far the sealing is. */
  renderProgress(): void {
    for (const item of this.#items.values()) item.renderProgress();
  }

  /** A person who uses the keyboard stays where the file was. */
  #remove(entry: Entry): void {
    const order = [...this.#items.keys()];
    const at = order.indexOf(entry);
    const focused = this.#root.activeElement;
    const within = focused !== null && this.#items.get(entry)!.element.contains(focused);
    this.#actions.remove(entry);
    if (!within) return;
    const next = order[at + 1] ?? order[at - 1];
    const item = next && this.#items.get(next);
    if (item) item.focus();
    else this.input.focus();
  }

  /** The input's own words count the files that are on the list. */
  #mirror(entries: readonly Entry[] = [...this.#items.keys()]): void {
    const files = entries.map(({ file }) => file);
    const shown = [...(this.input.files ?? [])];
    if (files.length === shown.length && files.every((file, index) => file === shown[index])) return;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    this.input.files = transfer.files;
  }
}
