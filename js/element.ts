/**
 * A form control that submits files sealed.
 *
 * @module kmseal/element
 */
import { Announcer } from './element/announcer.js';
import { isLeftOutOf, rootsAround, shownIn, warnAstray } from './element/astray.js';
import { autofocus } from './element/autofocus.js';
import { CONTEXT, MIRRORED, OBSERVED, SEALING, mirror } from './element/attributes.js';
import { ALIAS, Binding } from './element/binding.js';
import { Choice, type Source } from './element/choice.js';
import { internalsOf } from './element/control.js';
import type { KmsealFileEventMap } from './element/event-map.js';
import { Teller } from './element/events.js';
import { Explainer } from './element/explainer.js';
import { type Entry, SealingList } from './element/files.js';
import type { Folder } from './element/folders.js';
import { setStates, setValidity, setValue } from './element/form.js';
import { oncePerFrame } from './element/frame.js';
import { FormGuard, type Guarded } from './element/guard.js';
import { connect } from './element/internals.js';
import { label } from './element/label.js';
import { ReflectingControl, reflected, upgradeProperties } from './element/reflect.js';
import { type Refusal, sentencesOf } from './element/refusals.js';
import { FileSealer } from './element/sealer.js';
import { type Status, isSteady, statusOf } from './element/status.js';
import { applyStyles } from './element/styles.js';
import { type KmsealFileTexts, TEXTS, say, textsFrom } from './element/texts.js';
import { UserValidity } from './element/user-validity.js';
import { Value, filesFrom, requireEmpty, submittedOf } from './element/value.js';
import { View } from './element/view.js';
import type { EncryptionContext, Sealer } from './index.js';

export type { BeforeSealDetail, BeforeSealEvent, KmsealFileEventMap } from './element/event-map.js';
export type { KmsealFileTexts, PluralText } from './element/texts.js';

export interface KmsealFileElement {
  /** As of any element; the types of the element's own events are in {@link KmsealFileEventMap}. */
  addEventListener<K extends keyof KmsealFileEventMap>(
    type: K,
    listener: (this: KmsealFileElement, event: KmsealFileEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** As of any element. */
  removeEventListener<K extends keyof KmsealFileEventMap>(
    type: K,
    listener: (this: KmsealFileElement, event: KmsealFileEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/**
 * `<kmseal-file>`, a file input that seals what is chosen and submits nothing else: under `name` the sealed files, called
 * `file-1.kmseal` and so on, and under `meta-name`, if that is given, as many small envelopes in the same order, each with the
 * file's `{ name, type, size, lastModified, messageId }` in JSON and under the same data key. It is invalid until all files are sealed, and holds
 * its form's `submit` back, also with `novalidate`. Until then its value is empty, so a form that is sent regardless sends none of its files.
 */
export class KmsealFileElement extends ReflectingControl {
  /** Those whose changes the element is told of. */
  static readonly observedAttributes = OBSERVED;

  readonly #internals = internalsOf(this);
  readonly #view: View;
  readonly #announcer: Announcer;
  readonly #explainer: Explainer;
  readonly #teller = new Teller(this);
  readonly #list: SealingList;
  readonly #choice: Choice;
  readonly #binding = new Binding(this, () => this.#redo());
  readonly #sealing = new FileSealer(this, this.#binding);
  readonly #guard = new FormGuard(this.#guarded());
  readonly #showProgress = oncePerFrame(() => {
    this.#view.renderProgress();
    this.#announcer.update(this.#list.shown, this.#texts);
  });
  readonly #userValidity: UserValidity;
  #texts: Readonly<KmsealFileTexts> = TEXTS;
  readonly #value = new Value();
  #refusals: readonly Refusal[] = [];
  #status: Status = statusOf([], undefined, TEXTS);
  #message = '';
  #disabled = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    this.#view = new View(root, {
      choose: (files) => this.#take(files, {}),
      drop: (given) => this.#take(given, { filtered: true }),
      remove: (entry) => this.#remove(entry),
      retry: (entries) => this.#list.retry(entries),
    });
    this.#announcer = new Announcer(this.#view.status);
    this.#explainer = new Explainer(this, this.#view);
    this.#userValidity = new UserValidity(this, this.#explainer, () => this.#update());
    this.#list = new SealingList(() => this.#sealing.prepare(), {
      changed: (entry) =>
        entry && isSteady(this.#status, entry, this.#list.pending) ? this.#updateEntry(entry) : this.#update(),
      progressed: () => this.#showProgress(),
      settled: (entry) => this.#settled(entry),
    });
    this.#choice = new Choice(this, this.#list, {
      refused: (refusals) => this.#complain([...this.#refusals, ...refusals]),
      changed: () => this.#tellChange(),
      dropped: () => this.#settle(),
    });
    this.#internals.role = 'group';
    // A label, and click(), open the dialogue as they do for a native input.
    this.addEventListener('click', (event) => event.composedPath()[0] === this && this.#view.input.click());
    // The browser then stops checking, though the page may have fixed in place what was refused.
    this.addEventListener('invalid', () => this.#binding.recheck());
    this.addEventListener('focusin', () => label(this, this.#view.input));
  }

  /**
   * Used instead of a sealer made from `key-src`. With `meta-name` give it a `cache`, so that its opener needs one KMS call for both. When it
   * changes, files that were sealed before are sealed again, unless keys and options are the same.
   */
  get sealer(): Sealer | null {
    return this.#binding.sealer;
  }

  set sealer(sealer: Sealer | null | undefined) {
    this.#binding.setSealer(sealer);
  }

  /**
   * The context of every envelope of this element, a plain object of strings or its JSON. Nothing is sealed before one is set: here, as the
   * attribute `encryption-context`, or in the {@link sealer}; `{}` stands for no context. It reflects the attribute: the last one set
   * counts. When it changes, even by mutation of the object, files that were sealed before are sealed again. A refused context leaves
   * the element invalid until a valid one is set.
   *
   * @throws TypeError if it is not a plain object of strings
   */
  get encryptionContext(): EncryptionContext | null {
    return this.#binding.context;
  }

  set encryptionContext(context: EncryptionContext | string | null | undefined) {
    this.#binding.setContext(context);
  }

  /** The element's texts, in the page's language; missing or empty texts are English. */
  get texts(): Readonly<KmsealFileTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<KmsealFileTexts> | null | undefined) {
    this.#texts = textsFrom(texts);
    this.#complain(this.#refusals);
    this.#update();
  }

  /**
   * The sealed files, which have neutral names: `file-1.kmseal` and so on; none before all are sealed. Set to a FileList or an array of
   * Files, it chooses these in place of what there is, after `beforeseal` and without `input` and `change`; null is ignored, as by a native
   * input.
   */
  get files(): readonly File[] {
    // A form does not report when it is read here.
    this.#binding.recheck();
    return this.#value.files;
  }

  set files(files: Iterable<File> | ArrayLike<File> | null | undefined) {
    if (files == null) return;
    this.#startOver();
    this.#accept(filesFrom(files), { instead: true, scripted: true });
  }

  /**
   * Adds files that the page made, such as camera pictures, as if a person had dropped them: next to the others with `multiple`, otherwise in
   * their place. The person learns which files the attributes or `beforeseal` refuse.
   *
   * @throws TypeError if it is not a FileList or an array of Files
   */
  add(files: Iterable<File> | ArrayLike<File>): void {
    this.#take(filesFrom(files), { filtered: true, scripted: true });
  }

  /**
   * `C:\\fakepath\\` and the name of the first sealed file once all are sealed, else empty. Set to an empty string, it clears the choice.
   *
   * @throws DOMException InvalidStateError if it is set to anything else, as by a native input
   */
  get value(): string {
    this.#binding.recheck();
    return this.#value.path;
  }

  set value(value: string | null) {
    requireEmpty(value);
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
    upgradeProperties(this, ['sealer', 'encryptionContext', ALIAS, 'texts', ...reflected(), 'files', 'value']);
    this.#list.start(this.ownerDocument.defaultView);
    this.#sealing.loadAhead();
    this.#guard.watch(rootsAround(this));
    this.#view.watch(this.ownerDocument.defaultView);
    autofocus(this);
    connect(this.#internals);
    label(this, this.#view.input);
  }

  /** @internal */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      // It may have only been moved.
      if (this.isConnected) return;
      this.#explainer.leave();
      this.#guard.watch([]);
      this.#view.watch(null);
      this.#guard.rest();
      this.#list.stop();
      this.#sealing.close();
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
      mirror(this.#view.input, name, after);
      // The hint depends on it.
      this.#update();
    } else if (SEALING.includes(name)) {
      this.#sealing.close();
      this.#redo();
      this.#sealing.loadAhead();
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
    this.#userValidity.forget();
    this.#clear();
  }

  #clear(): void {
    this.#startOver();
    this.#list.set([]);
  }

  /** For what a script chooses: nothing is refused, and no `change` is due. */
  #startOver(): void {
    this.#complain([]);
    this.#announcer.reset();
    this.#teller.forgive();
  }

  #redo(): void {
    if (this.#list.entries.length > 0) this.#teller.owe(this.#value.all.length > 0);
    this.#list.redo();
  }

  /** Accepts what a person chose. */
  #take(given: readonly (File | Folder)[], source: Source): void {
    if (given.length === 0) return;
    this.#userValidity.ask();
    this.#complain([]);
    this.#announcer.reset();
    if (this.#accept(given, source)) this.#teller.input();
  }

  #accept(given: readonly (File | Folder)[], source: Source): boolean {
    const taken = this.#choice.take(given, source);
    this.#guard.watch(rootsAround(this));
    if (taken) warnAstray(this);
    return taken;
  }

  /** Reports the refused files until something else is chosen. */
  #complain(refusals: readonly Refusal[]): void {
    this.#refusals = refusals;
    this.#view.complain(sentencesOf(refusals, this.#texts));
  }

  #tellChange(): void {
    this.#teller.input();
    this.#settle();
  }

  #remove(entry: Entry): void {
    this.#userValidity.ask();
    this.#announcer.say(say(this.#texts, 'removed', { name: entry.file.name }));
    this.#list.set(this.#list.entries.filter((one) => one !== entry));
    this.#tellChange();
  }

  #settled(entry: Entry): void {
    this.#binding.recheck();
    this.#teller.settled(entry, this.#list.entries);
    this.#settle();
  }

  /** Fires `change` when nothing is left to wait for: a listener may send the form. */
  #settle(): void {
    if (this.#status.sealed || this.#list.entries.length === 0) this.#teller.settle();
  }

  #updateEntry(entry: Entry): void {
    this.#view.renderEntry(entry);
    this.#showProgress();
    this.#guard.changed();
  }

  /** Value, validity, states and view: all derive from the list, and from what the page has refused. */
  #update(): void {
    const { entries, shown } = this.#list;
    const texts = this.#texts;
    const status = statusOf(entries, this.#binding.refused, texts);
    this.#status = status;
    this.#value.set(status.sealed ? submittedOf(entries) : []);
    setValue(this.#internals, this.#value.submitted, this);
    const missing = this.required && entries.length === 0;
    setValidity(this.#internals, { status, custom: this.#message, missing, texts, anchor: this.#view.input });
    // A file that is being sealed is not the person's mistake.
    const userInvalid = this.#userValidity.asked && !status.sealing && this.willValidate && !this.validity.valid;
    setStates(this.#internals, status, userInvalid);
    if (!status.unfinished) this.#explainer.forgive();
    const alert = status.failure || (this.#explainer.explained ? texts.busy : '');
    this.#view.render({
      entries: shown,
      texts,
      disabled: this.#disabled,
      alert,
      code: status.code,
      invalid: status.failed || userInvalid,
    });
    this.#announcer.update(shown, texts);
    this.#view.input.setAttribute('aria-required', String(this.required));
    if (status.unfinished) this.#guard.changed();
  }

  #guarded(): Guarded {
    return {
      localName: this.localName,
      disabled: () => this.#disabled,
      holdsFiles: () => this.#list.entries.length > 0,
      unfinished: () => this.#status.unfinished,
      recheck: () => this.#binding.recheck(),
      clicked: (event) => this.#userValidity.clicked(event),
      explain: (submitter) => this.#explain(submitter),
      refuse: (form, submitter) => this.#explainer.refuse(this.#texts.notReady, form, submitter),
      form: () => this.form,
      isIn: (form) => form === this.form || (!this.form && shownIn(this).includes(form as Node)),
      isLeftOutOf: (form) => this.name !== '' && isLeftOutOf(form, this),
      submitted: () => (this.name || this.metaName ? this.#value.all : []),
    };
  }

  /** Explains why the form is held back. */
  #explain(submitter: HTMLElement | null): void {
    this.#userValidity.ask();
    const update = () => {
      this.#update();
      return this.#status.failure || this.#texts.busy;
    };
    this.#explainer.explain(update, submitter);
  }
}
