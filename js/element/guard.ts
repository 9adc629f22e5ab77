import { LEFT_OUT } from './astray.js';
import { warn } from './warn.js';

const UNREAD = 'has files that are not encrypted, and its form was read without them; ask form.checkValidity() first';

const DISABLED =
  'was disabled, perhaps with its fieldset, before its form was read, so the files are missing; disable the button instead';
const EMPTIED = 'was emptied in submit, before its form was read, so the files are missing; reset the form later';
const TAKEN_OUT =
  'was taken out of its form in submit, before the form was read, so the files are missing; take it out later';

const ONLY_NAMES = 'would send only the names of its files';

/** The detail of a turbo:submit-start event. */
interface TurboDetail {
  formSubmission: { submitter?: HTMLElement; stop(): void };
}

/** An up:form:submit event of Unpoly. */
interface UnpolySubmission extends Event {
  readonly form: Element;
  readonly submitButton?: HTMLElement;
  readonly params: { getAll(name: string): unknown[]; add(name: string, value: FormDataEntryValue): void };
  readonly renderOptions: { method: string; contentType?: string };
}

/** A navigate event, as far as it is about forms; TypeScript 5 does not know it. */
interface Navigation extends Event {
  readonly sourceElement?: (HTMLElement & { form?: HTMLFormElement }) | null;
}

/** What the guard must know of its control. */
export interface Guarded {
  readonly localName: string;
  /** Whether it participates in its form at all. */
  disabled(): boolean;
  holdsFiles(): boolean;
  /** Whether the form must wait, since a file of the control is not sealed as it should be. */
  unfinished(): boolean;
  /** Checks again what the page may have changed silently. */
  recheck(): void;
  /** Learns of a click in the page, which a submit event may follow. */
  clicked(event: Event): void;
  /** Explains to the person why the form is held back. */
  explain(submitter: HTMLElement | null): void;
  /** Explains to the person that the page cannot send the chosen files. */
  refuse(form: HTMLFormElement, submitter: HTMLElement | null): void;
  /** The form data that the control contributes to. */
  form(): HTMLFormElement | null;
  /** Whether it contributes to this form, or may do so as a part of a component in it. */
  isIn(form: EventTarget | null): boolean;
  /** Whether a native control in its place would contribute to this form, though it does not. */
  isLeftOutOf(form: HTMLFormElement): boolean;
  /** What the control has in its form. */
  submitted(): readonly File[];
}

/**
 * Holds a form back while files of its control are not sealed. Constraint validation does so only if nobody set
 * `novalidate`, as libraries do, or `readonly`, and it runs before the listeners that may change what the files are bound to.
 */
export class FormGuard {
  readonly #control: Guarded;
  #form: HTMLFormElement | null = null;
  #roots: readonly EventTarget[] = [];
  /** The submit event of its form that came last. */
  #event: SubmitEvent | undefined;
  /** The event that was held back last. */
  #held: Event | undefined;
  /** Whether the control had files for that event. */
  #hadFiles = false;
  /** Likewise, until the form is read: the first reading is the event's own. */
  #tookPart = false;
  /** Where listeners of the current event may be, and therefore where it may end. */
  #path: EventTarget[] = [];
  /** Likewise for the formdata event. */
  #readingPath: EventTarget[] = [];
  /** What the control had in the form when its reading began. */
  #read: ReadonlySet<FormDataEntryValue> = new Set();

  constructor(control: Guarded) {
    this.#control = control;
  }

  /** Guards this form in place of the one before. */
  attach(form: HTMLFormElement | null): void {
    this.rest();
    this.#form?.removeEventListener('submit', this.#first, true);
    this.#form?.removeEventListener('formdata', this.#look, true);
    this.#form?.removeEventListener('turbo:submit-start', this.#holdTurbo, true);
    this.#form = form;
    form?.addEventListener('submit', this.#first, true);
    form?.addEventListener('formdata', this.#look, true);
    form?.addEventListener('turbo:submit-start', this.#holdTurbo, true);
  }

  /**
   * Listens at these, which are the roots of all trees that the control is shown in, and also the window: a listener there may stop the event
   * before the form.
   */
  watch(roots: readonly EventTarget[]): void {
    for (const root of this.#roots) {
      if (roots.includes(root)) continue;
      for (const [type, listener] of this.#listeners) root.removeEventListener(type, listener, true);
    }
    this.#roots = roots;
    // Those that are there already stay where they are; document.open() has taken them away.
    for (const root of roots)
      for (const [type, listener] of this.#listeners) root.addEventListener(type, listener, true);
  }

  get #listeners(): [string, (event: Event) => void][] {
    return [
      ['submit', this.#first],
      ['formdata', this.#lookAround],
      ['navigate', this.#holdNavigation],
      ['click', this.#click],
      ['up:form:submit', this.#fillUnpoly],
    ];
  }

  /** Leaves the window until the next submit event; otherwise it would keep what left the page. */
  rest(): void {
    // The current event may be the reason for it, and must be followed to its end.
    if (this.#isUnderWay) return void setTimeout(() => this.rest());
    for (const target of this.#path.splice(0)) target.removeEventListener('submit', this.#last);
    for (const target of this.#readingPath.splice(0)) target.removeEventListener('formdata', this.#lastLook);
  }

  /** Must be called when the control becomes unfinished: a listener of the current event may have caused it. */
  changed(): void {
    if (this.#event && this.#isUnderWay) this.#hold(this.#event);
  }

  get #isUnderWay(): boolean {
    return this.#event !== undefined && this.#event.eventPhase !== Event.NONE;
  }

  readonly #click = (event: Event): void => this.#control.clicked(event);

  readonly #first = (event: Event): void => {
    if (event.target !== this.#form) return this.#holdOther(event as SubmitEvent);
    if (event !== this.#event) {
      this.#event = event as SubmitEvent;
      this.#control.recheck();
      this.#hadFiles = !this.#control.disabled() && this.#control.holdsFiles();
      this.#tookPart = this.#hadFiles;
    }
    this.#hold(this.#event);
    // Again, to be behind the listeners that are there already.
    for (const target of this.#path) target.removeEventListener('submit', this.#last);
    this.#path = follow(event, this.#last);
  };

  readonly #last = (event: Event): void => {
    if (event !== this.#event) return;
    this.#control.recheck();
    this.#hold(event as SubmitEvent);
    // A listener that stopped the event has ended its way here.
    if (event.currentTarget !== this.#path.at(-1) && !event.cancelBubble) return;
    this.#holdRemoved(event as SubmitEvent);
    this.#holdNames(event as SubmitEvent);
  };

  #hold(event: SubmitEvent): void {
    const { submitter = null, target } = event;
    if (this.#held === event || !this.#mustWait(target, submitter)) return;
    this.#stop(event);
    this.#control.explain(submitter);
  }

  #mustWait(form: EventTarget | null, submitter: HTMLElement | null): boolean {
    const control = this.#control;
    if (control.disabled() || !control.unfinished() || !control.isIn(form)) return false;
    // It closes a dialog and sends nothing.
    return attributeOf('method', form as Element, submitter) !== 'dialog';
  }

  /** form.submit() fires no submit event, but this one since Chromium 135, Firefox 147 and Safari 26.2. */
  readonly #holdNavigation = (event: Event): void => {
    const { sourceElement: source } = event as Navigation;
    const [form, submitter] = source?.localName === 'form' ? [source, null] : [source?.form, source!];
    const control = this.#control;
    // A link led there, or a script.
    if (!form || !control.isIn(form)) return;
    control.recheck();
    if (this.#mustWait(form, submitter)) control.explain(submitter);
    else if (!event.defaultPrevented && this.#sendsNames(form, submitter)) this.#refuse(ONLY_NAMES, submitter);
    else return;
    event.preventDefault();
  };

  /**
   * Browsers send files only in multipart/form-data, and otherwise only their names; see "construct an entry list" and
   * "convert to a list of name-value pairs" of the HTML Standard.
   */
  #sendsNames(form: Element, submitter: HTMLElement | null): boolean {
    const control = this.#control;
    if (control.form() !== form || control.disabled() || control.submitted().length === 0) return false;
    return !isMultipart(form, submitter) && isSent(form, submitter);
  }

  #holdNames(event: SubmitEvent): void {
    const { submitter = null, isTrusted, defaultPrevented, target } = event;
    // A script sends it in its own way, or it is not sent.
    if (!isTrusted || defaultPrevented || !this.#sendsNames(target as Element, submitter)) return;
    this.#stop(event);
    this.#refuse(ONLY_NAMES, submitter);
  }

  /** A component around the control may give its files to a form in another tree, once they are sealed. */
  #holdOther(event: SubmitEvent): void {
    if (!this.#control.isIn(event.target)) return this.#holdLeftOut(event);
    this.#control.recheck();
    this.#hold(event);
  }

  /** Scripts that send such a form would do so without the files, as the browser would. */
  #holdLeftOut(event: SubmitEvent): void {
    const control = this.#control;
    const form = event.target as HTMLFormElement;
    const { submitter = null, defaultPrevented } = event;
    if (defaultPrevented || control.disabled() || !control.holdsFiles() || !control.isLeftOutOf(form)) return;
    if (isSent(form, submitter)) this.#holdMissing(event, LEFT_OUT);
  }

  /** The browser would read the form without the files that a listener has removed. */
  #holdRemoved(event: SubmitEvent): void {
    const control = this.#control;
    const { submitter = null, isTrusted, defaultPrevented, target } = event;
    if (!isTrusted || defaultPrevented || !this.#hadFiles || !isSent(target as HTMLFormElement, submitter)) return;
    const reason =
      (control.disabled() && DISABLED) ||
      (control.form() !== target && TAKEN_OUT) ||
      (!control.holdsFiles() && EMPTIED);
    if (reason) this.#holdMissing(event, reason);
  }

  #holdMissing(event: SubmitEvent, reason: string): void {
    this.#stop(event);
    warn(this.#control, reason);
    this.#control.refuse(event.target as HTMLFormElement, event.submitter ?? null);
  }

  /** Turbo handles the submit event itself, and sends only strings unless the form is multipart. */
  readonly #holdTurbo = (event: Event): void => {
    const control = this.#control;
    if (event.target !== this.#form || control.disabled() || control.submitted().length === 0) return;
    const { formSubmission } = (event as CustomEvent<TurboDetail>).detail;
    const submitter = formSubmission.submitter ?? null;
    if (isMultipart(this.#form!, submitter)) return;
    formSubmission.stop();
    this.#refuse('Turbo would send without its files', submitter);
  };

  /**
   * Unpoly reads native controls only, so it gets the files here. Its event starts at the button, which may be outside the form, and may come
   * without a submit event.
   */
  readonly #fillUnpoly = (event: Event): void => {
    const control = this.#control;
    const { form, submitButton = null, params, renderOptions } = event as UnpolySubmission;
    if (form !== this.#form || event.defaultPrevented || control.disabled()) return;
    control.recheck();
    if (control.unfinished()) {
      event.preventDefault();
      return control.explain(submitButton);
    }
    const files = new Set<FormDataEntryValue>(control.submitted());
    if (files.size === 0) return;
    const { method, contentType = 'multipart/form-data' } = renderOptions;
    if (method === 'GET' || contentType !== 'multipart/form-data') {
      event.preventDefault();
      return this.#refuse('Unpoly would send without its files', submitButton);
    }
    for (const [name, value] of new FormData(this.#form!))
      if (files.has(value) && !params.getAll(name).includes(value)) params.add(name, value);
  };

  #refuse(loss: string, submitter: HTMLElement | null): void {
    warn(this.#control, `holds its form back, which ${loss}; set method="post" and enctype="multipart/form-data"`);
    this.#control.refuse(this.#form!, submitter);
  }

  #stop(event: Event): void {
    this.#held = event;
    event.preventDefault();
    // Otherwise scripts that send the form themselves would do so.
    event.stopImmediatePropagation();
  }

  /** Scripts that make a FormData, and form.submit(), do not check validity, and nothing can hold back the first. */
  readonly #look = (event: FormDataEvent): void => {
    if (event.target !== this.#form) return;
    const control = this.#control;
    this.#read = new Set(control.submitted());
    control.recheck();
    if (control.disabled() && this.#tookPart) {
      warn(control, DISABLED);
    } else if (!control.disabled() && control.unfinished() && control.holdsFiles()) {
      // After a submit event that a listener has handled itself, this is how the form is sent; otherwise it may only be inspected.
      const sent = this.#tookPart && this.#held !== this.#event;
      if (drop(event.formData, this.#read) || sent) control.explain(null);
      warn(control, UNREAD);
    }
    // The browser itself reads it, right after the event.
    if (this.#tookPart && !control.holdsFiles() && this.#event?.defaultPrevented === false) {
      warn(control, EMPTIED);
    }
    this.#tookPart = false;
    for (const target of this.#readingPath.splice(0)) target.removeEventListener('formdata', this.#lastLook);
    this.#readingPath = follow(event, this.#lastLook);
  };

  /** Likewise for a form in another tree. */
  readonly #lookAround = ({ target }: Event): void => {
    const control = this.#control;
    if (target !== this.#form && control.isIn(target) && control.unfinished() && control.holdsFiles())
      warn(control, UNREAD);
  };

  /** The page's own listeners may have changed what the files are bound to. */
  readonly #lastLook = (event: Event): void => {
    if (event.target !== this.#form) return;
    const control = this.#control;
    control.recheck();
    if (!control.unfinished() || !drop((event as FormDataEvent).formData, this.#read)) return;
    control.explain(null);
    warn(control, UNREAD);
  };
}

/** The button's attribute, or the form's, in lower case. A form's properties may be hidden by controls of their names. */
function attributeOf(
  name: 'method' | 'enctype' | 'action',
  form: Element,
  submitter: HTMLElement | null,
): string | undefined {
  return (submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name))?.toLowerCase();
}

function isMultipart(form: Element, submitter: HTMLElement | null): boolean {
  return (
    attributeOf('method', form, submitter) === 'post' &&
    attributeOf('enctype', form, submitter) === 'multipart/form-data'
  );
}

/** A form of a dialogue closes it, and one whose action is a script runs it. */
function isSent(form: Element, submitter: HTMLElement | null): boolean {
  return (
    attributeOf('method', form, submitter) !== 'dialog' &&
    !attributeOf('action', form, submitter)?.trim().startsWith('javascript:')
  );
}

/** Removes files whose context or key the page has changed since; others may have the same field. */
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
 * Listens behind all existing listeners, wherever the event passes: one of them may stop it on its way, and in a shadow
 * tree it ends at the root.
 */
function follow(event: Event, listener: (event: Event) => void): EventTarget[] {
  const path = event.composedPath();
  for (const target of path) target.addEventListener(event.type, listener);
  return path;
}
