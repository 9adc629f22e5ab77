// The codes of errors: one list in Rust, one in TypeScript, and all of them raised.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { KmsealError } from 'kmseal';
import { ROOT } from '../../scripts/lib/run.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const sources = (folder, ending) =>
  readdirSync(path.join(ROOT, folder)).filter((file) => file.endsWith(ending)).map((file) => `${folder}/${file}`);

const table = /codes! \{\n([^]*?)\n\}/.exec(read('src/error.rs'))[1];
/** Of src/error.rs: the code that users see, and its name in Rust. */
const core = new Map(Array.from(table.matchAll(/(\w+) = "(\w+)"/g), ([, name, code]) => [code, name]));
/** Of js/errors.ts. */
const union = Array.from(/type KmsealErrorCode =([^;]*);/.exec(read('js/errors.ts'))[1].matchAll(/'(\w+)'/g), ([, code]) => code);

test('TypeScript knows every code of the core', () => {
  assert.ok(core.size > 10, 'the table of src/error.rs was found');
  assert.deepEqual([...core.keys()].filter((code) => !union.includes(code)), []);
  assert.equal(new Set(union).size, union.length);
});

test('every code is raised somewhere', () => {
  const declared = /type KmsealErrorCode =[^;]*;|\/\*\*[^]*?\*\//g; // the union itself, and comments
  const typescript = sources('js', '.ts').map((file) => read(file).replace(declared, '')).join('\n');
  const rust = sources('src', '.rs').map((file) => read(file).replace(/^\s*\/\/.*$/gm, '')).join('\n');
  const raised = (code) => typescript.includes(`'${code}'`) || (core.has(code) && new RegExp(`Code::${core.get(code)}\\b`).test(rust));
  assert.deepEqual(union.filter((code) => !raised(code)), []);
});

test('the README names no other codes', () => {
  const documented = new Set(read('README.md').match(/\bERR_[A-Z_]+\b/g));
  assert.deepEqual([...documented].filter((code) => !union.includes(code)), []);
});

test('an error is an Error with a name, a code and a cause, that of an upload with a status and a part', () => {
  const cause = new Error('below');
  const error = new KmsealError('ERR_READ', 'the file could not be read', { cause });
  const { name, code, message, status, part } = error;
  assert.deepEqual([name, code, message, error.cause], ['KmsealError', 'ERR_READ', 'the file could not be read', cause]);
  assert.deepEqual([status, part], [undefined, undefined]);
  const refused = new KmsealError('ERR_UPLOAD', 'S3 refused it', { status: 403, part: 2 });
  assert.deepEqual([refused.status, refused.part], [403, 2]);
  assert.ok(error instanceof Error);
  assert.equal(String(error), 'KmsealError: the file could not be read');
});
