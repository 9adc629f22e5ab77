// Values from another realm, such as a frame or a test runner's sandbox, work like local ones.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import vm from 'node:vm';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { startKms } from '../support/servers/kms.mjs';

const there = (code, ...args) => vm.runInNewContext(code)(...args);
const bytes = (values) => there('(values) => Uint8Array.from(values)', [...values]);

let kms;
let key;
let sealer;
before(async () => {
  kms = await startKms();
  key = await KmsPublicKey.import(await kms.createKey());
  sealer = new Sealer({ keys: [key] });
});
after(() => kms?.close());

test('bytes, keys and KMS answers from another realm are accepted', async () => {
  const { PublicKey, ...answer } = await kms.createKey();
  const imported = await KmsPublicKey.import({ ...answer, PublicKey: bytes(PublicKey) });
  const decrypt = async (input, options) => {
    const { Plaintext, ...rest } = await kms.decrypt(input, options);
    return { ...rest, Plaintext: bytes(Plaintext) };
  };
  const opener = new Opener({ keyIds: [imported.keyId], decrypt });
  for (const plain of [bytes([1, 2, 3]), there('(values) => Uint8Array.from(values).buffer', [1, 2, 3])]) {
    const envelope = await new Sealer({ keys: [imported] }).seal(plain);
    assert.deepEqual((await opener.open(bytes(envelope))).plaintext, Uint8Array.of(1, 2, 3));
  }
});

test('an error of KMS from another realm keeps its name', async () => {
  const decrypt = async () => {
    throw there('(name) => Object.assign(new Error(), { name })', 'ThrottlingException');
  };
  const opener = new Opener({ keyIds: [key.keyId], decrypt });
  await assert.rejects(opener.open(await sealer.seal(new Uint8Array(1))), {
    code: 'ERR_KMS',
    message: /throttled.*ThrottlingException/,
  });
});

test('shared memory from another realm is refused all the same', async () => {
  await assert.rejects(sealer.seal(new Uint8Array(new SharedArrayBuffer(3))), TypeError);
  await assert.rejects(sealer.seal(there('() => new Uint8Array(new SharedArrayBuffer(3))')), TypeError);
});
