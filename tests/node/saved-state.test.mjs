// SealedFile.save() and Sealer.restore(): an envelope that is begun in one life and continued in another one, or not at all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { collect, sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

const FRAME = 4096;
const NAME = 'report.pdf';

let kms;
let key;
let sealer;
let opener;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({
    keys: key,
    frameLength: FRAME,
    encryptionContext: { tenant: '7' },
    requiredEncryptionContext: { secret: 'x' },
  });
  opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt });
});
after(() => kms?.close());

const fileOf = (bytes, lastModified = 1) => new File([bytes], NAME, { lastModified });
const open = async (envelope) =>
  Buffer.from((await opener.open(envelope, { encryptionContext: { tenant: '7', secret: 'x' } })).plaintext);

/** The state after a part of the envelope was sealed, through a store; and that part. */
async function begun(bytes, start, end, options) {
  const sealed = await sealer.prepare(fileOf(bytes), options);
  const part = await collect(await sealed.slice(start, end));
  const state = structuredClone(await sealed.save());
  sealed.close();
  return { part, state };
}

/** The same bytes, the one at a place changed. */
function changedAt(bytes, at) {
  const changed = bytes.slice();
  changed[at] ^= 1;
  return changed;
}

for (const length of [0, 1, 1000, FRAME, 10 * FRAME, 10 * FRAME + 1025]) {
  test(`an envelope of ${length} bytes is the same in one life or in two, wherever the first one ends`, async () => {
    const bytes = sample(length);
    const size = sealer.sealedSize(length);
    for (const cut of new Set([0, 10, size >> 1, size - 1, size])) {
      const { part, state } = await begun(bytes, 0, cut);
      const sealed = await sealer.restore(fileOf(bytes), state);
      assert.equal(sealed.size, size);
      const rest = await collect(await sealed.slice(cut));
      const envelope = new Uint8Array([...part, ...rest]);
      assert.deepEqual(await open(envelope), Buffer.from(bytes), `cut at ${cut}`);
      assert.deepEqual(Buffer.from(await collect(sealed.stream())), Buffer.from(envelope), `cut at ${cut}`);
      sealed.close();
    }
  });
}

// Safari's SubtleCrypto has failed on empty contents (wasm/src/engine.rs).
test('an empty file is the same in two lives where SubtleCrypto fails on empty contents', async () => {
  const { encrypt } = SubtleCrypto.prototype;
  const { state } = await begun(new Uint8Array(), 0, 0);
  const asked = [];
  SubtleCrypto.prototype.encrypt = async function fails(algorithm, secret, content) {
    asked.push(content.byteLength);
    if (content.byteLength === 0) throw new DOMException('as in an old Safari', 'OperationError');
    return encrypt.call(this, algorithm, secret, content);
  };
  try {
    const sealed = await sealer.restore(fileOf(new Uint8Array()), state);
    assert.equal((await open(await collect(await sealed.slice()))).length, 0);
    assert.ok(asked.length > 0, 'it was tried');
  } finally {
    SubtleCrypto.prototype.encrypt = encrypt;
  }
});

test('a restored file can be saved and restored again, with the tags of both lives', async () => {
  const bytes = sample(10 * FRAME);
  const first = await begun(bytes, 0, 2 * FRAME);
  const second = await sealer.restore(fileOf(bytes), first.state);
  await second.slice(8 * FRAME);
  const state = structuredClone(await second.save());
  const sealedIn = (tags) =>
    Array.from({ length: 10 }, (_, index) => tags.subarray(16 * index, 16 * (index + 1)).some((byte) => byte !== 0));
  assert.deepEqual(sealedIn(first.state.tags), [true, true, ...Array(8).fill(false)]);
  assert.deepEqual(sealedIn(state.tags), [true, true, false, false, false, false, false, true, true, true]);
  for (const at of [0, 9 * FRAME]) {
    const third = await sealer.restore(fileOf(changedAt(bytes, at)), state);
    await assert.rejects(third.slice(), { code: 'ERR_SOURCE_CHANGED' }, `changed at ${at}`);
  }
});

test('a changed frame that was sealed before gives nothing, and neither does any other from then on', async () => {
  const bytes = sample(10 * FRAME);
  const { state } = await begun(bytes, 0, 3 * FRAME);
  const sealed = await sealer.restore(fileOf(changedAt(bytes, FRAME)), state);
  await sealed.slice(5 * FRAME, 6 * FRAME);
  await assert.rejects(sealed.slice(FRAME + 1000, FRAME + 1001), { code: 'ERR_SOURCE_CHANGED' });
  for (const start of [0, 8 * FRAME])
    await assert.rejects(sealed.slice(start, start + 1), { code: 'ERR_SOURCE_CHANGED' }, `from ${start}`);
  await assert.rejects(sealed.save(), { code: 'ERR_SOURCE_CHANGED' });
});

test('a state is for the file of its size and time', async () => {
  const bytes = sample(3 * FRAME);
  const { state } = await begun(bytes, 0, FRAME);
  for (const other of [fileOf(sample(3 * FRAME + 1)), fileOf(sample(3 * FRAME - 1)), fileOf(bytes, 2), fileOf('')])
    await assert.rejects(sealer.restore(other, state), { code: 'ERR_SOURCE_CHANGED' });
  await assert.rejects(sealer.restore('text', state), TypeError);
  await assert.rejects(sealer.restore(new Blob([bytes]), state), { code: 'ERR_SOURCE_CHANGED' }, 'without a time');
  (await sealer.restore(fileOf(bytes), state)).close();
});

test('a source without a time is recognized by its size', async () => {
  const bytes = sample(3 * FRAME);
  const source = (size) => ({ size, read: async (start, end) => bytes.slice(start, end) });
  const sealed = await sealer.prepare(source(bytes.length));
  const part = await collect(await sealed.slice(0, FRAME));
  const state = structuredClone(await sealed.save());
  for (const same of [source(bytes.length), new Blob([bytes]), fileOf(bytes)]) {
    const rest = await collect(await (await sealer.restore(same, state)).slice(FRAME));
    assert.deepEqual(await open(new Uint8Array([...part, ...rest])), Buffer.from(bytes));
  }
  await assert.rejects(sealer.restore(source(bytes.length - 1), state), { code: 'ERR_SOURCE_CHANGED' });
});

test('a state has a key that only encrypts and cannot be exported', async () => {
  const { state } = await begun(sample(3 * FRAME), 0, FRAME);
  assert.deepEqual(state.key.usages, ['encrypt']);
  assert.equal(state.key.extractable, false);
  for (const format of ['raw', 'jwk']) await assert.rejects(crypto.subtle.exportKey(format, state.key));
});

test('a state with the bytes that have left reads them, so it is a secret', async () => {
  const bytes = sample(3 * FRAME);
  const { part, state } = await begun(bytes, 0, 2 * FRAME);
  // The first frame: its number, its IV, and its content (docs/format.md, 2).
  const at = state.header.length + 4;
  const [iv, content] = [part.slice(at, at + 12), part.slice(at + 12, at + 12 + FRAME)];
  const read = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, state.key, content);
  assert.deepEqual(Buffer.from(read, 0, FRAME), Buffer.from(bytes.subarray(0, FRAME)));
});

const wrongKey = (name) => crypto.subtle.generateKey({ name, length: 256 }, false, ['encrypt']);

for (const [what, damage] of Object.entries({
  'of another version': () => ({ version: 2 }),
  'without a version': () => ({ version: undefined }),
  'without a header': () => ({ header: undefined }),
  'with a header that is cut off': ({ header }) => ({ header: header.subarray(1) }),
  'with a header in text': () => ({ header: 'AgR4' }),
  'with another frame length': () => ({ frameLength: 2 * FRAME }),
  'without a frame length': () => ({ frameLength: undefined }),
  'of a longer file': ({ size }) => ({ size: size + FRAME }),
  'of a size that is not a number': () => ({ size: NaN }),
  'with a tag less': ({ tags }) => ({ tags: tags.subarray(16) }),
  'with half a tag': ({ tags }) => ({ tags: tags.subarray(8) }),
  'without tags': () => ({ tags: undefined }),
  'without a key': () => ({ key: undefined }),
  'with a key as JSON makes of it': () => ({ key: {} }),
  'with a key for another algorithm': async () => ({ key: await wrongKey('AES-CBC') }),
})) {
  test(`a state ${what} is refused with one error`, async () => {
    const bytes = sample(3 * FRAME);
    const { state } = await begun(bytes, 0, FRAME);
    const damaged = { ...state, ...(await damage(state)) };
    await assert.rejects(sealer.restore(fileOf(bytes), damaged), { name: 'KmsealError', code: 'ERR_STORAGE' });
  });
}

test('a file that cannot be restored says why it is not saved', async () => {
  const inSoftware = await new Sealer({ keys: key, engine: 'wasm' }).prepare(fileOf(sample(10)));
  await assert.rejects(inSoftware.save(), { code: 'ERR_STORAGE', message: /engine: 'wasm'/ });

  const closed = await sealer.prepare(fileOf(sample(10)));
  closed.close();
  await assert.rejects(closed.save(), { code: 'ERR_CLOSED' });
  const { state } = await begun(sample(10), 0, 1);
  const other = new Sealer({ keys: key });
  other.close();
  await assert.rejects(other.restore(fileOf(sample(10)), state), { code: 'ERR_CLOSED' });
});
