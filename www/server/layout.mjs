import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';

const { homepage } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
export const source = homepage.replace(/#.*/, '');

/** Where to get the library and read about it. */
const PROJECT = [
  { label: 'Source', href: source },
  { label: 'Docs', href: homepage },
  { label: 'Security', href: `${source}/blob/HEAD/SECURITY.md` },
];

/** What an envelope is, at the end of every page. docs/other-sdks.md says which SDKs were tested. */
export const FORMAT =
  'An envelope is an AWS Encryption SDK message: AWS’s own SDKs for Python, Java, Go and Rust open it, too.';

/** A sealed envelope. */
export const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M2 6h28v20H2z' fill='%23f7f9f5' " +
  "stroke='%231d2b28' stroke-width='2'/%3E%3Cpath d='M2 6l14 12L30 6' fill='none' stroke='%231d2b28' stroke-width='2'/%3E" +
  "%3Ccircle cx='16' cy='17' r='6' fill='%23b5351c'/%3E%3C/svg%3E";

/**
 * @typedef {object} Page
 * @property {string} path
 * @property {string} label in the navigation
 * @property {string} title
 * @property {unknown} heading text or HTML
 * @property {string} lede
 * @property {string[]} styles
 * @property {string[]} scripts
 * @property {boolean} [isFront] whether it says how the library is installed
 */

/**
 * Facts of this run, for every page and its scripts.
 *
 * @typedef {object} Facts
 * @property {boolean} emulated whether KMS and S3 are the emulator's
 * @property {string} region of the key
 * @property {string} fingerprint of the key of the ways to upload, which pages pin
 * @property {boolean} isExperimental whether pages have to allow keys of its kind
 * @property {import('./keys.mjs').PublicKey[]} publicKeys all keys that the front page offers, that one first
 * @property {number} maxFileSize the largest file whose envelope the server takes, in bytes
 */

/**
 * What all pages share: the head, the masthead with the way to the other pages, the footer.
 *
 * @param {Page} page
 * @param {unknown} main
 * @param {{ pages: Page[], templates: unknown, facts: Facts }} shared
 */
export const layout = (
  { path, title, heading, lede, styles, scripts, isFront },
  main,
  { pages, templates, facts },
) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <meta name="description" content="A JavaScript library that encrypts files in the browser so that only AWS KMS can open them.">
    <link rel="icon" href="${raw(ICON)}">
    ${styles.map((href) => html`<link rel="stylesheet" href="${href}">\n    `)}
    ${scripts.map((src) => html`<script type="module" src="${src}"></script>\n    `)}
  </head>
  <body data-fingerprint="${facts.fingerprint}" data-max-file-size="${facts.maxFileSize}">
    <a class="skip" href="#main">Skip to the content</a>
    <header class="masthead">
      <p class="wordmark"><a href="/">kmseal</a></p>
      <nav aria-label="Ways to upload">
        <ul>
          ${pages.map((page) => link(page, page.path === path))}
        </ul>
      </nav>
      <h1>${heading}</h1>
      <div class="introduction">
        <p class="lede">${lede}</p>
        ${isFront ? install : ''}
      </div>
    </header>

    <main id="main" tabindex="-1">
      <noscript><p class="notice">Nothing is sealed without JavaScript, and nothing is sent either.</p></noscript>
      ${main}
    </main>

    <footer>
      <p>${FORMAT}</p>
      ${isFront ? '' : projectLinks}
    </footer>

    <div class="visually-hidden" role="status" id="status"></div>
    <div class="visually-hidden" role="alert" id="alert"></div>

    ${templates}
  </body>
</html>
`;

const projectLinks = html`<ul class="project">
  ${PROJECT.map(({ label, href }) => html`<li><a href="${href}">${label}</a></li>`)}
</ul>`;

const install = html`<div class="install">
  <p class="command"><code id="install-command">npm install kmseal</code> ${copyButton('install-command', 'the command')}</p>
  ${projectLinks}
</div>`;

/** @param {string} id of the element whose text it copies @param {string} what that is */
export function copyButton(id, what) {
  return html`<button type="button" class="copy" data-copies="${id}">Copy<span class="visually-hidden"> ${what}</span></button>`;
}

/** @param {Page} page @param {boolean} current */
const link = ({ path, label }, current) =>
  html`<li><a href="${path}" ${raw(current ? 'aria-current="page"' : '')}>${label}</a></li>`;
