import type { Entry } from './files.js';

const SVG = 'http://www.w3.org/2000/svg';

/** What each state looks like without its colour: a lens, a clock, a ring that is being closed, a padlock, an exclamation mark. */
const PATHS: Record<Entry['state'], string> = {
  checking: 'M7 2a5 5 0 1 0 0 10a5 5 0 0 0 0-10M10.75 10.75L14 14',
  waiting: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 0 0 0-12.5M8 4.75V8l2.25 1.5',
  sealing: 'M8 1.75a6.25 6.25 0 1 1-6.25 6.25',
  sealed: 'M3.75 7.25h8.5v6h-8.5zM5.25 7V4.75a2.75 2.75 0 0 1 5.5 0V7M8 9.5v1.5',
  failed: 'M8 1.75L14.75 13.75H1.25zM8 6.25v3.5M8 11.5v.25',
};

/** A state's sign, drawn in the text's colour. No image of a URL, which a strict Content-Security-Policy would hold back. */
export class Sign {
  readonly element: SVGElement;
  readonly #path: SVGElement;

  constructor(document: Document) {
    this.element = document.createElementNS(SVG, 'svg');
    this.#path = document.createElementNS(SVG, 'path');
    const attributes = { part: 'sign', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' };
    for (const [name, value] of Object.entries(attributes)) this.element.setAttribute(name, value);
    this.element.append(this.#path);
  }

  show(state: Entry['state']): void {
    this.#path.setAttribute('d', PATHS[state]);
  }
}
