// The code blocks of the documents, made into programs.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../tools/run.mjs';

/** Programs are written here, where imports find the package itself and its development dependencies. */
const FOLDER = path.join(ROOT, 'target', 'docs');

/** @returns {{ document: string, heading: string, language: string, code: string }[]} */
export function blocksOf(document) {
  const blocks = [];
  let heading = '';
  const parts = /^#+ (.+)$|^```(\w*)\n([^]*?)^```$/gm;
  for (const [, title, language, code] of readFileSync(path.join(ROOT, document), 'utf8').matchAll(parts)) {
    if (title) heading = title;
    else blocks.push({ document, heading, language, code });
  }
  return blocks;
}

const markdown = (folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.posix.join(folder, name));

/** The guides. */
export const GUIDES = markdown('docs').sort();

/** Every page that readers come to. */
export const PAGES = [...markdown('.').sort(), ...GUIDES];

/** A block with its placeholders filled in, all of which must exist. */
export function fill(code, values) {
  return Object.entries(values).reduce((text, [placeholder, value]) => {
    if (!text.includes(placeholder)) throw new Error(`no ${placeholder} in:\n${code}`);
    return text.replaceAll(placeholder, value);
  }, code);
}

/**
 * A block as the function `example({ ...given })` of a module, which returns some of the block's variables.
 * @param {string} code
 * @param {{ given?: string[], returns?: string[], imports?: string }} [options] imports: those that the block leaves out
 */
export function moduleOf(code, { given = [], returns = [], imports = '' } = {}) {
  const statements = /^import .*$/gm;
  const own = (code.match(statements) ?? []).join('\n');
  const body = code.replace(statements, '');
  return `${imports}\n${own}\nexport async function example({ ${given.join(', ')} }) {\n${body}\nreturn { ${returns.join(', ')} };\n}\n`;
}

/** Writes a program and returns its path. */
export function write(name, code) {
  mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, name);
  writeFileSync(file, code);
  return file;
}

/** What a block defines that is the server's half of uploads to S3. @param {string} server */
export async function serverOf(server) {
  const file = write('server.mjs', moduleOf(server, { returns: ['handle', 'uploads'] }));
  return (await import(pathToFileURL(file).href)).example({});
}
