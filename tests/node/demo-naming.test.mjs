// How the demo's server names what arrived.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { createNaming } from '../../www/server/naming.mjs';
import { startKms } from '../support/servers/kms.mjs';

const context = { upload: '1' };

let kms;
let opener;
let envelope;
let description;
before(async () => {
  kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  const file = new File(['an X-ray'], 'Röntgen.png');
  const sealed = await new Sealer({ keys: [key] }).prepare(file, { encryptionContext: context });
  description = await sealed.describe();
  envelope = new Uint8Array(await (await sealed.blob()).arrayBuffer());
  opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt });
});
after(() => kms?.close());

test('a file that was listed before its description arrived gets its name with that', async () => {
  const nameOf = createNaming({
    opener,
    uploads: {
      get: () => ({ context }),
      read: async () => new Blob([description]).stream(),
      readDescription: async () => undefined,
      readRange: async () => envelope,
    },
  });
  const arrival = { id: 'file', arrived: '2026-01-01T00:00:00Z' };
  const about = { id: 'about', arrived: '2026-01-01T00:00:01Z' };
  assert.equal(await nameOf(arrival), undefined);
  assert.equal(await nameOf({ ...arrival, about }), 'Röntgen.png');
});
