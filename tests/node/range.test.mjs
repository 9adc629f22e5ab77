// Opening a part of an envelope: which bytes are read, which are returned, and what a hostile source achieves.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, sample, soon } from '../support/page/bytes.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';
import { contentKey, framePlaces, readHeader, writeFrame } from '../support/message.mjs';

const FRAME = 4096;
const SIZE = 5 * FRAME + 10;
const PLAINTEXT = sample(SIZE);
const CONTEXT = { tenant: '7' };

let kms;
let key;
let decrypt;
let envelope;
let places;
before(async () => {
  kms = await startKms();
  decrypt = remembering(kms.decrypt);
  key = await KmsPublicKey.import(await kms.createKey());
  envelope = await seal(PLAINTEXT);
  places = framePlaces(envelope);
});
after(() => kms?.close());

const seal = (plaintext) => new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT }).seal(plaintext);
const opener = (options) => new Opener({ keyIds: [key.keyId], decrypt, ...options });
const equal = (found, expected) =>
  assert.ok(Buffer.from(expected).equals(found), `${found.length} bytes for ${expected.length}`);

/** A source that remembers what was read. */
function watched(bytes, { size = bytes.length, alter = (part) => part } = {}) {
  const reads = [];
  const read = async (start, end, { signal }) => {
    assert.ok(signal === undefined || signal instanceof AbortSignal);
    reads.push([start, end]);
    return alter(bytes.slice(start, end), start, end);
  };
  return { size, read, reads };
}

const openRange = async (source, options) => {
  const { plaintext, ...result } = await opener().openRange(source, options);
  return { ...result, bytes: await collect(plaintext) };
};

for (const engine of ['webcrypto', 'wasm']) {
  describe(`engine ${engine}`, () => {
    const positions = [
      0,
      1,
      FRAME - 1,
      FRAME,
      FRAME + 1,
      3 * FRAME,
      5 * FRAME - 1,
      5 * FRAME,
      SIZE - 1,
      SIZE,
      SIZE + 9,
      Infinity,
      -1,
      -SIZE,
      -SIZE - 1,
    ];

    test('openRange returns what slice() returns of the plaintext', async () => {
      for (const start of positions) {
        for (const end of positions) {
          const { plaintext, ...result } = await opener({ engine }).openRange(watched(envelope), { start, end });
          const expected = PLAINTEXT.slice(start, end);
          assert.ok(plaintext instanceof ReadableStream);
          equal(await collect(plaintext), expected);
          const [from, to] = [result.start, result.end];
          equal(PLAINTEXT.subarray(from, to), expected);
          assert.equal(result.size, SIZE);
          assert.equal(result.keyId, key.keyId);
          assert.deepEqual({ ...result.encryptionContext }, CONTEXT);
        }
      }
    });

    test('openRange of a Blob returns a Blob', async () => {
      const { plaintext } = await opener({ engine }).openRange(new Blob([envelope]), {
        start: FRAME - 5,
        end: FRAME + 5,
      });
      assert.ok(plaintext instanceof Blob);
      equal(await collect(plaintext), PLAINTEXT.subarray(FRAME - 5, FRAME + 5));
      equal(await collect((await opener({ engine }).openRange(new Blob([envelope]))).plaintext), PLAINTEXT);
    });

    for (const size of [0, 1, FRAME - 1, FRAME, 2 * FRAME]) {
      test(`openRange handles ${size} bytes of plaintext`, async () => {
        const plaintext = sample(size);
        const sealed = await seal(plaintext);
        for (const { start, end } of [
          { start: 0 },
          { start: 0, end: 0 },
          { start: 0, end: 1 },
          { start: 1, end: 2 },
          { start: size - 1 },
          { start: size },
        ]) {
          const result = await opener({ engine }).openRange(new Blob([sealed]), { start, end });
          equal(await collect(result.plaintext), plaintext.slice(start, end));
          assert.equal(result.size, size);
        }
      });
    }

    test('openRange releases nothing altered', async () => {
      for (const [index, [start, end]] of places.entries()) {
        const altered = envelope.slice();
        altered[end - 20] ^= 1;
        const first = index * FRAME;
        const source = watched(altered);
        const error = { code: 'ERR_AUTHENTICATION' };
        await assert.rejects(
          opener({ engine })
            .openRange(source, { start: first, end: first + 1 })
            .then(({ plaintext }) => collect(plaintext)),
          error,
        );
        // Frames outside the range are not read, except the final one.
        const other = opener({ engine })
          .openRange(source, index ? { end: 1 } : { start: FRAME, end: FRAME + 1 })
          .then(({ plaintext }) => collect(plaintext));
        if (end === altered.length) await assert.rejects(other, error);
        else assert.equal((await other).length, 1);
        assert.ok(start < end);
      }
    });
  });
}

test('openRange reads the header, the final frame and the frames that cover the part, in this order', async () => {
  const big = await seal(sample(100 * FRAME));
  const frames = framePlaces(big);
  const source = watched(big);
  await openRange(source, { start: 50 * FRAME - 1, end: 52 * FRAME });
  assert.deepEqual(source.reads, [
    [0, 64 * 1024],
    [frames[99][0], big.length],
    [frames[49][0], frames[51][1]],
  ]);
});

test('openRange reports progress in bytes of the part', async () => {
  const seen = [];
  const { plaintext } = await opener().openRange(watched(envelope), {
    start: 10,
    end: 3 * FRAME,
    onProgress: (progress) => seen.push(progress),
  });
  await collect(plaintext);
  assert.deepEqual(
    seen,
    [FRAME - 10, 2 * FRAME - 10, 3 * FRAME - 10].map((loaded) => ({ loaded, total: 3 * FRAME - 10 })),
  );
});

describe('hostile sources', () => {
  const fails = (source, code, start = 0) => assert.rejects(openRange(source, { start, end: start + 1 }), { code });

  test('openRange refuses an envelope that was cut anywhere', async () => {
    const { length } = readHeader(envelope);
    for (let size = 0; size < envelope.length; size += size < length + 60 ? 7 : 411) {
      await fails(watched(envelope.slice(0, size)), 'ERR_TRUNCATED');
    }
  });

  test('openRange refuses an envelope that was cut between two frames, or that lacks whole frames', async () => {
    for (const [start, end] of places.slice(0, -1)) {
      await fails(watched(envelope.slice(0, end)), 'ERR_TRUNCATED');
      const without = Buffer.concat([envelope.subarray(0, start), envelope.subarray(end)]);
      await fails(watched(new Uint8Array(without)), 'ERR_TRUNCATED');
    }
  });

  test('openRange refuses an envelope that was appended to', async () => {
    for (const length of [1, 32, 4096 + 32, 5000]) {
      await fails(watched(new Uint8Array(Buffer.concat([envelope, Buffer.alloc(length)]))), 'ERR_TRUNCATED');
    }
  });

  test('openRange refuses a source with a wrong size', async () => {
    for (const size of [2 ** 53 - 1, 2 ** 40, envelope.length + 1, envelope.length - 1]) {
      const source = watched(envelope, { size });
      await assert.rejects(
        openRange(source, { end: 1 }),
        ({ code }) => ['ERR_TRUNCATED', 'ERR_SOURCE_CHANGED'].includes(code),
        `${size}`,
      );
      for (const [start, end] of source.reads) assert.ok(end - start <= 64 * 1024);
    }
  });

  test('openRange refuses an envelope whose frames were moved', async () => {
    const swapped = envelope.slice();
    swapped.set(envelope.subarray(...places[1]), places[2][0]);
    swapped.set(envelope.subarray(...places[2]), places[1][0]);
    await fails(watched(swapped), 'ERR_ENVELOPE_INVALID', FRAME);
    assert.equal((await openRange(watched(swapped), { end: FRAME })).bytes.length, FRAME);
  });

  test('openRange refuses a second final frame in the middle, even from someone who has the data key', async () => {
    const fields = readHeader(envelope);
    const { Plaintext } = await kms.decrypt({
      KeyId: key.keyId,
      CiphertextBlob: fields.edks[0].ciphertext,
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    });
    const derived = contentKey(Plaintext.subarray(48), fields.messageId);
    // As long as the frame that it replaces.
    const final = writeFrame(derived, fields.messageId, { sequence: 2, last: true, content: Buffer.alloc(FRAME - 8) });
    const altered = envelope.slice();
    altered.set(final, places[1][0]);
    await fails(watched(altered), 'ERR_TRUNCATED', FRAME);
    // And a regular frame in place of the final one.
    const regular = writeFrame(derived, fields.messageId, { sequence: 6, content: Buffer.alloc(FRAME) });
    const longer = new Uint8Array(Buffer.concat([envelope.subarray(0, places[5][0]), regular]));
    await fails(watched(longer), 'ERR_TRUNCATED');
  });

  for (const { what, alter } of [
    { what: 'fewer bytes than asked for', alter: (part) => part.subarray(1) },
    { what: 'more', alter: (part) => Buffer.concat([part, Buffer.alloc(1)]) },
    { what: 'none', alter: () => new Uint8Array() },
  ]) {
    test(`openRange refuses a source that returns ${what}`, async () => {
      await fails(watched(envelope, { alter }), 'ERR_SOURCE_CHANGED');
      const later = (part, start) => (start === 0 ? part : alter(part));
      await fails(watched(envelope, { alter: later }), 'ERR_SOURCE_CHANGED');
      const atLast = (part, start) => (start === places[1][0] ? alter(part) : part);
      await fails(watched(envelope, { alter: atLast }), 'ERR_SOURCE_CHANGED', FRAME);
    });
  }

  test('openRange refuses a source that returns anything but bytes', async () => {
    for (const wrong of [undefined, null, 'text', 7, {}, new Uint8Array(new SharedArrayBuffer(9))]) {
      const error = ({ code, cause }) => code === 'ERR_READ' && cause instanceof TypeError;
      await assert.rejects(openRange(watched(envelope, { alter: () => wrong })), error);
      await assert.rejects(
        openRange(watched(envelope, { alter: (part, start) => (start === 0 ? part : wrong) })),
        error,
      );
    }
  });

  test('openRange fails with ERR_READ if the source fails', async () => {
    const cause = new Error('503');
    const failing = (from) =>
      watched(envelope, { alter: (part, start) => (start >= from ? Promise.reject(cause) : part) });
    for (const from of [0, 1]) await assert.rejects(openRange(failing(from)), { code: 'ERR_READ', cause });
  });

  test('openRange can be aborted while the source does not answer', async () => {
    for (const from of [0, 1]) {
      const abort = new AbortController();
      const never = watched(envelope, { alter: (part, start) => (start >= from ? new Promise(() => {}) : part) });
      const opening = opener().openRange(never, { end: 1, signal: abort.signal });
      setTimeout(() => abort.abort(new Error('enough')), 30);
      await assert.rejects(soon(opening), { message: 'enough' });
    }
  });

  test('openRange refuses a value that is not a source', async () => {
    for (const size of [undefined, '7', -1, 1.5, NaN, Infinity]) {
      await assert.rejects(
        openRange({ ...watched(envelope), size }),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    }
  });
});

test('openRange applies limits and expected contexts', async () => {
  await assert.rejects(opener({ maxFrameLength: FRAME - 1 }).openRange(watched(envelope)), {
    code: 'ERR_ENVELOPE_UNSUPPORTED',
  });
  await assert.rejects(openRange(watched(envelope), { end: 1, encryptionContext: { tenant: '8' } }), {
    code: 'ERR_CONTEXT',
  });
  const closed = opener();
  closed.close();
  const source = watched(envelope);
  await assert.rejects(closed.openRange(source), { code: 'ERR_CLOSED' });
  assert.deepEqual(source.reads, []);
});
