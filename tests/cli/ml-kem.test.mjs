// The command and ML-KEM keys, which need --experimental, and beside other kinds --mixed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readHeader } from '../support/message.mjs';
import { testThroughProxy } from './setting.mjs';

const SIZES = { ML_KEM_768: 1088, ML_KEM_1024: 1568 };
const SPEC = 'ML_KEM_768';
const PROVIDER = 'kmseal-ml-kem-draft-1';
const keys = {};
const { setting, proxy, seal, open, refused } = testThroughProxy(async () => {
  for (const spec of Object.keys(SIZES)) {
    keys[spec] = await setting.kms.createKey({ spec, alias: `alias/${spec}` });
    const json = await setting.succeeds(['key', '--experimental', '--quiet', keys[spec].KeyId]);
    setting.folder.write(`${spec}.json`, json);
    await seal(`${spec}.json`, `${spec}.kmseal`, '--experimental', '-c', 'user=1');
  }
});
const calls = () => proxy.calls.map(({ operation, input }) => [operation, input.KeyId]);

for (const [spec, length] of Object.entries(SIZES)) {
  test(`open opens what seal sealed for a key of ${spec}, whose ARN the envelope names`, async () => {
    assert.equal((await open(`${spec}.kmseal`, '-c', 'user=1')).toString(), 'plain');
    assert.equal((await open(`${spec}.kmseal`, '--key', `${spec}.json`)).toString(), 'plain');
    assert.equal((await open(`${spec}.kmseal`, '--key-id', keys[spec].KeyId)).toString(), 'plain');
    assert.deepEqual(calls(), Array(3).fill(['Decapsulate', keys[spec].KeyId]));
    const { edks } = readHeader(setting.folder.read(`${spec}.kmseal`));
    assert.equal(`${edks[0].providerId}`, PROVIDER);
    assert.equal(edks[0].ciphertext.length, length + 80);
    const { encryptedDataKeys, keyIds } = JSON.parse(await setting.succeeds(['inspect', '--json', `${spec}.kmseal`]));
    const { KeyId } = keys[spec];
    assert.deepEqual(encryptedDataKeys, [{ providerId: PROVIDER, keyId: KeyId, ciphertextLength: length + 80 }]);
    assert.deepEqual(keyIds, [KeyId]);
  });
}

test('key prints the JSON of an ML-KEM key with its encapsulation algorithms', () => {
  const { PublicKey, ...rest } = JSON.parse(setting.folder.read(`${SPEC}.json`));
  assert.equal(PublicKey, Buffer.from(keys[SPEC].PublicKey).toString('base64'));
  assert.deepEqual(rest, {
    KeyId: keys[SPEC].KeyId,
    KeySpec: SPEC,
    KeyUsage: 'ENCAPSULATE_DECAPSULATE',
    EncapsulationAlgorithms: ['ML_KEM'],
  });
});

test('an ML-KEM key is refused without --experimental, and ML_KEM_512 with it', async () => {
  const line = /--experimental.*ERR_KEY_UNSUPPORTED/;
  await setting.fails(['key', keys[SPEC].KeyId], 6, line);
  await setting.fails(['seal', '--key', `${SPEC}.json`, '-'], 6, line);
  await setting.fails(['reseal', '--key', `${SPEC}.json`, '--force', `${SPEC}.kmseal`], 6, line);
  const weak = await setting.kms.createKey({ spec: 'ML_KEM_512' });
  await setting.fails(['key', '--experimental', weak.KeyId], 6, /ML_KEM_512.*ERR_KEY_UNSUPPORTED/);
});

test('an ML-KEM key beside a key of another kind needs --mixed', async () => {
  const both = ['--key', `${SPEC}.json`, '--experimental'];
  const refusal = ['seal', '--key', 'key.json', ...both, '-'];
  await setting.fails(refusal, 6, /--mixed.*ERR_KEY_UNSUPPORTED/);
  await seal('key.json', 'mixed.kmseal', ...both, '--mixed');
  proxy.calls.length = 0;
  for (const id of [setting.key.KeyId, keys[SPEC].KeyId]) {
    assert.equal((await open('mixed.kmseal', '--key-id', id)).toString(), 'plain');
  }
  assert.deepEqual(calls(), [
    ['Decrypt', setting.key.KeyId],
    ['Decapsulate', keys[SPEC].KeyId],
  ]);
  // Two ML-KEM keys are of one kind.
  await seal('ML_KEM_1024.json', 'two.kmseal', ...both);
  await setting.succeeds(['reseal', '--key', 'key.json', '--force', 'mixed.kmseal', 'two.kmseal']);
  assert.equal((await open('two.kmseal')).toString(), 'plain');
});

describe('refusals', () => {
  const answering = (body) => {
    proxy.answer = () => ({ status: body.__type ? 400 : 200, body });
  };
  const secret = (length) => Buffer.alloc(length, 7).toString('base64');

  test('a wrong secret, which KMS gives for a wrong key or an altered ciphertext, is ERR_AUTHENTICATION', async () => {
    const KeyId = keys[SPEC].KeyId;
    answering({ KeyId, SharedSecret: secret(32), EncapsulationAlgorithm: 'ML_KEM' });
    await refused(3, /ERR_AUTHENTICATION/, `${SPEC}.kmseal`);
    proxy.answer = () => undefined;
    const envelope = setting.folder.read(`${SPEC}.kmseal`);
    envelope[readHeader(envelope).places['ciphertext 0'][0] + 5] ^= 1;
    setting.folder.write('altered.kmseal', envelope);
    await refused(3, /ERR_AUTHENTICATION/, 'altered.kmseal');
  });

  test("KMS's answer must be for the key and hold 32 bytes", async () => {
    for (const body of [
      { KeyId: keys.ML_KEM_1024.KeyId, SharedSecret: secret(32), EncapsulationAlgorithm: 'ML_KEM' },
      { KeyId: keys[SPEC].KeyId, SharedSecret: secret(31), EncapsulationAlgorithm: 'ML_KEM' },
      { KeyId: keys[SPEC].KeyId, SharedSecret: secret(32), EncapsulationAlgorithm: 'X' },
      { KeyId: keys[SPEC].KeyId, EncapsulationAlgorithm: 'ML_KEM' },
    ]) {
      answering(body);
      await refused(5, /ERR_KMS/, `${SPEC}.kmseal`);
    }
  });

  test("KMS's errors of Decapsulate have their sentences", async () => {
    for (const [name, line] of Object.entries({
      AccessDeniedException: /denies kms:Decapsulate on arn:.*"Action":"kms:Decapsulate"/,
      DisabledException: /disabled; enable it/,
      InvalidKeyUsageException: /ENCAPSULATE_DECAPSULATE/,
      InvalidCiphertextException: /InvalidCiphertextException/,
    })) {
      answering({ __type: name, message: '' });
      const { stderr } = await refused(5, line, `${SPEC}.kmseal`);
      assert.doesNotMatch(stderr, /OAEP|kms:Decrypt/);
    }
  });
});

test('check finds that an ML-KEM key can be used', async () => {
  const args = ['check', '--json', '--experimental', `alias/${SPEC}`, '--key', `${SPEC}.json`];
  const report = JSON.parse(await setting.succeeds(args));
  assert.ok(report.passed);
  const found = Object.fromEntries(report.checks.map((one) => [one.check, one.status]));
  const { decapsulate, open } = found;
  assert.deepEqual({ decapsulate, open }, { decapsulate: 'passed', open: 'passed' });
  const dry = proxy.calls.filter(({ operation }) => operation === 'Decapsulate');
  assert.deepEqual(
    dry.map(({ input }) => input.DryRun ?? false),
    [true, false],
  );
});
