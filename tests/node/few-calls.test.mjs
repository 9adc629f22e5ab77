// How many KMS calls opening many files needs, by KMS's own log.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { TRAIL, countCalls } from '../support/servers/trail.mjs';

const FILES = 2000;
const AT_A_TIME = 500;

let kms;
before(async () => {
  kms = await startKms({ env: TRAIL });
});
after(() => kms?.close());

test('2,000 files sealed with a cache of 200 messages open with 10 KMS calls', async () => {
  const keys = await KmsPublicKey.import(await kms.createKey());
  const maxAge = 600_000;
  const sealer = new Sealer({ keys, cache: { maxAge, maxMessagesEncrypted: 200 } });
  const opener = new Opener({ keyIds: [keys.keyId], decrypt: kms.decrypt, cache: { maxAge, maxMessages: 200 } });
  const plaintext = sample(100);
  for (let first = 0; first < FILES; first += AT_A_TIME) {
    const envelopes = await Promise.all(Array.from({ length: AT_A_TIME }, () => sealer.seal(plaintext)));
    for (const opened of await Promise.all(envelopes.map((envelope) => opener.open(envelope)))) {
      assert.ok(Buffer.from(plaintext).equals(opened.plaintext));
    }
  }
  assert.equal(await countCalls(kms.emulator, 'Decrypt'), 10);
});
