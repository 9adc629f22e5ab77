// The public types, written down: a change of one is part of the change that a person reads.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REPORT, apiReport } from '../../scripts/api.mjs';

test('the public types are those of tests/package/api.txt; `npm run api` writes a change down, and CHANGELOG.md says it', async () => {
  assert.equal(await apiReport(), readFileSync(REPORT, 'utf8'));
});
