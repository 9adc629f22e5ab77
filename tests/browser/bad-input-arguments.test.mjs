// Wrong arguments, contexts, sources and states of the sealing side: the code, and the sentence that helps.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { refuses } from '../support/table.mjs';

const values = () => readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');

const prepare = async (kmseal, pem) => {
  const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const key = await kmseal.KmsPublicKey.import(pem, { keyId });
  const { Sealer, Opener } = kmseal;
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
  const streamOf = (...chunks) => new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(chunk));
      controller.close();
    },
  });
  const drain = async (stream) => new Uint8Array(await new Response(await stream).arrayBuffer()).length;
  const read = async (stream) => { for (const reader = (await stream).getReader(); !(await reader.read()).done;); };
  const bytes = new Uint8Array(10);
  const sealer = new Sealer({ keys: key });
  const prepared = await sealer.prepare(new Blob(['abc']));
  const closed = { sealer: new Sealer({ keys: key }), sealed: await sealer.prepare(new Blob(['abc'])) };
  closed.sealer.close();
  closed.sealed.close();
  const decrypt = async () => ({});
  return {
    key, Sealer, Opener, shared, streamOf, drain, read, bytes, sealer, prepared, closed, keyId, decrypt,
    make: (options) => new Sealer({ keys: key, ...options }),
    cached: (cache) => new Sealer({ keys: key, cache }),
    opener: (options) => new Opener({ keyIds: [keyId], decrypt, ...options }),
    within: (encryptionContext) => sealer.seal(bytes, { encryptionContext }),
    requiring: (requiredEncryptionContext) => sealer.seal(bytes, { requiredEncryptionContext }),
  };
};

const [TYPE, RANGE, CONTEXT, CHANGED] = ['TypeError', 'RangeError', 'ERR_CONTEXT', 'ERR_SOURCE_CHANGED'];
const STRINGS = /encryptionContext.*string/i;

const sealers = [
  ['no options', TYPE, /undefined|destructure/, ({ Sealer }) => new Sealer()],
  ['no keys', TYPE, /keys must/, ({ Sealer }) => new Sealer({})],
  ['an empty list of keys', TYPE, /keys must/, ({ Sealer }) => new Sealer({ keys: [] })],
  ['a number of keys', TYPE, /keys must/, ({ Sealer }) => new Sealer({ keys: 5 })],
  ['a key that is not imported', TYPE, /keys must/, ({ Sealer, keyId }) => new Sealer({ keys: [keyId] })],
  ['a promise of a key, not awaited', TYPE, /keys must/, ({ Sealer, key }) => new Sealer({ keys: Promise.resolve(key) })],
  ['a frame length as text', TYPE, /frameLength must be a number/, ({ make }) => make({ frameLength: '4096' })],
  ['a frame length of null', TYPE, /frameLength must be a number/, ({ make }) => make({ frameLength: null })],
  ['a frame length of 4095', RANGE, /frameLength must.*4096/, ({ make }) => make({ frameLength: 4095 })],
  ['a frame length over 16 MiB', RANGE, /frameLength must.*16777216/, ({ make }) => make({ frameLength: 2 ** 24 + 1 })],
  ['a frame length that is not whole', RANGE, /frameLength must/, ({ make }) => make({ frameLength: 5000.5 })],
  ['a frame length of NaN', RANGE, /frameLength must/, ({ make }) => make({ frameLength: NaN })],
  ['an unknown engine', TYPE, /engine must/, ({ make }) => make({ engine: 'native' })],
  ['a cache without maxAge', TYPE, /maxAge must/, ({ cached }) => cached({})],
  ['a cache of true', TYPE, /maxAge must/, ({ cached }) => cached(true)],
  ['a maxAge of 0', RANGE, /maxAge must/, ({ cached }) => cached({ maxAge: 0 })],
  ['a maxAge of Infinity', RANGE, /maxAge must/, ({ cached }) => cached({ maxAge: Infinity })],
  ['no messages', RANGE, /maxMessagesEncrypted must/, ({ cached }) => cached({ maxAge: 1, maxMessagesEncrypted: 0 })],
  ['more than 2^32 messages', RANGE, /maxMessagesEncrypted must/, ({ cached }) => cached({ maxAge: 1, maxMessagesEncrypted: 2 ** 32 + 1 })],
  ['a negative number of bytes', RANGE, /maxBytesEncrypted must/, ({ cached }) => cached({ maxAge: 1, maxBytesEncrypted: -1 })],
  ['bytes as a BigInt', TYPE, /maxBytesEncrypted must/, ({ cached }) => cached({ maxAge: 1, maxBytesEncrypted: 1n })],
  ['a capacity of 0', RANGE, /capacity must/, ({ cached }) => cached({ maxAge: 1, capacity: 0 })],
];

const contexts = [
  ['a reserved key', CONTEXT, /aws-crypto-public-key.*reserved/, ({ within }) => within({ 'aws-crypto-public-key': 'x' })],
  ['a reserved key, required', CONTEXT, /aws-crypto-x.*reserved/, ({ requiring }) => requiring({ 'aws-crypto-x': 'x' })],
  ["a reserved key, the sealer's", CONTEXT, /aws-crypto-x.*reserved/, ({ make }) => make({ encryptionContext: { 'aws-crypto-x': 'x' } })],
  ['a lone surrogate in a value', CONTEXT, /lone surrogate/, ({ within }) => within({ file: 'a\ud83d' })],
  ['a lone surrogate in a key', CONTEXT, /lone surrogate/, ({ within }) => within({ '\ude00': 'x' })],
  ['surrogates in the wrong order', CONTEXT, /lone surrogate/, ({ requiring }) => requiring({ file: '\ude00\ud83d' })],
  ["a lone surrogate, the sealer's", CONTEXT, /lone surrogate/, ({ make }) => make({ requiredEncryptionContext: { a: '\ud800' } })],
  ['one key with two values', CONTEXT, /"user".*two values/, ({ make, bytes }) =>
    make({ encryptionContext: { user: '1' } }).seal(bytes, { encryptionContext: { user: '2' } })],
  ['one required key with two values', CONTEXT, /"user".*two values/, ({ make, bytes }) =>
    make({ requiredEncryptionContext: { user: '1' } }).seal(bytes, { requiredEncryptionContext: { user: '2' } })],
  ['stored and required', CONTEXT, /"user".*both stored and required/, ({ make }) =>
    make({ encryptionContext: { user: '1' }, requiredEncryptionContext: { user: '1' } })],
  ["stored by the sealer, required by the call", CONTEXT, /"user".*both stored and required/, ({ make, bytes }) =>
    make({ encryptionContext: { user: '1' } }).seal(bytes, { requiredEncryptionContext: { user: '1' } })],
  ["required by the sealer, stored by the call", CONTEXT, /"user".*both stored and required/, ({ make }) =>
    make({ requiredEncryptionContext: { user: '1' } }).sealedSize(1, { encryptionContext: { user: '2' } })],
  ['65,536 bytes', CONTEXT, /65,535/, ({ within }) => within({ k: 'v'.repeat(65536 - 7) })],
  ['65,536 bytes in two-byte letters', CONTEXT, /65,535/, ({ within }) => within({ kk: 'ü'.repeat((65536 - 8) / 2) })],
  ['65,536 pairs', CONTEXT, /65,535/, ({ within }) => within(Object.fromEntries(Array.from({ length: 65536 }, (_, i) => [i, ''])))],
  ['too long together', CONTEXT, /65,535/, ({ make, bytes }) =>
    make({ encryptionContext: { a: 'v'.repeat(40000) } }).seal(bytes, { requiredEncryptionContext: { b: 'v'.repeat(40000) } })],
  ['too long for sealedSize', CONTEXT, /65,535/, ({ sealer }) => sealer.sealedSize(1, { encryptionContext: { k: 'v'.repeat(65536) } })],
  ['too long for prepare', CONTEXT, /65,535/, ({ sealer }) => sealer.prepare(new Blob(), { encryptionContext: { k: 'v'.repeat(65536) } })],
  ['a reserved key, for a stream', CONTEXT, /reserved/, ({ sealer, streamOf }) => sealer.seal(streamOf(), { encryptionContext: { 'aws-crypto-x': '' } })],
  ['a value that is a number', TYPE, STRINGS, ({ within }) => within({ id: 7 })],
  ['a value that is undefined', TYPE, STRINGS, ({ within }) => within({ id: undefined })],
  ['a value that is null', TYPE, STRINGS, ({ requiring }) => requiring({ id: null })],
  ['a value that is a String object', TYPE, STRINGS, ({ within }) => within({ id: new String('7') })],
  ['an array', TYPE, STRINGS, ({ within }) => within(['a', 'b'])],
  ['an array of pairs', TYPE, STRINGS, ({ requiring }) => requiring([['a', 'b']])],
  ['a string', TYPE, STRINGS, ({ within }) => within('user=7')],
  ['a number', TYPE, STRINGS, ({ make }) => make({ encryptionContext: 7 })],
  ['a function', TYPE, STRINGS, ({ within }) => within(() => ({}))],
  // These have no own pairs: taken as objects they would seal under no context at all.
  ['a Map', TYPE, STRINGS, ({ within }) => within(new Map([['user', '7']]))],
  ['URLSearchParams', TYPE, STRINGS, ({ make }) => make({ requiredEncryptionContext: new URLSearchParams('user=7') })],
  ['a promise, not awaited', TYPE, STRINGS, ({ within }) => within(Promise.resolve({ user: '7' }))],
];

const sources = [
  ['nothing to seal', TYPE, /Blob, bytes or a stream/, ({ sealer }) => sealer.seal()],
  ['text', TYPE, /Blob, bytes or a stream/, ({ sealer }) => sealer.seal('text')],
  ['an array of numbers', TYPE, /Blob, bytes or a stream/, ({ sealer }) => sealer.seal([1, 2, 3])],
  ['a FileList', TYPE, /Blob, bytes or a stream/, ({ sealer }) => sealer.seal(document.querySelector('input').files)],
  ['shared memory', TYPE, /shared memory/, ({ sealer, shared }) => sealer.seal(new Uint8Array(shared, 0, 8))],
  ['a SharedArrayBuffer', TYPE, /Blob, bytes or a stream/, ({ sealer, shared }) => sealer.seal(shared)],
  ['shared memory in a stream', TYPE, /shared memory/, ({ sealer, shared, streamOf, read }) => read(sealer.seal(streamOf(new Uint8Array(shared))))],
  ['text in a stream', TYPE, /chunk of the stream/, ({ sealer, streamOf, read }) => read(sealer.seal(streamOf('text')))],
  ['a stream that someone else reads', TYPE, /lock|reader/i, ({ sealer, streamOf }) => {
    const stream = streamOf();
    stream.getReader();
    return sealer.seal(stream);
  }],
  ['a size as text', TYPE, /size must be a number/, ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: '1' })],
  ['a negative size', RANGE, /size must/, ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: -1 })],
  ['a size that is not whole', RANGE, /size must/, ({ sealer, streamOf }) => sealer.seal(streamOf(), { size: 0.5 })],
  ['more frames than there are numbers', 'ERR_TOO_LONG', /frame/, ({ make }) => make({ frameLength: 4096 }).sealedSize(4096 * 2 ** 32)],
  ['a stream shorter than announced', CHANGED, /11 bytes/, ({ sealer, streamOf, bytes, read }) => read(sealer.seal(streamOf(bytes), { size: 11 }))],
  ['a stream longer than announced', CHANGED, /9 bytes/, ({ sealer, streamOf, bytes, read }) => read(sealer.seal(streamOf(bytes), { size: 9 }))],
  ['a long stream longer than announced', CHANGED, /1048576 bytes/, ({ sealer, streamOf, read }) =>
    read(sealer.seal(streamOf(new Uint8Array(2 ** 20), new Uint8Array(1)), { size: 2 ** 20 }))],
  ['a stream without end, announced to have one', CHANGED, /1000000 bytes/, ({ sealer, read }) =>
    read(sealer.seal(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) }), { size: 1_000_000 }))],
  ['a stream that fails', 'ERR_READ', /could not be read/, ({ sealer, read }) =>
    read(sealer.seal(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })))],
  ['an iterator that throws', 'ERR_READ', /could not be read/, ({ sealer, read }) => read(sealer.seal((async function* () { throw new Error('gone'); })()))],
  ['a signal that is none', TYPE, /signal must be an AbortSignal/, ({ sealer, bytes }) => sealer.seal(bytes, { signal: { aborted: false } })],
  ['onProgress that is no function', TYPE, /onProgress/, ({ sealer, bytes }) => sealer.seal(bytes, { onProgress: true })],
  ['onProgress that is no function, for a Blob', TYPE, /onProgress/, ({ sealer }) => sealer.seal(new Blob(['abc']), { onProgress: {} })],
  ['a size that is negative', RANGE, /plaintextSize must/, ({ sealer }) => sealer.sealedSize(-1)],
  ['a size that is a Blob', TYPE, /plaintextSize must/, ({ sealer }) => sealer.sealedSize(new Blob())],
  ['a size over 2^53', RANGE, /plaintextSize must/, ({ sealer }) => sealer.sealedSize(2 ** 53)],
  ['bytes to prepare', TYPE, /must be a Blob/, ({ sealer, bytes }) => sealer.prepare(bytes)],
  ['a name to prepare', TYPE, /must be a Blob/, ({ sealer }) => sealer.prepare('/etc/hosts')],
];

const others = [
  ['encrypting text', TYPE, /data must/, ({ key }) => key.encrypt('text')],
  ['encrypting shared memory', TYPE, /shared memory/, ({ key, shared }) => key.encrypt(new Uint8Array(shared, 0, 8))],
  ['encrypting a byte too many', 'ERR_TOO_LONG', /190/, ({ key }) => key.encrypt(new Uint8Array(key.maxPlaintextLength + 1))],
  ['a random length of 0', RANGE, /length must/, ({ kmseal }) => kmseal.generateRandom(0)],
  ['a random length of 1,025', RANGE, /length must/, ({ kmseal }) => kmseal.generateRandom(1025)],
  ['a random length as text', TYPE, /length must/, ({ kmseal }) => kmseal.generateRandom('32')],
  ['a closed sealer', 'ERR_CLOSED', /sealer was closed/, ({ closed, bytes }) => closed.sealer.seal(bytes)],
  ["a closed sealer's sealedSize", 'ERR_CLOSED', /sealer was closed/, ({ closed }) => closed.sealer.sealedSize(1)],
  ["a closed sealer's prepare", 'ERR_CLOSED', /sealer was closed/, ({ closed }) => closed.sealer.prepare(new Blob())],
  ['a closed file', 'ERR_CLOSED', /sealed file was closed/, ({ closed }) => closed.sealed.slice()],
  ["a closed file's stream", 'ERR_CLOSED', /sealed file was closed/, ({ closed, read }) => read(closed.sealed.stream())],
  ['a file closed while it is streamed', 'ERR_CLOSED', /sealed file was closed/, async ({ sealer, read }) => {
    const sealed = await sealer.prepare(new Blob([new Uint8Array(2 ** 20)]));
    const stream = sealed.stream();
    sealed.close();
    return read(stream);
  }],
  ['no key ids', TYPE, /keyIds must/, ({ opener }) => opener({ keyIds: undefined })],
  ['an empty list of key ids', TYPE, /keyIds must/, ({ opener }) => opener({ keyIds: [] })],
  ['a key id for a list', TYPE, /keyIds must/, ({ opener, keyId }) => opener({ keyIds: keyId })],
  ['a key for a key id', TYPE, /keyIds must/, ({ opener, key }) => opener({ keyIds: [key] })],
  ['no decrypt', TYPE, /decrypt must be a function/, ({ opener }) => opener({ decrypt: undefined })],
  ['a client for decrypt', TYPE, /decrypt must be a function/, ({ opener }) => opener({ decrypt: { send() {} } })],
  ['no encrypted data keys', RANGE, /maxEncryptedDataKeys must/, ({ opener }) => opener({ maxEncryptedDataKeys: 0 })],
  ['a limit as text', TYPE, /maxEncryptedDataKeys must/, ({ opener }) => opener({ maxEncryptedDataKeys: '8' })],
  ['a frame limit of 2^32', RANGE, /maxFrameLength must/, ({ opener }) => opener({ maxFrameLength: 2 ** 32 })],
  ["an opener's unknown engine", TYPE, /engine must/, ({ opener }) => opener({ engine: 'native' })],
  ['a closed opener', 'ERR_CLOSED', /opener was closed/, async ({ opener, sealer, bytes }) => {
    const closed = opener();
    closed.close();
    return closed.open(await sealer.seal(bytes));
  }],
  ['opening nothing', TYPE, /Blob, bytes or a stream/, ({ opener }) => opener().open()],
  ['opening text', TYPE, /Blob, bytes or a stream/, ({ opener }) => opener().open('AgR4')],
  ['opening shared memory', TYPE, /shared memory/, ({ opener, shared }) => opener().open(new Uint8Array(shared))],
  ['a range of a source that cannot be read', TYPE, /size, read/, ({ opener }) => opener().openRange({ size: 100 })],
  ['resealing without an opener', TYPE, /opener must be/, ({ kmseal, sealer, bytes }) => kmseal.reseal(bytes, { sealer })],
  ['resealing without a sealer', TYPE, /and sealer/, ({ kmseal, opener, bytes }) => kmseal.reseal(bytes, { opener: opener() })],
  ['a fingerprint of null', TYPE, /fingerprint must be/, ({ kmseal, keyId }) => kmseal.KmsPublicKey.import('', { keyId, fingerprint: null })],
  ['inspecting a promise, not awaited', TYPE, /Blob, bytes or a stream/, ({ kmseal, sealer, bytes }) => kmseal.inspect(sealer.seal(bytes))],
  ['inspecting shared memory', TYPE, /shared memory/, ({ kmseal, shared }) => kmseal.inspect(new Uint8Array(shared))],
];

refuses(['chromium', 'firefox', 'webkit'], [...sealers, ...contexts, ...sources, ...others], {
  values,
  prepare,
  // Begun before all of them, in the instance that saw them all.
  afterwards: async ({ prepared, sealer, bytes }) => [prepared.size, (await prepared.slice()).size, (await sealer.seal(bytes)).length],
  unharmed: ([size, sliced, sealed]) => assert.deepEqual([sliced, sealed], [size, size + 7]),
});
