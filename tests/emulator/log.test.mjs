// What the emulator writes down while it opens.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { EncapsulateCommand } from '@aws-sdk/client-kms';
import { startKms } from '../support/servers/kms.mjs';
import { importKey } from '../support/servers/material.mjs';

test('the log and the trail name the calls and hold no secret, also with every message logged', async () => {
  const kms = await startKms({ env: { LOG_LEVEL: 'DEBUG', CLOUDTRAIL_RECORDING: '1' } });
  const trail = new CloudTrailClient(kms.emulator.config);
  try {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const material = privateKey.export({ format: 'der', type: 'pkcs8' });
    const curve = await importKey(kms.client, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }, material);
    const PublicKey = publicKey.export({ format: 'der', type: 'spki' });
    const agreed = await kms.deriveSharedSecret({ KeyId: curve.KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey });
    const { KeyId } = await kms.createKey({ spec: 'ML_KEM_768' });
    const algorithm = { KeyId, EncapsulationAlgorithm: 'ML_KEM' };
    const sealed = await kms.client.send(new EncapsulateCommand(algorithm));
    const { SharedSecretCiphertextBlob } = sealed;
    const opened = await kms.decapsulate({ ...algorithm, SharedSecretCiphertextBlob });

    const { Events } = await trail.send(new LookupEventsCommand({}));
    const events = Events.map(({ CloudTrailEvent }) => CloudTrailEvent).join('\n');
    for (const name of ['DeriveSharedSecret', 'Encapsulate', 'Decapsulate']) assert.ok(events.includes(name), name);
    const { log } = kms.emulator;
    assert.match(log, /Created key/);
    // The log is whole: what startChild() keeps of it has not been cut.
    assert.match(log, /^\S.*\[ministack\]/);
    for (const bytes of [agreed.SharedSecret, sealed.SharedSecret, opened.SharedSecret, material.subarray(36, 68)]) {
      const secret = Buffer.from(bytes);
      for (const text of ['hex', 'base64', 'latin1'].map((encoding) => secret.toString(encoding))) {
        assert.ok(!log.includes(text), 'in the log');
        assert.ok(!events.includes(text), 'in the trail');
      }
    }
  } finally {
    trail.destroy();
    await kms.close();
  }
});
