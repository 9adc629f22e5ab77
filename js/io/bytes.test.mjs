// Arithmetic of ranges, and views of the caller's bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { bytesAtCall, isBlob, isBytes, isStream, joined, position, viewOf, wholeNumber } =
  await importSource('js/io/bytes.ts');

test('position rounds to the nearest whole number, ties to even, as Blob.slice does', () => {
  const rounded = { 0.5: 0, 1.5: 2, 2.5: 2, 3.5: 4, 2.4: 2, 2.6: 3 };
  for (const [value, expected] of Object.entries(rounded)) assert.equal(position(Number(value), 10), expected, value);
});

test('position counts negative numbers from the end and stays within the size', () => {
  for (const { value, expected } of [
    { value: -1, expected: 9 },
    { value: -10, expected: 0 },
    { value: -11, expected: 0 },
    { value: -0.5, expected: 0 },
    { value: -1.5, expected: 8 },
    { value: 10, expected: 10 },
    { value: 11, expected: 10 },
    { value: Infinity, expected: 10 },
    { value: -Infinity, expected: 0 },
    { value: NaN, expected: 0 },
  ]) {
    assert.equal(position(value, 10), expected, String(value));
  }
});

test('position agrees with Blob.slice for every pair of bounds', async () => {
  const values = [-12, -10, -3.5, -1, -0.5, 0, 0.5, 1, 2.5, 9.5, 10, 12];
  const blob = new Blob(['0123456789']);
  for (const start of values.filter(Number.isInteger)) {
    for (const end of values.filter(Number.isInteger)) {
      const expected = await blob.slice(start, end).text();
      assert.equal(
        '0123456789'.slice(position(start, 10), Math.max(position(start, 10), position(end, 10))),
        expected,
        `${start}, ${end}`,
      );
    }
  }
});

test('wholeNumber accepts whole numbers within its bounds', () => {
  assert.equal(wholeNumber(0, 'size', 0), 0);
  assert.equal(wholeNumber(2 ** 53 - 1, 'size', 0), 2 ** 53 - 1);
});

test('wholeNumber rejects other values with an error that names the option and its bounds', () => {
  for (const value of ['1', undefined, null, 1n])
    assert.throws(() => wholeNumber(value, 'size', 0), { name: 'TypeError', message: 'size must be a number' });
  const message = 'size must be a whole number from 1 to 8';
  for (const value of [0, 9, 1.5, NaN, Infinity, -1])
    assert.throws(() => wholeNumber(value, 'size', 1, 8), { name: 'RangeError', message });
});

test('joined puts chunks together in order, and returns a single chunk as it is', () => {
  const one = Uint8Array.of(1);
  assert.equal(joined([one]), one);
  assert.deepEqual(joined([one, new Uint8Array(), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3));
  assert.deepEqual(joined([]), new Uint8Array());
});

test('viewOf covers exactly the bytes of a view, and rejects shared memory', () => {
  const { buffer } = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  assert.deepEqual(viewOf(new DataView(buffer, 2, 3)), Uint8Array.of(2, 3, 4));
  assert.deepEqual(viewOf(new Uint16Array(buffer, 2, 1)), Uint8Array.of(2, 3));
  assert.equal(viewOf(buffer).buffer, buffer);
  for (const data of [new SharedArrayBuffer(4), new Uint8Array(new SharedArrayBuffer(4)), 'text', null])
    assert.throws(() => viewOf(data), TypeError);
});

test('bytesAtCall copies, so that later changes of the caller have no effect', () => {
  const given = Uint8Array.of(1, 2);
  const taken = bytesAtCall(given);
  given.fill(9);
  assert.deepEqual(taken, Uint8Array.of(1, 2));
});

test('the kinds of data are recognized by what they do', () => {
  const foreign = { slice() {}, arrayBuffer() {} };
  const kinds = (data) => ({ blob: isBlob(data), bytes: isBytes(data), stream: isStream(data) });
  assert.deepEqual(kinds(new Blob()), { blob: true, bytes: false, stream: false });
  assert.deepEqual(kinds(foreign), { blob: true, bytes: false, stream: false });
  assert.deepEqual(kinds(new DataView(new ArrayBuffer(1))), { blob: false, bytes: true, stream: false });
  assert.deepEqual(kinds((async function* () {})()), { blob: false, bytes: false, stream: true });
  assert.deepEqual(kinds(new ReadableStream()), { blob: false, bytes: false, stream: true });
});
