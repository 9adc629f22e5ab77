// docs/errors.md says of each code what js/errors.ts says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE, codes, page } from './errors.mjs';

test('the page of the errors has one row for each code, as js/errors.ts has it (node tests/docs/errors.mjs --write)', () => {
  assert.ok(codes().length > 15, 'the codes were read');
  assert.equal(readFileSync(PAGE, 'utf8'), page());
});
