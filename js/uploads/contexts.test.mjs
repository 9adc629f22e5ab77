// The contexts of an upload, and when two of them are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { canonical, contextsOf } = await importSource('js/uploads/contexts.ts');

test('contextsOf calls functions with the file, and passes objects on', () => {
  const options = { encryptionContext: ({ name }) => ({ name }), requiredEncryptionContext: { user: '7' } };
  assert.deepEqual(contextsOf(options, { name: 'a' }), {
    encryptionContext: { name: 'a' },
    requiredEncryptionContext: { user: '7' },
  });
});

test('canonical is equal for equal contexts in any order, and differs for others', () => {
  const one = canonical({ encryptionContext: { a: '1', b: '2' } });
  assert.equal(canonical({ encryptionContext: { b: '2', a: '1' }, requiredEncryptionContext: {} }), one);
  for (const other of [
    { encryptionContext: { a: '1' } },
    { requiredEncryptionContext: { a: '1', b: '2' } },
    { encryptionContext: { a: '2', b: '1' } },
  ]) {
    assert.notEqual(canonical(other), one);
  }
});
