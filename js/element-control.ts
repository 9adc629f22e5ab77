// On a server, which only imports it, there is no such class.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** @internal What only the element itself may do with its form. */
export let internalsOf: (control: FormControl) => ElementInternals;

/** The members that every form control has. */
export class FormControl extends Base {
  static {
    internalsOf = (control) => control.#internals;
  }

  static readonly formAssociated = true;

  readonly #internals = this.attachInternals();

  get type(): string {
    return this.localName;
  }

  get form(): HTMLFormElement | null {
    return this.#internals.form;
  }

  /** Sets the attribute: React would fail on a property that cannot be set. */
  set form(id: string | null) {
    if (id === null) this.removeAttribute('form');
    else this.setAttribute('form', id);
  }

  get labels(): NodeList {
    return this.#internals.labels;
  }

  get validity(): ValidityState {
    return this.#internals.validity;
  }

  get validationMessage(): string {
    return this.#internals.validationMessage;
  }

  get willValidate(): boolean {
    return this.#internals.willValidate;
  }

  checkValidity(): boolean {
    return this.#internals.checkValidity();
  }

  reportValidity(): boolean {
    return this.#internals.reportValidity();
  }
}
