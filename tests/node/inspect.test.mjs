// What inspect returns of an envelope without a key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import { byHand, inPieces, pairsOf, sample, soon, withOffset } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { readHeader } from '../support/message.mjs';

const FRAME = 4096;
const PLAINTEXT = sample(3 * FRAME + 10);
const CONTEXT = { tenant: '7' };

let kms;
let key;
let envelope;
let headerLength;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  envelope = await new Sealer({ keys: [key], frameLength: FRAME, encryptionContext: CONTEXT }).seal(PLAINTEXT);
  headerLength = readHeader(envelope).length;
});
after(() => kms?.close());

const known = () => ({
  algorithmSuite: '0x0478',
  messageId: readHeader(envelope).messageId.toString('base64url'),
  encryptedDataKeys: [{ providerId: 'aws-kms-rsa', keyId: key.keyId, ciphertextLength: 256 }],
  keyIds: [key.keyId],
  frameLength: FRAME,
  headerLength,
});

test('inspect returns the header of a Blob, bytes and a stream, and sizes where they are known', async () => {
  const sizes = { plaintextSize: PLAINTEXT.length, frames: 4 };
  const forms = [
    [envelope, sizes],
    [withOffset(envelope), sizes],
    [envelope.buffer.slice(envelope.byteOffset, envelope.byteOffset + envelope.length), sizes],
    [new Blob([envelope]), sizes],
    [inPieces(envelope, 1), {}],
    [inPieces(envelope, envelope.length), {}],
  ];
  for (const [form, more] of forms) {
    const { encryptionContext, ...rest } = await inspect(form);
    assert.deepEqual(rest, { ...known(), ...more });
    assert.deepEqual(pairsOf(encryptionContext), pairsOf(CONTEXT));
    assert.equal(Object.getPrototypeOf(encryptionContext), null);
  }
});

test('inspect returns all keys in order, and no required pair', async () => {
  const other = await KmsPublicKey.import(await kms.createKey({ spec: 'RSA_3072' }));
  const sealer = new Sealer({ keys: [other, key], requiredEncryptionContext: { secret: 's' } });
  const { keyIds, encryptedDataKeys, encryptionContext } = await inspect(await sealer.seal(PLAINTEXT));
  assert.deepEqual(keyIds, [other.keyId, key.keyId]);
  assert.deepEqual(
    encryptedDataKeys.map(({ ciphertextLength }) => ciphertextLength),
    [384, 256],
  );
  assert.deepEqual(pairsOf(encryptionContext), []);
});

test('a Sealer takes a single key as a list of one', async () => {
  const single = await inspect(await new Sealer({ keys: key }).seal(PLAINTEXT));
  const list = await inspect(await new Sealer({ keys: [key] }).seal(PLAINTEXT));
  assert.deepEqual(single.keyIds, [key.keyId]);
  assert.deepEqual(single.encryptedDataKeys, list.encryptedDataKeys);
});

test('inspect returns exact sizes for every length', async () => {
  const sealer = new Sealer({ keys: [key], frameLength: FRAME });
  for (const length of [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 7]) {
    const { plaintextSize, frames } = await inspect(await sealer.seal(sample(length)));
    assert.deepEqual(
      { plaintextSize, frames },
      { plaintextSize: length, frames: Math.max(1, Math.ceil(length / FRAME)) },
    );
  }
});

test('inspect releases a stream after the header', async () => {
  const source = byHand();
  source.write(envelope.slice(0, headerLength));
  await soon(inspect(source.stream));
  assert.ok(source.cancelled);
});

test('inspect refuses anything but an envelope', async () => {
  for (const { bytes, code } of [
    { bytes: new Uint8Array(), code: 'ERR_TRUNCATED' },
    { bytes: envelope.subarray(0, 3), code: 'ERR_TRUNCATED' },
    { bytes: envelope.subarray(0, headerLength - 1), code: 'ERR_TRUNCATED' },
    { bytes: envelope.subarray(0, headerLength), code: 'ERR_TRUNCATED' },
    { bytes: Buffer.from('not an envelope'), code: 'ERR_ENVELOPE_INVALID' },
    { bytes: Buffer.from([1, 0x80]), code: 'ERR_ENVELOPE_UNSUPPORTED' },
  ]) {
    for (const form of [bytes, new Blob([bytes])]) await assert.rejects(inspect(form), { name: 'KmsealError', code });
  }
});

test('inspect notices an envelope that was cut off, appended to or changed on its way, in every form that has a size', async () => {
  const end = envelope.length - 10 - 16 - 24; // where the final frame begins, of 10 bytes
  const cuts = [1, 10, 26, 50, 51, FRAME, FRAME + 32, FRAME + 33].map((less) => envelope.subarray(0, -less));
  const ways = {
    'a line end behind it': Buffer.concat([envelope, Buffer.from('\n')]),
    'line ends replaced behind the header': Buffer.concat([
      envelope.subarray(0, headerLength),
      Buffer.from(Buffer.from(envelope.subarray(headerLength)).toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
    ]),
    'bytes lost within': Buffer.concat([envelope.subarray(0, end - 200), envelope.subarray(end - 100)]),
    'frames lost within': Buffer.concat([envelope.subarray(0, end - FRAME - 32), envelope.subarray(end)]),
    'two in one': Buffer.concat([envelope, envelope]),
    ...Object.fromEntries(cuts.map((cut) => [`cut to ${cut.length}`, cut])),
  };
  for (const [way, bytes] of Object.entries(ways)) {
    const { length: size } = bytes;
    const read = async (start, end) => bytes.slice(start, end);
    for (const form of [bytes, new Blob([bytes]), { size, read }])
      await assert.rejects(inspect(form), { name: 'KmsealError', code: 'ERR_TRUNCATED' }, way);
  }
  assert.equal((await inspect(inPieces(envelope.subarray(0, -1), 100))).headerLength, headerLength);
});

test('inspect of a source reads its first bytes and the head of the final frame', async () => {
  const reads = [];
  const read = async (start, end) => {
    reads.push([start, end]);
    return envelope.slice(start, end);
  };
  assert.equal((await inspect({ size: envelope.length, read })).frames, 4);
  const end = envelope.length - 50;
  assert.deepEqual(reads, [
    [0, envelope.length],
    [end, end + 24],
  ]);
});

test('inspect reports a forged header as it is, since it is unauthenticated', async () => {
  const altered = envelope.slice();
  altered[readHeader(envelope).places['header tag'][0]] ^= 1;
  assert.equal((await inspect(altered)).headerLength, headerLength);
});
