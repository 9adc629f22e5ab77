import type { FormControl } from './control.js';
import { Notice } from './notice.js';
import type { View } from './view.js';

/** Explains to the person why the form is held back. */
export class Explainer {
  readonly #control: FormControl;
  readonly #view: View;
  readonly #notice: Notice;
  #explained = false;

  constructor(control: FormControl, view: View) {
    this.#control = control;
    this.#notice = new Notice(control);
    this.#view = view;
  }

  /** Whether the form was held back, and the reason for it is still there. */
  get explained(): boolean {
    return this.#explained;
  }

  /** Explains what to wait for, or to fix, once the view shows it: `update` makes it do so. */
  explain(update: () => string, submitter: HTMLElement | null): void {
    this.#explained = true;
    const text = update();
    const { form, willValidate } = this.#control;
    // The browser reports nothing about a hidden element.
    if (!this.#isShown) this.#notice.show(text, form, submitter);
    else if (!willValidate) this.#view.input.focus();
    if (willValidate) this.#control.reportValidity();
  }

  /** Reports that the page cannot send the files. */
  refuse(text: string, form: HTMLFormElement, submitter: HTMLElement | null): void {
    this.#view.complain([text]);
    if (this.#isShown) this.#view.input.focus();
    else this.#notice.show(text, form, submitter);
  }

  /** Reports to those who pressed a button that the control is invalid, where the browser does not. */
  tellHidden(submitter: HTMLElement): void {
    const { form, validationMessage } = this.#control;
    if (!this.#isShown) this.#notice.show(validationMessage, form, submitter);
  }

  /** Called when the reason is gone. */
  forgive(): void {
    this.#explained = false;
    this.#notice.clear();
  }

  /** Called when the element leaves the page. */
  leave(): void {
    this.#notice.clear();
  }

  /** Whether a browser would report something about the element: only about what can have the focus. */
  get #isShown(): boolean {
    const { input } = this.#view;
    // Chromium before 105, Firefox before 106 and Safari before 17.4 have no checkVisibility(), and the first ones that have it know the other name.
    const isVisible =
      input.checkVisibility?.({ visibilityProperty: true, checkVisibilityCSS: true }) ??
      input.getClientRects().length > 0;
    return isVisible && !this.#control.closest('[inert]') && !this.#isBehindModal;
  }

  /** A modal dialogue, as one that asks whether to send the form, makes everything else inert. */
  get #isBehindModal(): boolean {
    if (!globalThis.CSS?.supports('selector(:modal)')) return false;
    const modals = this.#control.ownerDocument.querySelectorAll(':modal');
    return Array.from(modals).some((modal) => !modal.contains(this.#control));
  }
}
