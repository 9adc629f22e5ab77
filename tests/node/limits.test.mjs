// Envelopes and calls that ask for much. Their cost is measured in WebAssembly's memory and in reads of the header: no
// time is measured, which means nothing on a busy machine.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { inPieces } from '../support/page/bytes.mjs';
import { watchMemory } from '../support/page/memory.mjs';

const watch = watchMemory();
const { KmsPublicKey, Opener, inspect, load } = await import('kmseal');
await load();

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const MIB = 2 ** 20;

const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const field = (bytes) => Buffer.concat([u16(bytes.length), bytes]);

/** What stands before the content of an empty final frame that is the only one: mark, number, IV, length. */
const END = Buffer.from('ffffffff00000001000000000000000000000001'.padEnd(48, '0'), 'hex');

/** A header of `count` encrypted data keys, each of three fields of `length` bytes, and an empty final frame, whose tag is wrong. */
function envelope(count, length, { context = Buffer.alloc(0), frameLength = 4096, claimed = count } = {}) {
  const key = Buffer.concat([1, 2, 3].map((byte) => field(Buffer.alloc(length, byte))));
  const start = [Buffer.from([2, 4, 0x78]), Buffer.alloc(32), field(context), u16(claimed), ...Array(count).fill(key)];
  const size = Buffer.alloc(4);
  size.writeUInt32BE(frameLength);
  return Buffer.concat([...start, Buffer.from([2]), size, Buffer.alloc(32 + 16), END, Buffer.alloc(16)]);
}

/** How much WebAssembly's memory grew, in bytes. */
async function grown(work) {
  const before = watch.memory().length;
  await work();
  return watch.memory().length - before;
}

const opening = (bytes, limits) =>
  new Opener({ keyIds: [KEY_ID], decrypt: () => assert.fail('asked KMS'), ...limits }).open(bytes);
const refused = (bytes, code, limits) => assert.rejects(opening(bytes, limits), { code });

test('65,535 keys are refused before they arrive', async () => {
  const bytes = envelope(65_535, 0);
  const growth = await grown(async () => {
    await refused(bytes, 'ERR_ENVELOPE_UNSUPPORTED');
    await assert.rejects(inspect(bytes), { code: 'ERR_ENVELOPE_UNSUPPORTED' });
    await refused(inPieces(bytes.subarray(0, 100), 1), 'ERR_ENVELOPE_UNSUPPORTED');
  });
  assert.ok(growth < MIB, `${growth} bytes`);
});

test('65,535 keys are read if the caller allows them', async () => {
  const limits = { maxEncryptedDataKeys: 65_535 };
  for (const make of [(bytes) => bytes, (bytes) => new Blob([bytes])]) {
    await refused(make(envelope(65_535, 0)), 'ERR_NO_MATCHING_KEY', limits);
  }
  // Claimed and missing.
  const growth = await grown(() =>
    refused(envelope(1, 0, { claimed: 65_535 }).subarray(0, 60), 'ERR_TRUNCATED', limits),
  );
  assert.ok(growth < MIB, `${growth} bytes`);
});

test('the largest accepted header does not accumulate in memory', async () => {
  const bytes = envelope(8, 65_535, {
    context: Buffer.concat([u16(1), field(Buffer.from('k')), field(Buffer.alloc(65_528, 'v'))]),
  });
  const round = async () => {
    await refused(bytes, 'ERR_NO_MATCHING_KEY');
    await refused(new Blob([bytes]), 'ERR_NO_MATCHING_KEY');
    await refused(inPieces(bytes, 1000), 'ERR_NO_MATCHING_KEY');
    assert.equal((await inspect(bytes)).encryptedDataKeys.length, 8);
  };
  const growth = await grown(round);
  assert.ok(growth < 16 * MIB, `${growth} bytes`);
  assert.equal(
    await grown(async () => {
      for (let n = 0; n < 5; n += 1) await round();
    }),
    0,
  );
});

test('a header of 20 MB can be inspected from bytes and from a Blob', async () => {
  const bytes = envelope(100, 65_535);
  assert.equal((await inspect(bytes)).encryptedDataKeys.length, 100);
  assert.equal((await inspect(new Blob([bytes]))).encryptedDataKeys.length, 100);
  const again = await grown(() => inspect(bytes));
  assert.equal(again, 0);
});

test('claimed frames of 4 GiB allocate nothing', async () => {
  const bytes = envelope(1, 10, { frameLength: 2 ** 32 - 1 });
  const growth = await grown(async () => {
    await refused(bytes, 'ERR_ENVELOPE_UNSUPPORTED');
    await refused(bytes, 'ERR_NO_MATCHING_KEY', { maxFrameLength: 2 ** 32 - 1 });
    assert.equal((await inspect(bytes)).frameLength, 2 ** 32 - 1);
  });
  assert.equal(growth, 0);
});

test('a context with as many pairs as fit is accepted', async () => {
  const keys = Array.from({ length: 7000 }, (_, index) => field(Buffer.from(String(6999 - index).padStart(5, '0'))));
  const context = Buffer.concat([u16(keys.length), ...keys.flatMap((key) => [key, field(Buffer.alloc(0))])]);
  const { encryptionContext } = await inspect(envelope(1, 10, { context }));
  assert.equal(Object.keys(encryptionContext).length, 7000);
});

test('data that is far too long for a key never reaches the .wasm', async () => {
  const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
  const key = await KmsPublicKey.import(pem, { keyId: KEY_ID });
  const growth = await grown(() =>
    assert.throws(() => key.encrypt(new Uint8Array(512 * MIB)), { code: 'ERR_TOO_LONG' }),
  );
  assert.ok(growth < MIB, `${growth} bytes`);
});
