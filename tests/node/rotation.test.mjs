// Keys that change: rotation by alias, several keys, and multi-Region keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateAliasCommand,
  DecryptCommand,
  GetPublicKeyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer, inspect, reseal } from 'kmseal';
import { createKey } from '../../tools/kms.mjs';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

const ALIAS = 'alias/uploads';
const PLAINTEXT = sample(500);
const CONTEXT = { tenant: '7' };

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

const seal = (keys) => new Sealer({ keys, encryptionContext: CONTEXT }).seal(PLAINTEXT);

async function opens(envelope, keyIds, decrypt = kms.decrypt) {
  const { plaintext, keyId } = await new Opener({ keyIds, decrypt }).open(envelope, { encryptionContext: CONTEXT });
  assert.ok(Buffer.from(PLAINTEXT).equals(plaintext));
  return keyId;
}

test('an alias moves to a new key: old and new envelopes open, and resealed ones outlive the old key', async () => {
  const [old, fresh] = [await kms.createKey(), await kms.createKey()];
  /** The key that the page's owner publishes. */
  const published = async () => KmsPublicKey.import(await kms.client.send(new GetPublicKeyCommand({ KeyId: ALIAS })));
  await kms.client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: old.KeyId }));
  const before = await seal(await published());
  await kms.client.send(new UpdateAliasCommand({ AliasName: ALIAS, TargetKeyId: fresh.KeyId }));
  const after = await seal(await published());
  assert.deepEqual((await inspect(before)).keyIds, [old.KeyId]);
  assert.deepEqual((await inspect(after)).keyIds, [fresh.KeyId]);
  const both = [fresh.KeyId, old.KeyId];
  assert.equal(await opens(before, both), old.KeyId);
  assert.equal(await opens(after, both), fresh.KeyId);

  const opener = new Opener({ keyIds: [old.KeyId], decrypt: kms.decrypt });
  const resealed = await reseal(before, {
    opener,
    sealer: new Sealer({ keys: [await published()] }),
    encryptionContext: CONTEXT,
  });
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: old.KeyId, PendingWindowInDays: 7 }));
  await assert.rejects(opens(before, both), { code: 'ERR_KMS' });
  assert.equal(await opens(resealed, both), fresh.KeyId);
});

test('a file that was begun before a rotation continues for the old key, whatever key the later page has', async () => {
  const [old, fresh] = [await kms.createKey(), await kms.createKey()];
  const sealerFor = async (key) => new Sealer({ keys: [await KmsPublicKey.import(key)], encryptionContext: CONTEXT });
  const file = new Blob([PLAINTEXT]);
  const state = await (await (await sealerFor(old)).prepare(file)).save();
  const continued = await (await sealerFor(fresh)).restore(file, state);
  const envelope = new Uint8Array(await (await continued.slice()).arrayBuffer());
  assert.equal(await opens(envelope, [fresh.KeyId, old.KeyId]), old.KeyId);
});

test('any one of several keys opens, whatever became of the others', async () => {
  const answers = await Promise.all([0, 1, 2].map(() => kms.createKey()));
  const envelope = await seal(await Promise.all(answers.map((answer) => KmsPublicKey.import(answer))));
  for (const { KeyId } of answers) assert.equal(await opens(envelope, [KeyId]), KeyId);
  await kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: answers[0].KeyId, PendingWindowInDays: 7 }));
  assert.equal(
    await opens(
      envelope,
      answers.map(({ KeyId }) => KeyId),
    ),
    answers[1].KeyId,
  );
});

test('keys of another region and another account are added by resealing, open there, and are removed again', async () => {
  const here = await kms.createKey();
  // The emulator takes an access key of 12 digits as the account.
  const clients = [
    { region: 'eu-west-1' },
    { credentials: { accessKeyId: '111122223333', secretAccessKey: 'any' } },
  ].map(kms.createClient);
  const others = await Promise.all(clients.map((client) => createKey(client, { spec: 'RSA_2048' })));
  const places = others.map(({ KeyId }) => KeyId.split(':').slice(3, 5).join(' '));
  assert.deepEqual(places, ['eu-west-1 000000000000', 'us-east-1 111122223333']);

  const encryptionContext = CONTEXT;
  const opener = new Opener({ keyIds: [here.KeyId], decrypt: kms.decrypt });
  const keys = await Promise.all([here, ...others].map((answer) => KmsPublicKey.import(answer)));
  const added = await reseal(await seal(keys[0]), { opener, sealer: new Sealer({ keys }), encryptionContext });
  assert.deepEqual(
    (await inspect(added)).keyIds,
    keys.map(({ keyId }) => keyId),
  );
  for (const [index, { KeyId }] of others.entries()) {
    const there = (input) => clients[index].send(new DecryptCommand(input));
    assert.equal(await opens(added, [KeyId], there), KeyId);
    await assert.rejects(opens(added, [KeyId]), { code: 'ERR_KMS' });
  }
  const removed = await reseal(added, { opener, sealer: new Sealer({ keys: [keys[0]] }), encryptionContext });
  assert.deepEqual((await inspect(removed)).keyIds, [here.KeyId]);
  assert.equal(await opens(removed, [here.KeyId]), here.KeyId);
  for (const { KeyId } of others) await assert.rejects(opens(removed, [KeyId]), { code: 'ERR_NO_MATCHING_KEY' });
});

test("a multi-Region key opens in the replica's region, with a cache too", async () => {
  const answer = await kms.createKey({ multiRegion: true });
  await kms.client.send(new ReplicateKeyCommand({ KeyId: answer.KeyId, ReplicaRegion: 'eu-west-1' }));
  const there = kms.createClient({ region: 'eu-west-1' });
  const replica = answer.KeyId.replace('us-east-1', 'eu-west-1');
  let calls = 0;
  const decrypt = (input) => {
    calls++;
    return there.send(new DecryptCommand(input));
  };
  const sealer = new Sealer({
    keys: [await KmsPublicKey.import(answer)],
    encryptionContext: CONTEXT,
    cache: { maxAge: 60_000 },
  });
  const opener = new Opener({ keyIds: [replica], decrypt, cache: { maxAge: 60_000 } });
  for (let file = 0; file < 3; file++) assert.equal((await opener.open(await sealer.seal(PLAINTEXT))).keyId, replica);
  assert.equal(calls, 1);
});
