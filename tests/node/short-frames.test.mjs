// A hostile envelope of frames of one byte, and streams of chunks of one byte: they cost no more than their bytes, and the event
// loop keeps turning.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { collect, inPieces, sample } from '../support/page/bytes.mjs';
import { countCalls } from './calls.mjs';
import { remembering, startKms } from '../support/servers/kms.mjs';
import { contentKey, readHeader, writeFrames, writeHeader } from '../support/message.mjs';

// Before the package makes its instance.
const counted = countCalls();
const { KmsPublicKey, Opener, Sealer } = await import('kmseal');

// So many that no single pause, as of a collection of garbage, is half of the time even on a fast machine.
const FRAMES = 40_000;
const PLAINTEXT = sample(FRAMES);

let kms;
let key;
let opener;
let envelope;
before(async () => {
  kms = await startKms();
  const decrypt = remembering(kms.decrypt);
  key = await KmsPublicKey.import(await kms.createKey());
  opener = new Opener({ keyIds: [key.keyId], decrypt });
  const header = readHeader(await new Sealer({ keys: [key] }).seal(new Uint8Array(1)));
  const input = {
    KeyId: key.keyId,
    CiphertextBlob: header.edks[0].ciphertext,
    EncryptionAlgorithm: key.encryptionAlgorithm,
  };
  const dataKey = (await decrypt(input)).Plaintext.subarray(48); // behind the context's digest
  const content = contentKey(dataKey, header.messageId);
  const frames = writeFrames(
    content,
    header.messageId,
    Array.from(PLAINTEXT, (byte) => Buffer.of(byte)),
  );
  envelope = Buffer.concat([writeHeader(content, { ...header, frameLength: 1 }), frames]);
});
after(() => kms?.close());

/**
 * The longest pause of the event loop while `work` ran, as a share of the whole. Both are process time: on a busy machine
 * the process does not run all the time.
 */
async function longestPause(work) {
  const now = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  const start = now();
  let [last, longest] = [start, 0];
  const look = () => {
    longest = Math.max(longest, now() - last);
    last = now();
  };
  let next = setImmediate(function turn() {
    look();
    next = setImmediate(turn);
  });
  await work();
  look();
  clearImmediate(next);
  return longest / (last - start);
}

for (const { kind, make, read } of [
  { kind: 'bytes', make: (bytes) => bytes, read: (bytes) => bytes },
  {
    kind: 'a Blob',
    make: (bytes) => new Blob([bytes]),
    read: async (blob) => new Uint8Array(await blob.arrayBuffer()),
  },
  {
    kind: 'a stream',
    make: (bytes) => new Blob([bytes]).stream(),
    read: async (stream) => new Uint8Array(await new Response(stream).arrayBuffer()),
  },
]) {
  test(`the event loop keeps turning while frames of one byte are opened from ${kind}`, async () => {
    const share = await longestPause(async () => {
      const { plaintext } = await opener.open(make(envelope));
      assert.deepEqual(await read(plaintext), PLAINTEXT);
    });
    assert.ok(share < 0.5, `it stood still for ${Math.round(100 * share)} % of the time`);
  });

  test(`an abort takes effect between frames of one byte from ${kind}`, async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    let last = 0;
    // At the first turn of the event loop after a frame: on a fast machine only a few follow.
    const next = () => (last > 0 ? stop.abort(reason) : setImmediate(next));
    setImmediate(next);
    const onProgress = ({ loaded }) => {
      last = loaded;
    };
    await assert.rejects(
      async () => {
        const { plaintext } = await opener.open(make(envelope), { signal: stop.signal, onProgress });
        await read(plaintext);
      },
      (error) => error === reason,
    );
    assert.ok(last < FRAMES, `${last} bytes came first`);
  });
}

for (const engine of ['webcrypto', 'wasm']) {
  test(`frames of one byte are opened a thousand at a time by ${engine}`, async () => {
    const one = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt), engine });
    for (const make of [
      (bytes) => bytes,
      (bytes) => new Blob([bytes]),
      (bytes) => new Blob([bytes]).stream(),
      (bytes) => inPieces(bytes, 70_000),
    ]) {
      counted.calls = 0;
      const { plaintext } = await one.open(make(envelope));
      assert.deepEqual(await collect(plaintext), PLAINTEXT);
      assert.ok(counted.calls < FRAMES / 50, `${counted.calls} calls into WebAssembly`);
    }
    counted.calls = 0;
    const { plaintext } = await one.openRange(new Blob([envelope]), { start: 100, end: -100 });
    assert.deepEqual(await collect(plaintext), PLAINTEXT.subarray(100, -100));
    assert.ok(counted.calls < FRAMES / 50, `${counted.calls} calls into WebAssembly`);
  });
}

test('minFrameLength refuses short frames before KMS is asked, and is 1 by default', async () => {
  const asked = kms.calls.length;
  const options = { keyIds: [key.keyId], decrypt: kms.decrypt };
  const refusal = {
    code: 'ERR_ENVELOPE_UNSUPPORTED',
    message: /frames of 1 bytes, under the limit of 2; lower minFrameLength/,
  };
  await assert.rejects(new Opener({ ...options, minFrameLength: 2 }).open(envelope), refusal);
  await assert.rejects(new Opener({ ...options, minFrameLength: 2 }).openRange(new Blob([envelope])), refusal);
  assert.equal(kms.calls.length, asked);
  for (const minFrameLength of [0, -1, 1.5, 2 ** 32])
    assert.throws(() => new Opener({ ...options, minFrameLength }), RangeError);
  const own = await new Sealer({ keys: [key], frameLength: 4096 }).seal(PLAINTEXT);
  for (const minFrameLength of [undefined, 1, 4096])
    assert.deepEqual((await new Opener({ ...options, minFrameLength }).open(own)).plaintext, PLAINTEXT);
});

test('frames of one byte are released together', async () => {
  const { plaintext } = await opener.open(new Blob([envelope]).stream());
  let chunks = 0;
  for await (const chunk of plaintext) chunks += chunk.length > 0 ? 1 : 0;
  assert.ok(chunks <= FRAMES / 200, `${chunks} chunks`);
});

test('an altered frame of one byte releases those before it, and none after it', async () => {
  const altered = Buffer.from(envelope);
  const place = envelope.length - 33 * 1000;
  altered[place] ^= 1;
  const { plaintext } = await opener.open(new Blob([altered]).stream());
  const out = [];
  await assert.rejects(
    async () => {
      for await (const chunk of plaintext) out.push(chunk);
    },
    { code: /ERR_AUTHENTICATION|ERR_ENVELOPE_INVALID/ },
  );
  const came = Buffer.concat(out);
  assert.ok(came.length > FRAMES - 1100 && came.length < FRAMES - 900, `${came.length} bytes came`);
  assert.deepEqual(new Uint8Array(came), PLAINTEXT.subarray(0, came.length));
});

test('streams in chunks of one byte can be sealed and opened', async () => {
  const plain = sample(40_000);
  const sealed = await new Sealer({ keys: [key] }).seal(inPieces(plain, 1));
  const bytes = new Uint8Array(await new Response(sealed).arrayBuffer());
  const { plaintext } = await opener.open(inPieces(bytes, 1));
  assert.deepEqual(new Uint8Array(await new Response(plaintext).arrayBuffer()), plain);
});
