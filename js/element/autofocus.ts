/** The elements that were in a page before. */
const seen = new WeakSet<HTMLElement>();

/** Browsers look for `autofocus` when a page is shown, which may be before a script defines the element. */
export function autofocus(element: HTMLElement): void {
  const first = !seen.has(element);
  seen.add(element);
  const { activeElement, body } = element.ownerDocument;
  const free = activeElement === null || activeElement === body;
  if (first && element.hasAttribute('autofocus') && free && !element.ownerDocument.querySelector(':target'))
    element.focus();
}
