// Blobs of sealed and opened bytes, and what of these the page holds while a Blob is made.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Opener } from 'kmseal';
import { uploadSealed } from 'kmseal/s3';
import { inPieces, sample } from '../support/page/bytes.mjs';
import { remembering } from '../support/servers/kms.mjs';
import { testUploads } from './store.mjs';

const MIB = 2 ** 20;
/** As long as no file is large. */
const FRAME = MIB / 4;
const PLAIN = Buffer.from(sample(9 * MIB));
const NativeBlob = globalThis.Blob;

const { kms, key, sealer, store } = await testUploads();
const opener = new Opener({ keyIds: [key.keyId], decrypt: remembering(kms.decrypt) });
/** Bytes that came from memory, of each Blob that was made. */
let together;
globalThis.Blob = class extends NativeBlob {
  constructor(parts = [], options = {}) {
    super(parts, options);
    const bytes = [...parts].filter((part) => ArrayBuffer.isView(part));
    together?.push(bytes.reduce((sum, { length }) => sum + length, 0));
  }
};
after(() => {
  globalThis.Blob = NativeBlob;
});
beforeEach(() => {
  together = [];
});

/** Every byte was put into a Blob once, and few were held for it. */
function expectFew(size) {
  assert.equal(
    together.reduce((sum, bytes) => sum + bytes),
    size,
  );
  const most = Math.max(...together);
  assert.ok(most < 2 * MIB + 2 * FRAME, `${most} bytes were held for one Blob`);
}

test('a sealed Blob is made while it is sealed, and holds what was sealed', async () => {
  const sealed = await sealer.seal(new NativeBlob([PLAIN]));
  expectFew(sealed.size);
  together = [];
  const { plaintext } = await opener.open(sealed);
  expectFew(PLAIN.length);
  assert.ok(PLAIN.equals(Buffer.from(await plaintext.arrayBuffer())));
});

test('a part of a prepared file is made while it is sealed', async () => {
  const prepared = await sealer.prepare(new NativeBlob([PLAIN]));
  const piece = await prepared.slice(100, 8 * MIB);
  expectFew(piece.size);
  const rest = [await prepared.slice(0, 100), piece, await prepared.slice(8 * MIB)];
  const { plaintext } = await opener.open(new NativeBlob(rest));
  assert.ok(PLAIN.equals(Buffer.from(await plaintext.arrayBuffer())));
});

test('a part of a stream is made while the stream is sealed', async () => {
  const { size } = await uploadSealed(inPieces(PLAIN, 70_000), { sealer, server: store.callbacks });
  expectFew(size);
});
