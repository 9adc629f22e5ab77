/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] of the element, not attributes
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
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
