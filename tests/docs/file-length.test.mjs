// A file that people write has at most 400 lines, so that it can be read in one go.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const MOST = 400;
const WRITTEN = /\.(?:rs|ts|tsx|js|mjs|jsx|vue|svelte|css|html|py|sh|md|ya?ml|toml|jsonc)$/;

/** Files that may be longer, and why. */
const LONGER = {
  'docs/command.md': 'tests/docs/help.mjs writes the help of every command into it',
};

const linesOf = (file) => readFileSync(path.join(ROOT, file), 'utf8').split('\n').length - 1;

test('a file that people write has at most 400 lines', () => {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => WRITTEN.test(file) && existsSync(path.join(ROOT, file)));
  assert.ok(files.length > 500, `${files.length} files`);
  const long = files.map((file) => ({ file, lines: linesOf(file) })).filter(({ lines }) => lines > MOST);
  assert.deepEqual(
    long.filter(({ file }) => !LONGER[file]),
    [],
  );
});

test('a file that may have more than 400 lines has them', () => {
  assert.deepEqual(
    Object.keys(LONGER).filter((file) => linesOf(file) <= MOST),
    [],
  );
});
