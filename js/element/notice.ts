/** Shows next to the pressed button what a hidden element cannot say itself. */
export class Notice {
  readonly #control: HTMLElement;
  #shown: HTMLElement | undefined;

  constructor(control: HTMLElement) {
    this.#control = control;
  }

  /** @param form that of the control; a component around it may be in another one */
  show(text: string, form: HTMLFormElement | null, submitter: HTMLElement | null): void {
    this.clear();
    const { ownerDocument: document } = this.#control;
    const notice = document.createElement('p');
    notice.setAttribute('role', 'alert');
    // Turbo keeps no copy of it.
    notice.setAttribute('data-turbo-temporary', '');
    notice.textContent = text;
    // In a hidden form, the focus is on what a person pressed for a script to send it.
    const beside = [submitter, form, document.activeElement].find((one) => one?.getClientRects().length);
    if (beside && beside !== form && beside !== document.body) beside.after(notice);
    else form?.append(notice);
    if (notice.getClientRects().length === 0) console.warn(`kmseal: nobody can read what a hidden form says: ${text}`);
    this.#shown = notice;
  }

  clear(): void {
    this.#shown?.remove();
    this.#shown = undefined;
  }
}
