const UNREAD = 'has files that are not encrypted, and its form was read without them; ask form.checkValidity() first';

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
  /** Tells the person that the page cannot send what was chosen. */
  refuse(submitter: HTMLElement | null): void;
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
  /** Where listeners of the event on its way may stand, and so where it may end. */
  #path: EventTarget[] = [];
  /** Likewise for the formdata event. */
  #readingPath: EventTarget[] = [];
  /** What the control had in the form when the reading of that began. */
  #read: ReadonlySet<FormDataEntryValue> = new Set();

  constructor(control: Guarded) {
    this.#control = control;
  }

  /** Guards this form in place of the one before. */
  attach(form: HTMLFormElement | null): void {
    this.rest();
    this.#form?.removeEventListener('submit', this.#first, true);
    this.#form?.removeEventListener('formdata', this.#look, true);
    this.#form = form;
    form?.addEventListener('submit', this.#first, true);
    form?.addEventListener('formdata', this.#look, true);
  }

  /** Leaves the window until the next submit event, or that would keep what left the page. */
  rest(): void {
    for (const target of this.#path.splice(0)) target.removeEventListener('submit', this.#last);
    for (const target of this.#readingPath.splice(0)) target.removeEventListener('formdata', this.#lastLook);
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
    this.#path = follow(event, this.#last);
  };

  readonly #last = (event: Event): void => {
    if (event.target !== this.#form) return;
    this.#control.recheck();
    this.#hold(event as SubmitEvent);
    if (event.currentTarget === this.#path.at(-1)) this.#holdNames(event as SubmitEvent);
  };

  #hold(event: SubmitEvent): void {
    const control = this.#control;
    const { submitter = null } = event;
    if (this.#held || control.disabled || !control.unfinished) return;
    // It closes a dialog and sends nothing.
    if (this.#attribute('method', submitter) === 'dialog') return;
    this.#stop(event);
    control.explain(submitter);
  }

  /**
   * Browsers send files in multipart/form-data alone, and else only what they are called; see "construct an entry list" and
   * "convert to a list of name-value pairs" of the HTML Standard.
   */
  #holdNames(event: SubmitEvent): void {
    const control = this.#control;
    const { submitter = null, isTrusted, defaultPrevented } = event;
    // A script sends it in its own way, or nobody does.
    if (!isTrusted || defaultPrevented || control.disabled || control.submitted.length === 0) return;
    const method = this.#attribute('method', submitter);
    const multipart = method === 'post' && this.#attribute('enctype', submitter) === 'multipart/form-data';
    if (multipart || method === 'dialog' || this.#attribute('action', submitter)?.trim().startsWith('javascript:')) return;
    this.#stop(event);
    warn(control, 'holds its form back, which would send only the names of its files; set method="post" and enctype="multipart/form-data"');
    control.refuse(submitter);
  }

  #stop(event: Event): void {
    this.#held = true;
    event.preventDefault();
    // Or scripts that send the form themselves would do so.
    event.stopImmediatePropagation();
  }

  /** What the button says, and else the form, in lower case. A form's properties may be hidden by controls of their names. */
  #attribute(name: 'method' | 'enctype' | 'action', submitter: HTMLElement | null): string | undefined {
    return (submitter?.getAttribute(`form${name}`) ?? this.#form?.getAttribute(name))?.toLowerCase();
  }

  /** Scripts that make a FormData, and form.submit(), ask for no validity, and nothing can hold them back. */
  readonly #look = (event: FormDataEvent): void => {
    if (event.target !== this.#form) return;
    const control = this.#control;
    this.#read = new Set(control.submitted);
    control.recheck();
    if (control.disabled && this.#tookPart) {
      warn(control, 'was disabled, perhaps with its fieldset, before its form was read, so the files are missing; disable the button instead');
    } else if (!control.disabled && control.unfinished && control.holdsFiles) {
      // After a submit event that a listener has answered itself, this is how the form is sent; else it may be looked at only.
      const sent = this.#tookPart && !this.#held;
      if (drop(event.formData, this.#read) || sent) control.explain(null);
      warn(control, UNREAD);
    }
    // The browser itself reads it, right after the event.
    if (this.#tookPart && !control.holdsFiles && this.#event?.defaultPrevented === false) {
      warn(control, 'was emptied in submit, before its form was read, so the files are missing; reset the form later');
    }
    this.#tookPart = false;
    for (const target of this.#readingPath.splice(0)) target.removeEventListener('formdata', this.#lastLook);
    this.#readingPath = follow(event, this.#lastLook);
  };

  /** The page's own listeners may have changed what the files are bound to. */
  readonly #lastLook = (event: Event): void => {
    if (event.target !== this.#form) return;
    const control = this.#control;
    control.recheck();
    if (!control.unfinished || !drop((event as FormDataEvent).formData, this.#read)) return;
    control.explain(null);
    warn(control, UNREAD);
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

/**
 * Listens behind all listeners that are there already, wherever the event comes: one of them may stop it on its way, and in a shadow
 * tree it ends at the root.
 */
function follow(event: Event, listener: (event: Event) => void): EventTarget[] {
  const path = event.composedPath();
  for (const target of path) target.addEventListener(event.type, listener);
  return path;
}

/** A form sends nothing of a shadow tree that it stands around. */
export function warnOutOfReach(control: HTMLElement & { form: HTMLFormElement | null }): void {
  if (control.form) return;
  for (let root = control.getRootNode(); 'host' in root; root = (root as ShadowRoot).host.getRootNode()) {
    if (!(root as ShadowRoot).host.closest('form')) continue;
    return warn(control, 'is in a shadow tree within a form, which sends nothing of that; put the form into the same tree, or the element outside');
  }
}

function warn({ localName }: { localName: string }, what: string): void {
  console.warn(`kmseal: a ${localName} ${what}`);
}
