// AWS's published messages of our suite: kmseal opens those that it must, and refuses those that it must not open (docs/format.md).
import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener } from 'kmseal';
import { OFFICIAL } from '../../tools/official-vectors.mjs';
import { contentKey, readHeader, serializeContext, writeHeader } from '../support/message.mjs';
import { pairsOf } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

const ENGINES = ['webcrypto', 'wasm'];
const read = (name) => readFileSync(path.join(OFFICIAL, name));
const bytes = (base64) => Buffer.from(base64, 'base64');

let kms;
let key;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

/** What the file says of each message: whether AWS's SDKs open it, and if so whether kmseal does, too. */
function outcomeOf({ status, framed, iv_is_sequence: inSequence }) {
  if (!status) return { title: 'refuses', code: 'ERR_AUTHENTICATION' };
  if (!framed) return { title: 'refuses it unframed', code: 'ERR_ENVELOPE_UNSUPPORTED' };
  if (!inSequence) return { title: 'refuses its IV', code: 'ERR_ENVELOPE_INVALID' };
  return { title: 'opens' };
}

/**
 * The message with one encrypted data key of ours in place of AWS's, which nobody here can ask AWS to decrypt. That changes the header and
 * so its tag; all else is as published: the message id, the commitment, the frames.
 */
function forOurKey(published, dataKey, context) {
  const fields = readHeader(published);
  const header = published.subarray(0, fields.length);
  const withKey = contentKey(dataKey, fields.messageId);
  const tag = fields.places['header tag'][0];
  const same = writeHeader(withKey, fields).subarray(0, tag).equals(header.subarray(0, tag));
  assert.ok(same, 'the header is written again as it was read');
  const sorted = pairsOf(context);
  const digest = createHash('sha384')
    .update(sorted.length > 0 ? serializeContext(sorted) : '')
    .digest();
  const ciphertext = key.encrypt(Buffer.concat([digest, dataKey]));
  const edks = [{ providerId: 'aws-kms-rsa', providerInfo: key.keyId, ciphertext }];
  const authentic = writeHeader(withKey, fields).equals(header);
  return {
    message: Buffer.concat([writeHeader(withKey, { ...fields, edks }), published.subarray(fields.length)]),
    authentic,
  };
}

describe('the vectors of the key commitment', () => {
  const { tests } = JSON.parse(read('commitment-0478.json'));

  test('there are eleven that kmseal opens, three with a wrong commitment, and nine that it refuses by design', () => {
    const counts = {};
    for (const { code = 'opens' } of tests.map(outcomeOf)) counts[code] = (counts[code] ?? 0) + 1;
    assert.deepEqual(counts, {
      opens: 11,
      ERR_AUTHENTICATION: 3,
      ERR_ENVELOPE_UNSUPPORTED: 3,
      ERR_ENVELOPE_INVALID: 6,
    });
  });

  for (const vector of tests) {
    const { title, code } = outcomeOf(vector);
    test(`kmseal opens or refuses this message as docs/format.md says: ${vector.comment} (${title})`, async () => {
      const encryptionContext = vector['encryption-context'];
      const { message, authentic } = forOurKey(
        bytes(vector.ciphertext),
        bytes(vector['decrypted-dek']),
        encryptionContext,
      );
      // The published tag is that of the published header under the published data key.
      if (vector.status) assert.ok(authentic);
      for (const engine of ENGINES) {
        const opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, engine });
        const opening = opener.open(message, { encryptionContext });
        if (code) {
          await assert.rejects(opening, { code }, engine);
          continue;
        }
        const opened = await opening;
        assert.equal(Buffer.from(opened.plaintext).toString(), vector['plaintext-frames'].join(''), engine);
        assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(encryptionContext), engine);
      }
    });
  }
});

describe('the messages for a raw RSA key', () => {
  const { keys, tests } = JSON.parse(read('raw-rsa/index.json'));
  const plaintext = read('raw-rsa/plaintext');

  test('there are six, two of them with required pairs', () => {
    assert.equal(tests.length, 6);
    assert.equal(tests.filter(({ cmm }) => cmm === 'RequiredEncryptionContext').length, 2);
  });

  for (const { file, cmm, sha256, master_keys: wrappedFor, reproduced_context: encryptionContext } of tests) {
    test(`kmseal opens message ${file.split('-').at(-1)} for ${wrappedFor.length} raw RSA keys, ${cmm}`, async () => {
      const message = read(`raw-rsa/${file}`);
      assert.equal(createHash('sha256').update(message).digest('hex'), sha256);
      // Those whose private key is published.
      const ours = wrappedFor.filter(({ key: name }) => keys[name].type === 'private');
      assert.equal(ours.length, 1);
      for (const { key: keyName, 'provider-id': keyNamespace, 'padding-hash': hash } of ours) {
        const algorithm = { name: 'RSA-OAEP', hash: hash.replace('sha', 'SHA-') };
        const der = bytes(keys[keyName].der_base64);
        const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['decrypt']);
        for (const engine of ENGINES) {
          const opener = new Opener({ rawKeys: [{ keyNamespace, keyName, privateKey }], engine });
          const opened = await opener.open(message, { encryptionContext });
          assert.ok(plaintext.equals(opened.plaintext), engine);
          assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(encryptionContext), engine);
          const others = [{ ...encryptionContext, more: '1' }, ...(cmm === 'Default' ? [] : [{}])];
          for (const other of others) await assert.rejects(opener.open(message, { encryptionContext: other }), engine);
        }
      }
    });
  }
});
