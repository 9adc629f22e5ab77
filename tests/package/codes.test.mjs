// The codes of errors: one list in Rust, one in TypeScript, and all of them raised.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { KmsealError } from 'kmseal';
import { ROOT } from '../../tools/run.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const sources = (folder, ending) =>
  readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`);

const table = /codes! \{\n([^]*?)\n\}/.exec(read('src/error.rs'))[1];
/** From src/error.rs: the code that users see, and its name in Rust. */
const core = new Map(Array.from(table.matchAll(/(\w+) = "(\w+)"/g), ([, name, code]) => [code, name]));
/** From js/errors.ts: each code with its documentation. */
const documented = new Map(
  Array.from(read('js/errors.ts').matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*readonly (ERR_\w+):/g), ([, text, code]) => [
    code,
    text.replace(/^\s*\* ?/gm, ''),
  ]),
);
const union = [...documented.keys()];

test('TypeScript knows every code of the core', () => {
  assert.ok(core.size > 10, 'the table of src/error.rs was found');
  assert.deepEqual(
    [...core.keys()].filter((code) => !union.includes(code)),
    [],
  );
});

test('each code says what it means, who is at fault, whether it passes, what to do, and what a server answers', () => {
  for (const [code, text] of documented) {
    const [meaning, ...tags] = text.trim().split(/^@/m);
    assert.match(meaning, /^\S[^]*\.\s*$/, code);
    assert.deepEqual(
      tags.map((tag) => tag.split(' ')[0]),
      ['fault', 'passes', 'remedy', 'status'],
      code,
    );
    for (const tag of tags) assert.match(tag, /^\w+ \S/, code);
    assert.match(tags[3], /^status (?:[45]\d\d\b|Only in pages\.)/, code);
  }
});

test('every code is raised somewhere', () => {
  const comment = /\/\*\*[^]*?\*\//g;
  const typescript = sources('js', '.ts')
    .map((file) => read(file).replace(comment, ''))
    .join('\n');
  const rust = sources('src', '.rs')
    .map((file) => read(file).replace(/^\s*\/\/.*$/gm, ''))
    .join('\n');
  const raised = (code) =>
    typescript.includes(`'${code}'`) || (core.has(code) && new RegExp(`Code::${core.get(code)}\\b`).test(rust));
  assert.deepEqual(
    union.filter((code) => !raised(code)),
    [],
  );
});

test('the README and the guides name no other codes', () => {
  const pages = ['README.md', 'SECURITY.md', ...sources('docs', '.md')].map(read).join('\n');
  const named = new Set(pages.match(/\bERR_[A-Z_]+\b/g));
  assert.deepEqual(
    [...named].filter((code) => !union.includes(code)),
    [],
  );
});

test("an error is an Error with a name, a code and a cause, and an upload's error has a status and a part", () => {
  const cause = new Error('below');
  const error = new KmsealError('ERR_READ', 'the file could not be read', { cause });
  const { name, code, message } = error;
  assert.deepEqual(
    { name, code, message, cause: error.cause },
    { name: 'KmsealError', code: 'ERR_READ', message: 'the file could not be read', cause },
  );
  const unanswered = new KmsealError('ERR_UPLOAD', 'nobody answered', { status: undefined, part: undefined });
  for (const one of [error, unanswered]) assert.deepEqual(Object.keys(one), ['name', 'code']);
  const refused = new KmsealError('ERR_UPLOAD', 'S3 refused it', { status: 403, part: 2 });
  assert.deepEqual({ status: refused.status, part: refused.part }, { status: 403, part: 2 });
  assert.ok(error instanceof Error);
  assert.equal(String(error), 'KmsealError: the file could not be read');
});
