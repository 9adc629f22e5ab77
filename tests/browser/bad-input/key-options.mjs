// Key ids, fingerprints and calls with which no key is imported.

const [INVALID, ID] = ['ERR_KEY_INVALID', 'ERR_KEY_ID'];
const ARN = /arn:aws:kms:REGION:ACCOUNT:key\/ID/;

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const KEY_OPTIONS = [
  // Key ids.
  {
    title: 'no key id',
    error: ID,
    says: /give its ARN \(arn:aws:kms:REGION:ACCOUNT:key\/ID\) as keyId$/,
    call: ({ load, pem }) => load(pem['rsa-2048.pem']),
  },
  { title: 'no key id in an answer', error: ID, says: ARN, call: ({ altered }) => altered({ KeyId: undefined }) },
  { title: 'an alias', error: ID, says: /an alias cannot .*GetPublicKey/, call: ({ named }) => named('alias/uploads') },
  {
    title: "an alias's ARN",
    error: ID,
    says: /an alias cannot .*GetPublicKey/,
    call: ({ named }) => named('arn:aws:kms:eu-central-1:111122223333:alias/uploads'),
  },
  {
    title: 'an alias in an answer',
    error: ID,
    says: /an alias cannot .*GetPublicKey/,
    call: ({ altered }) => altered({ KeyId: 'alias/uploads' }),
  },
  { title: 'a bare id', error: ID, says: ARN, call: ({ named }) => named('1234abcd-12ab-34cd-56ef-1234567890ab') },
  {
    title: 'a bare multi-Region id',
    error: ID,
    says: ARN,
    call: ({ named }) => named('mrk-1234abcd12ab34cd56ef1234567890ab'),
  },
  {
    title: 'an ARN in upper case',
    error: ID,
    says: /lower case/,
    call: ({ named, keyId }) => named(keyId.toUpperCase()),
  },
  {
    title: 'an ARN of another service',
    error: ID,
    says: ARN,
    call: ({ named, keyId }) => named(keyId.replace(':kms:', ':s3:')),
  },
  {
    title: 'a key id that disagrees',
    error: ID,
    says: /1234abcd-.*, not .*00000000-.*; give the key id of every key that you expect/,
    call: ({ altered, keyId }) => altered({}, { keyId: keyId.replace('1234abcd', '00000000') }),
  },
  {
    title: 'a key id that disagrees, in JSON',
    error: ID,
    says: /eu-central-1.*, not .*us-east-1/,
    call: ({ answer, load, keyId }) =>
      load(JSON.stringify(answer), { keyId: keyId.replace('eu-central-1', 'us-east-1') }),
  },

  {
    title: "an emulator's bare id in an answer",
    error: ID,
    says: /only a key id.*as keyId$/,
    call: ({ altered, keyId }) => altered({ KeyId: keyId.slice(-36) }),
  },
  {
    title: 'several key ids for PEM, which says none',
    error: ID,
    says: /does not say which/,
    call: ({ load, pem, keyId }) =>
      load(pem['rsa-2048.pem'], { keyId: [keyId, keyId.replace('1234abcd', '00000000')] }),
  },

  // Fingerprints.
  {
    title: 'the fingerprint of another key',
    error: 'ERR_KEY_FINGERPRINT',
    says: /has the fingerprint SHA256:YHK.*, not SHA256:kOBs.*do not seal/,
    call: async ({ load, pem, keyId }) => {
      const { fingerprint } = await load(pem['rsa-3072.pem'], { keyId });
      return load(pem['rsa-2048.pem'], { keyId, fingerprint });
    },
  },
  {
    title: 'a fingerprint without padding',
    error: 'ERR_KEY_FINGERPRINT',
    says: /"SHA256:YHK.*mY" is this key's in another form.*written SHA256:YHK.*mY=; do not seal/,
    call: async ({ answer, load }) => {
      const { fingerprint } = await load(answer);
      return load(answer, { fingerprint: fingerprint.replace(/=+$/, '') });
    },
  },
  {
    title: 'a fingerprint with its line end',
    error: 'ERR_KEY_FINGERPRINT',
    says: /is this key's in another form/,
    call: async ({ answer, load }) => {
      const { fingerprint } = await load(answer);
      return load(answer, { fingerprint: `${fingerprint}\n` });
    },
  },
  {
    title: 'an empty fingerprint',
    error: 'ERR_KEY_FINGERPRINT',
    says: /is not one; this key's is written SHA256:.*do not seal/,
    call: ({ altered }) => altered({}, { fingerprint: '' }),
  },

  // Mistakes of the program.
  { title: 'no source', error: 'TypeError', says: /source must be/, call: ({ load }) => load() },
  { title: 'null', error: 'TypeError', says: /source must be/, call: ({ load }) => load(null) },
  { title: 'a number', error: 'TypeError', says: /source must be/, call: ({ load }) => load(7) },
  {
    title: 'a promise, not awaited',
    error: 'TypeError',
    says: /GetPublicKey's answer/,
    call: ({ load, answer }) => load(Promise.resolve(answer)),
  },
  {
    title: 'an answer without PublicKey',
    error: INVALID,
    says: /JSON without a PublicKey/,
    call: ({ altered }) => altered({ PublicKey: undefined }),
  },
  {
    title: 'a PublicKey that is a number',
    error: INVALID,
    says: /its PublicKey is neither base64 nor bytes/,
    call: ({ altered }) => altered({ PublicKey: 7 }),
  },
  {
    title: 'a KeySpec that is a number',
    error: INVALID,
    says: /one of its fields is not as GetPublicKey returns it/,
    call: ({ altered }) => altered({ KeySpec: 2048 }),
  },
  {
    title: 'algorithms that are not a list',
    error: INVALID,
    says: /one of its fields is not as GetPublicKey returns it/,
    call: ({ altered }) => altered({ EncryptionAlgorithms: 'RSAES_OAEP_SHA_256' }),
  },
  {
    title: 'a keyId that is a number',
    error: 'TypeError',
    says: /keyId must be a string/,
    call: ({ named }) => named(7),
  },
  {
    title: 'no fingerprint in a list',
    error: 'TypeError',
    says: /fingerprint must be a string, or a list of at least one/,
    call: ({ altered }) => altered({}, { fingerprint: [] }),
  },
  {
    title: 'null in a list of fingerprints',
    error: 'TypeError',
    says: /fingerprint must be a string/,
    call: ({ altered }) => altered({}, { fingerprint: [null] }),
  },
  {
    title: 'null for a fingerprint',
    error: 'TypeError',
    says: /fingerprint must be a string/,
    call: ({ altered }) => altered({}, { fingerprint: null }),
  },
  {
    title: 'no key id in a list',
    error: 'TypeError',
    says: /keyId must be a string, or a list of at least one/,
    call: ({ named }) => named([]),
  },
  {
    title: 'a fingerprint that is bytes',
    error: 'TypeError',
    says: /fingerprint must be a string/,
    call: ({ altered }) => altered({}, { fingerprint: new Uint8Array(32) }),
  },
  {
    title: 'an unknown algorithm',
    error: 'TypeError',
    says: /encryptionAlgorithm must be/,
    call: ({ altered }) => altered({}, { encryptionAlgorithm: 'RSAES_PKCS1_V1_5' }),
  },
  {
    title: 'shared memory',
    error: 'TypeError',
    says: /shared memory/,
    call: ({ load, keyId, shared }) => load(new Uint8Array(shared, 0, 294), { keyId }),
  },
  {
    title: 'a SharedArrayBuffer',
    error: 'TypeError',
    says: /GetPublicKey's answer/,
    call: ({ load, keyId, shared }) => load(shared, { keyId }),
  },
  {
    title: 'a PublicKey in shared memory',
    error: 'TypeError',
    says: /shared memory/,
    call: ({ altered, shared }) => altered({ PublicKey: new Uint8Array(shared) }),
  },
];
