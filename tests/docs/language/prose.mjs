// The texts of the project that people read: documents, comments, error sentences and the titles of tests, each with its line.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../tools/run.mjs';

/** @typedef {{ file: string, line: number, text: string }} Text */

const READABLE = /\.(?:md|rs|ts|tsx|mjs|js|jsx|css|html|vue|svelte|astro|py|toml|ya?ml)$/;
/** Files that others wrote: test vectors and lock files. */
const QUOTED = /^tests\/vectors\/|-lock\.json$|\.lock$/;

/** The tracked text files that we wrote. */
export function textFiles() {
  const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 25,
  }).split('\0');
  return [...new Set(tracked)]
    .filter((file) => READABLE.test(file) && !QUOTED.test(file))
    .flatMap((file) => {
      try {
        return [{ file, text: readFileSync(path.join(ROOT, file), 'utf8') }];
      } catch (error) {
        if (error.code === 'ENOENT') return []; // deleted and not yet committed
        throw error;
      }
    });
}

const lineAt = (text, index) => text.slice(0, index).split('\n').length;
const blank = (match) => match.replace(/[^\n]/g, ' ');

/** The paragraphs, list items, headings and table cells of a document, without code and markup. @returns {Text[]} */
export function proseOf(file, text) {
  const plain = text
    .replace(/^(```|~~~)[^]*?^\1[^\n]*$/gm, blank)
    .replace(/<!--[^]*?-->/g, blank)
    .replace(/^(?: {4}|\t)[^\n]*$/gm, (line, index, whole) =>
      /(?:^|\n)[ \t]*\n$/.test(whole.slice(0, index)) ? blank(line) : line,
    );
  const found = [];
  let begun;
  const end = () => {
    if (begun) found.push(begun);
    begun = undefined;
  };
  plain.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || /^[-=|: ]+$/.test(line)) return end();
    if (line.startsWith('|')) {
      end();
      for (const cell of line.split(/(?<!\\)\|/))
        if (cell.trim()) found.push({ file, line: index + 1, text: cell.trim() });
      return undefined;
    }
    if (/^(?:[-*+]|\d+\.|#+|>) /.test(line)) end();
    begun ??= { file, line: index + 1, text: '' };
    begun.text += ` ${line.replace(/^(?:[-*+]|\d+\.|#+|>) /, '')}`;
    if (line.startsWith('#')) end();
    return undefined;
  });
  end();
  return found.map((one) => ({ ...one, text: withoutMarkup(one.text) })).filter((one) => /[a-z]/i.test(one.text));
}

function withoutMarkup(text) {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, ' ')
    .replace(/`[^`]*`/g, 'Code')
    .replace(/\*\*|__/g, '')
    .replace(/\*([^*\n]+)\*/g, '$1')
    .trim();
}

/** Comments, characters and literals of code, each of which may look like the begin of another. */
const TOKENS = {
  rs: /\/\/[^\n]*|\/\*[^]*?\*\/|b?'(?:\\[^']+|[^'\\])'|"((?:\\[^]|[^"\\])*)"/g,
  ts: /\/\/[^\n]*|\/\*[^]*?\*\/|'((?:\\[^]|[^'\\\n])*)'|"((?:\\[^]|[^"\\\n])*)"|`((?:\\[^]|[^`\\])*)`/g,
};

/** What every English sentence of several words has, and lists of names do not. */
const FUNCTION_WORD =
  /\b(?:an?|and|are|as|at|be|by|can|could|for|from|has|in|is|it|its|must|no|not|of|on|or|that|the|this|to|was|with)\b/i;

/** The sentences in the code of errors: literals of several words, with `value` where code puts one. @returns {Text[]} */
export function sentencesOf(file, code) {
  const source = file.endsWith('.rs') ? code.replace(/^#\[cfg\(test\)\][^]*$/m, blank) : code;
  return Array.from(source.matchAll(TOKENS[path.extname(file).slice(1)]), (match) => ({
    file,
    line: lineAt(source, match.index),
    text: (match.slice(1).find((literal) => literal !== undefined) ?? '')
      .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}|\{[^{}\s]*\}/g, 'value')
      .replace(/\\\n\s*/g, '')
      .replace(/\\n/g, ' '),
  })).filter(({ text }) => /^[^\s<{][^<{]*\s\S+\s\S+\s\S/.test(text) && FUNCTION_WORD.test(text));
}

const TITLE =
  /(?<![.\w])(test|it|everywhere)(?:\.(?:only|skip|todo))?\(\s*(?:(['"`])((?:\\[^]|(?!\2)[^\\])*)\2|([\w.]+)\s*[,)])/g;

/** The titles of a file's tests; `isVariable` where the code has none that can be read. @returns {(Text & { isVariable: boolean })[]} */
export function titlesOf(file, code) {
  const calls = Array.from(code.matchAll(TITLE), (match) => ({
    file,
    line: lineAt(code, match.index),
    text:
      match[3]
        ?.replace(/\$\{[^{}?]*\? '([^']*)' : '[^']*'\}/g, '$1')
        .replace(/\$\{(?!sentence\})(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}/g, '…')
        .replace(/\\(['"`])/g, '$1') ?? match[4],
    isVariable: match[3] === undefined,
  })).filter(({ text }) => !/^(?:sentence$|\$\{sentence\})/.test(text));
  // Tables of cases whose names are sentences: `async 'a sentence'(kit) { … }`.
  const cases = Array.from(code.matchAll(/^ {2}async '((?:\\'|[^'])+)'\(kit\)/gm), (match) => ({
    file,
    line: lineAt(code, match.index),
    text: match[1],
    isVariable: false,
  }));
  return [...calls, ...cases];
}

const RUST_TEST = /#\[(?:wasm_bindgen_)?test\]\n(?:\s*(?:#\[|\/\/)[^\n]*\n)*\s*(?:async )?fn (\w+)/g;

/** The titles of a Rust file's tests: the names of their functions, as words. @returns {Text[]} */
export const rustTitlesOf = (file, code) =>
  Array.from(code.matchAll(RUST_TEST), (match) => ({
    file,
    line: lineAt(code, match.index + match[0].length),
    text: match[1].replaceAll('_', ' '),
  }));

/** A text as one line, so that a phrase is found where a line breaks it; and the line of each of its places. */
export function joinedLines(text) {
  const starts = [];
  let joined = '';
  for (const line of text.split('\n')) {
    starts.push(joined.length);
    joined += `${line.replace(/^\s*(?:\/\/[/!]?|\*(?!\/)|#+|>)?\s*/, '')} `;
  }
  return { joined, lineOf: (place) => starts.findLastIndex((start) => start <= place) + 1 };
}

/** The sentences of a text: what ends with a full stop, a question or an exclamation mark, or stands alone. */
export function splitSentences(text) {
  return text
    .replace(/\b(?:e\.g|i\.e|etc|vs|cf|No|St)\./g, (dotted) => dotted.replaceAll('.', ''))
    .split(/(?<=[.!?][)"'”’]?)\s+(?=kmseal\b|[\p{Lu}\d"'“`(<])|\s*;\s+/u)
    .map((sentence) => sentence.trim())
    .filter(Boolean);
}

/** How many words a sentence has: what holds a letter or a digit. */
export const countWords = (sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\d]/u.test(word)).length;
