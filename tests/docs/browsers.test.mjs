// What depends on a browser is found again when a new version of it comes: js/io/browser.ts has or names all of it, with the versions.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const LIST = 'js/io/browser.ts';

const files = ['js', 'wasm/src'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((file) => /(?<!\.test)\.(?:ts|js|mjs|rs)$/.test(file))
    .map((file) => path.posix.join(folder, file)),
);
const textOf = (file) => readFileSync(path.join(ROOT, file), 'utf8');

/** The comments of a file, each as one line: lines of `//` that follow each other are one. */
const commentsOf = (file) =>
  Array.from(textOf(file).matchAll(/\/\*\*?[^]*?\*\/|(?:^[ \t]*\/\/[^\n]*\n)+|\/\/[^\n]*/gm), ([comment]) =>
    comment.replaceAll(/\s*\n\s*(?:\/\/[/!]?|\*)?\s*/g, ' '),
  );

const BROWSER = /\b(Chromium|Firefox|WebKit(?:GTK)?|Safari)\b/g;
const mentions = files.flatMap((file) =>
  commentsOf(file)
    .filter((comment) => comment.match(BROWSER))
    .map((comment) => ({ file, comment })),
);

test('each comment that names a browser names the version in which something was seen', () => {
  assert.ok(mentions.length > 15, 'too few comments are found');
  // A version, or the year of a report; at most a few words after the name.
  const isDated = (comment, name) => new RegExp(`\\b${name}\\b[^.;]{0,80}?\\d`).test(comment);
  const undated = mentions.flatMap(({ file, comment }) =>
    [...new Set(comment.match(BROWSER))]
      .filter((name) => !isDated(comment, name))
      .map((name) => ({ file, name, comment })),
  );
  assert.deepEqual(undated, []);
});

test('the file of what browsers do differently names each other file that names a browser', () => {
  const [head] = commentsOf(LIST);
  const listed = head.match(/(?:js|wasm)\/[\w/-]+\.\w+/g);
  const others = [...new Set(mentions.map(({ file }) => file))].filter((file) => file !== LIST);
  assert.deepEqual(listed.toSorted(), others.toSorted());
});

test('no other file of the page asks for the name of a browser', () => {
  assert.deepEqual(
    files.filter((file) => /\buserAgent\b/.test(textOf(file))),
    [LIST],
  );
});
