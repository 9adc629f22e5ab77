/**
 * A form control that submits files sealed.
 *
 * @module kmseal/element
 */
import { Announcer } from './element-announcer.js';
import { ALIAS, ATTRIBUTE, Binding } from './element-binding.js';
import { internalsOf } from './element-control.js';
import type { KmsealFileEventMap } from './element-events.js';
import { type Entry, type Seal, SealingList, isAccepted } from './element-files.js';
import { setStates, setValidity, setValue } from './element-form.js';
import { FormGuard, type Guarded, warnOutOfReach } from './element-guard.js';
import { label } from './element-label.js';
import { Notice } from './element-notice.js';
import { REFLECTED, ReflectingControl, upgradeProperties } from './element-reflect.js';
import { OwnSealer, prepareSeal } from './element-sealer.js';
import { type Status, statusOf } from './element-status.js';
import { applyStyles } from './element-styles.js';
import { type KmsealFileTexts, TEXTS, fill, textsFrom } from './element-texts.js';
import { type Submitted, fileOf, filesFrom, submittedOf } from './element-value.js';
import { View } from './element-view.js';
import type { EncryptionContext, Sealer } from './index.js';

export type { KmsealFileEventMap } from './element-events.js';
export type { KmsealFileTexts } from './element-texts.js';

/** The attributes that the native input is given too. */
const MIRRORED = ['accept', 'multiple', 'capture'];
/** The attributes that say with which key a file is sealed: when they change, what was sealed before is sealed again. */
const SEALING = ['key-src', 'fingerprint', 'key-id', 'meta-name'];
const CONTEXT = [ATTRIBUTE, ALIAS];

const PROPERTIES = ['sealer', 'encryptionContext', ALIAS, 'texts', ...REFLECTED, 'files', 'value'];

export interface KmsealFileElement {
  addEventListener<K extends keyof KmsealFileEventMap>(
    type: K,
    listener: (this: KmsealFileElement, event: KmsealFileEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof KmsealFileEventMap>(
    type: K,
    listener: (this: KmsealFileElement, event: KmsealFileEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

/**
 * `<kmseal-file>`, a file input that seals what is chosen and submits nothing else: under `name` the sealed files, called
 * `file-1.kmseal` and so on, and under `meta-name`, if that is given, as many small envelopes in the same order, each with the
 * file's `{ name, type, size, lastModified }` in JSON and under the same data key. It is invalid until all files are sealed, and holds
 * its form's `submit` back, also with `novalidate`. Until then its value is empty, so a form that is sent regardless sends nothing of it.
 */
export class KmsealFileElement extends ReflectingControl {
  static readonly observedAttributes = ['name', 'required', 'aria-label', ...MIRRORED, ...SEALING, ...CONTEXT];

  static {
    // Solid writes the names of properties in lower case.
    const accessors = Object.getOwnPropertyDescriptor(this.prototype, 'encryptionContext')!;
    Object.defineProperty(this.prototype, ALIAS, { ...accessors, enumerable: false });
  }

  readonly #internals = internalsOf(this);
  readonly #view: View;
  readonly #announcer: Announcer;
  readonly #notice = new Notice();
  readonly #list: SealingList;
  readonly #own = new OwnSealer();
  readonly #binding = new Binding(this, () => this.#list.redo());
  readonly #guard: FormGuard;
  #texts: Readonly<KmsealFileTexts> = TEXTS;
  #submitted: readonly Submitted[] = [];
  #files: readonly File[] = [];
  #status: Status = statusOf([], false, TEXTS);
  #message = '';
  #disabled = false;
  /** Whether the form was held back, and the reason for it is still there. */
  #explained = false;
  #frame: number | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    this.#view = new View(root, {
      choose: (files) => this.#choose(files),
      drop: (files) => this.#drop(files),
      remove: (entry) => this.#remove(entry),
      retry: (entry) => this.#list.retry(entry),
    });
    this.#announcer = new Announcer(this.#view.status);
    this.#list = new SealingList(() => this.#prepare(), {
      changed: () => this.#update(),
      progressed: () => this.#showProgress(),
      settled: (entry) => this.#settled(entry),
    });
    this.#guard = new FormGuard(this.#guarded());
    this.#internals.role = 'group';
    // A label, and click(), open the dialogue as they do for a native input.
    this.addEventListener('click', (event) => {
      if (event.composedPath()[0] === this) this.#view.input.click();
    });
    // The browser asks no further, though the page may have mended in its place what was refused.
    this.addEventListener('invalid', () => this.#binding.recheck());
    this.addEventListener('focusin', () => label(this, this.#view.input));
  }

  /**
   * Seals in place of one made from `key-src`. With `meta-name` give it a `cache`, so that its opener needs one KMS call for both. When it
   * changes, what was sealed before is sealed again, but not for one of the same keys and options.
   */
  get sealer(): Sealer | null {
    return this.#binding.sealer;
  }

  set sealer(sealer: Sealer | null | undefined) {
    this.#binding.setSealer(sealer);
  }

  /**
   * The context of every envelope of this element, a plain object of strings or its JSON. Nothing is sealed before one was set, here, as the
   * attribute `encryption-context` or in the {@link sealer}; `{}` says that there is to be none. It reflects the attribute: what is set last
   * counts. When it changes, also within the object that was set, what was sealed before is sealed again. One that is refused leaves
   * the element invalid until a good one is set.
   *
   * @throws TypeError if it is not a plain object of strings
   */
  get encryptionContext(): EncryptionContext | null {
    return this.#binding.context;
  }

  set encryptionContext(context: EncryptionContext | string | null | undefined) {
    this.#binding.setContext(context);
  }

  /** What the element says, in the page's language; texts that are missing, or empty, are English. */
  get texts(): Readonly<KmsealFileTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<KmsealFileTexts> | null | undefined) {
    this.#texts = textsFrom(texts);
    this.#update();
  }

  /**
   * The sealed files, which have neutral names: `file-1.kmseal` and so on. Those that are still being sealed are missing. Set to a FileList
   * or an array of Files, it chooses these, after `beforeseal` and without `input` and `change`; null is ignored, as by a native input.
   */
  get files(): readonly File[] {
    return this.#files;
  }

  set files(files: Iterable<File> | ArrayLike<File> | null | undefined) {
    if (files != null) this.#take(filesFrom(files));
  }

  /**
   * `C:\\fakepath\\` and the name of the first sealed file once all are sealed, else empty. Set to an empty string, it clears the choice.
   *
   * @throws DOMException InvalidStateError if it is set to anything else, as by a native input
   */
  get value(): string {
    const [first] = this.#submitted;
    return first ? `C:\\fakepath\\${first.file.name}` : '';
  }

  set value(value: string | null) {
    if (value !== null && String(value) !== '') {
      throw new DOMException('value can only be set to an empty string, which clears the choice; set files to choose some', 'InvalidStateError');
    }
    this.#clear();
  }

  /** Makes the element invalid, until it is called with an empty string. */
  setCustomValidity(message: string): void {
    this.#message = String(message);
    this.#update();
  }

  /** @internal */
  connectedCallback(): void {
    applyStyles(this.shadowRoot!);
    upgradeProperties(this, PROPERTIES);
    this.#list.start();
    label(this, this.#view.input);
  }

  /** @internal */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      // It may have only been moved.
      if (this.isConnected) return;
      this.#notice.clear();
      this.#guard.rest();
      this.#list.stop();
      this.#own.close();
    });
  }

  /** @internal */
  formAssociatedCallback(form: HTMLFormElement | null): void {
    this.#guard.attach(form);
  }

  /** @internal */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (MIRRORED.includes(name)) {
      if (after === null) this.#view.input.removeAttribute(name);
      else this.#view.input.setAttribute(name, after);
    } else if (SEALING.includes(name)) {
      this.#own.close();
      this.#list.redo();
    } else if (CONTEXT.includes(name)) {
      this.#binding.readContext(name, after);
    } else {
      this.#update();
      label(this, this.#view.input);
    }
  }

  /** @internal */
  formDisabledCallback(disabled: boolean): void {
    this.#disabled = disabled;
    this.#update();
  }

  /** @internal */
  formResetCallback(): void {
    this.#clear();
  }

  #clear(): void {
    this.#view.complain('');
    this.#announcer.reset();
    this.#list.replace([]);
  }

  #prepare(): Promise<Seal> {
    this.#binding.recheck();
    return prepareSeal(this.#binding, this.#own, this);
  }

  #choose(files: readonly File[]): void {
    this.#take(files);
    this.#tellChange();
  }

  #take(files: readonly File[]): void {
    this.#view.complain('');
    const kept = files.filter((file) => this.#tell('beforeseal', { file }, true));
    this.#announcer.reset();
    this.#list.replace(kept);
    if (kept.length > 0 && this.name) warnOutOfReach(this);
  }

  #drop(files: readonly File[]): void {
    const stranger = files.find((file) => !isAccepted(file, this.accept));
    if (stranger) this.#view.complain(fill(this.#texts.notAccepted, { name: stranger.name }));
    else if (files.length > 1 && !this.multiple) this.#view.complain(this.#texts.onlyOne);
    else if (files.length > 0) this.#choose(files);
  }

  #remove(entry: Entry): void {
    this.#announcer.say(fill(this.#texts.removed, { name: entry.file.name }));
    this.#list.remove(entry);
    this.#tellChange();
  }

  #settled(entry: Entry): void {
    this.#binding.recheck();
    const { state, file, error } = entry;
    if (state === 'failed') {
      this.#tell('sealerror', { file, error });
    } else if (state === 'sealed') {
      this.#tell('seal', { file, sealed: fileOf(entry) });
    }
  }

  /** False if a listener called preventDefault(). */
  #tell(type: 'beforeseal' | 'seal' | 'sealerror', detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(type, { bubbles: true, cancelable, detail }));
  }

  /** As native inputs do when a person changed what they hold. */
  #tellChange(): void {
    for (const type of ['input', 'change']) this.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' }));
  }

  /** Value, validity, states and what is shown: all from the list, and from what the page has refused to it. */
  #update(): void {
    const { entries } = this.#list;
    const { required } = this;
    const texts = this.#texts;
    const status = statusOf(entries, this.#binding.refused !== undefined, texts);
    this.#status = status;
    const sealed = submittedOf(entries);
    this.#files = Object.freeze(sealed.map(({ file }) => file));
    this.#submitted = status.sealed ? sealed : [];
    setValue(this.#internals, this.#submitted, this);
    setStates(this.#internals, status);
    const { input } = this.#view;
    setValidity(this.#internals, { status, custom: this.#message, missing: required && entries.length === 0, texts, anchor: input });
    if (!status.unfinished) this.#forgive();
    const alert = status.failure || (this.#explained ? texts.busy : '');
    this.#view.render({ entries, texts, disabled: this.#disabled, alert, invalid: status.failed });
    this.#announcer.update(entries, texts);
    input.setAttribute('aria-required', String(required));
    if (status.unfinished) this.#guard.changed();
  }

  #guarded(): Guarded {
    const element = this;
    return {
      localName: this.localName,
      get disabled() { return element.#disabled; },
      get holdsFiles() { return element.#list.entries.length > 0; },
      get unfinished() { return element.#status.unfinished; },
      recheck: () => this.#binding.recheck(),
      explain: (submitter) => this.#explain(submitter),
      refuse: (submitter) => this.#refuse(submitter),
      get submitted() { return element.#submitted.flatMap(({ file, meta }) => (meta ? [file, meta] : [file])); },
    };
  }

  /** Says why the form is held back. */
  #explain(submitter: HTMLElement | null): void {
    this.#explained = true;
    this.#update();
    // Of one that is not shown the browser says nothing.
    if (!this.#isShown) this.#notice.show(this.#status.failure || this.#texts.busy, this.form, submitter);
    else if (!this.willValidate) this.#view.input.focus();
    if (this.willValidate) this.reportValidity();
  }

  /** Says that the page cannot send the files. */
  #refuse(submitter: HTMLElement | null): void {
    const { notReady } = this.#texts;
    this.#view.complain(notReady);
    if (this.#isShown) this.#view.input.focus();
    else this.#notice.show(notReady, this.form, submitter);
  }

  get #isShown(): boolean {
    return this.#view.input.getClientRects().length > 0;
  }

  #forgive(): void {
    this.#explained = false;
    this.#notice.clear();
  }

  #showProgress(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#view.renderProgress();
      this.#announcer.update(this.#list.entries, this.#texts);
    });
  }
}
