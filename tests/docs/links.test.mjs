// Everything that the documents point to exists.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { PAGES } from './blocks.mjs';

/** Links to this repository's own files, pictures among them. */
const OWN =
  /https:\/\/(?:github\.com\/kmseal\/kmseal\/(?:blob|tree)|raw\.githubusercontent\.com\/kmseal\/kmseal)\/main\/([^)#"\s]+)/g;

const FOLDERS = 'bench|cli|docs|examples|fuzz|gcm|infra|js|ml-kem|scripts|src|tests|tools|wasm|www|\\.github';

/** What GitHub makes of a page's headings, for the part of a link behind `#`. */
function anchorsOf(document) {
  const text = readFileSync(path.join(ROOT, document), 'utf8').replace(/^```[^]*?^```$/gm, '');
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

for (const document of PAGES) {
  test(`every link and reference of ${document} leads somewhere`, () => {
    const text = readFileSync(path.join(ROOT, document), 'utf8').replace(/^```[^]*?^```$/gm, '');
    const links = Array.from(
      text.matchAll(/(?:\]\(|\b(?:src|srcset)=")(?!https?:|#)([^)#"]+)/g),
      ([, target]) => target,
    );
    const absolute = Array.from(text.matchAll(OWN), ([, target]) => target);
    // NAME stands for any name.
    const files = Array.from(
      text.matchAll(new RegExp(`\`((?:${FOLDERS})/[^\`*<\\s]*)\``, 'g')),
      ([, target]) => target,
    ).filter((target) => !target.includes('NAME'));
    const missing = [...links.map((link) => path.join(path.dirname(document), link)), ...absolute, ...files].filter(
      (target) => !existsSync(path.join(ROOT, target)),
    );
    assert.deepEqual(missing, []);
    // The tarball contains this document only.
    if (document === 'README.md') {
      assert.deepEqual(links, []);
      assert.ok(absolute.length > 10, `${absolute.length} links`);
    }
  });
  test(`every heading that ${document} points to is there`, () => {
    const text = readFileSync(path.join(ROOT, document), 'utf8').replace(/^```[^]*?^```$/gm, '');
    const own = Array.from(text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g), ([, target, anchor]) => [
      target ? path.join(path.dirname(document), target) : document,
      anchor,
    ]);
    const absolute = Array.from(text.matchAll(new RegExp(`${OWN.source}#([^)\\s]+)\\)`, 'g')), ([, target, anchor]) => [
      target,
      anchor,
    ]);
    assert.deepEqual(
      [...own, ...absolute].filter(([target, anchor]) => target.endsWith('.md') && !anchorsOf(target).includes(anchor)),
      [],
    );
  });
}

/** Sources, from the root: what is in their comments. */
const SOURCES = ['bench', 'cli', 'examples', 'fuzz', 'gcm', 'js', 'scripts', 'src', 'tests', 'tools', 'wasm', 'www'];
const IS_SOURCE = /^(?!.*(?:node_modules|target|dist|packages)\/).*\.(?:m?[jt]s|rs|py|toml)$/;

/** The format by its file, then its rules by number, or one of its headings. */
const CITED = /((?:docs\/)?format\.md),? (?:rules? )?((?:\d+(?:, | and | or | to )?)+|"[^"\n]+")/gi;

const sources = SOURCES.flatMap((folder) => {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true }).map((file) =>
    path.posix.join(folder, file.replaceAll(path.sep, '/')),
  );
  return files.filter((file) => IS_SOURCE.test(file));
});

/** @returns {{ file: string, format: string, rule: string }[]} what the sources cite of the format */
function citations() {
  return sources.flatMap((file) => {
    // A citation may continue in the next line of a comment.
    const text = readFileSync(path.join(ROOT, file), 'utf8').replaceAll(/\n\s*(?:\/\/[/!]?|\*|#) /g, ' ');
    return Array.from(text.matchAll(CITED), ([, format, cited]) =>
      (cited.match(/\d+|".+"/g) ?? []).map((rule) => ({ file, format, rule })),
    ).flat();
  });
}

/** The numbers of a document's rules, and its headings in quotes. */
function rulesOf(document) {
  const text = readFileSync(path.join(ROOT, document), 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
  return {
    numbers: Array.from(text.matchAll(/^(\d+)\. /gm), ([, number]) => number),
    headings: Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title]) => `"${title}"`),
  };
}

test('the rules of the format are numbered from 1 without a gap', () => {
  const { numbers } = rulesOf('docs/format.md');
  assert.ok(numbers.length > 20);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => String(index + 1)),
  );
});

test('each rule of the format that a comment cites exists', () => {
  const cited = citations();
  assert.ok(cited.length >= 5, 'too few citations are found');
  const wrong = cited.filter(({ format, rule }) => {
    if (!existsSync(path.join(ROOT, format))) return true;
    const { numbers, headings } = rulesOf(format);
    return ![...numbers, ...headings].includes(rule);
  });
  assert.deepEqual(wrong, []);
});
