// Opening for an ML-KEM key: KMS Encapsulate and node:crypto seal as docs/format.md says, and the package opens by KMS Decapsulate.
import assert from 'node:assert/strict';
import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { EncapsulateCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer, inspect } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { contentKey, readHeader, writeFrames, writeHeader } from '../support/message.mjs';
import { startKms } from '../support/servers/kms.mjs';

const LABEL = 'kmseal-ml-kem-draft-1';
const PLAINTEXT = sample(500);
const CONTEXT = { tenant: '7' };

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

const u16 = (number) => Buffer.of(number >> 8, number & 0xff);
const u32 = (number) => Buffer.of(0, 0, ...u16(number));
const field = (bytes) => Buffer.concat([u16(bytes.length), bytes]);

async function sealFor(spec) {
  const { KeyId } = await kms.createKey({ spec });
  const input = { KeyId, EncapsulationAlgorithm: 'ML_KEM' };
  const { SharedSecret, SharedSecretCiphertextBlob } = await kms.client.send(new EncapsulateCommand(input));
  const rsa = await KmsPublicKey.import(await kms.createKey());
  const fields = readHeader(await new Sealer({ keys: [rsa], encryptionContext: CONTEXT }).seal(PLAINTEXT));
  const [salt, dataKey] = [randomBytes(32), randomBytes(32)];
  const labels = [LABEL, spec.replaceAll('_', '-'), 'HMAC_SHA384', KeyId].map((text) => Buffer.from(text));
  const info = Buffer.concat([...labels, Buffer.of(1), fields.context].map(field));
  const hmac = createHmac('sha384', SharedSecret).update(Buffer.concat([u32(1), info, Buffer.of(0), salt, u32(256)]));
  const cipher = createCipheriv('aes-256-gcm', hmac.digest().subarray(0, 32), Buffer.alloc(12)).setAAD(info);
  const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
  const edk = {
    providerId: Buffer.from(LABEL),
    providerInfo: Buffer.concat([Buffer.of(1), field(Buffer.from(KeyId))]),
    ciphertext: Buffer.concat([SharedSecretCiphertextBlob, salt, wrapped]),
  };
  const derived = contentKey(dataKey, fields.messageId);
  const commitKey = Buffer.from(hkdfSync('sha512', dataKey, fields.messageId, 'COMMITKEY', 32));
  const header = writeHeader(derived, { ...fields, edks: [edk], commitKey });
  const envelope = Buffer.concat([header, writeFrames(derived, fields.messageId, [Buffer.from(PLAINTEXT)])]);
  return { keyId: KeyId, envelope: new Uint8Array(envelope) };
}

for (const spec of ['ML_KEM_768', 'ML_KEM_1024']) {
  test(`an envelope for ${spec} opens by Decapsulate, and with another key or altered it is ERR_AUTHENTICATION`, async () => {
    const { keyId, envelope } = await sealFor(spec);
    assert.deepEqual((await inspect(envelope)).keyIds, [keyId]);
    const opened = await new Opener({ keyIds: [keyId], decapsulate: kms.decapsulate }).open(envelope, {
      encryptionContext: CONTEXT,
    });
    assert.ok(Buffer.from(PLAINTEXT).equals(opened.plaintext));
    assert.equal(opened.keyId, keyId);
    // KMS has no error for another key's ciphertext, or for altered bytes.
    const other = await kms.createKey({ spec });
    const byOther = async (input) => ({
      ...(await kms.decapsulate({ ...input, KeyId: other.KeyId })),
      KeyId: input.KeyId,
    });
    const altered = envelope.slice();
    altered[readHeader(envelope).places['ciphertext 0'][0]] ^= 1;
    for (const [decapsulate, given] of [
      [byOther, envelope],
      [kms.decapsulate, altered],
    ])
      await assert.rejects(new Opener({ keyIds: [keyId], decapsulate }).open(given), { code: 'ERR_AUTHENTICATION' });
    const without = new Opener({ keyIds: [keyId], decrypt: kms.decrypt });
    await assert.rejects(without.open(envelope), { code: 'ERR_NO_MATCHING_KEY', message: /decapsulate/ });
  });
}
