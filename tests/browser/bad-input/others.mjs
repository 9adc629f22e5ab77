// Wrong calls of the rest: keys, random bytes, what was closed, openers.

const TYPE = 'TypeError';
const RANGE = 'RangeError';

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const OTHERS = [
  { title: 'encrypting text', error: TYPE, says: /data must/, call: ({ key }) => key.encrypt('text') },
  {
    title: 'encrypting shared memory',
    error: TYPE,
    says: /shared memory/,
    call: ({ key, shared }) => key.encrypt(new Uint8Array(shared, 0, 8)),
  },
  {
    title: 'encrypting a byte too many',
    error: 'ERR_TOO_LONG',
    says: /190/,
    call: ({ key }) => key.encrypt(new Uint8Array(key.maxPlaintextLength + 1)),
  },
  { title: 'a random length of 0', error: RANGE, says: /length must/, call: ({ kmseal }) => kmseal.generateRandom(0) },
  {
    title: 'a random length of 1,025',
    error: RANGE,
    says: /length must/,
    call: ({ kmseal }) => kmseal.generateRandom(1025),
  },
  {
    title: 'a random length as text',
    error: TYPE,
    says: /length must/,
    call: ({ kmseal }) => kmseal.generateRandom('32'),
  },
  {
    title: 'a closed sealer',
    error: 'ERR_CLOSED',
    says: /sealer was closed/,
    call: ({ closed, bytes }) => closed.sealer.seal(bytes),
  },
  {
    title: "a closed sealer's sealedSize",
    error: 'ERR_CLOSED',
    says: /sealer was closed/,
    call: ({ closed }) => closed.sealer.sealedSize(1),
  },
  {
    title: "a closed sealer's prepare",
    error: 'ERR_CLOSED',
    says: /sealer was closed/,
    call: ({ closed }) => closed.sealer.prepare(new Blob()),
  },
  {
    title: 'a closed file',
    error: 'ERR_CLOSED',
    says: /sealed file was closed/,
    call: ({ closed }) => closed.sealed.slice(),
  },
  {
    title: "a closed file's stream",
    error: 'ERR_CLOSED',
    says: /sealed file was closed/,
    call: ({ closed, read }) => read(closed.sealed.stream()),
  },
  {
    title: 'a file closed while it is streamed',
    error: 'ERR_CLOSED',
    says: /sealed file was closed/,
    call: async ({ sealer, read }) => {
      const sealed = await sealer.prepare(new Blob([new Uint8Array(2 ** 20)]));
      const stream = sealed.stream();
      sealed.close();
      return read(stream);
    },
  },
  { title: 'no key ids', error: TYPE, says: /keyIds must/, call: ({ opener }) => opener({ keyIds: undefined }) },
  { title: 'an empty list of key ids', error: TYPE, says: /keyIds must/, call: ({ opener }) => opener({ keyIds: [] }) },
  {
    title: 'a key id for a list',
    error: TYPE,
    says: /keyIds must/,
    call: ({ opener, keyId }) => opener({ keyIds: keyId }),
  },
  {
    title: 'a key for a key id',
    error: TYPE,
    says: /keyIds must/,
    call: ({ opener, key }) => opener({ keyIds: [key] }),
  },
  {
    title: 'no decrypt',
    error: TYPE,
    says: /decrypt must be a function/,
    call: ({ opener }) => opener({ decrypt: undefined }),
  },
  {
    title: 'a client for decrypt',
    error: TYPE,
    says: /decrypt must be a function/,
    call: ({ opener }) => opener({ decrypt: { send() {} } }),
  },
  {
    title: 'a context for an opener, which would guard nothing',
    error: TYPE,
    says: /hand it to open\(\)/,
    call: ({ opener }) => opener({ encryptionContext: { user: '7' } }),
  },
  {
    title: 'no encrypted data keys',
    error: RANGE,
    says: /maxEncryptedDataKeys must/,
    call: ({ opener }) => opener({ maxEncryptedDataKeys: 0 }),
  },
  {
    title: 'a limit as text',
    error: TYPE,
    says: /maxEncryptedDataKeys must/,
    call: ({ opener }) => opener({ maxEncryptedDataKeys: '8' }),
  },
  {
    title: 'a frame limit of 2^32',
    error: RANGE,
    says: /maxFrameLength must/,
    call: ({ opener }) => opener({ maxFrameLength: 2 ** 32 }),
  },
  {
    title: "an opener's unknown engine",
    error: TYPE,
    says: /engine must/,
    call: ({ opener }) => opener({ engine: 'native' }),
  },
  {
    title: 'a closed opener',
    error: 'ERR_CLOSED',
    says: /opener was closed/,
    call: async ({ opener, sealer, bytes }) => {
      const closed = opener();
      closed.close();
      return closed.open(await sealer.seal(bytes));
    },
  },
  { title: 'opening nothing', error: TYPE, says: /Blob, bytes or a stream/, call: ({ opener }) => opener().open() },
  { title: 'opening text', error: TYPE, says: /Blob, bytes or a stream/, call: ({ opener }) => opener().open('AgR4') },
  {
    title: 'opening shared memory',
    error: TYPE,
    says: /shared memory/,
    call: ({ opener, shared }) => opener().open(new Uint8Array(shared)),
  },
  {
    title: 'a range whose start is an argument of its own',
    error: TYPE,
    says: /options must be an object/,
    call: ({ opener }) => opener().openRange(new Blob(['1']), 10),
  },
  {
    title: 'a range of a source that cannot be read',
    error: TYPE,
    says: /size, read/,
    call: ({ opener }) => opener().openRange({ size: 100 }),
  },
  {
    title: 'resealing without an opener',
    error: TYPE,
    says: /opener must be/,
    call: ({ kmseal, sealer, bytes }) => kmseal.reseal(bytes, { sealer }),
  },
  {
    title: 'resealing without a sealer',
    error: TYPE,
    says: /sealer must be a Sealer/,
    call: ({ kmseal, opener, bytes }) => kmseal.reseal(bytes, { opener: opener() }),
  },
  {
    title: 'a fingerprint of null',
    error: TYPE,
    says: /fingerprint must be/,
    call: ({ kmseal, keyId }) => kmseal.KmsPublicKey.import('', { keyId, fingerprint: null }),
  },
  {
    title: 'inspecting a promise, not awaited',
    error: TYPE,
    says: /Blob, bytes or a stream/,
    call: ({ kmseal, sealer, bytes }) => kmseal.inspect(sealer.seal(bytes)),
  },
  {
    title: 'inspecting shared memory',
    error: TYPE,
    says: /shared memory/,
    call: ({ kmseal, shared }) => kmseal.inspect(new Uint8Array(shared)),
  },
];
