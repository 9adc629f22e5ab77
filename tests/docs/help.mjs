// What the command prints as help, for docs/command.md.
//
//     npm test -- tests/docs/command; node tests/docs/help.mjs --write      builds the command, and puts it there
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../tools/run.mjs';
import { TESTED_COMMAND } from '../../tools/tested-command.mjs';

export const PAGE = path.join(ROOT, 'docs/command.md');
/** Behind this line the page is made. */
const MARK = /(?<=<!-- the rest of this page is what the command prints: [^\n]* -->\n)[^]*$/;

const helpOf = (...words) =>
  execFileSync(TESTED_COMMAND, [...words, '--help'], { encoding: 'utf8' })
    .replace(/ +$/gm, '')
    .trimEnd();

/** The names of the subcommands, in the order of the help; `help` itself says nothing more. */
export function subcommands() {
  const [, list] = /^Commands:\n((?: +.*\n)+)/m.exec(helpOf());
  return Array.from(list.matchAll(/^ {2}(\w[\w-]*)/gm), ([, name]) => name).filter((name) => name !== 'help');
}

/** The page as it should be. */
export function page() {
  const sections = [[], ...subcommands().map((name) => [name])].map(
    (words) => `\n### ${['kmseal', ...words].join(' ')}\n\n\`\`\`text\n${helpOf(...words)}\n\`\`\`\n`,
  );
  return readFileSync(PAGE, 'utf8').replace(MARK, () => sections.join(''));
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--write')) writeFileSync(PAGE, page());
