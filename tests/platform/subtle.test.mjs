// SubtleCrypto and other parts of the platform that give wrong answers: ERR_PLATFORM, and no short or wrong output.
import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import * as kmseal from 'kmseal';
import { collect, inPieces, sample } from '../support/page/bytes.mjs';
import { makeKeyPair } from '../support/page/engines.mjs';
import { makeHands } from './operations.mjs';

const { Blob: NativeBlob, Response: NativeResponse } = globalThis;
const native = Object.fromEntries(
  ['importKey', 'encrypt', 'decrypt'].map((name) => [name, crypto.subtle[name].bind(crypto.subtle)]),
);
const LENGTH = 1_000_000;
const plaintext = sample(LENGTH);
const platform = { name: 'KmsealError', code: 'ERR_PLATFORM' };

let hands;
let envelope;
before(async () => {
  hands = await makeHands(kmseal, await makeKeyPair());
  envelope = await hands.witness.seal(plaintext);
});
afterEach(() => {
  for (const name of Object.keys(native)) delete crypto.subtle[name];
  Object.assign(globalThis, { Blob: NativeBlob, Response: NativeResponse });
});

/** Every way to seal and to open, to the end of the output. */
const seals = {
  bytes: () => hands.sealer.seal(plaintext),
  'a Blob': () => hands.sealer.seal(new NativeBlob([plaintext])),
  'a stream': async () => collect(await hands.sealer.seal(inPieces(plaintext, 100_000))),
  'a prepared file': async () => (await hands.sealer.prepare(new NativeBlob([plaintext]))).slice(),
};
const opens = (bytes = envelope) => ({
  bytes: () => hands.opener.open(bytes),
  'a Blob': () => hands.opener.open(new NativeBlob([bytes])),
  'a stream': async () => collect((await hands.opener.open(inPieces(bytes, 100_000))).plaintext),
  'a range': () => hands.opener.openRange(new NativeBlob([bytes]), { start: 300_000, end: 600_000 }),
});

const { encrypt, decrypt, importKey } = native;
/** For frames only, not for an opener's `decrypt`. */
const isFrame = ({ name }) => name === 'AES-GCM';
const refuse = async () => {
  throw new DOMException('The operation failed for an operation-specific reason', 'OperationError');
};

const WRONG = {
  'importKey refuses AES, as in a FIPS mode': {
    importKey: (format, key, algorithm, ...rest) =>
      algorithm === 'AES-GCM' ? refuse() : importKey(format, key, algorithm, ...rest),
  },
  'importKey throws instead of rejecting': {
    importKey() {
      throw new Error('not here');
    },
  },
  'encrypt and decrypt refuse': {
    encrypt: refuse,
    decrypt: (params, ...rest) => (isFrame(params) ? refuse() : decrypt(params, ...rest)),
  },
  'encrypt and decrypt ignore additional data': {
    encrypt: ({ additionalData, ...params }, ...rest) => encrypt(params, ...rest),
    decrypt: ({ additionalData, ...params }, ...rest) => decrypt(params, ...rest),
  },
  'encrypt gives other bytes, and decrypt what it was given': {
    encrypt: async (params, key, data) => new Uint8Array(data.byteLength + 16).buffer,
    decrypt: async (params, key, data) => data.slice(0, -16).buffer,
  },
  'answers are a byte short': {
    encrypt: async (...args) => (await encrypt(...args)).slice(1),
    decrypt: async (...args) => (await decrypt(...args)).slice(1),
  },
  'answers are numbers': {
    encrypt: async (params, key, data) => data.byteLength + 16,
    decrypt: async (params, key, data) => data.byteLength - 16,
  },
  'answers are nothing': { encrypt: async () => undefined, decrypt: async () => undefined },
};

describe('a SubtleCrypto that is wrong from the start', () => {
  for (const [what, wrong] of Object.entries(WRONG)) {
    test(`nothing is sealed or opened with a SubtleCrypto that is wrong from the start: ${what}`, async () => {
      Object.assign(crypto.subtle, wrong);
      for (const [name, work] of Object.entries({ ...seals, ...opens() })) await assert.rejects(work(), platform, name);
    });
  }

  test('a decrypt that lets altered frames pass does not open', async () => {
    crypto.subtle.decrypt = (params, key, data) =>
      decrypt(params, key, data).catch(() => new ArrayBuffer(data.byteLength - 16));
    for (const [name, work] of Object.entries(opens())) await assert.rejects(work(), platform, name);
  });
});

describe('a SubtleCrypto that goes wrong after it was right', () => {
  /** The same function objects as at the first check, so that nothing shows that they changed. */
  function goingWrong(after) {
    let wrong = false;
    crypto.subtle.encrypt = (...args) => (wrong ? after.encrypt(...args) : encrypt(...args));
    crypto.subtle.decrypt = (params, ...rest) =>
      wrong && isFrame(params) ? after.decrypt(params, ...rest) : decrypt(params, ...rest);
    return () => (wrong = true);
  }

  for (const what of [
    'encrypt and decrypt refuse',
    'answers are a byte short',
    'answers are numbers',
    'answers are nothing',
  ]) {
    test(`sealing and opening fail as soon as SubtleCrypto goes wrong: ${what}`, async () => {
      const turn = goingWrong(WRONG[what]);
      for (const work of [seals.bytes, opens().bytes]) await work();
      turn();
      for (const [name, work] of Object.entries({ ...seals, ...opens() })) await assert.rejects(work(), platform, name);
    });
  }

  test('frames count as altered only if the cipher of the .wasm agrees, whatever error SubtleCrypto gives', async () => {
    const altered = envelope.slice();
    altered[400_000] ^= 1;
    for (const work of Object.values(opens(altered)))
      await assert.rejects(work(), { code: 'ERR_AUTHENTICATION', message: /frame 2 / });
    const turn = goingWrong({
      encrypt,
      decrypt: async () => {
        throw new TypeError('of a wrapper');
      },
    });
    await opens().bytes();
    turn();
    // The first frame is not altered, but only the .wasm can show it.
    await assert.rejects(opens(altered).bytes(), platform);
    altered[1000] ^= 1;
    await assert.rejects(opens(altered).bytes(), { code: 'ERR_AUTHENTICATION', message: /frame 1 / });
  });
});

test('answers in reused memory and from another realm are accepted', async () => {
  const pool = Buffer.alloc(LENGTH);
  const { runInNewContext } = await import('node:vm');
  const foreign = runInNewContext('(bytes) => Uint8Array.from(bytes).buffer');
  crypto.subtle.encrypt = async (...args) => {
    const bytes = new Uint8Array(await encrypt(...args));
    pool.set(bytes);
    queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => pool.fill(0)))));
    return pool.subarray(0, bytes.length);
  };
  crypto.subtle.decrypt = async (...args) => foreign(new Uint8Array(await decrypt(...args)));
  for (const [name, work] of Object.entries(seals)) {
    const opened = await hands.judge.open(await collect(await work()));
    assert.ok(Buffer.from(opened.plaintext).equals(plaintext), name);
  }
  assert.ok(Buffer.from((await opens().bytes()).plaintext).equals(plaintext));
});

test('a frame is sealed right if it is read only after all frames before it were written', async () => {
  let before = Promise.resolve();
  crypto.subtle.encrypt = (...args) => {
    // Behind the turn in which what was given before is put where it belongs.
    const own = before.then(() => new Promise(setImmediate)).then(() => encrypt(...args));
    before = own.catch(() => {});
    return own;
  };
  for (const [name, work] of Object.entries(seals)) {
    const opened = await hands.judge.open(await collect(await work()));
    assert.ok(Buffer.from(opened.plaintext).equals(plaintext), name);
  }
});

describe('the last check of lengths', () => {
  test('a Blob that loses its content is not handed out', async () => {
    globalThis.Blob = class extends NativeBlob {
      constructor(parts, options) {
        super(parts.slice(1), options);
      }
    };
    for (const work of [seals['a Blob'], seals['a prepared file'], opens()['a Blob'], opens()['a range']])
      await assert.rejects(work(), platform);
  });

  test('a Response that loses bytes of a large Blob is noticed', async () => {
    globalThis.Response = class extends NativeResponse {
      async blob() {
        return (await super.blob()).slice(1);
      }
    };
    await assert.rejects(hands.sealer.seal(new NativeBlob([new Uint8Array(33 * 2 ** 20)])), platform);
  });
});
