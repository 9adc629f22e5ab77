import { html, raw } from 'hono/html';

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M2 6h28v20H2z' fill='%23f7f9f5' " +
  "stroke='%231d2b28' stroke-width='2'/%3E%3Cpath d='M2 6l14 12L30 6' fill='none' stroke='%231d2b28' stroke-width='2'/%3E" +
  "%3Ccircle cx='16' cy='17' r='6' fill='%23b5351c'/%3E%3C/svg%3E";

/**
 * @typedef {object} Page
 * @property {string} path
 * @property {string} label in the navigation
 * @property {string} title
 * @property {string} heading
 * @property {string} lede
 * @property {string[]} styles
 * @property {string[]} scripts
 */

/**
 * What all pages share: the head, the masthead with the way to the other pages, the footer.
 *
 * @param {Page} page
 * @param {unknown} main
 * @param {{ pages: Page[], templates: unknown }} shared
 */
export const layout = ({ path, title, heading, lede, styles, scripts }, main, { pages, templates }) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <meta name="description" content="Encrypt files in the page so that only AWS KMS can open them.">
    <link rel="icon" href="${raw(ICON)}">
    ${styles.map((href) => html`<link rel="stylesheet" href="${href}">\n    `)}
    ${scripts.map((src) => html`<script type="module" src="${src}"></script>\n    `)}
  </head>
  <body>
    <header class="masthead">
      <p class="wordmark">kmseal</p>
      <nav aria-label="Ways to upload">
        <ul>
          ${pages.map((page) => link(page, page.path === path))}
        </ul>
      </nav>
      <h1>${heading}</h1>
      <p class="lede">${lede}</p>
    </header>

    <main>
      <noscript><p class="notice">Nothing is sealed without JavaScript, and nothing is sent either.</p></noscript>
      ${main}
    </main>

    <footer>
      <p>
        An envelope is an AWS Encryption SDK message: AWS’s own SDKs for Python, Java, .NET, Rust and Go open it too.
      </p>
    </footer>

    <div class="visually-hidden" role="status" id="status"></div>

    ${templates}
  </body>
</html>
`;

/** @param {Page} page @param {boolean} current */
const link = ({ path, label }, current) =>
  html`<li><a href="${path}" ${raw(current ? 'aria-current="page"' : '')}>${label}</a></li>`;
