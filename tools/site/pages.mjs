// The pages that the site has beside the API reference: where a reader tries it, and the guides.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { html, raw } from 'hono/html';
import { copyButton } from '../../www/server/layout.mjs';
import { ROOT } from '../run.mjs';
import { scriptOf, styleOf } from './bundle.mjs';
import { escapeHtml } from './guides.mjs';
import { layout } from './layout.mjs';
import { guidePolicy, sealedPolicy } from './policy.mjs';

const TRY_STYLES = ['palette', 'style', 'masthead', 'opening', 'step', 'file', 'envelope', 'site', 'try'];

export const GUIDE_STYLES = ['palette', 'style', 'masthead', 'site', 'guide'];

const DESCRIPTION = 'A JavaScript library that encrypts files in the browser so that only AWS KMS can open them.';

const read = (name) => readFile(path.join(ROOT, 'www/pages', name), 'utf8');

/** @param {import('./guides.mjs').Guide[]} guides @returns {Promise<string>} */
export async function tryPage(guides) {
  const [script, style] = await Promise.all([scriptOf('try'), styleOf(TRY_STYLES)]);
  const [main, templates, inPage, inNode] = await Promise.all(
    ['try.html', 'templates.html', 'use-page.html', 'use-node.js'].map(read),
  );
  const fileTemplates = Array.from(
    templates.matchAll(/<template id="(?:file|step)-template">[^]*?<\/template>/g),
    ([text]) => text,
  );
  return layout({
    path: 'index.html',
    title: 'kmseal: seal a file for AWS KMS, in this tab',
    description: `${DESCRIPTION} Try it here: nothing leaves this tab.`,
    policy: sealedPolicy({ script, style }),
    head: html`<style>${raw(style)}</style>`,
    heading: html`<h1><span>Sealed in the browser.</span> <span>Opened only by\u00a0KMS.</span></h1>`,
    introduction: html`<div class="introduction">
        <p class="lede">
          A JavaScript library for upload forms. It encrypts each file in the page, so that your server, S3 and its backups never read
          one. Try it: this page has no server, and its policy lets it send nothing.
        </p>
        <p class="command"><code id="install-command">npm install kmseal</code> ${copyButton('install-command', 'the command')}</p>
      </div>`,
    main: html`<noscript><p class="notice">Nothing is sealed without JavaScript.</p></noscript>
      ${raw(main.replace('IN_THE_PAGE', () => escapeHtml(inPage.trim())).replace('WHERE_YOU_OPEN', () => escapeHtml(inNode.trim())))}
      ${reading(guides)}`,
    end: html`<div class="visually-hidden" role="status" id="status"></div>
    <div class="visually-hidden" role="alert" id="alert"></div>
    ${raw(fileTemplates.join('\n'))}
    <script type="module">${raw(script)}</script>`,
  });
}

/** What there is to read. @param {import('./guides.mjs').Guide[]} guides */
const reading = (guides) => html`<section class="chapter" aria-labelledby="guides-title">
  <h2 id="guides-title">Read on</h2>
  <ul class="guide-list">
    ${guides.map(({ name, title, summary }) => guideItem(`guides/${name}.html`, title, summary))}
    ${guideItem('api/index.html', 'API', 'Every class, function, option and error of the package.')}
    ${guideItem('rust/kmseal/index.html', 'Rust crate', 'The core that the package and the command are built on.')}
  </ul>
</section>`;

/** @param {string} href @param {string} title @param {string} summary */
const guideItem = (href, title, summary) =>
  html`<li><a href="${href}">${title}</a> <span class="quiet">${summary}</span></li>`;

/** @param {import('./guides.mjs').Guide[]} guides @returns {string} */
export const guideIndex = (guides) =>
  layout({
    path: 'guides/index.html',
    title: 'kmseal: guides',
    description: `Guides to kmseal. ${DESCRIPTION}`,
    ...guideHead,
    heading: html`<h1>Guides</h1>`,
    main: html`<ul class="guide-list">${guides.map(({ name, title, summary }) => guideItem(`${name}.html`, title, summary))}</ul>`,
  });

/** @param {import('./guides.mjs').Guide} guide @param {import('./guides.mjs').Guide[]} guides @returns {string} */
export const guidePage = (guide, guides) =>
  layout({
    path: `guides/${guide.name}.html`,
    title: `${guide.title} · kmseal`,
    description: guide.summary,
    ...guideHead,
    heading: '',
    main: html`<div class="guide">
        <nav class="guide-nav" aria-label="Guides"><ul>${guides.map((other) => guideLink(other, other === guide))}</ul></nav>
        <article class="prose">${raw(guide.html)}</article>
      </div>`,
  });

/** @param {import('./guides.mjs').Guide} guide @param {boolean} isHere */
const guideLink = ({ name, title, sections }, isHere) =>
  html`<li>
    <a href="${name}.html" ${raw(isHere ? 'aria-current="page"' : '')}>${title}</a>
    ${isHere && sections.length > 1 ? html`<ul>${sections.map(({ id, text }) => html`<li><a href="#${id}">${text}</a></li>`)}</ul>` : ''}
  </li>`;

const guideHead = { policy: guidePolicy, isGuide: true, head: html`<link rel="stylesheet" href="../guides.css">` };
