// What each call accepts as an encryption context: anything but a plain object of strings would bind to nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import vm from 'node:vm';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { readAll } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

let kms;
let keys;
let sealer;
let opener;
let envelope;
before(async () => {
  kms = await startKms();
  keys = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys });
  opener = new Opener({ keyIds: [keys.keyId], decrypt: remembering(kms.decrypt) });
  envelope = await sealer.seal(new Uint8Array(9));
});
after(() => kms?.close());

const stream = (bytes) => new Blob([bytes]).stream();
const bytes = new Uint8Array(9);

/** Each passes a context to one call, under its name. */
const CALLS = {
  'new Sealer': async (context) => new Sealer({ keys, encryptionContext: context }),
  'new Sealer, required': async (context) => new Sealer({ keys, requiredEncryptionContext: context }),
  'seal of bytes': (encryptionContext) => sealer.seal(bytes, { encryptionContext }),
  'seal of bytes, required': (requiredEncryptionContext) => sealer.seal(bytes, { requiredEncryptionContext }),
  'seal of a Blob': (encryptionContext) => sealer.seal(new Blob([bytes]), { encryptionContext }),
  'seal of a stream': (encryptionContext) => sealer.seal(stream(bytes), { encryptionContext }),
  sealedSize: async (encryptionContext) => sealer.sealedSize(9, { encryptionContext }),
  prepare: (encryptionContext) => sealer.prepare(new Blob([bytes]), { encryptionContext }),
  'open of bytes': (encryptionContext) => opener.open(envelope, { encryptionContext }),
  'open of a Blob': (encryptionContext) => opener.open(new Blob([envelope]), { encryptionContext }),
  'open of a stream': async (encryptionContext) =>
    readAll((await opener.open(stream(envelope), { encryptionContext })).plaintext),
  openRange: (encryptionContext) => opener.openRange(new Blob([envelope]), { start: 0, end: 1, encryptionContext }),
  reseal: (encryptionContext) => reseal(envelope, { opener, sealer, encryptionContext }),
};

class User {
  #id = '7';
  get user() {
    return this.#id;
  }
}
class Pair {
  user = '7';
}
const hidden = (value) => Object.defineProperty({}, 'user', { value });

/** Refused values, and the words that name what is wrong with them. */
const REFUSED = {
  null: [() => null, /it is null/],
  'an instance with accessors': [() => new User(), /"user"/],
  'an instance with fields': [() => new Pair(), /prototype/],
  'pairs as a prototype': [() => Object.create({ user: '7' }), /"user"/],
  'pairs without a prototype as a prototype': [
    () => Object.create(Object.assign(Object.create(null), { user: '7' })),
    /"user"/,
  ],
  'pairs under more pairs': [() => Object.assign(Object.create({ user: '7' }), { purpose: 'x' }), /"user"/],
  'a symbol key': [() => ({ [Symbol('user')]: '7' }), /Symbol\(user\)/],
  'a symbol key beside others': [() => ({ purpose: 'x', [Symbol.for('user')]: '7' }), /Symbol\(user\)/],
  'a key that is not enumerable': [() => hidden('7'), /"user" is not enumerable/],
  'an array': [() => ['a'], /inherits/],
  'an empty array': [() => [], /inherits/],
  'a Map': [() => new Map([['user', '7']]), /inherits/],
  'a Map of another realm': [() => vm.runInNewContext("new Map([['user', '7']])"), /inherits/],
  FormData: [() => new FormData(), /inherits/],
  'a promise': [() => Promise.resolve({ user: '7' }), /inherits/],
  'a function': [() => () => ({ user: '7' }), /function/],
  text: [() => '{"user":"7"}', /string/],
  'a number': [() => 0, /number/],
  false: [() => false, /boolean/],
  'a number as a value': [() => ({ user: 7 }), /value of "user"/],
  'undefined as a value': [() => ({ user: undefined }), /value of "user"/],
  'null as a value': [() => ({ user: null }), /value of "user"/],
  'a String object as a value': [() => ({ user: new String('7') }), /value of "user"/],
  'an object as a value': [() => ({ user: { toString: () => '7' } }), /value of "user"/],
  'a getter that gives a number': [
    () => ({
      get user() {
        return 7;
      },
    }),
    /value of "user"/,
  ],
  'a Proxy of an instance': [() => new Proxy(new User(), {}), /"user"/],
  'a Proxy that hides a value': [() => new Proxy({ user: '7' }, { get: () => undefined }), /value of "user"/],
  'a Proxy that hides a descriptor': [
    () => new Proxy({ user: '7' }, { getOwnPropertyDescriptor: () => undefined }),
    /"user" is not enumerable/,
  ],
};

describe('a TypeError that names the key', () => {
  for (const [call, use] of Object.entries(CALLS)) {
    test(`a context that is not an object of strings gives a TypeError that names the key: ${call}`, async () => {
      const option = call.includes('required') ? /^requiredEncryptionContext must/ : /^encryptionContext must/;
      for (const [what, [make, words]] of Object.entries(REFUSED)) {
        const refused = (error) => {
          assert.ok(error instanceof TypeError, `${what}: ${error}`);
          assert.match(error.message, option, what);
          assert.match(error.message, words, what);
          return true;
        };
        await assert.rejects(use(make()), refused, what);
      }
    });
  }
});

test('plain objects of any realm are accepted, and so is what frameworks make of them', async () => {
  const plain = { user: '7' };
  const administered = Object.defineProperty({ user: '7' }, '__ob__', { value: { dep: 1 } }); // Vue 2
  Object.defineProperty(administered, Symbol('administration'), { value: {} }); // MobX, Solid
  const taken = [
    plain,
    Object.freeze({ ...plain }),
    Object.assign(Object.create(null), plain),
    JSON.parse('{"user":"7"}'),
    structuredClone(plain),
    vm.runInNewContext("({ user: '7' })"),
    vm.runInNewContext("Object.assign(Object.create(null), { user: '7' })"),
    new Proxy(plain, {}),
    administered,
    {
      get user() {
        return '7';
      },
    },
  ];
  for (const encryptionContext of taken) {
    const sealed = await sealer.seal(bytes, { encryptionContext });
    const opened = await opener.open(sealed, { encryptionContext });
    assert.deepEqual({ ...opened.encryptionContext }, plain);
    await assert.rejects(opener.open(sealed, { encryptionContext: { user: '8' } }), { code: 'ERR_CONTEXT' });
  }
});

test('a pair with the key __proto__ is kept', async () => {
  const encryptionContext = JSON.parse('{"__proto__":"a"}');
  const sealed = await sealer.seal(bytes, { encryptionContext });
  assert.deepEqual(Object.entries((await opener.open(sealed, { encryptionContext })).encryptionContext), [
    ['__proto__', 'a'],
  ]);
  await assert.rejects(opener.open(sealed, { encryptionContext: JSON.parse('{"__proto__":"b"}') }), {
    code: 'ERR_CONTEXT',
  });
  const moved = await reseal(sealed, { opener, sealer, encryptionContext });
  assert.deepEqual(Object.entries((await opener.open(moved)).encryptionContext), [['__proto__', 'a']]);
});

test('each pair is read once, and later changes have no effect', async () => {
  let reads = 0;
  const encryptionContext = {
    get user() {
      return `${++reads}`;
    },
  };
  const sealing = sealer.seal(stream(bytes), { encryptionContext });
  const other = { user: '1' };
  const sealed = new Uint8Array(await new Response(await sealing).arrayBuffer());
  const opening = opener.open(sealed, { encryptionContext: other });
  other.user = '2';
  await opening;
  assert.equal(reads, 1);
});

test('undefined counts as no context', async () => {
  await Promise.all(Object.values(CALLS).map((use) => use(undefined)));
});
