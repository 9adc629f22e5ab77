// docs/format.md shows an envelope that kmseal makes, to the last byte.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BLOCK, DOCUMENT, hexdump } from './hexdump.mjs';

test('the annotated hexdump is up to date (node tests/docs/hexdump.mjs --write)', () => {
  assert.equal(BLOCK.exec(readFileSync(DOCUMENT, 'utf8'))[0], hexdump());
});
