// What descriptions of files cost: bytes of an object's metadata, and uses of a cached data key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { readHeader } from '../support/message.mjs';
import { startKms } from '../support/servers/kms.mjs';

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

const keyOf = async (spec) => KmsPublicKey.import(await kms.createKey({ spec }));

/** A file's envelope, its description, and the message id. */
async function sealed(sealer, fields) {
  const prepared = await sealer.prepare(new File(['content'], 'a.pdf'));
  const description = await prepared.describe(fields);
  const envelope = new Uint8Array(await (await prepared.slice()).arrayBuffer());
  const { messageId } = prepared;
  prepared.close();
  return { envelope, description, messageId };
}

test('a description for an RSA_4096 key with 600 bytes of JSON fits into the metadata of S3', async () => {
  // "Working with object metadata": 2 KB in all, the bytes of each name and value. In base64url, and with the name's prefix, which may count.
  const most = 2048 - 'x-amz-meta-kmseal-description'.length;
  const key = await keyOf('RSA_4096');
  // A region with the longest name, and a context like that of the examples.
  assert.ok(key.keyId.length >= 'arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012'.length);
  const context = { purpose: 'identity-paper', upload: '12345678-1234-1234-1234-123456789012' };
  const lengthOf = async (text) => {
    const sealer = new Sealer({ keys: key, encryptionContext: context });
    const { description, messageId } = await sealed(sealer, { text });
    const opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt });
    const json = JSON.stringify(await opener.describe(description, { messageId }));
    return { json: Buffer.byteLength(json), length: Buffer.from(description).toString('base64url').length };
  };
  const { json: bare } = await lengthOf('');
  const { json, length } = await lengthOf('x'.repeat(600 - bare));
  assert.equal(json, 600);
  // What the server of docs/uploads.md puts there.
  assert.ok(length <= 2000 && 2000 <= most, `${length} characters`);
});

test('a file and its description are one use of a cached data key', async () => {
  const sealer = new Sealer({ keys: await keyOf('RSA_2048'), cache: { maxAge: 60_000, maxMessagesEncrypted: 2 } });
  const keys = [];
  for (let file = 0; file < 3; file++) {
    const { envelope, description } = await sealed(sealer);
    const [own, beside] = [envelope, description].map((bytes) => readHeader(bytes).edks[0].ciphertext);
    assert.deepEqual(own, beside);
    keys.push(Buffer.from(own).toString('hex'));
  }
  assert.equal(keys[0], keys[1], 'two files for one data key');
  assert.notEqual(keys[1], keys[2], 'and not three');
  sealer.close();
});
