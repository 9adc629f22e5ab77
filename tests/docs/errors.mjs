// The table of docs/errors.md, out of js/errors.ts.
//
//     node tests/docs/errors.mjs --write      puts it there
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../tools/run.mjs';

export const PAGE = path.join(ROOT, 'docs/errors.md');
/** Behind this line the page is made. */
const MARK = /(?<=<!-- the rest of this page is made from js\/errors\.ts: [^\n]* -->\n)[^]*$/;

/** Each code of js/errors.ts: what it means, and the tags of its comment by their names. */
export function codes() {
  const source = readFileSync(path.join(ROOT, 'js/errors.ts'), 'utf8');
  return Array.from(source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*readonly (ERR_\w+):/g), ([, comment, code]) => {
    const text = comment
      .replace(/^\s*\* ?/gm, '')
      .replace(/\s+/g, ' ')
      .trim();
    const [meaning, ...tags] = text.split(/ ?@(?=fault|passes|remedy|status)/);
    return { code, meaning, ...Object.fromEntries(tags.map((tag) => /^(\w+) (.*)$/.exec(tag).slice(1))) };
  });
}

/** The page as it should be. */
export function page() {
  const cell = (text) => text.replace(/\{@link (\w+)\}/g, '`$1`').replaceAll('|', '\\|');
  const rows = codes().map(
    ({ code, meaning, fault, passes, remedy, status }) =>
      `| ${[`\`${code}\``, meaning, fault, passes, remedy, status].map(cell).join(' | ')} |\n`,
  );
  const table = `\n| code | what it means | who is at fault | does it pass | what to do | HTTP status |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('')}`;
  return readFileSync(PAGE, 'utf8').replace(MARK, () => table);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) writeFileSync(PAGE, page());
