/** A label outside names the element; the focus goes to the input inside, which no label can reach. */
export function label(element: HTMLElement & { labels: NodeList | null }, input: HTMLElement): void {
  // None yet while a polyfill of scoped registries makes the element, and hands it its attributes.
  const labels = Array.from(element.labels ?? [], ({ textContent }) => textContent?.trim());
  const text = element.getAttribute('aria-label') ?? labels.filter(Boolean).join(' ');
  if (text) input.setAttribute('aria-label', text);
  else input.removeAttribute('aria-label');
}
