import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { layout } from './layout.mjs';
import { WAYS, WAY_PAGES } from './ways.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const fragment = (name) => raw(read(`${name}.html`));

const STYLES = ['/palette.css', '/style.css', '/journey.css'];

/** @type {(import('./layout.mjs').Page & { name: string, main: () => unknown })[]} */
const PAGES = [
  {
    name: 'by-hand',
    path: '/',
    label: WAYS['by-hand'],
    title: 'kmseal: seal a file for AWS KMS',
    heading: 'Sealed here. Opened only by\u00a0KMS.',
    lede:
      'Choose a file. This page encrypts it with a public key and shows you the envelope, byte by byte. The private key is inside ' +
      'AWS KMS and cannot leave it: not to this page, not to the bucket, not to us.',
    styles: [...STYLES, '/envelope.css'],
    scripts: ['/by-hand.js'],
    main: () => html`<div class="opening">${fragment('picker')}${fragment('key-card')}</div>\n${fragment('journey')}`,
  },
  ...WAY_PAGES.map((way) => ({
    ...way,
    path: `/${way.name}`,
    label: WAYS[way.name],
    title: `kmseal: ${WAYS[way.name]}`,
    styles: [...STYLES, '/ways.css', ...(way.styles ?? [])],
    scripts: ['/way-page.js', `/ways/${way.name}.js`],
    main: () => wayMain(way),
  })),
  {
    name: 'arrived',
    path: '/arrived',
    label: 'What arrived',
    title: 'kmseal: what arrived in the bucket',
    heading: 'What the bucket holds.',
    lede:
      'Every envelope that reached the bucket since the server was started, whichever way it came. Ask the server to open one: ' +
      'it tells the SHA-256 of what is inside, and no byte of it.',
    styles: [...STYLES, '/ways.css'],
    scripts: ['/arrived.js'],
    main: () => fragment('arrivals'),
  },
];

/** @returns {Map<string, unknown>} path to HTML */
export function renderPages() {
  const shared = { pages: PAGES, templates: fragment('templates') };
  return new Map(PAGES.map((page) => [page.path, layout(page, page.main(), shared)]));
}

/** A page that says why something was refused, for a form that was sent by the browser itself. @param {string} message */
export function renderRefusal(message) {
  const page = { path: '', title: 'kmseal: refused', heading: 'Refused.', lede: message, styles: STYLES, scripts: [] };
  return layout(page, html`<p><a href="/form">Back to the form</a></p>`, { pages: PAGES, templates: '' });
}

/** @param {{ name: string }} way */
const wayMain = ({ name }) => html`
  <div class="opening">
    <section class="desk" aria-labelledby="desk-title">
      <svg class="mark" id="key-mark" aria-hidden="true" focusable="false" viewBox="-50 -50 100 100"></svg>
      <h2 id="desk-title">Try it</h2>
      ${raw(read(`ways/${name}.html`))}
    </section>
    ${fragment('key-card')}
  </div>
  ${fragment('arrivals')}
  <section class="sources" aria-labelledby="sources-title">
    <h2 id="sources-title">All there is to it</h2>
    <p class="quiet">The markup and the script of this page’s form, as they run here. Packages come by name through a bundler.</p>
    ${source('In the page', `${name}.html`)}
    ${source('Its script', `${name}.js`)}
  </section>`;

/** @param {string} title @param {string} name of a file of www/ways/ */
const source = (title, name) => html`<figure class="source">
  <figcaption>${title} <code>${name}</code></figcaption>
  <pre tabindex="0" role="region" aria-label="${name}"><code>${read(`ways/${name}`)}</code></pre>
</figure>`;
