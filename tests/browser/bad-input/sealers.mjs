// What a sealer does not take.

const TYPE = 'TypeError';
const RANGE = 'RangeError';

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const SEALERS = [
  { title: 'no options', error: TYPE, says: /undefined|destructure/, call: ({ Sealer }) => new Sealer() },
  { title: 'no keys', error: TYPE, says: /keys must/, call: ({ Sealer }) => new Sealer({}) },
  { title: 'an empty list of keys', error: TYPE, says: /keys must/, call: ({ Sealer }) => new Sealer({ keys: [] }) },
  { title: 'a number of keys', error: TYPE, says: /keys must/, call: ({ Sealer }) => new Sealer({ keys: 5 }) },
  {
    title: 'a key that is not imported',
    error: TYPE,
    says: /keys must/,
    call: ({ Sealer, keyId }) => new Sealer({ keys: [keyId] }),
  },
  {
    title: 'a promise of a key, not awaited',
    error: TYPE,
    says: /keys must/,
    call: ({ Sealer, key }) => new Sealer({ keys: Promise.resolve(key) }),
  },
  {
    title: 'a frame length as text',
    error: TYPE,
    says: /frameLength must be a number/,
    call: ({ make }) => make({ frameLength: '4096' }),
  },
  {
    title: 'a frame length of null',
    error: TYPE,
    says: /frameLength must be a number/,
    call: ({ make }) => make({ frameLength: null }),
  },
  {
    title: 'a frame length of 4095',
    error: RANGE,
    says: /frameLength must.*4096/,
    call: ({ make }) => make({ frameLength: 4095 }),
  },
  {
    title: 'a frame length over 16 MiB',
    error: RANGE,
    says: /frameLength must.*16777216/,
    call: ({ make }) => make({ frameLength: 2 ** 24 + 1 }),
  },
  {
    title: 'a frame length that is not whole',
    error: RANGE,
    says: /frameLength must/,
    call: ({ make }) => make({ frameLength: 5000.5 }),
  },
  {
    title: 'a frame length of NaN',
    error: RANGE,
    says: /frameLength must/,
    call: ({ make }) => make({ frameLength: NaN }),
  },
  { title: 'an unknown engine', error: TYPE, says: /engine must/, call: ({ make }) => make({ engine: 'native' }) },
  {
    title: 'an engine of auto',
    error: TYPE,
    says: /engine must be 'webcrypto' or 'wasm'/,
    call: ({ make }) => make({ engine: 'auto' }),
  },
  {
    title: "a cache limit under an opener's name",
    error: TYPE,
    says: /no maxMessages; it takes .*maxMessagesEncrypted/,
    call: ({ cached }) => cached({ maxAge: 1, maxMessages: 1 }),
  },
  { title: 'a cache without maxAge', error: TYPE, says: /maxAge must/, call: ({ cached }) => cached({}) },
  { title: 'a cache of true', error: TYPE, says: /maxAge must/, call: ({ cached }) => cached(true) },
  { title: 'a maxAge of 0', error: RANGE, says: /maxAge must/, call: ({ cached }) => cached({ maxAge: 0 }) },
  {
    title: 'a maxAge of Infinity',
    error: RANGE,
    says: /maxAge must/,
    call: ({ cached }) => cached({ maxAge: Infinity }),
  },
  {
    title: 'no messages',
    error: RANGE,
    says: /maxMessagesEncrypted must/,
    call: ({ cached }) => cached({ maxAge: 1, maxMessagesEncrypted: 0 }),
  },
  {
    title: 'more than 2^32 messages',
    error: RANGE,
    says: /maxMessagesEncrypted must/,
    call: ({ cached }) => cached({ maxAge: 1, maxMessagesEncrypted: 2 ** 32 + 1 }),
  },
  {
    title: 'a negative number of bytes',
    error: RANGE,
    says: /maxBytesEncrypted must/,
    call: ({ cached }) => cached({ maxAge: 1, maxBytesEncrypted: -1 }),
  },
  {
    title: 'bytes as a BigInt',
    error: TYPE,
    says: /maxBytesEncrypted must/,
    call: ({ cached }) => cached({ maxAge: 1, maxBytesEncrypted: 1n }),
  },
  {
    title: 'a capacity of 0',
    error: RANGE,
    says: /capacity must/,
    call: ({ cached }) => cached({ maxAge: 1, capacity: 0 }),
  },
];
