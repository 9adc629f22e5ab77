// Encryption contexts that nothing is sealed under.

const TYPE = 'TypeError';
const CONTEXT = 'ERR_CONTEXT';
const STRINGS = /encryptionContext.*string/i;

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const CONTEXTS = [
  {
    title: 'a reserved key',
    error: CONTEXT,
    says: /aws-crypto-public-key.*reserved/,
    call: ({ within }) => within({ 'aws-crypto-public-key': 'x' }),
  },
  {
    title: 'a reserved key, required',
    error: CONTEXT,
    says: /aws-crypto-x.*reserved/,
    call: ({ requiring }) => requiring({ 'aws-crypto-x': 'x' }),
  },
  {
    title: "a reserved key, the sealer's",
    error: CONTEXT,
    says: /aws-crypto-x.*reserved/,
    call: ({ make }) => make({ encryptionContext: { 'aws-crypto-x': 'x' } }),
  },
  {
    title: 'a lone surrogate in a value',
    error: CONTEXT,
    says: /lone surrogate/,
    call: ({ within }) => within({ file: 'a\ud83d' }),
  },
  {
    title: 'a lone surrogate in a key',
    error: CONTEXT,
    says: /lone surrogate/,
    call: ({ within }) => within({ '\ude00': 'x' }),
  },
  {
    title: 'surrogates in the wrong order',
    error: CONTEXT,
    says: /lone surrogate/,
    call: ({ requiring }) => requiring({ file: '\ude00\ud83d' }),
  },
  {
    title: "a lone surrogate, the sealer's",
    error: CONTEXT,
    says: /lone surrogate/,
    call: ({ make }) => make({ requiredEncryptionContext: { a: '\ud800' } }),
  },
  {
    title: 'one key with two values',
    error: CONTEXT,
    says: /"user".*two values/,
    call: ({ make, bytes }) =>
      make({ encryptionContext: { user: '1' } }).seal(bytes, { encryptionContext: { user: '2' } }),
  },
  {
    title: 'one required key with two values',
    error: CONTEXT,
    says: /"user".*two values/,
    call: ({ make, bytes }) =>
      make({ requiredEncryptionContext: { user: '1' } }).seal(bytes, { requiredEncryptionContext: { user: '2' } }),
  },
  {
    title: 'stored and required',
    error: CONTEXT,
    says: /"user".*both stored and required/,
    call: ({ make }) => make({ encryptionContext: { user: '1' }, requiredEncryptionContext: { user: '1' } }),
  },
  {
    title: 'stored by the sealer, required by the call',
    error: CONTEXT,
    says: /"user".*both stored and required/,
    call: ({ make, bytes }) =>
      make({ encryptionContext: { user: '1' } }).seal(bytes, { requiredEncryptionContext: { user: '1' } }),
  },
  {
    title: 'required by the sealer, stored by the call',
    error: CONTEXT,
    says: /"user".*both stored and required/,
    call: ({ make }) =>
      make({ requiredEncryptionContext: { user: '1' } }).sealedSize(1, { encryptionContext: { user: '2' } }),
  },
  { title: '65,536 bytes', error: CONTEXT, says: /65,535/, call: ({ within }) => within({ k: 'v'.repeat(65536 - 7) }) },
  {
    title: '65,536 bytes in two-byte letters',
    error: CONTEXT,
    says: /65,535/,
    call: ({ within }) => within({ kk: 'ü'.repeat((65536 - 8) / 2) }),
  },
  {
    title: '65,536 pairs',
    error: CONTEXT,
    says: /65,535/,
    call: ({ within }) => within(Object.fromEntries(Array.from({ length: 65536 }, (_, i) => [i, '']))),
  },
  {
    title: 'too long together',
    error: CONTEXT,
    says: /65,535/,
    call: ({ make, bytes }) =>
      make({ encryptionContext: { a: 'v'.repeat(40000) } }).seal(bytes, {
        requiredEncryptionContext: { b: 'v'.repeat(40000) },
      }),
  },
  {
    title: 'too long for sealedSize',
    error: CONTEXT,
    says: /65,535/,
    call: ({ sealer }) => sealer.sealedSize(1, { encryptionContext: { k: 'v'.repeat(65536) } }),
  },
  {
    title: 'too long for prepare',
    error: CONTEXT,
    says: /65,535/,
    call: ({ sealer }) => sealer.prepare(new Blob(), { encryptionContext: { k: 'v'.repeat(65536) } }),
  },
  {
    title: 'a reserved key, for a stream',
    error: CONTEXT,
    says: /reserved/,
    call: ({ sealer, streamOf }) => sealer.seal(streamOf(), { encryptionContext: { 'aws-crypto-x': '' } }),
  },
  { title: 'a value that is a number', error: TYPE, says: STRINGS, call: ({ within }) => within({ id: 7 }) },
  { title: 'a value that is undefined', error: TYPE, says: STRINGS, call: ({ within }) => within({ id: undefined }) },
  { title: 'a value that is null', error: TYPE, says: STRINGS, call: ({ requiring }) => requiring({ id: null }) },
  {
    title: 'a value that is a String object',
    error: TYPE,
    says: STRINGS,
    call: ({ within }) => within({ id: new String('7') }),
  },
  { title: 'an array', error: TYPE, says: STRINGS, call: ({ within }) => within(['a', 'b']) },
  { title: 'an array of pairs', error: TYPE, says: STRINGS, call: ({ requiring }) => requiring([['a', 'b']]) },
  { title: 'a string', error: TYPE, says: STRINGS, call: ({ within }) => within('user=7') },
  { title: 'a number', error: TYPE, says: STRINGS, call: ({ make }) => make({ encryptionContext: 7 }) },
  { title: 'a function', error: TYPE, says: STRINGS, call: ({ within }) => within(() => ({})) },
  // These have no own pairs: accepted as objects, they would be sealed under no context at all.
  { title: 'a Map', error: TYPE, says: STRINGS, call: ({ within }) => within(new Map([['user', '7']])) },
  {
    title: 'URLSearchParams',
    error: TYPE,
    says: STRINGS,
    call: ({ make }) => make({ requiredEncryptionContext: new URLSearchParams('user=7') }),
  },
  {
    title: 'a promise, not awaited',
    error: TYPE,
    says: STRINGS,
    call: ({ within }) => within(Promise.resolve({ user: '7' })),
  },
];
