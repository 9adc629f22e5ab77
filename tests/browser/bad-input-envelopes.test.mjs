// Envelopes, expectations and KMS answers that do not open: the same code for a Blob, bytes and a stream, in both engines, with
// KMS asked no more often than it must be and nothing released but frames that were authentic.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import { BROWSERS } from '../../tools/browsers.mjs';
import { startEmulator } from '../../tools/emulator.mjs';
import { createKey } from '../../tools/kms.mjs';
import { refuses } from '../support/browsers/table.mjs';
import { ENVELOPES } from './bad-input/envelopes.mjs';
import { EXPECTATIONS } from './bad-input/expectations.mjs';
import { ANSWERS } from './bad-input/answers.mjs';

const FRAME = 4096;
let made;

/** An envelope of three frames for two keys, and what KMS answered for it. */
const values = () => (made ??= make());

async function make() {
  const emulator = await startEmulator();
  const kms = new KMSClient(emulator.config);
  try {
    const answers = [await createKey(kms, { spec: 'RSA_2048' }), await createKey(kms, { spec: 'RSA_2048' })];
    const keys = await Promise.all(answers.map((answer) => KmsPublicKey.import(answer)));
    const options = { encryptionContext: { user: '7' }, requiredEncryptionContext: { tenant: 'north' } };
    const plaintext = new Uint8Array(randomBytes(2 * FRAME + 100));
    const envelope = await new Sealer({ keys, frameLength: FRAME, ...options }).seal(plaintext);
    const { headerLength, encryptedDataKeys } = await inspect(envelope);
    // Each EDK ends in its ciphertext; the header in content type, frame length, commit key and tag.
    const end = headerLength - 16 - 32 - 4 - 1;
    const ciphertext = envelope.slice(end - encryptedDataKeys[1].ciphertextLength, end);
    const { Plaintext } = await kms.send(
      new DecryptCommand({
        KeyId: keys[1].keyId,
        CiphertextBlob: ciphertext,
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      }),
    );
    const context = 37;
    const at = {
      suite: 1,
      messageId: 3,
      context,
      edkCount: context + envelope[36],
      contentType: end,
      frameLength: end + 1,
      commitKey: end + 5,
      headerTag: headerLength - 16,
      body: headerLength,
      second: headerLength + FRAME + 32,
      last: headerLength + 2 * (FRAME + 32),
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
  const fail = (...reason) => {
    throw new Error(reason.join(' '));
  };

  /** Opens, reads to the end, and checks that the output is an authentic prefix. */
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
      for (const reader = opened.plaintext.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) fail('it opened');
        value.forEach(
          (byte, index) => byte === plaintext[released + index] || fail('not the plaintext, at', released + index),
        );
        released += value.length;
      }
    } catch (error) {
      return { error, calls, released };
    }
  }

  /** The error, if all kinds and engines agree. `calls`: to KMS; `released`: frames that a stream may release before it fails. */
  async function open(bytes, { calls = 0, released = 0, ...options } = {}) {
    let first;
    for (const engine of ['webcrypto', 'wasm']) {
      for (const [kind, of] of Object.entries(kinds)) {
        const outcome = await openOne(of(bytes), { engine, ...options });
        first ??= outcome;
        const streamed = kind === 'stream' ? released * 4096 : 0;
        if (outcome.error?.code !== first.error?.code) fail(kind, engine, outcome.error, 'not', first.error);
        if (outcome.calls !== calls) fail(kind, engine, 'asked KMS', outcome.calls, 'times:', outcome.error);
        if (outcome.released !== Math.min(streamed, plaintext.length))
          fail(kind, engine, 'released', outcome.released, outcome.error);
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
    KmsealError,
    inspect,
    Opener,
    open,
    altered,
    at,
    envelope,
    keyIds,
    answer,
    plaintext,
    expected,
    view: (bytes) => new DataView(bytes.buffer),
    cut: (length, options) => open(envelope.subarray(0, length), options),
    expecting: (context, options) => open(envelope, { context, ...options }),
    answering: (give, calls = 1) => open(envelope, { calls, decrypt: async (input) => give(input) }),
    refusing: (name, calls) =>
      open(envelope, {
        calls,
        decrypt: async () => {
          throw called(name, 'whatever KMS says');
        },
      }),
    called,
  };
};

refuses(BROWSERS, [...ENVELOPES, ...EXPECTATIONS, ...ANSWERS], {
  values,
  prepare,
  afterwards: async ({ Opener, envelope, keyIds, answer, plaintext, expected }) => {
    const opener = new Opener({ keyIds, decrypt: async ({ KeyId }) => ({ KeyId, Plaintext: answer.slice() }) });
    const opened = await opener.open(envelope, { encryptionContext: expected });
    return [opened.plaintext, plaintext, opened.keyId, keyIds[0]];
  },
  unharmed: ([opened, plaintext, keyId, first]) =>
    assert.deepEqual({ opened, keyId }, { opened: plaintext, keyId: first }),
});
