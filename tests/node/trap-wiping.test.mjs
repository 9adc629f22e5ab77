// A trap in WebAssembly: the discarded instance's memory is wiped, with cached keys. The trap is real: in the package's own .wasm,
// one function's body is `unreachable`.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { watchMemory } from '../support/page/memory.mjs';
import { readHeader } from '../support/message.mjs';
import { trapping } from '../support/trap.mjs';

const PLAINTEXT = sample(500);
const cache = { maxAge: 60_000 };

// Before the package makes its instance.
const watch = watchMemory();
const { KmsPublicKey, Opener, Sealer, load } = await import('kmseal');

let kms;
let key;
before(async () => {
  kms = await startKms();
  await load(await trapping('publickey_encrypt', 'unreachable', 'server'));
  key = await KmsPublicKey.import(await kms.createKey());
});
after(() => kms?.close());

const trap = () => assert.throws(() => key.encrypt(new Uint8Array(1)), { code: 'ERR_INTERNAL' });

test("a trap wipes the instance's memory, and work in progress in it fails", async () => {
  const sealer = new Sealer({ keys: [key], cache });
  const envelope = await sealer.seal(PLAINTEXT);
  const opener = new Opener({ keyIds: [key.keyId], decrypt: kms.decrypt, cache });
  await opener.open(envelope);
  const prepared = await sealer.prepare(new Blob([PLAINTEXT]));
  const [{ ciphertext }] = readHeader(envelope).edks;
  const answer = await kms.decrypt({
    KeyId: key.keyId,
    CiphertextBlob: ciphertext,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  });
  const dataKey = Buffer.from(answer.Plaintext.subarray(48));
  const inMemory = () => Buffer.from(watch.memory().buffer).includes(dataKey);
  assert.equal(inMemory(), true, 'both caches');
  trap();
  assert.equal(inMemory(), false);
  assert.ok(
    watch.memory().every((byte) => byte === 0),
    'the whole memory',
  );
  await assert.rejects(prepared.slice(), { code: 'ERR_INTERNAL' });
  prepared.close();
  // In a fresh instance everything works, and closing wipes what lies there.
  assert.ok(Buffer.from(PLAINTEXT).equals((await opener.open(envelope)).plaintext));
  assert.equal(inMemory(), true);
  await opener.open(await sealer.seal(PLAINTEXT));
  opener.close();
  sealer.close();
  assert.equal(inMemory(), false);
});

test('handles that nobody freed do no harm when they are collected later', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const collected = [];
  const registry = new FinalizationRegistry((name) => collected.push(name));
  const faults = [];
  const fault = (error) => faults.push(error);
  process.on('uncaughtException', fault);
  await (async () => {
    const sealer = new Sealer({ keys: [key] });
    await sealer.seal(PLAINTEXT);
    const prepared = await sealer.prepare(new Blob([PLAINTEXT]));
    registry.register(sealer, 'sealer');
    registry.register(prepared, 'prepared');
    trap();
  })();
  for (let round = 0; collected.length < 2 && round < 100; round++) {
    gc();
    await turn();
  }
  await turn();
  process.off('uncaughtException', fault);
  assert.deepEqual({ collected: collected.sort(), faults }, { collected: ['prepared', 'sealer'], faults: [] });
});
