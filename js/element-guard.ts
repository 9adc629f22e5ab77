/** What the guard has to know of the control that it guards. */
export interface Guarded {
  readonly localName: string;
  /** Whether it takes part in its form at all. */
  readonly disabled: boolean;
  readonly holdsFiles: boolean;
  /** Whether the form must not go, since a file of the control's is not sealed as it has to be. */
  readonly unfinished: boolean;
  /** Compares again what the page may have changed without a word. */
  recheck(): void;
  /** Tells the person why the form is held back. */
  explain(submitter: HTMLElement | null): void;
  /** What the control has in its form. */
  readonly submitted: readonly File[];
}

/**
 * Holds a form back while files of its control are not sealed. Constraint validation does so by itself only where nobody set
 * `novalidate`, as libraries do, or `readonly`, and it was asked before the listeners that may change what the files are bound to.
 */
export class FormGuard {
  readonly #control: Guarded;
  #form: HTMLFormElement | null = null;
  /** The submit event that came last, and whether it was held back. */
  #event: SubmitEvent | undefined;
  #held = false;
  /** Whether the control had files for that event; the first reading of the form is the one that it was for. */
  #tookPart = false;

  constructor(control: Guarded) {
    this.#control = control;
  }

  /** Guards this form in place of the one before. */
  attach(form: HTMLFormElement | null): void {
    this.rest();
    this.#form?.removeEventListener('submit', this.#first, true);
    this.#form?.removeEventListener('formdata', this.#look);
    this.#form = form;
    form?.addEventListener('submit', this.#first, true);
    form?.addEventListener('formdata', this.#look);
  }

  /** Leaves the window until the next submit event, or that would keep what left the page. */
  rest(): void {
    for (const target of ends(this.#form)) target.removeEventListener('submit', this.#last);
  }

  /** To be called when the control became unfinished: a listener of the event that is on its way may have caused it. */
  changed(): void {
    if (this.#event && this.#event.eventPhase !== Event.NONE) this.#hold(this.#event);
  }

  readonly #first = (event: Event): void => {
    if (event.target !== this.#form) return;
    this.#event = event as SubmitEvent;
    this.#held = false;
    this.#control.recheck();
    this.#tookPart = !this.#control.disabled && this.#control.holdsFiles;
    this.#hold(this.#event);
    // Again, to be behind the listeners that are there already.
    this.rest();
    for (const target of ends(this.#form)) target.addEventListener('submit', this.#last);
  };

  readonly #last = (event: Event): void => {
    if (event.target !== this.#form) return;
    this.#control.recheck();
    this.#hold(event as SubmitEvent);
  };

  #hold(event: SubmitEvent): void {
    const control = this.#control;
    const { submitter = null } = event;
    if (this.#held || control.disabled || !control.unfinished) return;
    // It closes a dialog and sends nothing.
    if ((submitter?.getAttribute('formmethod') ?? this.#form?.getAttribute('method'))?.toLowerCase() === 'dialog') return;
    this.#held = true;
    event.preventDefault();
    // Or scripts that send the form themselves would do so.
    event.stopImmediatePropagation();
    control.explain(submitter);
  }

  /** Scripts that make a FormData, and form.submit(), ask for no validity, and nothing can hold them back. */
  readonly #look = ({ formData }: FormDataEvent): void => {
    const control = this.#control;
    const before = new Set<FormDataEntryValue>(control.submitted);
    control.recheck();
    if (control.disabled && this.#tookPart) {
      warn(control, 'was disabled, perhaps with its fieldset, before its form was read, so the files are missing; disable the button instead');
    } else if (!control.disabled && control.unfinished && control.holdsFiles) {
      // After a submit event that a listener has answered itself, this is how the form is sent; else it may be looked at only.
      const sent = this.#tookPart && !this.#held;
      if (drop(formData, before) || sent) control.explain(null);
      warn(control, 'has files that are not encrypted, and its form was read without them; ask form.checkValidity() first');
    }
    this.#tookPart = false;
  };
}

/** Takes out files that were sealed for what the page has changed since; others may have the same field. */
function drop(formData: FormData, stale: ReadonlySet<FormDataEntryValue>): boolean {
  const names = [...new Set(formData.keys())].filter((name) => formData.getAll(name).some((value) => stale.has(value)));
  for (const name of names) {
    const others = formData.getAll(name).filter((value) => !stale.has(value));
    formData.delete(name);
    for (const value of others) formData.append(name, value);
  }
  return names.length > 0;
}

/** Where an event ends on its form, and where it ends at all. */
function ends(form: HTMLFormElement | null): EventTarget[] {
  return form ? [form, form.ownerDocument.defaultView ?? form.ownerDocument] : [];
}

function warn({ localName }: Guarded, what: string): void {
  console.warn(`kmseal: a ${localName} ${what}`);
}
