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
    if (submitter?.getClientRects().length) submitter.after(notice);
    else form.append(notice);
    this.#shown = notice;
  }

  clear(): void {
    this.#shown?.remove();
    this.#shown = undefined;
  }
}
