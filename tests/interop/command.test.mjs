// The command, Node and AWS's Python Encryption SDK open what the others sealed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { startSetting } from '../cli/setting.mjs';
import { pairsOf, sample } from '../support/page/bytes.mjs';
import { CONTEXTS, lengthsAround } from './contexts.mjs';
import { startPython } from './peers/python.mjs';

const FRAME = 4096;

let setting;
let python;
let other;
before(async () => {
  setting = await startSetting();
  python = await startPython(setting.kms.emulator);
  other = await setting.kms.createKey({ spec: 'RSA_4096' });
  setting.keyFile('other.json', other);
});
after(async () => {
  await python?.close();
  await setting?.close();
});

const flags = (flag, pairs) => Object.entries(pairs).flatMap(([key, value]) => [flag, `${key}=${value}`]);

function seal(plaintext, { keys = ['key.json'], stored = {}, required = {}, algorithm = 'RSAES_OAEP_SHA_256' } = {}) {
  const context = [...flags('-c', stored), ...flags('--required-encryption-context', required)];
  const args = ['--frame-length', `${FRAME}`, '--encryption-algorithm', algorithm];
  return setting.succeeds(['seal', ...keys.flatMap((key) => ['--key', key]), ...args, ...context, '-'], {
    input: plaintext,
  });
}

function open(envelope, { keyId = setting.key.KeyId, context = {}, algorithm = 'RSAES_OAEP_SHA_256' } = {}) {
  const args = ['open', '--key-id', keyId, '--encryption-algorithm', algorithm, ...flags('-c', context), '-'];
  return setting.succeeds(args, { input: envelope });
}

test('Python opens what the command sealed, and the command what Python sealed, of every length', async () => {
  const keys = [setting.key];
  for (const length of [...lengthsAround(FRAME), 2 * FRAME]) {
    const plaintext = sample(length);
    const opened = await python.open(await seal(plaintext), { keyIds: [setting.key.KeyId] });
    assert.ok(Buffer.from(opened.plaintext).equals(plaintext), `${length} bytes from the command`);
    const sealed = await python.seal(plaintext, { keys, frameLength: FRAME });
    assert.ok((await open(sealed)).equals(plaintext), `${length} bytes from Python`);
  }
});

for (const [name, pairs] of Object.entries(CONTEXTS)) {
  test(`the command and Python exchange envelopes with this context: ${name}`, async () => {
    const plaintext = sample(10);
    const opened = await python.open(await seal(plaintext, { stored: pairs }), {
      keyIds: [setting.key.KeyId],
      encryptionContext: pairs,
    });
    assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(pairs));
    const hidden = await seal(plaintext, { required: pairs });
    await python.open(hidden, { keyIds: [setting.key.KeyId], encryptionContext: pairs });
    const sealed = await python.seal(plaintext, {
      keys: [setting.key],
      encryptionContext: pairs,
      required: Object.keys(pairs).slice(0, 1),
    });
    assert.ok((await open(sealed, { context: pairs })).equals(plaintext));
  });
}

test('the command and Python exchange envelopes with both hashes, a larger key and several keys', async () => {
  const plaintext = sample(FRAME + 1);
  for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']) {
    const envelope = await seal(plaintext, { keys: ['key.json', 'other.json'], algorithm });
    const theirs = await python.seal(plaintext, { keys: [setting.key, other], algorithm });
    for (const { KeyId } of [setting.key, other]) {
      await python.open(envelope, { keyIds: [KeyId], algorithm });
      assert.ok((await open(theirs, { keyId: KeyId, algorithm })).equals(plaintext));
    }
  }
});

test("the package and the command open each other's envelopes, and those resealed from Python", async () => {
  const plaintext = sample(300_000);
  const encryptionContext = { user: '4711' };
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(setting.key)] });
  assert.ok(
    (await open(await sealer.seal(plaintext, { encryptionContext }), { context: encryptionContext })).equals(plaintext),
  );
  const opener = new Opener({ keyIds: [setting.key.KeyId], decrypt: setting.kms.decrypt });
  const ours = await seal(plaintext, { stored: encryptionContext });
  assert.deepEqual((await opener.open(new Uint8Array(ours), { encryptionContext })).plaintext, plaintext);
  const theirs = await python.seal(plaintext, { keys: [other], encryptionContext });
  const resealed = await setting.succeeds(['reseal', '--key', 'key.json', ...flags('-c', encryptionContext), '-'], {
    input: theirs,
  });
  const opened = await python.open(resealed, { keyIds: [setting.key.KeyId], encryptionContext });
  assert.ok(Buffer.from(opened.plaintext).equals(plaintext));
});
