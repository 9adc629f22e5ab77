// Frames are sealed and opened in parallel, but never in such numbers that memory would grow with the file.
import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, inPieces, sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

const MIB = 2 ** 20;
const PLAINTEXT = sample(48 * MIB);
/** Bytes of frames in flight at a time. */
const MOST = 32 * MIB;

let kms;
let sealer;
let opener;
let envelope;
before(async () => {
  kms = await startKms();
  const keys = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys });
  opener = new Opener({ keyIds: [keys.keyId], decrypt: kms.decrypt });
  envelope = await sealer.seal(PLAINTEXT);
});
after(() => kms?.close());

/** The most frames, and their bytes, that SubtleCrypto had at the same time. */
async function underWay(operation, work) {
  const most = { frames: 0, bytes: 0 };
  let [frames, bytes] = [0, 0];
  const original = crypto.subtle[operation];
  const method = mock.method(crypto.subtle, operation, async function watched(algorithm, key, data) {
    frames += 1;
    bytes += data.byteLength;
    Object.assign(most, { frames: Math.max(most.frames, frames), bytes: Math.max(most.bytes, bytes) });
    try {
      return await original.call(this, algorithm, key, data);
    } finally {
      frames -= 1;
      bytes -= data.byteLength;
    }
  });
  try {
    await work();
    return most;
  } finally {
    method.mock.restore();
  }
}

const FORMS = {
  bytes: (bytes) => bytes,
  'a Blob': (bytes) => new Blob([bytes]),
  'a stream': (bytes) => inPieces(bytes, MIB),
};

for (const [form, give] of Object.entries(FORMS)) {
  for (const { what, operation, work } of [
    { what: 'sealing', operation: 'encrypt', work: async () => collect(await sealer.seal(give(PLAINTEXT))) },
    { what: 'opening', operation: 'decrypt', work: async () => collect((await opener.open(give(envelope))).plaintext) },
  ]) {
    test(`${what} ${form} keeps several frames in flight`, async () => {
      const { frames, bytes } = await underWay(operation, work);
      assert.ok(frames >= 4, `${frames} frames`);
      assert.ok(bytes <= MOST, `${bytes / MIB} MiB`);
    });
  }
}
