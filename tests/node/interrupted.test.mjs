// Work that is aborted at awkward moments: it ends with the given reason, and harms nothing else in the same instance.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

const FRAME = 4096;
const DATA = sample(10 * FRAME);
const MOMENTS = 30;
const reason = new Error('given up');

let kms;
let keys;
let decrypt;
let opener;
let sealer;
let envelope;
before(async () => {
  kms = await startKms();
  decrypt = remembering(kms.decrypt);
  keys = await Promise.all([1, 2].map(async () => KmsPublicKey.import(await kms.createKey())));
  sealer = new Sealer({ keys: [keys[0]], frameLength: FRAME });
  opener = new Opener({ keyIds: [keys[0].keyId], decrypt });
  envelope = await sealer.seal(DATA);
});
after(() => kms?.close());

/** Does it after the given number of turns of the microtask queue. */
function later(turns, work) {
  if (turns === 0) work();
  else queueMicrotask(() => later(turns - 1, work));
}

/** Runs `work`, which must leave a prepared file usable. */
async function harmless(work) {
  const beside = await sealer.prepare(new Blob([DATA]));
  await work();
  await new Promise(setImmediate);
  // This includes frames: the header alone needs no WebAssembly.
  assert.equal((await beside.slice()).size, beside.size);
  beside.close();
}

/** The envelope in pieces; calls the function before the piece of that number. */
async function* pieces(number, call, length = FRAME + 32) {
  for (let at = 0, piece = 0; at < envelope.length; at += length, piece++) {
    if (piece === number) call();
    yield envelope.slice(at, at + length);
  }
}

const drain = async ({ plaintext }) => {
  for await (const chunk of plaintext) void chunk;
};

test('an abort at any moment of opening a stream gives its reason and harms nothing', async () => {
  for (let number = 0; number < 10; number++) {
    for (let turns = 0; turns < MOMENTS; turns++) {
      await harmless(async () => {
        const stop = new AbortController();
        const source = pieces(number, () => later(turns, () => stop.abort(reason)));
        await opener
          .open(source, { signal: stop.signal })
          .then(drain)
          .catch((error) => assert.equal(error, reason));
      });
    }
  }
});

test('a reader that leaves at any moment harms nothing', async () => {
  for (let number = 1; number < 10; number++) {
    for (let turns = 0; turns < MOMENTS; turns++) {
      await harmless(async () => {
        const { plaintext } = await opener.open(pieces(-1, undefined, 1000));
        const reader = plaintext.getReader();
        for (let count = 1; !(await reader.read()).done; count++) {
          if (count === number) later(turns, () => reader.cancel());
        }
      });
    }
  }
});

test('an abort of reseal gives its reason for every kind of input', async () => {
  for (const make of [(bytes) => bytes, (bytes) => new Blob([bytes]), (bytes) => new Blob([bytes]).stream()]) {
    for (let turns = 0; turns < 4 * MOMENTS; turns++) {
      const stop = new AbortController();
      later(turns, () => stop.abort(reason));
      const resealing = reseal(make(envelope), { opener, sealer, signal: stop.signal });
      await resealing
        .then((result) => new Response(result).arrayBuffer())
        .catch((error) => assert.equal(error, reason));
    }
  }
});

test('an iterator whose return() is not asynchronous can be opened and cancelled', async () => {
  const plain = (bytes) => {
    let given = false;
    const next = async () =>
      given ? { done: true, value: undefined } : ((given = true), { done: false, value: bytes });
    return { [Symbol.asyncIterator]: () => ({ next, return: () => ({ done: true }) }) };
  };
  assert.deepEqual(
    new Uint8Array(await new Response((await opener.open(plain(envelope))).plaintext).arrayBuffer()),
    DATA,
  );
  const altered = envelope.slice();
  altered[altered.length - 1] ^= 1;
  await assert.rejects(opener.open(plain(altered)).then(drain), { code: 'ERR_AUTHENTICATION' });
  const stop = new AbortController();
  const waiting = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => assert.fail('thrown at once') }),
  };
  const opening = opener.open(waiting, { signal: stop.signal });
  stop.abort(reason);
  await assert.rejects(opening, (error) => error === reason);
});

test('an iterator that has ended gets no return() call, and a stream is unlocked', async () => {
  const source = pieces(-1);
  source.return = () => assert.fail('stopped after its end');
  await drain(await opener.open({ [Symbol.asyncIterator]: () => source }));
  const stream = new Blob([envelope]).stream();
  await drain(await opener.open(stream));
  assert.equal(stream.locked, false);
});

test('a cache that is closed while KMS is asked keeps nothing', async (context) => {
  const both = await new Sealer({ keys }).seal(new Uint8Array(1));
  let refuse;
  const refused = new Promise((_, reject) => {
    refuse = reject;
  });
  let asked;
  const asking = new Promise((resolve) => {
    asked = resolve;
  });
  const ask = (input, options) => (input.KeyId === keys[0].keyId ? (asked(), refused) : decrypt(input, options));
  const closed = new Opener({ keyIds: keys.map(({ keyId }) => keyId), decrypt: ask, cache: { maxAge: 600_000 } });
  const opening = closed.open(both);
  await asking;
  closed.close();
  const timers = context.mock.method(globalThis, 'setTimeout');
  refuse(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  await opening;
  await new Promise(setImmediate);
  assert.equal(
    timers.mock.calls.filter(({ arguments: [, delay] }) => delay > 60_000).length,
    0,
    'a key waits to expire',
  );
});
