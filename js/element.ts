/**
 * A form control that submits files sealed.
 *
 * @module kmseal/element
 */
import { Announcer } from './element-announcer.js';
import { copyOf, same } from './element-context.js';
import { FormControl, internalsOf } from './element-control.js';
import { type Entry, SealingList, isAccepted } from './element-files.js';
import { reflect, upgradeProperties } from './element-reflect.js';
import { OwnSealer, sealFile } from './element-sealer.js';
import { applyStyles } from './element-styles.js';
import { type KmsealFileTexts, TEXTS, fill } from './element-texts.js';
import { View, failureOf } from './element-view.js';
import { Sealer } from './index.js';
import type { EncryptionContext } from './index.js';

export type { KmsealFileTexts } from './element-texts.js';

/** The events of a {@link KmsealFileElement}; all bubble. */
export interface KmsealFileEventMap extends HTMLElementEventMap {
  /** Before a chosen file is taken; preventDefault() drops it. */
  beforeseal: CustomEvent<{ file: File }>;
  /** A file is sealed. */
  seal: CustomEvent<{ file: File; sealed: File }>;
  /** A file could not be sealed, and the form cannot be sent. The error is a KmsealError, or whatever the sealer threw. */
  sealerror: CustomEvent<{ file: File; error: unknown }>;
}

/** The attributes that the native input is given too. */
const MIRRORED = ['accept', 'multiple', 'capture'];
/** The attributes that say how a file is sealed: when they change, what was sealed before is sealed anew. */
const SEALING = ['key-src', 'fingerprint', 'key-id', 'meta-name'];

const STRINGS = { name: 'name', accept: 'accept', keySrc: 'key-src', keyId: 'key-id', fingerprint: 'fingerprint', metaName: 'meta-name' };
const BOOLEANS = { required: 'required', multiple: 'multiple', disabled: 'disabled' };

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
 * file's `{ name, type, size, lastModified }` in JSON and under the same data key. It is invalid until all files are sealed,
 * and until then its value is empty, so a form that is sent regardless sends nothing of it.
 */
export class KmsealFileElement extends FormControl {
  static readonly observedAttributes = ['name', 'required', 'aria-label', ...MIRRORED, ...SEALING];

  static {
    reflect(this, { strings: STRINGS, booleans: BOOLEANS });
  }

  /** The form field of the sealed files. */
  declare name: string;
  /** Where the public key is: GetPublicKey's answer in JSON, or PEM. Not needed with {@link sealer}. */
  declare keySrc: string;
  /** The key's ARN; needed where `key-src` is of another origin, or has PEM. */
  declare keyId: string;
  /** `SHA256:` and the padded base64 of SHA-256 over the key's DER; needed where `key-src` is of another origin. */
  declare fingerprint: string;
  /** The form field of the descriptions; without it there are none. */
  declare metaName: string;
  declare accept: string;
  declare required: boolean;
  declare multiple: boolean;
  declare disabled: boolean;

  readonly #internals = internalsOf(this);
  readonly #view: View;
  readonly #announcer: Announcer;
  readonly #list: SealingList;
  readonly #own = new OwnSealer();
  #sealer: Sealer | null = null;
  #encryptionContext: EncryptionContext | null = null;
  #texts: Readonly<KmsealFileTexts> = TEXTS;
  #files: readonly File[] = [];
  #message = '';
  #disabled = false;
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
    this.#list = new SealingList((file, run) => this.#seal(file, run), {
      changed: () => this.#update(),
      progressed: () => this.#showProgress(),
      settled: (entry) => this.#settled(entry),
    });
    this.#internals.role = 'group';
    // A label, and click(), open the dialogue as they do for a native input.
    this.addEventListener('click', (event) => {
      if (event.composedPath()[0] === this) this.#view.input.click();
    });
    this.addEventListener('focusin', () => this.#label());
  }

  /** Seals in place of one made from `key-src`. With `meta-name` give it a `cache`, so that its opener needs one KMS call for both. */
  get sealer(): Sealer | null {
    return this.#sealer;
  }

  set sealer(sealer: Sealer | null | undefined) {
    if (sealer != null && !(sealer instanceof Sealer)) throw new TypeError('sealer must be a Sealer');
    if (this.#sealer === (sealer ?? null)) return;
    this.#sealer = sealer ?? null;
    this.#sealAnew();
  }

  /** The context of every envelope of this element. When it changes, what was sealed before is sealed anew. */
  get encryptionContext(): EncryptionContext | null {
    return this.#encryptionContext;
  }

  set encryptionContext(context: EncryptionContext | null | undefined) {
    const copy = context == null ? null : copyOf(context);
    // Frameworks set equal objects over and over.
    if (same(copy, this.#encryptionContext)) return;
    this.#encryptionContext = copy;
    this.#sealAnew();
  }

  /** What the element says, in the page's language; texts that are not given are English. */
  get texts(): Readonly<KmsealFileTexts> {
    return this.#texts;
  }

  set texts(texts: Partial<KmsealFileTexts> | null | undefined) {
    this.#texts = Object.freeze({ ...TEXTS, ...texts });
    this.#update();
  }

  /** The sealed files, which have neutral names: `file-1.kmseal` and so on. Those that are still being sealed are missing. */
  get files(): readonly File[] {
    return this.#files;
  }

  /** Makes the element invalid, until it is called with an empty string. */
  setCustomValidity(message: string): void {
    this.#message = String(message);
    this.#update();
  }

  /** @internal */
  connectedCallback(): void {
    applyStyles(this.shadowRoot!);
    upgradeProperties(this, ['sealer', 'encryptionContext', 'texts', ...Object.keys(STRINGS), ...Object.keys(BOOLEANS)]);
    this.#list.start();
    this.#label();
  }

  /** @internal */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      // It may have only been moved.
      if (this.isConnected) return;
      this.#list.stop();
      this.#own.close();
    });
  }

  /** @internal */
  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (MIRRORED.includes(name)) {
      if (after === null) this.#view.input.removeAttribute(name);
      else this.#view.input.setAttribute(name, after);
    } else if (SEALING.includes(name)) {
      this.#sealAnew();
    } else {
      this.#update();
      this.#label();
    }
  }

  /** @internal */
  formDisabledCallback(disabled: boolean): void {
    this.#disabled = disabled;
    this.#update();
  }

  /** @internal */
  formResetCallback(): void {
    this.#view.complain('');
    this.#announcer.reset();
    this.#list.replace([]);
  }

  #sealAnew(): void {
    this.#own.close();
    this.#list.redo();
  }

  async #seal(file: File, run: { signal: AbortSignal; onProgress: (progress: { loaded: number }) => void }) {
    const described = this.metaName !== '';
    const [url, fingerprint, keyId] = ['key-src', 'fingerprint', 'key-id'].map((name) => this.getAttribute(name));
    const encryptionContext = this.#encryptionContext ?? undefined;
    const source = { url: url!, fingerprint: fingerprint!, keyId: keyId!, described };
    const sealer = this.#sealer ?? (await this.#own.get(source));
    return sealFile(sealer, file, described, { ...run, encryptionContext });
  }

  #choose(files: readonly File[]): void {
    this.#view.complain('');
    const kept = files.filter((file) => this.#tell('beforeseal', { file }, true));
    this.#announcer.reset();
    this.#list.replace(kept);
    this.#tellChange();
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

  #settled({ state, file, sealed, error }: Entry): void {
    if (state === 'failed') this.#tell('sealerror', { file, error });
    else this.#tell('seal', { file, sealed: submitted.get(sealed!.file) });
  }

  /** False if a listener called preventDefault(). */
  #tell(type: 'beforeseal' | 'seal' | 'sealerror', detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(type, { bubbles: true, cancelable, detail }));
  }

  /** As native inputs do when a person changed what they hold. */
  #tellChange(): void {
    for (const type of ['input', 'change']) this.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' }));
  }

  /** Value, validity, states and what is shown: all from the list. */
  #update(): void {
    const { entries } = this.#list;
    const is = (...states: Entry['state'][]) => entries.some(({ state }) => states.includes(state));
    const sealing = is('waiting', 'sealing');
    const failed = is('failed');
    this.#setValue();
    this.#setState('sealing', sealing);
    this.#setState('failed', failed);
    this.#setState('sealed', entries.length > 0 && !sealing && !failed);
    this.#view.render({ entries, texts: this.#texts, disabled: this.#disabled });
    this.#announcer.update(entries, this.#texts);
    this.#view.input.setAttribute('aria-required', String(this.required));
    const { missing, busy } = this.#texts;
    const message = failureOf(entries, this.#texts) || (sealing ? busy : this.#message);
    const empty = this.required && entries.length === 0;
    const valid = !message && !empty;
    const flags = valid ? {} : { customError: message !== '', valueMissing: empty };
    this.#internals.setValidity(flags, valid ? undefined : message || missing, valid ? undefined : this.#view.input);
  }

  /** All of the files or none: and nothing for browsers to restore a form from. */
  #setValue(): void {
    const { entries } = this.#list;
    const sealed = entries.flatMap(({ sealed }, index) => {
      if (!sealed) return [];
      const file = neutral(sealed.file, `file-${index + 1}.kmseal`);
      return [{ file, meta: sealed.meta && neutral(sealed.meta, `file-${index + 1}.meta.kmseal`) }];
    });
    this.#files = Object.freeze(sealed.map(({ file }) => file));
    if (sealed.length === 0 || sealed.length < entries.length) return this.#internals.setFormValue(null, null);
    const data = new FormData();
    for (const { file, meta } of sealed) {
      if (this.name) data.append(this.name, file);
      if (this.metaName && meta) data.append(this.metaName, meta);
    }
    this.#internals.setFormValue(data, null);
  }

  #setState(state: 'sealing' | 'sealed' | 'failed', on: boolean): void {
    // Before Chromium 125, Firefox 126 and Safari 17.4 there were none, or only such as begin with two hyphens.
    if (!CSS.supports('selector(:state(a))')) return;
    if (on) this.#internals.states.add(state);
    else this.#internals.states.delete(state);
  }

  #showProgress(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#view.renderProgress();
      this.#announcer.update(this.#list.entries, this.#texts);
    });
  }

  /** A label outside names the element; what is focused is the input inside, which no label can reach. */
  #label(): void {
    const labels = Array.from(this.#internals.labels, ({ textContent }) => textContent?.trim());
    const text = this.getAttribute('aria-label') ?? labels.filter(Boolean).join(' ');
    if (text) this.#view.input.setAttribute('aria-label', text);
    else this.#view.input.removeAttribute('aria-label');
  }
}

/** The files that envelopes are submitted as, which stay the same as long as their place in the list does. */
const submitted = new WeakMap<Blob, File>();

function neutral(envelope: Blob, name: string): File {
  const known = submitted.get(envelope);
  if (known?.name === name) return known;
  const file = new File([envelope], name, { type: 'application/octet-stream' });
  submitted.set(envelope, file);
  return file;
}
