// Randomness that is unavailable: nothing is sealed, and nothing replaces it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { KmsPublicKey, Sealer, generateRandom } from 'kmseal';

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const pem = readFileSync(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
const { getRandomValues } = crypto;
afterEach(() => {
  crypto.getRandomValues = getRandomValues;
});

const lost = new Error('no entropy');

/** Randomness that ends after this many draws. */
function failAfter(draws) {
  let left = draws;
  crypto.getRandomValues = (bytes) => {
    if (left-- > 0) return getRandomValues.call(crypto, bytes);
    throw lost;
  };
}

const failed = { name: 'KmsealError', code: 'ERR_INTERNAL', message: /random/ };

for (const engine of ['webcrypto', 'wasm']) {
  test(`a failed draw seals nothing, whichever it is, and the next call succeeds (${engine})`, async () => {
    const key = await KmsPublicKey.import(pem, { keyId: KEY_ID });
    const bytes = new Uint8Array(5000);
    const beside = await new Sealer({ keys: [key], engine }).prepare(new Blob([bytes]));
    // A data key, an OAEP seed and a message id.
    for (const draws of [0, 1, 2]) {
      const sealer = new Sealer({ keys: [key], engine, cache: { maxAge: 60_000 } });
      failAfter(draws);
      await assert.rejects(sealer.seal(bytes), failed);
      failAfter(draws);
      await assert.rejects(new Sealer({ keys: [key], engine }).prepare(new Blob([bytes])), failed);
      crypto.getRandomValues = getRandomValues;
      assert.ok((await sealer.seal(bytes)).length > 5000);
      sealer.close();
    }
    assert.equal((await beside.slice()).size, beside.size, 'work begun before continues');
  });
}

test('a failed draw fails encrypt and generateDataKey too', async () => {
  const key = await KmsPublicKey.import(pem, { keyId: KEY_ID });
  for (const { draws, work } of [
    { draws: 0, work: () => key.encrypt(new Uint8Array(1)) },
    { draws: 0, work: () => key.generateDataKey() },
    { draws: 1, work: () => key.generateDataKey() },
    { draws: 0, work: () => key.generateDataKeyWithoutPlaintext() },
  ]) {
    failAfter(draws);
    assert.throws(work, failed);
  }
  failAfter(0);
  assert.throws(() => generateRandom(16), { ...failed, cause: lost });
});
