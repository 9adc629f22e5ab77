// docs/*.md as pages, in the order of the README's table, which also says what each is for.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { source } from '../../www/server/layout.mjs';
import { siteTools } from '../npm.mjs';
import { ROOT } from '../run.mjs';

const DOCS = path.join(ROOT, 'docs');

/** Addresses of this repository's own files, of its texts and of its pictures. */
const OWN = new RegExp(
  `^(?:${source}/(?:blob|tree)/[\\w.-]+|${source.replace('github.com', 'raw.githubusercontent.com')}/[\\w.-]+)/`,
);

/**
 * @typedef {object} Guide
 * @property {string} name of the file, without its ending
 * @property {string} title its first heading
 * @property {string} summary what a reader wants who opens it, a sentence
 * @property {string} html
 * @property {{ id: string, text: string }[]} sections its headings of the second level
 * @property {string[]} pictures files of the repository that it shows, which lie beside the pages by their base name
 */

/** @returns {Promise<Guide[]>} */
export async function readGuides() {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
  // A row of the table "I want to …" that leads to a guide as a whole.
  const rows = readme.matchAll(/^\| ([^|]+) \| \[[^\]]*\]\([^)]*\/docs\/([\w-]+)\.md\) \|$/gm);
  const wishes = Array.from(rows, ([, wish, name]) => ({ name, summary: `${wish[0].toUpperCase()}${wish.slice(1)}.` }));
  const names = wishes.map(({ name }) => name);
  const lacking = (await readdir(DOCS)).filter(
    (file) => file.endsWith('.md') && !names.includes(path.parse(file).name),
  );
  if (lacking.length > 0) throw new Error(`the README's table does not lead to docs/${lacking.join(', docs/')}`);
  const render = await createRenderer(names);
  return Promise.all(
    wishes.map(async ({ name, summary }) => ({
      ...render(name, await readFile(path.join(DOCS, `${name}.md`), 'utf8')),
      summary,
    })),
  );
}

/** A renderer with GitHub's anchors and coloured code. @param {string[]} names of all guides */
async function createRenderer(names) {
  const folder = await siteTools();
  const load = (name) => import(pathToFileURL(createRequire(path.join(folder, 'package.json')).resolve(name)).href);
  const [{ Marked }, { gfmHeadingId, getHeadingList }, { markedHighlight }, { default: highlighter }] =
    await Promise.all(['marked', 'marked-gfm-heading-id', 'marked-highlight', 'highlight.js/lib/common'].map(load));
  const highlight = (code, language) =>
    highlighter.getLanguage(language) ? highlighter.highlight(code, { language }).value : escapeHtml(code);

  return (/** @type {string} */ name, /** @type {string} */ text) => {
    const pictures = new Set();
    const marked = new Marked(gfmHeadingId(), markedHighlight({ highlight }));
    let html = marked.parse(text);
    const headings = getHeadingList().map(({ id, level, raw, text: inner }) => ({
      id,
      level,
      text: plain(inner ?? raw),
    }));
    // In markup that stands in the text, too.
    html = html.replace(
      /\b(href|src|srcset)="([^"]+)"/g,
      (_, attribute, target) => `${attribute}="${rewrite(target, { names, pictures })}"`,
    );
    const tokens = new Marked().lexer(text);
    return {
      name,
      title: plain(marked.parseInline(tokens.find(({ type }) => type === 'heading')?.text ?? name)),
      html: accessible(html),
      sections: headings.filter(({ level }) => level === 2),
      pictures: [...pictures],
    };
  };
}

/**
 * A link of docs/, for the pages of guides/: other guides are pages beside it, pictures are copied, all else is in the repository.
 *
 * @param {string} target
 * @param {{ names: string[], pictures: Set<string> }} known
 */
function rewrite(target, { names, pictures }) {
  if (target.startsWith('#') || target.startsWith('data:')) return target;
  const isOwn = OWN.test(target);
  if (!isOwn && /^[a-z]+:/i.test(target)) return target;
  const [file, fragment] = (isOwn ? target.replace(OWN, '') : path.posix.join('docs', target)).split('#');
  const anchor = fragment === undefined ? '' : `#${fragment}`;
  const name = /^docs\/([\w-]+)\.md$/.exec(file)?.[1];
  if (name !== undefined && names.includes(name)) return `${name}.html${anchor}`;
  if (/\.(?:svg|png)$/.test(file) && existsSync(path.join(ROOT, file))) {
    pictures.add(file);
    return path.posix.basename(file);
  }
  return `${source}/blob/main/${file}${anchor}`;
}

/** Wide tables and code scroll by themselves, and by keyboard; a corner without a word is not a header. @param {string} html */
const accessible = (html) =>
  html
    .replace(/<th[^>]*><\/th>/g, '<td></td>')
    .replace(
      /<table>[^]*?<\/table>/g,
      (table) => `<div class="scroll" tabindex="0" role="group" aria-label="Table">${table}</div>`,
    )
    .replaceAll('<pre>', '<pre tabindex="0" role="group" aria-label="Code">');

/** The text of some markup. @param {string} html */
const plain = (html) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .trim();

/** @param {string} text */
export const escapeHtml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
