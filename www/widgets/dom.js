/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] of the element, not attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A line of secondary text. @param {...(string | Node)} content */
export const line = (...content) => element('p', { className: 'quiet' }, ...content);

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {{ className?: string, about?: string }} [options] about: read to people who do not see its place
 * @returns {HTMLButtonElement}
 */
export function button(text, onClick, { className = 'button', about } = {}) {
  const made = element('button', { type: 'button', className }, text);
  if (about !== undefined) made.append(element('span', { className: 'visually-hidden', textContent: `: ${about}` }));
  made.addEventListener('click', onClick);
  return made;
}

/** One entry of a `<dl>`. @param {string} term @param {string} value */
export const fact = (term, value) => [element('dt', { textContent: term }), element('dd', { textContent: value })];

/** @param {string} tag @param {Record<string, string | number>} [attributes] @param {...Node} children */
export function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** @param {string} id of a template with one root element */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {HTMLElement} */ (template.content.firstElementChild.cloneNode(true));
}

/** Scrolls the result of a choice into view. @param {Element} entry @param {ScrollLogicalPosition} [block] where to */
export function reveal(entry, block = 'start') {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  entry.scrollIntoView({ block, behavior: still ? 'auto' : 'smooth' });
}
