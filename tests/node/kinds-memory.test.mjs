// The shared secret of a key agreement or an encapsulation in the memory of WebAssembly: it is there while it is used, and gone afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readHeader } from '../support/message.mjs';
import { search, watchMemory } from '../support/page/memory.mjs';
import { startKms } from '../support/servers/kms.mjs';

const watch = watchMemory();
const { KmsPublicKey, Opener, Sealer } = await import('kmseal');

let kms;
before(async () => {
  kms = await startKms();
});
after(() => kms?.close());

for (const spec of ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521']) {
  test(`the shared secret of ${spec} is wiped after sealing, and after opening`, async () => {
    const key = await KmsPublicKey.import(await kms.createKey({ spec }));
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const secrets = {};
    const deriveSharedSecret = async (input) => {
      const answer = await kms.deriveSharedSecret(input);
      secrets.Z = answer.SharedSecret.slice();
      return answer;
    };
    const envelope = await new Sealer({ keys: [key] }).seal(new Uint8Array(100));
    const opener = new Opener({ keys: [key], deriveSharedSecret });
    assert.equal((await opener.open(envelope)).plaintext.length, 100);
    assert.deepEqual(search(watch.memory(), secrets), {});

    // The search finds it while the package works with it.
    rsa.encrypt(secrets.Z);
    assert.ok(search(watch.draws.at(-1).memory, secrets).Z > 0);
    assert.deepEqual(search(watch.memory(), secrets), {});
  });
}

for (const spec of ['ML_KEM_768', 'ML_KEM_1024']) {
  test(`the secret of an encapsulation for ${spec} and its randomness are wiped after sealing, and after opening`, async () => {
    const key = await KmsPublicKey.import(await kms.createKey({ spec }), { experimental: true });
    const rsa = await KmsPublicKey.import(await kms.createKey());
    const secrets = {};
    const decapsulate = async (input) => {
      const answer = await kms.decapsulate(input);
      secrets.Z = answer.SharedSecret.slice();
      return answer;
    };
    const drawn = watch.draws.length;
    const envelope = await new Sealer({ keys: [key] }).seal(new Uint8Array(100));
    const { messageId } = readHeader(envelope);
    for (const [index, { bytes }] of watch.draws.slice(drawn).entries()) {
      // The salt of 64 bytes, of which half is used, and the message id are public.
      if (bytes.length === 32 && !Buffer.from(bytes).equals(messageId)) secrets[`draw ${index}`] = bytes;
    }
    const opener = new Opener({ keys: [key], decapsulate });
    assert.equal((await opener.open(envelope)).plaintext.length, 100);
    assert.ok(Object.keys(secrets).length >= 3, 'the data key, what is random in the encapsulation, and the secret');
    assert.deepEqual(search(watch.memory(), secrets), {});

    // The search finds it while the package works with it.
    rsa.encrypt(secrets.Z);
    assert.ok(search(watch.draws.at(-1).memory, secrets).Z > 0);
    assert.deepEqual(search(watch.memory(), secrets), {});
  });
}
