// When the opener's cached data keys are wiped from the memory of the WebAssembly module.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample, soon } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { watchMemory } from '../support/page/memory.mjs';
import { readHeader } from '../support/message.mjs';

const PLAINTEXT = sample(500);
const CACHE = { maxAge: 60_000 };

// Before the package makes its instance.
const watch = watchMemory();

let kms;
let key;
let envelopes;
/** Whether the data key of the envelopes lies anywhere in that memory. */
let inMemory;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  const sealer = new Sealer({ keys: [key], cache: CACHE });
  envelopes = await Promise.all([1, 2, 3].map(() => sealer.seal(PLAINTEXT)));
  const [{ ciphertext }] = readHeader(envelopes[0]).edks;
  const { Plaintext } = await kms.decrypt({
    KeyId: key.keyId,
    CiphertextBlob: ciphertext,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  const dataKey = Buffer.from(Plaintext.subarray(48));
  inMemory = () => Buffer.from(watch.memory().buffer).includes(dataKey);
  assert.equal(inMemory(), true, "the sealer's cache");
  sealer.close();
  assert.equal(inMemory(), false);
});
after(() => kms?.close());

/** An opener that caches the data key of all three. */
async function keeping(options) {
  let calls = 0;
  const decrypt = (input) => {
    calls++;
    return kms.decrypt(input);
  };
  const opener = new Opener({ keyIds: [key.keyId], decrypt, cache: CACHE, ...options });
  await Promise.all(envelopes.map((envelope) => opener.open(envelope)));
  assert.equal(calls, 1);
  assert.equal(inMemory(), true);
  return opener;
}

test('the data key is wiped at once without a cache', async () => {
  await new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt }).open(envelopes[0]);
  assert.equal(inMemory(), false);
});

test('close() wipes the cached data key', async () => {
  (await keeping()).close();
  assert.equal(inMemory(), false);
});

test('the cached data key is wiped at maxAge, without another call', async (context) => {
  const { setTimeout } = globalThis;
  const due = [];
  context.mock.method(globalThis, 'setTimeout', (callback, delay, ...values) => {
    if (delay > 3_000_000) due.push(callback);
    return setTimeout(callback, delay, ...values);
  });
  const opener = await keeping({ cache: { maxAge: 3_600_000 } });
  const now = Date.now();
  // An hour later, for the clock and for the timer that waits for it.
  context.mock.method(Date, 'now', () => now + 3_600_001);
  due.at(-1)();
  assert.equal(inMemory(), false);
  opener.close();
});

test('the cached data key is wiped when another needs its place', async () => {
  const opener = await keeping({ cache: { ...CACHE, capacity: 1 } });
  await opener.open(await new Sealer({ keys: [key] }).seal(PLAINTEXT));
  assert.equal(inMemory(), false);
  opener.close();
});

test('pagehide wipes the cached data key, and a page that is restored works', async () => {
  const page = new EventTarget();
  for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = page[name].bind(page);
  try {
    const opener = await keeping();
    page.dispatchEvent(new Event('pagehide'));
    assert.equal(inMemory(), false);
    await opener.open(envelopes[0]);
    assert.equal(inMemory(), true);
    opener.close();
  } finally {
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
  }
});

test('a call that was waiting at close() wipes its data key afterwards', async () => {
  const asked = [];
  const decrypt = (input) => new Promise((resolve) => asked.push(() => resolve(kms.decrypt(input))));
  const opener = new Opener({ keyIds: [key.keyId], decrypt, cache: CACHE });
  const opening = opener.open(envelopes[0]);
  while (asked.length === 0) await turn();
  opener.close();
  asked[0]();
  assert.ok(Buffer.from(PLAINTEXT).equals((await soon(opening)).plaintext));
  assert.equal(inMemory(), false);
  await assert.rejects(opener.open(envelopes[0]), { code: 'ERR_CLOSED' });
});
