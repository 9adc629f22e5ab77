// Every code block of docs/downloads.md is run by one of these tests.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { blocksOf } from '../docs/blocks.mjs';

const TESTS = ['serving/frameworks.test.mjs', 'serving/storing.test.mjs', 'consumers/serving.test.mjs'];
/** Headings with more than one block, which the tests select by index. */
const SEVERAL = { 'Larger: openRange, which proves the length': 2, 'Several files as one archive': 3 };

test('every block of docs/downloads.md is run', () => {
  const run = TESTS.map((file) => readFileSync(path.join(ROOT, 'tests', file), 'utf8')).join('');
  const blocks = blocksOf('docs/downloads.md');
  const headings = [...new Set(blocks.map(({ heading }) => heading))];
  assert.deepEqual(
    // A heading of one word may stand without quotation marks, as a property's name.
    headings.filter((heading) => !run.includes(`'${heading}'`) && !run.includes(`  ${heading}: [`)),
    [],
  );
  for (const heading of headings)
    assert.equal(blocks.filter((block) => block.heading === heading).length, SEVERAL[heading] ?? 1, heading);
});
