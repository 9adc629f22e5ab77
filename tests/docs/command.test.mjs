// docs/command.md says what the command says of itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE, page, subcommands } from './help.mjs';

const text = readFileSync(PAGE, 'utf8');

test('the page of the command has the help that it prints (node tests/docs/help.mjs --write)', () => {
  assert.ok(subcommands().includes('reseal'), 'the list of subcommands was read');
  assert.equal(text, page());
});

test('the page of the command has the exit statuses of its help', () => {
  const [, statuses] = /Exit status: (.*?)\. With several files/.exec(
    text.slice(text.indexOf('### kmseal\n')).replace(/\s+/g, ' '),
  );
  const rows = Array.from(text.matchAll(/^\| (\d) \| (.*) \|$/gm), ([, status, meaning]) => `${status} ${meaning}`);
  assert.equal(rows.join('; '), statuses);
  assert.ok(rows.length >= 7, rows.join('; '));
});
