// What all pages of the site share. Every address in it is relative, so that the site works under any path and from a disk.
import { html, raw } from 'hono/html';
import { FORMAT, ICON, source } from '../../www/server/layout.mjs';
import { metaOf } from './policy.mjs';

/** The chapters of the site. @type {[string, string][]} */
const CHAPTERS = [
  ['Try it', 'index.html'],
  ['Guides', 'guides/index.html'],
  ['API', 'api/index.html'],
  ['Rust', 'rust/kmseal/index.html'],
  ['Source', source],
  ['npm', 'https://www.npmjs.com/package/kmseal'],
];

/**
 * @typedef {object} Page
 * @property {string} path within the site
 * @property {string} title
 * @property {string} description
 * @property {string} policy
 * @property {unknown} head what comes after the title: styles
 * @property {unknown} heading text or HTML
 * @property {unknown} [introduction] beside the heading
 * @property {unknown} main
 * @property {unknown} [end] what comes after the footer
 * @property {boolean} [isGuide]
 */

/** From a page to the site's root. @param {string} path */
export const rootOf = (path) => '../'.repeat(path.split('/').length - 1);

/** @param {Page} page */
export function layout({ path, title, description, policy, head, heading, introduction, main, end, isGuide }) {
  const root = rootOf(path);
  const chapter = ([label, target]) => {
    const isHere = target === path || (isGuide && target.startsWith('guides/'));
    const href = target.startsWith('https:') ? target : root + target;
    return html`<li><a href="${href}" ${raw(isHere ? 'aria-current="page"' : '')}>${label}</a></li>`;
  };
  return String(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    ${raw(metaOf(policy))}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>${title}</title>
    <meta name="description" content="${description}">
    <link rel="icon" href="${raw(ICON)}">
    ${head}
  </head>
  <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="masthead">
      <p class="wordmark"><a href="${root}index.html">kmseal</a></p>
      <nav aria-label="Site"><ul>${CHAPTERS.map(chapter)}</ul></nav>
      ${heading}
      ${introduction ?? ''}
    </header>
    <main id="main" tabindex="-1">
      ${main}
    </main>
    <footer>
      <p>${FORMAT}</p>
      <p>kmseal is free software, under the MIT or the Apache 2.0 licence. It is not a product of AWS.</p>
    </footer>
    ${end ?? ''}
  </body>
</html>
`);
}
