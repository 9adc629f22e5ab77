import { internalsFor } from './internals.js';

// A server, which only imports it, does not have this class.
const base = () => (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
const Base = /* @__PURE__ */ base();

const internals = /* @__PURE__ */ new WeakMap<FormControl, ElementInternals>();

/** @internal What only the element itself may do with its form. */
export const internalsOf = (control: FormControl): ElementInternals => internals.get(control)!;

/** The members that every form control has. */
export class FormControl extends Base {
  static readonly formAssociated = true;

  constructor() {
    super();
    internals.set(this, internalsFor(this));
  }

  /** Like that of a native input: scripts that read forms control by control then take `files` instead of `value`. */
  get type(): string {
    return 'file';
  }

  get form(): HTMLFormElement | null {
    return internalsOf(this).form;
  }

  /** Sets the attribute: React would fail on a property that cannot be set. */
  set form(id: string | null) {
    if (id === null) this.removeAttribute('form');
    else this.setAttribute('form', id);
  }

  get labels(): NodeList {
    return internalsOf(this).labels;
  }

  get validity(): ValidityState {
    return internalsOf(this).validity;
  }

  get validationMessage(): string {
    return internalsOf(this).validationMessage;
  }

  get willValidate(): boolean {
    return internalsOf(this).willValidate;
  }

  checkValidity(): boolean {
    return internalsOf(this).checkValidity();
  }

  reportValidity(): boolean {
    return internalsOf(this).reportValidity();
  }
}
