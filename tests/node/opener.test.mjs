// Opening as its caller sees it: what streams release and when, limits, cancelling, progress and closing.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { byHand, collect, inPieces, pairsOf, sample, soon } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { framePlaces, readHeader } from '../support/message.mjs';

const ENGINES = ['webcrypto', 'wasm'];
const MIB = 2 ** 20;
const FRAME = 4096;
const PLAINTEXT = sample(3 * FRAME + 10);
const CONTEXT = { tenant: '7' };

let kms;
let key;
let envelope;
let places;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  envelope = await new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT }).seal(PLAINTEXT);
  places = framePlaces(envelope);
});
after(() => kms?.close());

const opener = (options) => new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, ...options });
const equal = (found, expected) => assert.ok(Buffer.from(expected).equals(found));

for (const engine of ENGINES) {
  describe(`streams, engine ${engine}`, () => {
    test('frames are released once authenticated, and none before it is complete', async () => {
      const source = byHand();
      source.write(envelope.slice(0, places[1][0] + 500));
      const { plaintext, encryptionContext } = await soon(opener({ engine }).open(source.stream));
      assert.deepEqual(pairsOf(encryptionContext), pairsOf(CONTEXT));
      const reader = plaintext.getReader();
      equal((await soon(reader.read())).value, PLAINTEXT.subarray(0, FRAME));
      let second;
      const reading = reader.read().then((read) => (second = read));
      await delay(20);
      assert.equal(second, undefined);
      source.write(envelope.slice(places[1][0] + 500, places[1][1]));
      await soon(reading);
      equal(second.value, PLAINTEXT.subarray(FRAME, 2 * FRAME));
      source.write(envelope.slice(places[1][1]));
      source.end();
      equal((await soon(reader.read())).value, PLAINTEXT.subarray(2 * FRAME, 3 * FRAME));
      equal((await soon(reader.read())).value, PLAINTEXT.subarray(3 * FRAME));
      assert.equal((await soon(reader.read())).done, true);
    });

    for (const pieces of [[1_000_000], [100], [1]]) {
      test(`an altered frame and everything after it is withheld, in pieces of ${pieces}`, async () => {
        for (const [index, [, end]] of places.entries()) {
          const altered = envelope.slice();
          altered[end - 20] ^= 1;
          const released = [];
          const { plaintext } = await opener({ engine }).open(inPieces(altered, ...pieces));
          const reading = (async () => {
            for await (const chunk of plaintext) released.push(chunk);
          })();
          await assert.rejects(reading, { code: 'ERR_AUTHENTICATION' });
          equal(Buffer.concat(released), PLAINTEXT.subarray(0, index * FRAME));
        }
      });

      test(`a cut stream releases the good frames and then an error, in pieces of ${pieces}`, async () => {
        for (const [start] of places) {
          const { plaintext } = await opener({ engine }).open(inPieces(envelope.subarray(0, start), ...pieces));
          const reader = plaintext.getReader();
          let length = 0;
          const reading = (async () => {
            for (let read = await reader.read(); !read.done; read = await reader.read()) length += read.value.length;
          })();
          await assert.rejects(reading, { code: 'ERR_TRUNCATED' });
          assert.equal(length, places.findIndex((place) => place[0] === start) * FRAME);
          await assert.rejects(reader.closed, { code: 'ERR_TRUNCATED' });
        }
      });
    }

    test('a source that fails gives ERR_READ with its error as cause', async () => {
      const cause = new Error('the line went dead');
      for (const bytes of [envelope.slice(0, 100), envelope.slice(0, places[1][1])]) {
        const source = byHand();
        source.write(bytes);
        const opening = opener({ engine })
          .open(source.stream)
          .then(({ plaintext }) => collect(plaintext));
        setImmediate(() => source.fail(cause));
        await assert.rejects(soon(opening), (error) => error.code === 'ERR_READ' && error.cause === cause);
      }
    });

    test('a reader who leaves stops the source', async () => {
      const source = byHand();
      source.write(envelope.slice(0, places[2][1]));
      const { plaintext } = await opener({ engine }).open(source.stream);
      const reader = plaintext.getReader();
      await reader.read();
      await reader.cancel('enough');
      assert.deepEqual(source.cancelled, { reason: 'enough' });
    });

    test('the source is read no faster than the plaintext', async () => {
      let pulled = 0;
      const large = await new Sealer({ keys: [key] }).seal(sample(32 * MIB));
      const source = new ReadableStream(
        {
          pull(controller) {
            controller.enqueue(large.slice(pulled, pulled + MIB));
            pulled += MIB;
            if (pulled >= large.length) controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      const { plaintext } = await opener({ engine }).open(source);
      assert.equal(pulled, MIB, 'before the first read');
      const reader = plaintext.getReader();
      await reader.read();
      await delay(100);
      assert.ok(pulled <= 8 * MIB, `${pulled} bytes for the first read`);
      await reader.cancel();
    });
  });

  describe(`cancelling, engine ${engine}`, () => {
    const reason = new Error('the reader changed their mind');

    test('a signal that is already aborted rejects at once', async () => {
      const calls = kms.calls.length;
      const opening = opener({ engine }).open(envelope, { signal: AbortSignal.abort(reason) });
      await assert.rejects(opening, reason);
      assert.equal(kms.calls.length, calls);
    });

    test('an abort rejects while the header is awaited', async () => {
      for (const length of [0, 100]) {
        const [source, controller] = [byHand(), new AbortController()];
        if (length) source.write(envelope.slice(0, length));
        const opening = opener({ engine }).open(source.stream, { signal: controller.signal });
        setImmediate(() => controller.abort(reason));
        await assert.rejects(soon(opening), reason);
        assert.deepEqual(source.cancelled, { reason });
      }
    });

    test('an abort rejects while KMS is asked, and reaches decrypt', async () => {
      const source = byHand();
      source.write(envelope.slice());
      const controller = new AbortController();
      let given;
      const decrypt = (input, options) => {
        given = options.signal;
        const answer = kms.decrypt(input, options);
        controller.abort(reason);
        return answer;
      };
      await assert.rejects(opener({ engine, decrypt }).open(source.stream, { signal: controller.signal }), reason);
      assert.equal(given, controller.signal);
      assert.deepEqual(source.cancelled, { reason });
    });

    test('an abort rejects while KMS is asked by a decrypt that ignores signals', async () => {
      const controller = new AbortController();
      const decrypt = () => {
        setImmediate(() => controller.abort(reason));
        return new Promise(() => {});
      };
      await assert.rejects(soon(opener({ engine, decrypt }).open(envelope, { signal: controller.signal })), reason);
    });

    test('an abort rejects while frames are opened', async () => {
      for (const make of [(bytes) => bytes, (bytes) => new Blob([bytes])]) {
        const controller = new AbortController();
        const onProgress = () => controller.abort(reason);
        const opening = opener({ engine }).open(make(envelope), { signal: controller.signal, onProgress });
        await assert.rejects(opening, reason);
      }
    });

    test('an abort rejects while a stream is read', async () => {
      const [source, controller] = [byHand(), new AbortController()];
      source.write(envelope.slice(0, places[1][1]));
      const { plaintext } = await opener({ engine }).open(source.stream, { signal: controller.signal });
      const reader = plaintext.getReader();
      await reader.read();
      await reader.read();
      const reading = reader.read();
      controller.abort(reason);
      await assert.rejects(soon(reading), reason);
      assert.deepEqual(source.cancelled, { reason });
    });

    test('a call leaves no abort listener behind, however it ends', async () => {
      const { signal } = new AbortController();
      const listeners = () => getEventListeners(signal, 'abort').length;
      const one = opener({ engine });
      for (const make of [(bytes) => bytes, (bytes) => new Blob([bytes]), (bytes) => inPieces(bytes, 1000)]) {
        for (const bytes of [envelope, envelope.subarray(0, -1), envelope.subarray(0, 100)]) {
          const opening = one.open(make(bytes), { signal }).then(({ plaintext }) => collect(plaintext));
          await opening.catch(({ code }) => assert.equal(code, 'ERR_TRUNCATED'));
          assert.equal(listeners(), 0);
        }
      }
    });
  });
}

test('progress counts plaintext bytes up to the total', async () => {
  for (const { make, total } of [
    { make: (bytes) => bytes, total: PLAINTEXT.length },
    { make: (bytes) => new Blob([bytes]), total: PLAINTEXT.length },
    { make: (bytes) => inPieces(bytes, 1000), total: undefined },
  ]) {
    const seen = [];
    const onProgress = (progress) => seen.push(progress);
    await collect((await opener().open(make(envelope), { onProgress })).plaintext);
    const known = total !== undefined && { total };
    assert.deepEqual(
      seen,
      [1, 2, 3].map((n) => ({ loaded: n * FRAME, ...known })).concat({ loaded: PLAINTEXT.length, ...known }),
    );
  }
});

describe('limits', () => {
  /** A stream that never ends after these bytes, and how much of it was read. */
  function endless(start) {
    const source = { taken: 0 };
    source.stream = new ReadableStream({
      pull(controller) {
        const chunk = source.taken === 0 ? start : new Uint8Array(1024).fill(0x11);
        source.taken += chunk.length;
        controller.enqueue(chunk);
      },
    });
    return source;
  }

  const seal = (keys, options) => new Sealer({ keys, ...options }).seal(PLAINTEXT);

  async function refused(bytes, options) {
    const calls = kms.calls.length;
    for (const engine of ENGINES) {
      const source = endless(bytes);
      await assert.rejects(opener({ ...options, engine }).open(source.stream), { code: 'ERR_ENVELOPE_UNSUPPORTED' });
      assert.ok(source.taken <= bytes.length + 16 * 1024, `${source.taken} bytes were taken`);
      await assert.rejects(opener({ ...options, engine }).open(bytes), { code: 'ERR_ENVELOPE_UNSUPPORTED' });
    }
    assert.equal(kms.calls.length, calls);
  }

  test('an envelope may have 8 encrypted data keys by default', async () => {
    const [eight, nine] = [await seal(Array(8).fill(key)), await seal(Array(9).fill(key))];
    equal((await opener().open(eight)).plaintext, PLAINTEXT);
    equal((await opener({ maxEncryptedDataKeys: 9 }).open(nine)).plaintext, PLAINTEXT);
    const behindCount = readHeader(nine).places['EDK count'][1];
    await refused(nine.slice(0, behindCount));
    await refused(eight.slice(0, behindCount), { maxEncryptedDataKeys: 7 });
    await refused(nine.slice(0, behindCount).fill(0xff, behindCount - 2));
  });

  test('a frame may have 16 MiB by default', async () => {
    const long = await seal(key, { frameLength: 2 ** 24 });
    equal((await opener().open(long)).plaintext, PLAINTEXT);
    equal((await opener({ maxFrameLength: FRAME }).open(envelope)).plaintext, PLAINTEXT);
    const [start, end] = readHeader(envelope).places['frame length'];
    await refused(envelope.slice(0, end), { maxFrameLength: FRAME - 1 });
    const over = envelope.slice(0, end);
    over.set([0x01, 0x00, 0x00, 0x01], start);
    await refused(over);
    await refused(over.fill(0xff, start));
  });

  test('a claimed length makes the opener buffer nothing', async () => {
    const field = envelope.slice(0, readHeader(envelope).places['context length'][1]).fill(0xff, -2);
    await assert.rejects(opener().open(field), { code: 'ERR_TRUNCATED' });
    await assert.rejects(opener().open(inPieces(field, 10)), { code: 'ERR_TRUNCATED' });
  });
});

describe('closing', () => {
  test('close and Symbol.dispose make later calls fail', async () => {
    for (const end of [(one) => one.close(), (one) => one[Symbol.dispose]()]) {
      const one = opener();
      equal((await one.open(envelope)).plaintext, PLAINTEXT);
      end(one);
      end(one);
      for (const data of [envelope, new Blob([envelope]), inPieces(envelope, 1000)]) {
        await assert.rejects(one.open(data), { name: 'KmsealError', code: 'ERR_CLOSED' });
      }
      const sealer = new Sealer({ keys: [key] });
      const sealed = await sealer.prepare(new Blob([PLAINTEXT]));
      end(sealer);
      await assert.rejects(sealer.seal(PLAINTEXT), { code: 'ERR_CLOSED' });
      await assert.rejects(sealer.prepare(new Blob([PLAINTEXT])), { code: 'ERR_CLOSED' });
      equal(await collect((await opener().open(await sealed.slice())).plaintext), PLAINTEXT);
      end(sealed);
      await assert.rejects(sealed.slice(), { code: 'ERR_CLOSED' });
      await assert.rejects(collect(sealed.stream()), { code: 'ERR_CLOSED' });
    }
  });
});
