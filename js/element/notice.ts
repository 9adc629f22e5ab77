/** Shows next to the pressed button what a hidden element cannot say itself. */
export class Notice {
  #shown: HTMLElement | undefined;

  /** @param own that of the element; its component may be in another one */
  show(text: string, own: HTMLFormElement | null, submitter: HTMLElement | null): void {
    this.clear();
    const form = own ?? (submitter as HTMLButtonElement | null)?.form;
    if (!form) return;
    const notice = form.ownerDocument.createElement('p');
    notice.setAttribute('role', 'alert');
    // Turbo keeps no copy of it.
    notice.setAttribute('data-turbo-temporary', '');
    notice.textContent = text;
    // In a hidden form, the focus is on what a person pressed for a script to send it.
    const { activeElement, body } = form.ownerDocument;
    const beside = [submitter, form, activeElement].find((one) => one?.getClientRects().length);
    if (!beside || beside === form || beside === body) form.append(notice);
    else beside.after(notice);
    if (notice.getClientRects().length === 0) console.warn(`kmseal: nobody can read what a hidden form says: ${text}`);
    this.#shown = notice;
  }

  clear(): void {
    this.#shown?.remove();
    this.#shown = undefined;
  }
}
