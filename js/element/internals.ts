/** Calls of the element itself, where the platform makes none. */
interface FormCallbacks extends HTMLElement {
  formAssociatedCallback(form: HTMLFormElement | null): void;
  formDisabledCallback(disabled: boolean): void;
}

/** The element's internals; in test DOMs, which have none or a part of them, a substitute. */
export function internalsFor(element: HTMLElement): ElementInternals {
  const internals = element.attachInternals?.() as ElementInternals | undefined;
  // jsdom 26 has only the roles, happy-dom 21 nothing. Every browser that can parse the script has all.
  return internals && 'setFormValue' in internals
    ? internals
    : (new StandIn(element as FormCallbacks) as unknown as ElementInternals);
}

/** Must be called when the element is connected: tells it what such a DOM does not report. */
export function connect(internals: ElementInternals): void {
  if (internals instanceof StandIn) internals.connect();
}

/**
 * Validity, labels and the form, as far as scripts ask the element for them. The form still ignores it: these DOMs have no `formdata`
 * event that would bring its files into a FormData.
 */
class StandIn {
  role: string | null = null;
  validationMessage = '';
  readonly states = new Set<string>();
  readonly #element: FormCallbacks;
  #flags: ValidityStateFlags = {};
  #observer: MutationObserver | undefined;

  constructor(element: FormCallbacks) {
    this.#element = element;
  }

  connect(): void {
    const element = this.#element;
    element.formAssociatedCallback(this.form);
    if (this.#observer) return;
    this.#observer = new MutationObserver(() => element.formDisabledCallback(this.#disabled));
    this.#observer.observe(element, { attributeFilter: ['disabled'] });
    if (this.#disabled) element.formDisabledCallback(true);
  }

  get #disabled(): boolean {
    return this.#element.hasAttribute('disabled') || this.#element.closest('fieldset[disabled]') !== null;
  }

  get form(): HTMLFormElement | null {
    const id = this.#element.getAttribute('form');
    return id === null
      ? this.#element.closest('form')
      : (this.#element.ownerDocument.getElementById(id) as HTMLFormElement | null);
  }

  get labels(): readonly Element[] {
    const { id, ownerDocument } = this.#element;
    const all = Array.from(ownerDocument.querySelectorAll('label'));
    return all.filter((label) => (label.htmlFor ? label.htmlFor === id : label.contains(this.#element)));
  }

  get validity(): ValidityStateFlags & { valid: boolean } {
    return { ...this.#flags, valid: !Object.values(this.#flags).some(Boolean) };
  }

  get willValidate(): boolean {
    return !this.#disabled;
  }

  setFormValue(): void {}

  setValidity(flags: ValidityStateFlags, message = ''): void {
    [this.#flags, this.validationMessage] = [flags, message];
  }

  checkValidity(): boolean {
    const { valid } = this.validity;
    if (!valid && this.willValidate) this.#element.dispatchEvent(new Event('invalid', { cancelable: true }));
    return valid || !this.willValidate;
  }

  reportValidity(): boolean {
    return this.checkValidity();
  }
}
