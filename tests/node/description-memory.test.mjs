// The keys of a prepared file in the memory of WebAssembly: the data key is gone before anything is sealed, and a description's key once it is made.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { search, watchMemory } from '../support/page/memory.mjs';
import { contentKeyOf } from '../support/page/secrets.mjs';
import { startKms } from '../support/servers/kms.mjs';

const watch = watchMemory();
const { KmsPublicKey, Sealer } = await import('kmseal');

let kms;
let key;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

for (const engine of ['webcrypto', 'wasm']) {
  test(`a prepared file keeps no data key for its description, whose own key is wiped once it is made (${engine})`, async () => {
    const sealer = new Sealer({ keys: key, engine });
    watch.draws.length = 0;
    const prepared = await sealer.prepare(new File([new Uint8Array(100)], 'name'));
    const [dataKey, , id, descriptionId] = watch.draws.map(({ bytes }) => bytes);
    assert.equal(watch.draws.length, 4);
    assert.equal(prepared.messageId, Buffer.from(id).toString('base64url'));
    const secrets = {
      'data key': dataKey,
      'content key': await contentKeyOf(dataKey, id),
      "description's content key": await contentKeyOf(dataKey, descriptionId),
    };
    // Engines keep no content key as such: what they make of it is another secret.
    const found = () => Object.keys(search(watch.memory(), secrets));
    assert.ok(search(watch.draws[3].memory, secrets)['data key'] > 0, 'the search finds it while it is used');
    assert.deepEqual(found(), ["description's content key"]);
    await prepared.describe();
    assert.deepEqual(found(), []);
    prepared.close();
  });

  test(`a prepared file that is closed without a description keeps no key (${engine})`, async () => {
    const sealer = new Sealer({ keys: key, engine });
    watch.draws.length = 0;
    const prepared = await sealer.prepare(new File([new Uint8Array(100)], 'name'));
    const [dataKey, , id, descriptionId] = watch.draws.map(({ bytes }) => bytes);
    prepared.close();
    const keys = await Promise.all([id, descriptionId].map((salt) => contentKeyOf(dataKey, salt)));
    assert.deepEqual(search(watch.memory(), { ...keys, dataKey }), {});
  });
}
