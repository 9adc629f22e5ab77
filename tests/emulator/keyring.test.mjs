// AWS's own ECDH keyrings (Python) seal and open through the emulator.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { DisableKeyCommand, ReplicateKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { KEYRINGS } from '../interop/peers/keyrings.mjs';
import { startPython } from '../interop/peers/python.mjs';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { importKey } from '../support/servers/material.mjs';

const CURVES = { ECC_NIST_P256: 'P-256', ECC_NIST_P384: 'P-384', ECC_NIST_P521: 'P-521' };
const PLAINTEXT = Buffer.from(sample(5000));
const REPLICA = 'eu-west-1';
const encryptionContext = { purpose: 'upload', '～': 'x', '😀': 'y' };

let kms;
let here;
let there;
before(async () => {
  kms = await startKms();
  const { env } = kms.emulator;
  here = await startPython({ env });
  there = await startPython({ env: { ...env, AWS_REGION: REPLICA, AWS_DEFAULT_REGION: REPLICA } });
});
after(async () => {
  await here?.close();
  await there?.close();
  await kms?.close();
});

/** As a page does: with the recipient's public key alone. */
const sealed = ({ KeySpec, PublicKey }) =>
  here.seal(PLAINTEXT, { keyrings: [KEYRINGS.rawEcdh({ curve: KeySpec, publicKey: PublicKey })], encryptionContext });
const open = (peer, message, key, context = encryptionContext) =>
  peer.open(message, { keyrings: [KEYRINGS.kmsEcdh(key)], encryptionContext: context });
async function opens(peer, message, key) {
  assert.ok(PLAINTEXT.equals((await open(peer, message, key)).plaintext));
}

for (const [spec, namedCurve] of Object.entries(CURVES)) {
  test(`AWS opens what it sealed for a key of ${spec}: of KMS, imported, and a replica`, async () => {
    const made = await kms.createKey({ spec, multiRegion: true });
    await kms.client.send(new ReplicateKeyCommand({ KeyId: made.KeyId, ReplicaRegion: REPLICA }));
    const message = await sealed(made);
    await opens(here, message, made);
    await opens(there, message, { ...made, KeyId: made.KeyId.replace('us-east-1', REPLICA) });
    const material = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'der', type: 'pkcs8' });
    const imported = await importKey(kms.client, { KeySpec: spec, KeyUsage: 'KEY_AGREEMENT' }, material);
    await opens(here, await sealed(imported), imported);
  });

  test(`AWS seals with a key of ${spec} of KMS as the sender, and opens with another`, async () => {
    const [sender, recipient] = [await kms.createKey({ spec }), await kms.createKey({ spec })];
    const keyrings = [KEYRINGS.kmsEcdh(sender, recipient.PublicKey)];
    await opens(here, await here.seal(PLAINTEXT, { keyrings, encryptionContext }), recipient);
  });
}

test('AWS opens nothing with a disabled key, one that is pending deletion, or one of another curve or usage', async () => {
  const create = () => kms.createKey({ spec: 'ECC_NIST_P256' });
  const [good, disabled, pending, other] = [await create(), await create(), await create(), await create()];
  const [forGood, forDisabled, forPending] = [await sealed(good), await sealed(disabled), await sealed(pending)];
  await kms.client.send(new DisableKeyCommand({ KeyId: disabled.KeyId }));
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: pending.KeyId, PendingWindowInDays: 7 }));
  const { KeyId } = await kms.createKey();
  await assert.rejects(open(here, forDisabled, disabled), /is disabled/);
  await assert.rejects(open(here, forPending, pending), /is pending deletion/);
  const refused = {
    'another curve': () => open(here, forGood, { ...good, KeySpec: 'ECC_NIST_P384' }),
    'an RSA key': () => open(here, forGood, { ...good, KeyId }),
    'another key of the curve': () => open(here, forGood, other),
    'another context': () => open(here, forGood, good, { purpose: 'other' }),
  };
  for (const [name, opening] of Object.entries(refused)) await assert.rejects(opening, Error, name);
  await opens(here, forGood, good);
});
