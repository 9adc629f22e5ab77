// How large the parts of a stream are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES, sizeOfPart } = await importSource('js/s3/part-sizes.ts');

const MIB = 2 ** 20;
const all = (first) => Array.from({ length: MAX_PARTS }, (_, index) => sizeOfPart(index + 1, first));
const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);

test('the parts of a stream have one size up to the 1,000th, and double after every 1,000', () => {
  assert.deepEqual(
    [1, 1000, 1001, 2000, 2001, 10_000].map((number) => sizeOfPart(number, 8 * MIB) / MIB),
    [8, 8, 16, 16, 32, 4096],
  );
});

test('10,000 parts that begin with 8 MiB hold 8 TB', () => {
  assert.ok(sum(all(8 * MIB)) > 8e12);
});

test('no part of a stream is smaller or larger than S3 takes, whatever the first one has', () => {
  for (const first of [MIN_PART_BYTES, 8 * MIB, 64 * MIB, MAX_PART_BYTES])
    for (const size of all(first))
      assert.ok(Number.isInteger(size) && size >= MIN_PART_BYTES && size <= MAX_PART_BYTES, `${size}`);
});
