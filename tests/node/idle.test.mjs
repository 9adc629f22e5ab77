// idleTimeout: what counts as idleness of a source, and what does not. The clock is the test's own.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { byHand, readAll, sample } from '../support/bytes.mjs';
import { remembering, startKms } from '../support/kms.mjs';

const IDLE = 1000;
const FRAME = 4096;
const PLAIN = sample(5 * FRAME);

let kms;
let sealer;
let decrypt;
let keyId;
let opener;
let envelope;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: key, frameLength: FRAME });
  decrypt = remembering(kms.decrypt);
  keyId = key.keyId;
  opener = new Opener({ keyIds: [keyId], decrypt, idleTimeout: IDLE });
  envelope = await sealer.seal(PLAIN);
  await opener.open(envelope); // from here on KMS's answer is remembered
});
after(() => kms?.close());

let clock;
beforeEach(({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  clock = mock.timers;
});

/** Lets everything run that waits for no timer. */
const settle = async () => { for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate); };
/** What is due, and what that makes due. */
async function pass(milliseconds) {
  await settle();
  clock.tick(milliseconds);
  await settle();
  clock.tick(1);
  await settle();
}
const told = { code: 'ERR_READ', message: `the source sent nothing for ${IDLE} ms; read it again, or raise idleTimeout` };

test('a stream that gives each chunk in time is opened, however long it takes in all', async () => {
  const hand = byHand();
  const opening = opener.open(hand.stream).then(({ plaintext }) => readAll(plaintext));
  for (let at = 0; at < envelope.length; at += 3000) {
    await pass(IDLE - 10);
    hand.write(envelope.slice(at, at + 3000));
  }
  await pass(IDLE - 10);
  hand.end();
  await settle();
  assert.ok(Buffer.from(PLAIN).equals(Buffer.concat(await opening)));
});

test('the time between reads of the plaintext is not that of the source', async () => {
  for (const source of [new Blob([envelope]).stream(), { size: envelope.length, read: async (start, end) => envelope.slice(start, end) }]) {
    const { plaintext } = await opener.open(source);
    const reader = plaintext.getReader();
    let length = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value.length;
      await pass(100 * IDLE);
    }
    assert.equal(length, PLAIN.length);
  }
});

test('the time that KMS takes is not that of the source', async () => {
  const slow = async (...args) => {
    await pass(100 * IDLE);
    return decrypt(...args);
  };
  const { plaintext } = await new Opener({ keyIds: [keyId], decrypt: slow, idleTimeout: IDLE }).open(new Blob([envelope]).stream());
  assert.equal(Buffer.concat(await readAll(plaintext)).length, PLAIN.length);
});

test('a stream that stalls anywhere is cancelled', async () => {
  for (const given of [0, 10, 700, envelope.length - 1]) {
    const hand = byHand();
    hand.write(envelope.slice(0, given));
    const opening = assert.rejects(opener.open(hand.stream).then(({ plaintext }) => readAll(plaintext)), told);
    await pass(IDLE);
    await opening;
    assert.equal(hand.cancelled.reason.code, 'ERR_READ');
  }
});

test("a read that stalls is aborted: of open's, of openRange's, of reseal's", async () => {
  const calls = [
    async (source) => readAll((await opener.open(source)).plaintext),
    async (source) => readAll((await opener.openRange(source, 0, 10)).plaintext),
    async (source) => readAll(await reseal(source, { opener, sealer })),
  ];
  for (const call of calls) {
    let reached = true;
    for (let stalling = 0; reached; stalling++) {
      let reads = 0;
      reached = false;
      let signal;
      const read = (start, end, options) => {
        if (reads++ !== stalling) return Promise.resolve(envelope.slice(start, end));
        reached = true;
        signal = options.signal;
        return new Promise(() => {});
      };
      const outcome = call({ size: envelope.length, read }).then(() => 'done', (error) => error);
      await settle();
      if (reached) {
        assert.equal(signal.aborted, false);
        await pass(IDLE);
        assert.deepEqual([signal.aborted, signal.reason.code], [true, 'ERR_READ']);
        assert.equal((await outcome).message, told.message);
      } else {
        assert.equal(await outcome, 'done');
        assert.ok(stalling > 0);
      }
    }
  }
});

test("a call's own time comes before the opener's, and without either there is none", async () => {
  const hand = byHand();
  const opening = assert.rejects(opener.open(hand.stream, { idleTimeout: 5 }), /nothing for 5 ms/);
  await pass(5);
  await opening;
  const other = byHand();
  const waiting = new Opener({ keyIds: [keyId], decrypt }).open(other.stream).then(({ plaintext }) => readAll(plaintext));
  await pass(1e9);
  other.write(envelope);
  other.end();
  assert.equal(Buffer.concat(await waiting).length, PLAIN.length);
});

test('an idleTimeout that is none is refused', async () => {
  for (const idleTimeout of [0, -1, 0.5, NaN, Infinity, 2 ** 31]) {
    assert.throws(() => new Opener({ keyIds: [keyId], decrypt, idleTimeout }), RangeError);
    await assert.rejects(opener.open(envelope, { idleTimeout }), RangeError);
    await assert.rejects(opener.openRange(new Blob([envelope]), 0, 1, { idleTimeout }), RangeError);
  }
  assert.throws(() => new Opener({ keyIds: [keyId], decrypt, idleTimeout: '5' }), TypeError);
});
