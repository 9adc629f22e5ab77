// What counts as an encryption context: the own pairs of a plain object of strings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { checkedContext } = await importSource('js/io/context.ts');

test('checkedContext copies the pairs into an object without a prototype', () => {
  const given = { user: '7', empty: '' };
  const pairs = checkedContext(given);
  given.user = '8';
  assert.equal(Object.getPrototypeOf(pairs), null);
  assert.deepEqual({ ...pairs }, { user: '7', empty: '' });
  assert.equal(checkedContext(undefined), undefined);
});

test('checkedContext keeps a pair with the key __proto__', () => {
  assert.deepEqual(Object.entries(checkedContext(JSON.parse('{"__proto__":"a"}'))), [['__proto__', 'a']]);
});

test('checkedContext rejects other values with a sentence that names what is wrong', () => {
  class User {
    constructor() {
      this.id = '7';
    }
    get name() {
      return 'a';
    }
  }
  for (const { context, why } of [
    { context: null, why: /encryptionContext must be a plain object of strings: it is null$/ },
    { context: 'user=7', why: /it is a string$/ },
    { context: { user: 7 }, why: /the value of "user" is not a string$/ },
    { context: new User(), why: /inherits "name"$/ },
    { context: Object.create({ user: '7' }), why: /inherits "user"$/ },
    { context: { [Symbol('user')]: '7' }, why: /the key Symbol\(user\) is a symbol$/ },
    { context: Object.defineProperty({}, 'user', { value: '7' }), why: /"user" is not enumerable$/ },
  ])
    assert.throws(() => checkedContext(context), { name: 'TypeError', message: why });
});

test('checkedContext reads a getter once', () => {
  let reads = 0;
  const pairs = checkedContext({
    get user() {
      reads += 1;
      return '7';
    },
  });
  assert.deepEqual({ user: pairs.user, reads }, { user: '7', reads: 1 });
});
