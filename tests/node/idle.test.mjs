// idleTimeout: what counts as idleness of a source, and what does not. The clock is the test's own.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer, reseal } from 'kmseal';
import { readAll, sample } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';

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
  sealer = new Sealer({ keys: [key], frameLength: FRAME });
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

/** Lets this much time pass, with its consequences: a timer that is due sets another one. */
function pass(milliseconds) {
  clock.tick(milliseconds);
  clock.tick(1);
}

/** A stream that delivers each chunk when it is requested and `before` has passed; then it stalls, and reports that. */
function streamOf(chunks, { before = 0, stalls = false } = {}) {
  const left = [...chunks];
  const made = { cancelled: undefined };
  made.stalled = new Promise((resolve) => {
    made.stream = new ReadableStream(
      {
        async pull(controller) {
          await null; // by now the clock runs for it
          if (left.length > 0) {
            clock.tick(before);
            controller.enqueue(left.shift());
          } else if (stalls) {
            resolve();
            await new Promise(() => {});
          } else {
            clock.tick(before);
            controller.close();
          }
        },
        cancel(reason) {
          made.cancelled = reason;
        },
      },
      { highWaterMark: 0 },
    );
  });
  return made;
}
const pieces = (length) =>
  Array.from({ length: Math.ceil(envelope.length / length) }, (unused, index) =>
    envelope.slice(index * length, (index + 1) * length),
  );
const told = {
  code: 'ERR_READ',
  message: `the source sent nothing for ${IDLE} ms; read it again, or raise idleTimeout`,
};

test('a stream that delivers each chunk in time is opened, however long it takes overall', async () => {
  const { plaintext } = await opener.open(streamOf(pieces(3000), { before: IDLE - 10 }).stream);
  assert.ok(Buffer.from(PLAIN).equals(Buffer.concat(await readAll(plaintext))));
});

test('the time between reads of the plaintext does not count as idle time', async () => {
  for (const source of [
    streamOf(pieces(3000)).stream,
    { size: envelope.length, read: async (start, end) => envelope.slice(start, end) },
  ]) {
    const { plaintext } = await opener.open(source);
    const reader = plaintext.getReader();
    let length = 0;
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      length += value.length;
      await new Promise(setImmediate); // what is read ahead has come
      pass(100 * IDLE);
    }
    assert.equal(length, PLAIN.length);
  }
});

test('the time that KMS takes does not count as idle time', async () => {
  const slow = async (...args) => {
    pass(100 * IDLE);
    return decrypt(...args);
  };
  const { plaintext } = await new Opener({ keyIds: [keyId], decrypt: slow, idleTimeout: IDLE }).open(
    streamOf([envelope]).stream,
  );
  assert.equal(Buffer.concat(await readAll(plaintext)).length, PLAIN.length);
});

test('a stream that stalls at any point is cancelled', async () => {
  for (const given of [0, 10, 700, envelope.length - 1]) {
    const source = streamOf(
      [envelope.slice(0, given)].filter(({ length }) => length > 0),
      { stalls: true },
    );
    const opening = assert.rejects(
      opener.open(source.stream).then(({ plaintext }) => readAll(plaintext)),
      told,
    );
    await source.stalled;
    pass(IDLE);
    await opening;
    assert.equal(source.cancelled.code, 'ERR_READ');
  }
});

test('a read that stalls is aborted in open, openRange and reseal', async () => {
  const calls = [
    async (source) => readAll((await opener.open(source)).plaintext),
    async (source) => readAll((await opener.openRange(source, { start: 0, end: 10 })).plaintext),
    async (source) => readAll(await reseal(source, { opener, sealer })),
  ];
  for (const call of calls) {
    for (let stalling = 0, done = false; !done; stalling++) {
      let reads = 0;
      let signal;
      const stalled = new Promise((resolve) => {
        const read = (start, end, options) => {
          if (reads++ !== stalling) return Promise.resolve(envelope.slice(start, end));
          signal = options.signal;
          resolve();
          return new Promise(() => {});
        };
        call({ size: envelope.length, read }).then(() => resolve('done'), resolve);
      });
      done = (await stalled) === 'done';
      if (done) {
        assert.ok(stalling > 0);
        continue;
      }
      assert.equal(signal.aborted, false);
      pass(IDLE);
      assert.deepEqual(
        { aborted: signal.aborted, message: signal.reason.message },
        { aborted: true, message: told.message },
      );
    }
  }
});

test('a stalled source fails with a sentence that says so', async () => {
  for (const use of [(source) => opener.open(source), (source) => opener.openRange(source, { start: 0, end: 1 })]) {
    let outcome;
    await new Promise((resolve) => {
      outcome = assert.rejects(use({ size: envelope.length, read: () => new Promise(() => resolve()) }), told);
    });
    pass(IDLE);
    await outcome;
  }
});

test("a call's own idleTimeout takes precedence over the opener's, and without either there is no limit", async () => {
  const source = streamOf([], { stalls: true });
  const opening = assert.rejects(opener.open(source.stream, { idleTimeout: 5 }), /nothing for 5 ms/);
  await source.stalled;
  pass(5);
  await opening;
  const { plaintext } = await new Opener({ keyIds: [keyId], decrypt }).open(
    streamOf(pieces(3000), { before: 1e9 }).stream,
  );
  assert.equal(Buffer.concat(await readAll(plaintext)).length, PLAIN.length);
});

test('an invalid idleTimeout is refused', async () => {
  for (const idleTimeout of [0, -1, 0.5, NaN, Infinity, 2 ** 31]) {
    assert.throws(() => new Opener({ keyIds: [keyId], decrypt, idleTimeout }), RangeError);
    await assert.rejects(opener.open(envelope, { idleTimeout }), RangeError);
    await assert.rejects(opener.openRange(new Blob([envelope]), { start: 0, end: 1, idleTimeout }), RangeError);
  }
  assert.throws(() => new Opener({ keyIds: [keyId], decrypt, idleTimeout: '5' }), TypeError);
});
