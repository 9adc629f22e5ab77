/** Says beside the button that was pressed what an element cannot say itself, since it is not shown. */
export class Notice {
  #shown: HTMLElement | undefined;

  show(text: string, form: HTMLFormElement | null, submitter: HTMLElement | null): void {
    this.clear();
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
