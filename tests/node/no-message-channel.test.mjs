// Where there is a MessageChannel that throws, as in Next.js's edge runtime.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

globalThis.MessageChannel = class {
  constructor() {
    throw new Error('A Node.js API is used (MessageChannel) which is not supported in the Edge Runtime.');
  }
};
const { KmsPublicKey, Opener, Sealer } = await import('kmseal');

const PLAINTEXT = sample(3_000_000);

let kms;
let key;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

for (const engine of ['webcrypto', 'wasm']) {
  test(`3 MB are sealed and opened without a channel, by ${engine}`, async () => {
    const sealed = await new Sealer({ keys: [key], engine }).seal(new Blob([PLAINTEXT]));
    const { plaintext } = await new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, engine }).open(sealed);
    assert.deepEqual(new Uint8Array(await plaintext.arrayBuffer()), PLAINTEXT);
  });
}
