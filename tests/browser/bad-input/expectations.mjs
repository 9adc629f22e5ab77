// What an opener expects of an envelope, and does not find.

const CONTEXT = 'ERR_CONTEXT';

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const EXPECTATIONS = [
  {
    title: 'another value of a stored pair',
    error: CONTEXT,
    says: /"user".*not the one expected/,
    call: ({ expecting }) => expecting({ user: '8', tenant: 'north' }),
  },
  {
    title: 'no required pair',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ expecting }) => expecting({ user: '7' }, { calls: 1 }),
  },
  {
    title: 'nothing',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ expecting }) => expecting({}, { calls: 1 }),
  },
  {
    title: 'another value of a required pair',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ expecting }) => expecting({ user: '7', tenant: 'south' }, { calls: 1 }),
  },
  {
    title: 'a pair too many',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ expecting, expected }) => expecting({ ...expected, more: '' }, { calls: 1 }),
  },
  {
    title: 'a reserved key',
    error: CONTEXT,
    says: /reserved/,
    call: ({ expecting }) => expecting({ 'aws-crypto-x': '' }),
  },
  {
    title: 'a lone surrogate',
    error: CONTEXT,
    says: /lone surrogate/,
    call: ({ expecting }) => expecting({ user: '\udc00' }),
  },
  {
    title: 'a context of pairs',
    error: 'TypeError',
    says: /encryptionContext/,
    call: ({ expecting }) => expecting([['user', '7']]),
  },
  {
    title: 'a context that is a number',
    error: 'TypeError',
    says: /encryptionContext/,
    call: ({ expecting }) => expecting({ user: 7 }),
  },
  {
    title: 'another key',
    error: 'ERR_NO_MATCHING_KEY',
    says: /inspect\(\)/,
    call: ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0].replace(/.{4}$/, '0000')] }),
  },
  {
    title: 'the key in another region',
    error: 'ERR_NO_MATCHING_KEY',
    says: /compare the opener's with what inspect/,
    call: ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0].replace('us-east-1', 'eu-west-1')] }),
  },
  {
    title: 'an alias for a key id',
    error: 'ERR_KEY_ID',
    says: /alias/,
    call: ({ open, envelope }) => open(envelope, { keyIds: ['alias/uploads'] }),
  },
  {
    title: 'a bare key id',
    error: 'ERR_KEY_ID',
    says: /ARN that ends in it/,
    call: ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0], keyIds[1].split('/')[1]] }),
  },
  {
    title: 'an unknown algorithm',
    error: 'TypeError',
    says: /encryptionAlgorithm/,
    call: ({ open, envelope }) => open(envelope, { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' }),
  },
];
