import type { Entry } from './files.js';
import { type Folder, contentsOf } from './folders.js';
import { ItemView, make, togglePart } from './item.js';
import { type KmsealFileTexts, shownName } from './texts.js';

/** What a person does. */
interface Actions {
  choose(files: readonly File[]): void;
  /** Also pasted files. */
  drop(given: readonly (File | Folder)[]): void;
  remove(entry: Entry): void;
  retry(entries: readonly Entry[]): void;
}

/** What is shown. */
export interface Shown {
  entries: readonly Entry[];
  texts: KmsealFileTexts;
  disabled: boolean;
  /** Why the form cannot be sent, if that is to be shown now. */
  alert: string;
  /** The code of the failure; empty if there is none. */
  code: string;
  invalid: boolean;
}

/** The events that bring files; `change` of a native input stays in its tree. */
const GIVING = ['input', 'drop', 'paste'];

/** This many rows, and files of the input, are made in one go; the page would freeze under thousands of files. */
const ROWS_AT_ONCE = 100;

/** The shadow tree: the native input within a zone to drop on, the chosen files, a live region and an alert. */
export class View {
  /** It has no name, and no form owns the content of a shadow tree: it is never submitted. */
  readonly input: HTMLInputElement;
  readonly status: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #actions: Actions;
  readonly #zone: HTMLElement;
  readonly #hint: HTMLElement;
  readonly #list: HTMLElement;
  readonly #retryAll: HTMLButtonElement;
  readonly #alert: HTMLElement;
  readonly #items = new Map<Entry, ItemView>();
  #entries: readonly Entry[] = [];
  #shown: Shown | undefined;
  #complaints: readonly string[] = [];
  #growing: number | undefined;
  #transfer: DataTransfer | undefined;
  #window: EventTarget | null = null;

  constructor(root: ShadowRoot, actions: Actions) {
    this.#root = root;
    this.#actions = actions;
    const document = root.ownerDocument;
    this.input = make(document, 'input', 'input', { type: 'file' });
    // Safari, since 2015, does not expose a list without bullets as a list.
    this.#list = make(document, 'ul', 'list', { role: 'list', hidden: true });
    this.#retryAll = make(document, 'button', 'button retry-all', { type: 'button', hidden: true });
    this.#retryAll.addEventListener('click', () => this.#actions.retry(this.#entries));
    this.status = make(document, 'div', 'status', { role: 'status' });
    this.#alert = make(document, 'div', 'alert', { role: 'alert', id: 'alert' });
    this.input.setAttribute('aria-describedby', this.#alert.id);
    // Useless to people who do not see where to drop.
    this.#hint = make(document, 'div', 'hint', { ariaHidden: 'true' });
    const zone = make(document, 'div', 'zone');
    this.#zone = zone;
    zone.append(this.input, this.#hint, this.#list, this.#retryAll, this.#alert, this.status);
    root.append(zone);
    this.#listenToInput();
    this.#listenToDrags(zone);
    for (const type of GIVING) zone.addEventListener(type, this.#given);
    // A label around the element would treat a click on a file's name as one on itself.
    zone.addEventListener('click', (event) => event.target !== this.input && event.preventDefault());
  }

  #listenToInput(): void {
    const { input } = this;
    // So that the same file can be chosen again.
    input.addEventListener('click', () => (input.value = ''));
    input.addEventListener('cancel', () => this.#mirror());
    input.addEventListener('change', (event) => {
      event.stopPropagation();
      this.#actions.choose([...(input.files ?? [])]);
    });
  }

  #listenToDrags(zone: HTMLElement): void {
    zone.addEventListener('dragover', (event) => {
      const transfer = event.dataTransfer;
      if (!hasFiles(transfer)) return;
      // Otherwise the browser would leave the page for the file.
      event.preventDefault();
      transfer.dropEffect = this.input.disabled ? 'none' : 'copy';
      this.#showDragging(true);
    });
    zone.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!zone.contains(relatedTarget as Node | null)) this.#showDragging(false);
    });
  }

  #showDragging(dragging: boolean): void {
    togglePart(this.#zone, 'dragging', dragging && !this.input.disabled);
  }

  /**
   * Sees first in this window what is given to the element. Scripts that listen on the event's way down would take the files as they are, as
   * drop zones around it do, or record their names.
   */
  watch(window: EventTarget | null): void {
    // In the same one its place among other listeners stays.
    if (window !== this.#window) for (const type of GIVING) this.#window?.removeEventListener(type, this.#first, true);
    this.#window = window;
    for (const type of GIVING) window?.addEventListener(type, this.#first, true);
  }

  readonly #first = (event: Event): void => {
    if (event.composedPath().includes(this.#zone)) this.#given(event);
  };

  readonly #given = (event: Event): void => {
    // The element fires it itself, once it has accepted the files.
    if (event.type === 'input') return event.stopImmediatePropagation();
    const isDrop = event.type === 'drop';
    const transfer = isDrop ? (event as DragEvent).dataTransfer : (event as ClipboardEvent).clipboardData;
    const { disabled } = this.input;
    if (isDrop) this.#showDragging(false);
    if (!hasFiles(transfer) || (disabled && !isDrop)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!disabled) this.#actions.drop(contentsOf(transfer));
  };

  /** Shows the refused files until something else is chosen. */
  complain(sentences: readonly string[]): void {
    this.#complaints = sentences;
    this.#showErrors();
  }

  /** Shows the files and the state of each. */
  render(shown: Shown): void {
    const { entries, texts, disabled, alert, code, invalid } = shown;
    const { input } = this;
    input.disabled = disabled;
    togglePart(this.#zone, 'disabled', disabled);
    togglePart(this.#zone, 'invalid', invalid);
    this.#hint.textContent = input.multiple || input.webkitdirectory ? texts.dropMany : texts.dropOne;
    this.#shown = shown;
    this.#entries = entries;
    const present = new Set(entries);
    for (const [entry, item] of this.#items) {
      if (present.has(entry)) continue;
      item.element.remove();
      this.#items.delete(entry);
    }
    this.#renderRows(Math.max(this.#items.size, ROWS_AT_ONCE));
    this.#list.hidden = entries.length === 0;
    this.#renderRetryAll(texts, disabled);
    input.setAttribute('aria-invalid', String(invalid));
    this.#showErrors();
    // For support: what a person reads depends on the cause.
    this.#alert.dataset.code = alert && code;
    this.#mirror();
  }

  /** Shows the state of one file. */
  renderEntry(entry: Entry): void {
    const { texts, disabled } = this.#shown!;
    this.#items.get(entry)?.render(texts, disabled);
  }

  /** The first rows, in the order of the list; more of them in the next frames. */
  #renderRows(count: number): void {
    const { texts, disabled } = this.#shown!;
    let next = this.#list.firstElementChild;
    for (const entry of this.#entries.slice(0, count)) {
      const item = this.#items.get(entry) ?? this.#makeItem(entry);
      if (item.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item.element, next);
      item.render(texts, disabled);
    }
    if (this.#items.size === this.#entries.length) return;
    this.#growing ??= requestAnimationFrame(() => {
      this.#growing = undefined;
      this.#renderRows(this.#items.size + ROWS_AT_ONCE);
    });
  }

  #makeItem(entry: Entry): ItemView {
    const item = new ItemView(entry, this.#root, {
      remove: () => this.#remove(entry),
      retry: () => this.#actions.retry([entry]),
    });
    this.#items.set(entry, item);
    return item;
  }

  #renderRetryAll(texts: KmsealFileTexts, disabled: boolean): void {
    const button = this.#retryAll;
    const hidden = this.#entries.filter(({ state }) => state === 'failed').length < 2;
    if (hidden && this.#root.activeElement === button) this.input.focus();
    Object.assign(button, { hidden, disabled, textContent: texts.retryAll });
  }

  /** The alert element stays, or it would not be noticed; the parts that pages style come and go. */
  #showErrors(): void {
    const alert = this.#shown?.alert;
    // Both: refused files must not be overlooked, nor forgotten because another file failed.
    const sentences = alert ? [alert, ...this.#complaints] : this.#complaints;
    // The same text again would be read aloud again.
    if (Array.from(this.#alert.children, ({ textContent }) => textContent).join('\n') === sentences.join('\n')) return;
    this.#alert.replaceChildren(
      ...sentences.map((textContent) => make(this.#alert.ownerDocument, 'div', 'error', { textContent })),
    );
  }

  /** Shows only the progress. */
  renderProgress(): void {
    for (const item of this.#items.values()) item.renderProgress();
  }

  /** The focus of a keyboard user stays where the file was. */
  #remove(entry: Entry): void {
    const order = this.#entries;
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
  #mirror(): void {
    this.#transfer = undefined;
    const files = this.#entries.map(({ file }) => asShown(file));
    const shown = [...(this.input.files ?? [])];
    if (files.length === shown.length && files.every((file, index) => file === shown[index])) return;
    // jsdom has no DataTransfer; there the input keeps the files that a test chose.
    if (!globalThis.DataTransfer) return;
    this.#transfer = new DataTransfer();
    this.#fill(this.#transfer, files);
  }

  /** Adds files to the input, more of them in the next frames. */
  #fill(transfer: DataTransfer, files: readonly File[]): void {
    // Another one is being filled, or none is needed.
    if (this.#transfer !== transfer) return;
    for (const file of files.slice(0, ROWS_AT_ONCE)) transfer.items.add(file);
    if (files.length > ROWS_AT_ONCE) requestAnimationFrame(() => this.#fill(transfer, files.slice(ROWS_AT_ONCE)));
    // User-event gives an input its own files, which cannot be set.
    else Reflect.set(this.input, 'files', transfer.files);
  }
}

function hasFiles(transfer: DataTransfer | null): transfer is DataTransfer {
  return transfer?.types.includes('Files') ?? false;
}

const renamed = new WeakMap<File, File>();

/** A file for the native input, which shows its name as it is: turned, `fdp.exe` would read `exe.pdf`. */
function asShown(file: File): File {
  const name = shownName(file.name);
  if (name === file.name) return file;
  const made = renamed.get(file) ?? new File([file], name, { type: file.type, lastModified: file.lastModified });
  renamed.set(file, made);
  return made;
}
