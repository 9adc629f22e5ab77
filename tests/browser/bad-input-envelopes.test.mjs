// Envelopes, expectations and KMS answers that do not open: the same code for a Blob, bytes and a stream, in both engines, with
// KMS asked no more often than it must be and nothing released but frames that were authentic.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import { startEmulator } from '../../scripts/lib/emulator.mjs';
import { createRsaKey } from '../../scripts/lib/kms.mjs';
import { refuses } from '../support/table.mjs';

const FRAME = 4096;
let made;

/** An envelope of three frames for two keys, and what KMS answered for it. */
const values = () => (made ??= make());

async function make() {
  const emulator = await startEmulator();
  const kms = new KMSClient(emulator.config);
  try {
    const answers = [await createRsaKey(kms, { spec: 'RSA_2048' }), await createRsaKey(kms, { spec: 'RSA_2048' })];
    const keys = await Promise.all(answers.map((answer) => KmsPublicKey.import(answer)));
    const options = { encryptionContext: { user: '7' }, requiredEncryptionContext: { tenant: 'north' } };
    const plaintext = new Uint8Array(randomBytes(2 * FRAME + 100));
    const envelope = await new Sealer({ keys, frameLength: FRAME, ...options }).seal(plaintext);
    const { headerLength, encryptedDataKeys } = await inspect(envelope);
    // Each EDK ends in its ciphertext; the header in content type, frame length, commit key and tag.
    const end = headerLength - 16 - 32 - 4 - 1;
    const ciphertext = envelope.slice(end - encryptedDataKeys[1].ciphertextLength, end);
    const { Plaintext } = await kms.send(
      new DecryptCommand({ KeyId: keys[1].keyId, CiphertextBlob: ciphertext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    );
    const context = 37;
    const at = {
      suite: 1, messageId: 3, context, edkCount: context + envelope[36], contentType: end, frameLength: end + 1, commitKey: end + 5,
      headerTag: headerLength - 16, body: headerLength, second: headerLength + FRAME + 32, last: headerLength + 2 * (FRAME + 32),
    };
    return { plaintext, envelope, at, keyIds: keys.map(({ keyId }) => keyId), answer: new Uint8Array(Plaintext) };
  } finally {
    kms.destroy();
    await emulator.stop();
  }
}

const prepare = ({ KmsealError, Opener, inspect }, { plaintext, envelope, at, keyIds, answer }) => {
  const expected = { user: '7', tenant: 'north' };
  const kinds = {
    bytes: (bytes) => bytes,
    Blob: (bytes) => new Blob([bytes]),
    stream: (bytes) => new Blob([bytes]).stream(),
  };
  const fail = (...reason) => { throw new Error(reason.join(' ')); };

  /** Opens, reads whatever comes, and checks that it is an authentic beginning. */
  async function openOne(input, { decrypt, context = expected, signal, ...options }) {
    let calls = 0;
    let released = 0;
    const counted = (...args) => {
      calls++;
      return decrypt ? decrypt(...args) : { KeyId: args[0].KeyId, Plaintext: answer.slice() };
    };
    const opener = new Opener({ keyIds, decrypt: counted, ...options });
    try {
      const opened = await opener.open(input, { encryptionContext: context, signal });
      if (!(opened.plaintext instanceof ReadableStream)) fail('it opened');
      for (const reader = opened.plaintext.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) fail('it opened');
        value.forEach((byte, index) => byte === plaintext[released + index] || fail('not the plaintext, at', released + index));
        released += value.length;
      }
    } catch (error) {
      return { error, calls, released };
    }
  }

  /** The error, if all kinds and engines agree. `calls`: to KMS; `released`: frames that a stream may give before it fails. */
  async function open(bytes, { calls = 0, released = 0, ...options } = {}) {
    let first;
    for (const engine of ['webcrypto', 'wasm']) {
      for (const [kind, of] of Object.entries(kinds)) {
        const outcome = await openOne(of(bytes), { engine, ...options });
        first ??= outcome;
        const streamed = kind === 'stream' ? released * 4096 : 0;
        if (outcome.error?.code !== first.error?.code) fail(kind, engine, outcome.error, 'not', first.error);
        if (outcome.calls !== calls) fail(kind, engine, 'asked KMS', outcome.calls, 'times:', outcome.error);
        if (outcome.released !== Math.min(streamed, plaintext.length)) fail(kind, engine, 'released', outcome.released, outcome.error);
      }
    }
    throw first.error;
  }

  const altered = (change, options) => {
    const bytes = envelope.slice();
    return open(change(bytes) ?? bytes, options);
  };
  const called = (name, message = '') => Object.assign(new Error(message), { name });
  return {
    KmsealError, inspect, Opener, open, altered, at, envelope, keyIds, answer, plaintext, expected,
    view: (bytes) => new DataView(bytes.buffer),
    cut: (length, options) => open(envelope.subarray(0, length), options),
    expecting: (context, options) => open(envelope, { context, ...options }),
    answering: (give, calls = 1) => open(envelope, { calls, decrypt: async (input) => give(input) }),
    refusing: (name, calls) => open(envelope, { calls, decrypt: async () => { throw called(name, 'whatever KMS says'); } }),
    called,
  };
};

const INVALID = 'ERR_ENVELOPE_INVALID';
const UNSUPPORTED = 'ERR_ENVELOPE_UNSUPPORTED';
const TRUNCATED = 'ERR_TRUNCATED';
const ALTERED = 'ERR_AUTHENTICATION';
const CONTEXT = 'ERR_CONTEXT';
const KMS = 'ERR_KMS';
const CUT = /ends too early/;

const envelopes = [
  ['nothing', TRUNCATED, CUT, ({ open }) => open(new Uint8Array())],
  ['a picture', INVALID, /not an envelope/, ({ open }) => open(new Uint8Array([0x89, 0x50, 0x4e, 0x47]))],
  ['its base64', INVALID, /re-encoded as text/, ({ open, envelope }) => open(new TextEncoder().encode(envelope.toBase64()))],
  ['version 1', UNSUPPORTED, /version 2/, ({ altered }) => altered((e) => { e[0] = 1; })],
  ['a suite that signs', UNSUPPORTED, /0x0578.*0x0478/, ({ altered, at }) => altered((e) => { e[at.suite] = 5; })],
  ['no encrypted data key', INVALID, /no encrypted data key/, ({ altered, at }) => altered((e) => { e[at.edkCount + 1] = 0; })],
  ['nine encrypted data keys', UNSUPPORTED, /limit of 8.*maxEncryptedDataKeys/, ({ altered, at }) => altered((e) => { e[at.edkCount + 1] = 9; })],
  ['nine, and no more bytes', UNSUPPORTED, /limit of 8/, ({ altered, at }) =>
    altered((e) => { e[at.edkCount + 1] = 9; return e.subarray(0, at.edkCount + 2); })],
  ["more than the caller's limit", UNSUPPORTED, /limit of 1;/, ({ open, envelope }) => open(envelope, { maxEncryptedDataKeys: 1 })],
  ['unframed content', UNSUPPORTED, /unframed/, ({ altered, at }) => altered((e) => { e[at.contentType] = 1; })],
  ['an unknown content type', INVALID, /content type/, ({ altered, at }) => altered((e) => { e[at.contentType] = 3; })],
  ['a frame length of 0', INVALID, /frame length of 0/, ({ altered, at, view }) => altered((e) => view(e).setUint32(at.frameLength, 0))],
  ['frames of 4 GiB', UNSUPPORTED, /limit of 16777216/, ({ altered, at, view }) => altered((e) => view(e).setUint32(at.frameLength, 2 ** 32 - 1))],
  ["frames over the caller's limit", UNSUPPORTED, /limit of 4095;/, ({ open, envelope }) => open(envelope, { maxFrameLength: 4095 })],
  ['a context that is not UTF-8', INVALID, /UTF-8/, ({ altered, at }) => altered((e) => { e[at.context + 4] = 0xff; })],
  ['a header cut in the context', TRUNCATED, CUT, ({ cut, at }) => cut(at.context + 3)],
  ['a header cut in a data key', TRUNCATED, CUT, ({ cut, at }) => cut(at.edkCount + 200)],
  ['a header without its last byte', TRUNCATED, CUT, ({ cut, at }) => cut(at.body - 1)],
  ['a header alone', TRUNCATED, CUT, ({ cut, at }) => cut(at.body, { calls: 1 })],
  ['a cut in the first frame', TRUNCATED, CUT, ({ cut, at }) => cut(at.second - 1, { calls: 1 })],
  ['a cut between frames', TRUNCATED, CUT, ({ cut, at }) => cut(at.last, { calls: 1, released: 2 })],
  ['a last byte missing', TRUNCATED, CUT, ({ cut, envelope }) => cut(envelope.length - 1, { calls: 1, released: 2 })],
  ['a byte more', INVALID, /after the final frame/, ({ open, envelope }) => open(new Uint8Array([...envelope, 0]), { calls: 1, released: 3 })],
  ['two envelopes in one', INVALID, /after the final frame/, ({ open, envelope }) => open(new Uint8Array([...envelope, ...envelope]), { calls: 1, released: 3 })],
  ['a first frame left out', INVALID, /frame/, ({ open, envelope, at }) =>
    open(new Uint8Array([...envelope.subarray(0, at.body), ...envelope.subarray(at.second)]), { calls: 1 })],
  ['two frames swapped', INVALID, /frame/, ({ open, envelope, at }) =>
    open(new Uint8Array([...envelope.subarray(0, at.body), ...envelope.subarray(at.second, at.last), ...envelope.subarray(at.body, at.second)]), { calls: 1 })],
  ['another IV in the second frame', INVALID, /frame/, ({ altered, at }) => altered((e) => { e[at.second + 15] ^= 1; }, { calls: 1, released: 1 })],
  ['a final frame over the frame length', INVALID, /frame/, ({ altered, at, view }) =>
    altered((e) => view(e).setUint32(at.last + 20, 4097), { calls: 1, released: 2 })],
  ['an altered message id', ALTERED, /altered/, ({ altered, at }) => altered((e) => { e[at.messageId] ^= 1; }, { calls: 1 })],
  ['an altered commit key', ALTERED, /commit/, ({ altered, at }) => altered((e) => { e[at.commitKey] ^= 1; }, { calls: 1 })],
  ['an altered frame length', ALTERED, /header/, ({ altered, at }) => altered((e) => { e[at.frameLength + 3] ^= 1; }, { calls: 1 })],
  ['an altered header tag', ALTERED, /header/, ({ altered, at }) => altered((e) => { e[at.headerTag] ^= 1; }, { calls: 1 })],
  ['an altered first frame', ALTERED, /frame 1 /, ({ altered, at }) => altered((e) => { e[at.body + 100] ^= 1; }, { calls: 1 })],
  ['an altered tag of the second frame', ALTERED, /frame 2 /, ({ altered, at }) => altered((e) => { e[at.last - 1] ^= 1; }, { calls: 1, released: 1 })],
  ['an altered final frame', ALTERED, /frame 3 /, ({ altered, at }) => altered((e) => { e[at.last + 30] ^= 1; }, { calls: 1, released: 2 })],
  ['a stored context that was altered', CONTEXT, /another value/, ({ altered, at }) => altered((e) => { e[at.edkCount - 1] = 0x38; })],
  ['a stored context that was altered, unexpected', CONTEXT, /another encryption context/, ({ altered, at }) =>
    altered((e) => { e[at.edkCount - 1] = 0x38; }, { calls: 1, context: { tenant: 'north' } })],
  ['inspecting a picture', INVALID, /not an envelope/, ({ inspect }) => inspect(new Blob(['GIF89a']))],
  ['inspecting half a header', TRUNCATED, CUT, ({ inspect, envelope }) => inspect(envelope.subarray(0, 100))],
  ['inspecting an empty stream', TRUNCATED, CUT, ({ inspect }) => inspect(new Blob().stream())],
];

const expectations = [
  ['another value of a stored pair', CONTEXT, /"user".*another value/, ({ expecting }) => expecting({ user: '8', tenant: 'north' })],
  ['no required pair', CONTEXT, /another encryption context/, ({ expecting }) => expecting({ user: '7' }, { calls: 1 })],
  ['nothing', CONTEXT, /another encryption context/, ({ expecting }) => expecting({}, { calls: 1 })],
  ['another value of a required pair', CONTEXT, /another encryption context/, ({ expecting }) => expecting({ user: '7', tenant: 'south' }, { calls: 1 })],
  ['a pair too many', CONTEXT, /another encryption context/, ({ expecting, expected }) => expecting({ ...expected, more: '' }, { calls: 1 })],
  ['a reserved key', CONTEXT, /reserved/, ({ expecting }) => expecting({ 'aws-crypto-x': '' })],
  ['a lone surrogate', CONTEXT, /lone surrogate/, ({ expecting }) => expecting({ user: '\udc00' })],
  ['a context of pairs', 'TypeError', /encryptionContext/, ({ expecting }) => expecting([['user', '7']])],
  ['a context that is a number', 'TypeError', /encryptionContext/, ({ expecting }) => expecting({ user: 7 })],
  ['another key', 'ERR_NO_MATCHING_KEY', /inspect\(\)/, ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0].replace(/.{4}$/, '0000')] })],
  ['the key in another region', 'ERR_NO_MATCHING_KEY', /keyIds/, ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0].replace('us-east-1', 'eu-west-1')] })],
  ['an alias for a key id', 'ERR_KEY_ID', /alias/, ({ open, envelope }) => open(envelope, { keyIds: ['alias/uploads'] })],
  ['a bare key id', 'ERR_KEY_ID', /full ARN/, ({ open, envelope, keyIds }) => open(envelope, { keyIds: [keyIds[0], keyIds[1].split('/')[1]] })],
  ['an unknown algorithm', 'TypeError', /encryptionAlgorithm/, ({ open, envelope }) => open(envelope, { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' })],
];

const answers = [
  // Both keys are tried, and both refusals are told.
  ['InvalidCiphertextException', KMS, /could not decrypt the data key.*InvalidCiphertextException/, ({ refusing }) => refusing('InvalidCiphertextException', 2)],
  ['IncorrectKeyException', KMS, /not the key/, ({ refusing }) => refusing('IncorrectKeyException', 2)],
  ['NotFoundException', KMS, /region/, ({ refusing }) => refusing('NotFoundException', 2)],
  ['AccessDeniedException', KMS, /denies kms:Decrypt/, ({ refusing }) => refusing('AccessDeniedException', 2)],
  ['DisabledException', KMS, /disabled/, ({ refusing }) => refusing('DisabledException', 2)],
  ['KMSInvalidStateException', KMS, /pending deletion/, ({ refusing }) => refusing('KMSInvalidStateException', 2)],
  ['ThrottlingException', KMS, /throttled/, ({ refusing }) => refusing('ThrottlingException', 2)],
  ['KMSInternalException', KMS, /try again/, ({ refusing }) => refusing('KMSInternalException', 2)],
  ['ExpiredTokenException', KMS, /credentials/, ({ refusing }) => refusing('ExpiredTokenException', 2)],
  ['TimeoutError', KMS, /network/, ({ refusing }) => refusing('TimeoutError', 2)],
  ['an error without a name of KMS', KMS, /cause \(SyntaxError/, ({ refusing }) => refusing('SyntaxError', 2)],
  ['both refusals are told', KMS, /denies kms:Decrypt.*disabled/, ({ open, envelope, keyIds, called }) => open(envelope, {
    calls: 2,
    decrypt: async ({ KeyId }) => { throw called(KeyId === keyIds[0] ? 'AccessDeniedException' : 'DisabledException'); },
  })],
  ['the cause is the error of KMS', 'AccessDeniedException', /whatever KMS says/, ({ refusing }) =>
    refusing('AccessDeniedException', 2).catch((error) => { throw error.cause.errors[1]; })],
  ['decrypt that throws at once', KMS, /cause \(RangeError/, ({ open, envelope }) => open(envelope, { calls: 2, decrypt: () => { throw new RangeError(); } })],
  ['decrypt that throws no error', KMS, /cause \(an error/, ({ open, envelope }) => open(envelope, { calls: 2, decrypt: () => Promise.reject('no') })],
  ['no answer', KMS, /another key/, ({ answering }) => answering(() => undefined)],
  ['an answer of another key', KMS, /another key/, ({ answering, answer, keyIds }) => answering(() => ({ KeyId: keyIds[1], Plaintext: answer.slice() }))],
  ['an answer without KeyId', KMS, /another key/, ({ answering, answer }) => answering(() => ({ Plaintext: answer.slice() }))],
  ['an answer without Plaintext', KMS, /80 bytes/, ({ answering }) => answering(({ KeyId }) => ({ KeyId }))],
  ['Plaintext as base64', KMS, /80 bytes/, ({ answering, answer }) => answering(({ KeyId }) => ({ KeyId, Plaintext: answer.toBase64() }))],
  ['a plain data key', KMS, /80 bytes/, ({ answering, answer }) => answering(({ KeyId }) => ({ KeyId, Plaintext: answer.slice(48) }))],
  ['another digest', CONTEXT, /another encryption context/, ({ answering, answer }) =>
    answering(({ KeyId }) => ({ KeyId, Plaintext: answer.map((byte, index) => byte ^ (index === 0)) }))],
  ['another data key', ALTERED, /commit/, ({ answering, answer }) =>
    answering(({ KeyId }) => ({ KeyId, Plaintext: answer.map((byte, index) => byte ^ (index === 79)) }))],
  ['a signal that aborts while KMS is asked', 'Error', /^enough$/, async ({ Opener, envelope, keyIds }) => {
    const controller = new AbortController();
    const decrypt = () => new Promise(() => controller.abort(new Error('enough')));
    return new Opener({ keyIds, decrypt }).open(envelope, { signal: controller.signal });
  }],
  ['a stream that fails in the header', 'ERR_READ', /could not be read/, ({ Opener, keyIds }) =>
    new Opener({ keyIds, decrypt() {} }).open(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) }))],
];

refuses(['chromium', 'firefox', 'webkit'], [...envelopes, ...expectations, ...answers], {
  values,
  prepare,
  afterwards: async ({ Opener, envelope, keyIds, answer, plaintext, expected }) => {
    const opener = new Opener({ keyIds, decrypt: async ({ KeyId }) => ({ KeyId, Plaintext: answer.slice() }) });
    const opened = await opener.open(envelope, { encryptionContext: expected });
    return [opened.plaintext, plaintext, opened.keyId, keyIds[0]];
  },
  unharmed: ([opened, plaintext, keyId, first]) => assert.deepEqual([opened, keyId], [plaintext, first]),
});
