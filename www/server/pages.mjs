import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { fingerprintOf, kindOf, pathOf } from './keys.mjs';
import { layout } from './layout.mjs';
import { markupOf, samplesOf } from './samples.mjs';
import { WAYS, WAY_PAGES } from './ways.mjs';

const fragment = (name) => raw(readFileSync(new URL(`../pages/${name}.html`, import.meta.url), 'utf8'));

const STYLES = ['/styles/palette.css', '/styles/style.css', '/styles/masthead.css'];

const WAY_STYLES = ['opening', 'step', 'ways', 'arrivals', 'samples'].map((name) => `/styles/${name}.css`);

/** @type {(import('./layout.mjs').Page & { name: string, main: (facts: import('./layout.mjs').Facts) => unknown })[]} */
const PAGES = [
  {
    name: 'by-hand',
    path: '/',
    label: WAYS['by-hand'],
    title: 'kmseal: encrypt files in the browser for AWS KMS',
    heading: html`<span>Sealed in the browser.</span> <span>Opened only by\u00a0KMS.</span>`,
    lede:
      'A JavaScript library for upload forms that take medical files, identity papers or secrets. It encrypts each file in the page, so ' +
      'a breach of your server, the bucket, a log or a backup reveals none of them.',
    isFront: true,
    styles: [
      ...STYLES,
      '/styles/opening.css',
      '/styles/journey.css',
      '/styles/step.css',
      '/styles/file.css',
      '/styles/envelope.css',
    ],
    scripts: ['/pages/by-hand.js'],
    main: (facts) =>
      html`<div class="opening">${picker(facts)}${keyCard(facts, kinds(facts))}</div>\n${fragment('journey')}`,
  },
  ...WAY_PAGES.map((way) => ({
    ...way,
    path: `/${way.name}`,
    label: WAYS[way.name],
    title: `kmseal: ${WAYS[way.name]}`,
    styles: [...STYLES, ...WAY_STYLES, ...(way.styles ?? [])],
    scripts: ['/pages/way-page.js', `/ways/${way.name}.js`],
    main: (facts) => wayMain(way, facts),
  })),
  {
    name: 'arrived',
    path: '/arrived',
    label: 'What arrived',
    title: 'kmseal: what arrived in the bucket',
    heading: 'What the bucket holds.',
    lede:
      'Every envelope that reached the bucket since the server was started, whichever way it came. Its name came sealed, too. Ask the server to open one: ' +
      'it tells the SHA-256 of what is inside, and no byte of it. Or open it here: then the server has KMS unwrap one key, and only ' +
      'this page has the file.',
    styles: [...STYLES, '/styles/step.css', '/styles/arrivals.css'],
    scripts: ['/pages/arrived.js'],
    main: () => fragment('arrivals'),
  },
];

/** @param {import('./layout.mjs').Facts} facts @returns {Map<string, ReturnType<typeof layout>>} path to HTML */
export function renderPages(facts) {
  const shared = { pages: PAGES, templates: fragment('templates'), facts };
  return new Map(PAGES.map((page) => [page.path, layout(page, page.main(facts), shared)]));
}

/** A page that says why something was refused, for a form that the browser itself sent. @param {string} message */
export function renderRefusal(message, facts) {
  const page = {
    path: '',
    label: 'Refused',
    title: 'kmseal: refused',
    heading: 'Refused.',
    lede: message,
    styles: STYLES,
    scripts: [],
  };
  return layout(page, html`<p><a class="button" href="/form">Back to the form</a></p>`, {
    pages: PAGES,
    templates: '',
    facts,
  });
}

/** In binary units. @param {number} bytes */
const inWords = (bytes) =>
  bytes >= 2 ** 30 ? `${Math.round(bytes / 2 ** 30)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;

/** @param {import('./layout.mjs').Facts} facts */
const picker = ({ maxFileSize }) => html`<section class="picker" id="picker" aria-labelledby="picker-title">
  <svg class="flap" aria-hidden="true" focusable="false" viewBox="0 0 100 100" preserveAspectRatio="none">
    <path class="fold" d="M0 100 L41 55 M100 100 L59 55"></path>
    <path class="edge" d="M0 0 L50 64 L100 0"></path>
  </svg>
  <div class="picker-choice">
    <h2 id="picker-title">Drop files anywhere</h2>
    <p>
      <input id="file-input" class="visually-hidden" type="file" multiple aria-describedby="picker-limit">
      <label class="button primary" for="file-input">or choose files</label>
    </p>
    <p class="picker-limit" id="picker-limit">up to ${inWords(maxFileSize)} each</p>
  </div>
  <svg class="mark" id="key-mark" aria-hidden="true" focusable="false" viewBox="-50 -50 100 100"></svg>
  <p class="picker-sample">
    Nothing at hand? <button type="button" class="link" id="sample">Seal a sample letter of 64 MiB</button>
  </p>
</section>`;

/** Where the private key is depends on what the demo runs on. @param {import('./layout.mjs').Facts} facts @param {unknown} choice of several keys */
const keyCard = ({ emulated, region }, choice = html``) => html`<section class="key" aria-labelledby="key-title">
  <h2 id="key-title">Addressed to</h2>
  <p id="key-service">
    ${
      emulated
        ? html`A key in an emulator of AWS KMS on this machine, made for this run. Its private half is in the emulator’s memory: for trying
          out, and no safer than this machine. In AWS KMS it could not leave the service.`
        : html`A key in AWS KMS, region ${region}. Its private half is inside KMS and cannot leave it: not to this page, not to the bucket,
          not to us.`
    }
  </p>
  ${choice}
  <dl id="key-facts"></dl>
  <p class="aside">
    The seal is drawn from the fingerprint. <code>npm start</code> prints the same fingerprint in its terminal: compare
    them, since a key should not vouch for itself.
  </p>
  <p class="alert" id="key-alert"></p>
</section>`;

/** The kinds of key to choose from, each with what its page pins. @param {import('./layout.mjs').Facts} facts */
const kinds = ({ publicKeys }) =>
  publicKeys.length === 1
    ? ''
    : html`<fieldset class="kinds" id="kinds">
    <legend>Seal for</legend>
    ${publicKeys.map(
      (key, index) => html`<label
        ><input type="radio" name="kind" value="${pathOf(key)}" data-fingerprint="${fingerprintOf(key)}" ${raw(index === 0 ? 'checked' : '')}>
        ${kindOf(key)}</label
      >`,
    )}
    <label><input type="radio" name="kind" value=""> each of them</label>
  </fieldset>`;

/** @param {typeof WAY_PAGES[number]} way @param {import('./layout.mjs').Facts} facts */
const wayMain = (way, facts) => html`
  <div class="opening">
    <section class="desk" aria-labelledby="desk-title">
      <svg class="mark" id="key-mark" aria-hidden="true" focusable="false" viewBox="-50 -50 100 100"></svg>
      <h2 id="desk-title">Try it</h2>
      ${markupOf(way.name, facts)}
      <p class="desk-limit">Up to ${inWords(facts.maxFileSize)} ${way.server.includes('form.mjs') ? 'in all' : 'each'}.</p>
    </section>
    ${keyCard(facts)}
  </div>
  ${fragment('arrivals')}
  ${samplesOf(way, facts)}`;
