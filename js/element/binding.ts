import { contextFrom, same } from './context.js';
import { type EncryptionContext, KmsealError, Sealer } from '../index.js';
import { notOurs } from '../io/other-copy.js';

const UNSET =
  'this kmseal-file has no encryption context, without which an envelope is bound to nobody; set its attribute ' +
  'encryption-context, for example to {"user":"4711"}, or its property encryptionContext; {} stands for no context';

export const ATTRIBUTE = 'encryption-context';
/** The values that frameworks write if they take a property's name for an attribute's. */
export const ALIAS = 'encryptioncontext';

/** What the files of an element are bound to: a context, and the page's own sealer, each as last set. */
export class Binding {
  readonly #element: HTMLElement;
  readonly #changed: () => void;
  #sealer: Sealer | null = null;
  #sealerRefused: KmsealError | undefined;
  #context: EncryptionContext | null = null;
  #contextRefused: KmsealError | undefined;
  /** The page's own object, which it may change. */
  #given: unknown;
  /** Whether a script set the context, and whether it was then taken away by way of the attribute, as by a page that morphs. */
  #scripted = false;
  #lost = false;
  #reflecting = false;

  /** @param changed is called when files that were sealed before are not bound as they would be now */
  constructor(element: HTMLElement, changed: () => void) {
    this.#element = element;
    this.#changed = changed;
  }

  get sealer(): Sealer | null {
    return this.#sealer;
  }

  get context(): EncryptionContext | null {
    return this.#context;
  }

  /** A refused value stays refused until a valid one is set: an older value in its place could be another person's. */
  get refused(): KmsealError | undefined {
    return this.#contextRefused ?? this.#sealerRefused;
  }

  /** @throws TypeError */
  setSealer(set: unknown): void {
    const given = orNull(set);
    const before = this.#sealer;
    if (given !== null && !(given instanceof Sealer)) {
      const cause = notOurs(given, 'Sealer', 'sealer', 'a Sealer');
      this.#sealer = null;
      this.#sealerRefused ??= new KmsealError(
        'ERR_KEY_INVALID',
        `this kmseal-file was given a sealer that is refused: ${cause.message}`,
        { cause },
      );
      if (before) this.#changed();
      throw cause;
    }
    const again = this.#sealerRefused !== undefined;
    this.#sealer = given;
    this.#sealerRefused = undefined;
    // Pages that render often make a new one each time.
    const alike = before === this.#sealer || (before && this.#sealer?.sealsAs(before));
    if (again || !alike) this.#changed();
  }

  /** @throws TypeError */
  setContext(given: unknown): void {
    try {
      this.#set(given, true);
    } finally {
      this.#reflect();
    }
  }

  /** Applies an attribute of one of the two names. */
  readContext(name: string, text: string | null): void {
    // Our own change, or the rest of it.
    if (this.#reflecting || (name === ALIAS && text === null)) return;
    try {
      this.#set(text, false);
      if (name === ALIAS) this.#reflect();
    } catch (error) {
      if (name === ALIAS) this.#write(null);
      // An exception could not be caught here.
      console.error(error);
    }
  }

  #set(set: unknown, scripted: boolean): void {
    const given = orNull(set);
    this.#lost = given === null && !scripted && (this.#lost || this.#scripted);
    this.#scripted = given !== null && scripted;
    const before = this.#context;
    const refusedBefore = this.#contextRefused?.message;
    this.#given = given;
    try {
      this.#context = given === null ? null : contextFrom(given);
      this.#contextRefused = undefined;
    } catch (cause) {
      this.#context = null;
      const message = `this kmseal-file was given an encryption context that is refused: ${(cause as Error).message}`;
      this.#contextRefused = new KmsealError('ERR_CONTEXT', message, { cause });
      throw cause;
    } finally {
      // Frameworks set equal objects over and over.
      if (!same(before, this.#context) || refusedBefore !== this.#contextRefused?.message) this.#changed();
    }
  }

  /** Snapshots, clones and templates of a page copy the element's attributes. */
  #reflect(): void {
    // A refused value leaves no attribute: a copy with an older one would seal for somebody else.
    this.#write(this.#context && JSON.stringify(this.#context));
    this.#element.removeAttribute(ALIAS);
  }

  #write(json: string | null): void {
    const element = this.#element;
    if (json === element.getAttribute(ATTRIBUTE)) return;
    this.#reflecting = true;
    if (json === null) element.removeAttribute(ATTRIBUTE);
    else element.setAttribute(ATTRIBUTE, json);
    this.#reflecting = false;
  }

  /** Compares the page's object with its state when it was set. */
  recheck(): void {
    if (typeof this.#given !== 'object' || this.#given === null) return;
    try {
      this.setContext(this.#given);
    } catch {
      // It is recorded as refused.
    }
  }

  /**
   * What to seal with now.
   *
   * @throws KmsealError if the page has not set it yet
   */
  take(): { sealer: Sealer | null; encryptionContext: EncryptionContext | undefined } {
    // What the sealer has may be less than what the script meant.
    const unset = !this.#context && (this.#lost || !this.#sealer?.hasContext);
    const error = this.refused ?? (unset ? new KmsealError('ERR_CONTEXT', UNSET) : undefined);
    if (error) throw error;
    return { sealer: this.#sealer, encryptionContext: this.#context ?? undefined };
  }
}

/** Preact writes an empty string where a property is to have no value. */
function orNull(given: unknown): unknown {
  return given === undefined || given === '' ? null : given;
}
