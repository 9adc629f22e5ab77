// The opener's data-key cache: how many KMS calls opening costs, and what is never shared.
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, inPieces, sample, soon } from '../support/bytes.mjs';
import { startKms } from '../support/kms.mjs';
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
  const sealer = new Sealer({ keys: key, encryptionContext: CONTEXT, cache: CACHE });
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

/** A KMS that answers when it is told to. */
function held() {
  const asked = [];
  const decrypt = (input, { signal }) =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      asked.push({ signal, reject, answer: () => kms.decrypt(input).then(resolve, reject) });
    });
  return { asked, decrypt };
}

const openAll = (opener, list, options) => Promise.all(list.map(async (envelope) => (await opener.open(envelope, options)).plaintext));
const equal = (found, expected = PLAINTEXT) => assert.ok(Buffer.from(expected).equals(found));

describe('calls', () => {
  test('one for a thousand files of one data key that are opened at a time, and none for those after', async () => {
    const { opener, calls } = counting();
    for (const plaintext of await openAll(opener, envelopes, { encryptionContext: CONTEXT })) equal(plaintext);
    assert.equal(calls.length, 1);
    equal((await opener.open(envelopes[0])).plaintext);
    equal(await collect((await opener.open(inPieces(envelopes[1], 100))).plaintext));
    equal(await collect((await opener.open(new Blob([envelopes[2]]))).plaintext));
    equal(await collect((await opener.openRange(new Blob([envelopes[3]]))).plaintext));
    assert.equal(calls.length, 1);
  });

  test('one for each without a cache', async () => {
    const { opener, calls } = counting({ cache: undefined });
    await openAll(opener, envelopes.slice(0, 5));
    assert.equal(calls.length, 5);
  });

  test('one for each encrypted data key and key', async () => {
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
  test('files', async () => {
    const { opener, calls } = counting({ cache: { ...CACHE, maxMessagesEncrypted: 100 } });
    await openAll(opener, envelopes);
    assert.equal(calls.length, 10);
  });

  test('bytes; what is larger or of unknown length takes no part', async () => {
    const cache = { ...CACHE, maxBytesEncrypted: 10 * PLAINTEXT.length };
    const { opener, calls } = counting({ cache });
    await openAll(opener, envelopes.slice(0, 30));
    assert.equal(calls.length, 3);
    await openAll(opener, [inPieces(envelopes[0], 100), inPieces(envelopes[1], 100)]);
    assert.equal(calls.length, 5);
    const small = counting({ cache: { ...cache, maxBytesEncrypted: PLAINTEXT.length - 1 } });
    await openAll(small.opener, envelopes.slice(0, 3));
    assert.equal(small.calls.length, 3);
  });

  test('data keys: the one not used for longest makes room', async () => {
    const sealers = [0, 1, 2].map(() => new Sealer({ keys: key, cache: CACHE }));
    const [a, b, c] = await Promise.all(sealers.map((sealer) => sealer.seal(PLAINTEXT)));
    const { opener, calls } = counting({ cache: { ...CACHE, capacity: 2 } });
    for (const [envelope, count] of [[a, 1], [b, 2], [a, 2], [c, 3], [a, 3], [b, 4], [c, 5]]) {
      await opener.open(envelope);
      assert.equal(calls.length, count);
    }
  });

  test('age, also when the clock is set back', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    try {
      const { opener, calls } = counting();
      for (const [time, count] of [[1_000_000, 1], [1_059_999, 1], [1_060_000, 2], [1_100_000, 2], [1_000_000, 3]]) {
        mock.timers.setTime(time);
        await opener.open(envelopes[0]);
        assert.equal(calls.length, count, `at ${time}`);
      }
    } finally {
      mock.timers.reset();
    }
  });

  for (const cache of [{}, { maxAge: 0 }, { maxAge: '1' }, { maxAge: 1, capacity: 0 }, { maxAge: 1, maxMessagesEncrypted: 0 }, { maxAge: 1, maxBytesEncrypted: -1 }]) {
    test(`refuses ${JSON.stringify(cache)}`, () => {
      assert.throws(() => counting({ cache }), (error) => error instanceof TypeError || error instanceof RangeError);
    });
  }
});

describe('what is not shared', () => {
  /** The encrypted data key of an envelope under another context, everything else made to fit by someone who has the data key. */
  async function reused(context) {
    const fields = readHeader(envelopes[0]);
    const { Plaintext } = await kms.decrypt({ KeyId: key.keyId, CiphertextBlob: fields.edks[0].ciphertext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' });
    const derived = contentKey(Plaintext.subarray(48), fields.messageId);
    return new Uint8Array(Buffer.concat([writeHeader(derived, { ...fields, context }), writeFrames(derived, fields.messageId, [Buffer.from('other')])]));
  }

  test('an encrypted data key under another context', async () => {
    const forged = await reused(Buffer.concat([Buffer.from([0, 1, 0, 6]), Buffer.from('tenant'), Buffer.from([0, 1]), Buffer.from('8')]));
    const right = await reused(readHeader(envelopes[0]).context);
    const { opener, calls } = counting();
    equal((await opener.open(right)).plaintext, Buffer.from('other'));
    await assert.rejects(opener.open(forged), { code: 'ERR_CONTEXT' });
    await assert.rejects(opener.open(forged, { encryptionContext: { tenant: '8' } }), { code: 'ERR_CONTEXT' });
    await assert.rejects(opener.open(envelopes[1], { encryptionContext: { tenant: '7', more: '1' } }), { code: 'ERR_CONTEXT' });
    equal((await opener.open(envelopes[1])).plaintext);
    assert.equal(calls.length, 1);
  });

  test('a failure is, by those who wait, and is not kept', async () => {
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

  for (const [what, alter] of [
    ['for another key', (answer) => ({ ...answer, KeyId: `${answer.KeyId}0` })],
    ['of another length', (answer) => ({ ...answer, Plaintext: answer.Plaintext.subarray(1) })],
    ['without bytes', ({ KeyId }) => ({ KeyId })],
  ]) {
    test(`an answer ${what}`, async () => {
      let alters = true;
      const { opener, calls } = counting({ decrypt: async (input) => (alters ? alter : Object)(await kms.decrypt(input)) });
      await assert.rejects(opener.open(envelopes[0]), { code: 'ERR_KMS' });
      alters = false;
      equal((await opener.open(envelopes[0])).plaintext);
      assert.equal(calls.length, 2);
    });
  }
});

describe('cancelling', () => {
  test("one's abort leaves the call to the others", async () => {
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

  test('the last abort cancels the call, and the next one asks anew', async () => {
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

  test('an answer that comes after all have left is not kept', async () => {
    const late = [];
    // As a KMS client that takes no signal.
    const { opener, calls } = counting({ decrypt: (input) => new Promise((resolve) => late.push(() => kms.decrypt(input).then(resolve))) });
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
