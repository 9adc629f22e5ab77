// The opener's data-key cache: how many KMS calls opening costs, and what is never shared.
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, inPieces, sample, soon } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { contentKey, readHeader, writeFrames, writeHeader } from '../support/message.mjs';

const PLAINTEXT = sample(500);
const CONTEXT = { tenant: '7' };
const CACHE = { maxAge: 60_000 };

let kms;
let key;
let envelopes;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  const sealer = new Sealer({ keys: [key], encryptionContext: CONTEXT, cache: CACHE });
  envelopes = await Promise.all(Array.from({ length: 1000 }, () => sealer.seal(PLAINTEXT)));
});
after(() => kms?.close());

/** An opener, and how often KMS was asked. */
function counting({ decrypt = kms.decrypt, ...options } = {}) {
  const calls = [];
  const counted = (input, given) => {
    calls.push(given.signal);
    return decrypt(input, given);
  };
  return { calls, opener: new Opener({ keyIds: [key.keyId], decrypt: counted, cache: CACHE, ...options }) };
}

/** A KMS that answers when the test says so. */
function held() {
  const asked = [];
  const decrypt = (input, { signal }) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      asked.push({ signal, reject, answer: () => kms.decrypt(input).then(resolve, reject) });
    });
  return { asked, decrypt };
}

const openAll = (opener, list, options) =>
  Promise.all(list.map(async (envelope) => (await opener.open(envelope, options)).plaintext));
const equal = (found, expected = PLAINTEXT) => assert.ok(Buffer.from(expected).equals(found));

describe('calls', () => {
  test('concurrently opened files of one data key need one KMS call for a thousand, and later files none', async () => {
    const { opener, calls } = counting();
    for (const plaintext of await openAll(opener, envelopes, { encryptionContext: CONTEXT })) equal(plaintext);
    assert.equal(calls.length, 1);
    equal((await opener.open(envelopes[0])).plaintext);
    equal(await collect((await opener.open(inPieces(envelopes[1], 100))).plaintext));
    equal(await collect((await opener.open(new Blob([envelopes[2]]))).plaintext));
    equal(await collect((await opener.openRange(new Blob([envelopes[3]]))).plaintext));
    assert.equal(calls.length, 1);
  });

  test('each file needs a KMS call without a cache', async () => {
    const { opener, calls } = counting({ cache: undefined });
    await openAll(opener, envelopes.slice(0, 5));
    assert.equal(calls.length, 5);
  });

  test('each combination of encrypted data key and key needs one KMS call', async () => {
    const other = await KmsPublicKey.import(await kms.createKey());
    const sealer = new Sealer({ keys: [key, other], cache: CACHE });
    const both = await Promise.all([1, 2].map(() => sealer.seal(PLAINTEXT)));
    const { opener, calls } = counting();
    await openAll(opener, [...both, envelopes[0]]);
    assert.equal(calls.length, 2);
    const second = counting({ keyIds: [other.keyId] });
    await openAll(second.opener, both);
    assert.equal(second.calls.length, 1);
  });
});

describe('limits', () => {
  test('maxMessages limits how many files share a KMS call', async () => {
    const { opener, calls } = counting({ cache: { ...CACHE, maxMessages: 100 } });
    await openAll(opener, envelopes);
    assert.equal(calls.length, 10);
  });

  test('maxBytes limits how many bytes share a KMS call; larger files and files of unknown length bypass the cache', async () => {
    const cache = { ...CACHE, maxBytes: 10 * PLAINTEXT.length };
    const { opener, calls } = counting({ cache });
    await openAll(opener, envelopes.slice(0, 30));
    assert.equal(calls.length, 3);
    await openAll(opener, [inPieces(envelopes[0], 100), inPieces(envelopes[1], 100)]);
    assert.equal(calls.length, 5);
    const small = counting({ cache: { ...cache, maxBytes: PLAINTEXT.length - 1 } });
    await openAll(small.opener, envelopes.slice(0, 3));
    assert.equal(small.calls.length, 3);
  });

  test('capacity limits the data keys, and the one unused longest makes room', async () => {
    const sealers = [0, 1, 2].map(() => new Sealer({ keys: [key], cache: CACHE }));
    const [a, b, c] = await Promise.all(sealers.map((sealer) => sealer.seal(PLAINTEXT)));
    const { opener, calls } = counting({ cache: { ...CACHE, capacity: 2 } });
    for (const { envelope, count } of [
      { envelope: a, count: 1 },
      { envelope: b, count: 2 },
      { envelope: a, count: 2 },
      { envelope: c, count: 3 },
      { envelope: a, count: 3 },
      { envelope: b, count: 4 },
      { envelope: c, count: 5 },
    ]) {
      await opener.open(envelope);
      assert.equal(calls.length, count);
    }
  });

  test("maxAge limits a data key's age, even if the clock is set back", async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    try {
      const { opener, calls } = counting();
      for (const { time, count } of [
        { time: 1_000_000, count: 1 },
        { time: 1_059_999, count: 1 },
        { time: 1_060_000, count: 2 },
        { time: 1_100_000, count: 2 },
        { time: 1_000_000, count: 3 },
      ]) {
        mock.timers.setTime(time);
        await opener.open(envelopes[0]);
        assert.equal(calls.length, count, `at ${time}`);
      }
    } finally {
      mock.timers.reset();
    }
  });

  for (const cache of [
    {},
    { maxAge: 0 },
    { maxAge: '1' },
    { maxAge: 1, capacity: 0 },
    { maxAge: 1, maxMessages: 0 },
    { maxAge: 1, maxBytes: -1 },
    { maxAge: 1, maxMessagesEncrypted: 1 },
  ]) {
    test(`the opener refuses the cache options ${JSON.stringify(cache)}`, () => {
      assert.throws(
        () => counting({ cache }),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    });
  }
});

describe('answers that are not shared', () => {
  /** The encrypted data key of an envelope under another context, everything else made to fit by someone who has the data key. */
  async function reused(context) {
    const fields = readHeader(envelopes[0]);
    const { Plaintext } = await kms.decrypt({
      KeyId: key.keyId,
      CiphertextBlob: fields.edks[0].ciphertext,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    const derived = contentKey(Plaintext.subarray(48), fields.messageId);
    return new Uint8Array(
      Buffer.concat([
        writeHeader(derived, { ...fields, context }),
        writeFrames(derived, fields.messageId, [Buffer.from('other')]),
      ]),
    );
  }

  test('an encrypted data key under another context does not use the cached data key', async () => {
    const forged = await reused(
      Buffer.concat([Buffer.from([0, 1, 0, 6]), Buffer.from('tenant'), Buffer.from([0, 1]), Buffer.from('8')]),
    );
    const right = await reused(readHeader(envelopes[0]).context);
    const { opener, calls } = counting();
    equal((await opener.open(right)).plaintext, Buffer.from('other'));
    await assert.rejects(opener.open(forged), { code: 'ERR_CONTEXT' });
    await assert.rejects(opener.open(forged, { encryptionContext: { tenant: '8' } }), { code: 'ERR_CONTEXT' });
    await assert.rejects(opener.open(envelopes[1], { encryptionContext: { tenant: '7', more: '1' } }), {
      code: 'ERR_CONTEXT',
    });
    equal((await opener.open(envelopes[1])).plaintext);
    assert.equal(calls.length, 1);
  });

  test('a failure reaches those who wait for it, and is not cached', async () => {
    let fail = true;
    const decrypt = async (input) => {
      await turn();
      if (fail) throw Object.assign(new Error('UnknownError'), { name: 'ThrottlingException' });
      return kms.decrypt(input);
    };
    const { opener, calls } = counting({ decrypt });
    const results = await Promise.allSettled(envelopes.slice(0, 50).map((envelope) => opener.open(envelope)));
    for (const { reason } of results) assert.equal(reason?.code, 'ERR_KMS');
    assert.equal(calls.length, 1);
    fail = false;
    equal((await opener.open(envelopes[0])).plaintext);
    assert.equal(calls.length, 2);
  });

  /** Changes one byte of the plaintext. */
  const flipped = (index) => (answer) => {
    const Plaintext = Buffer.from(answer.Plaintext);
    Plaintext[index] ^= 1;
    return { ...answer, Plaintext };
  };
  for (const { what, alter, code = 'ERR_KMS' } of [
    { what: 'for another key', alter: (answer) => ({ ...answer, KeyId: `${answer.KeyId}0` }) },
    { what: 'of another length', alter: (answer) => ({ ...answer, Plaintext: answer.Plaintext.subarray(1) }) },
    { what: 'without bytes', alter: ({ KeyId }) => ({ KeyId }) },
    { what: 'that is another data key', alter: flipped(79), code: 'ERR_AUTHENTICATION' },
    { what: 'for another context', alter: flipped(0), code: 'ERR_CONTEXT' },
  ]) {
    test(`an answer ${what} is not cached`, async () => {
      let alters = true;
      const { opener, calls } = counting({
        decrypt: async (input) => (alters ? alter : Object)(await kms.decrypt(input)),
      });
      const failed = await Promise.allSettled([0, 1].map((index) => opener.open(envelopes[index])));
      for (const { reason } of failed) assert.equal(reason?.code, code);
      alters = false;
      equal((await opener.open(envelopes[0])).plaintext);
      equal((await opener.open(envelopes[1])).plaintext);
      assert.equal(calls.length, 2);
    });
  }
});

describe('cancelling', () => {
  test('an abort of one caller leaves the KMS call to the others', async () => {
    const { asked, decrypt } = held();
    const { opener } = counting({ decrypt });
    const abort = new AbortController();
    const first = opener.open(envelopes[0], { signal: abort.signal });
    const second = opener.open(envelopes[1]);
    while (asked.length === 0) await turn();
    await turn();
    abort.abort(new Error('left'));
    await assert.rejects(soon(first), { message: 'left' });
    assert.equal(asked[0].signal.aborted, false);
    asked[0].answer();
    equal((await soon(second)).plaintext);
    assert.equal(asked.length, 1);
  });

  test('the last abort cancels the KMS call, and the next caller asks again', async () => {
    const { asked, decrypt } = held();
    const { opener } = counting({ decrypt });
    const aborts = [0, 1].map(() => new AbortController());
    const openings = aborts.map(({ signal }, index) => opener.open(envelopes[index], { signal }));
    while (asked.length === 0) await turn();
    await turn();
    for (const [index, abort] of aborts.entries()) {
      abort.abort(new Error('left'));
      await assert.rejects(soon(openings[index]), { message: 'left' });
      await turn();
      assert.equal(asked[0].signal.aborted, index === 1);
    }
    const next = opener.open(envelopes[2]);
    while (asked.length === 1) await turn();
    asked[1].answer();
    equal((await soon(next)).plaintext);
  });

  test('an answer that arrives after all callers have left is not cached', async () => {
    const late = [];
    // Like a KMS client that ignores signals.
    const { opener, calls } = counting({
      decrypt: (input) => new Promise((resolve) => late.push(() => kms.decrypt(input).then(resolve))),
    });
    const abort = new AbortController();
    const opening = opener.open(envelopes[0], { signal: abort.signal });
    while (late.length === 0) await turn();
    abort.abort();
    await assert.rejects(soon(opening), { name: 'AbortError' });
    late.shift()();
    await delay(50);
    const next = opener.open(envelopes[0]);
    while (late.length === 0) await turn();
    late.shift()();
    equal((await soon(next)).plaintext);
    assert.equal(calls.length, 2);
  });
});
