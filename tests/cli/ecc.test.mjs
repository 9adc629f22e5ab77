// The command and ECC keys: envelopes name no ARN, so the opener has the public key, or asks KMS for it once.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Sealer } from 'kmseal';
import { readHeader } from '../support/message.mjs';
import { testThroughProxy } from './setting.mjs';

const CURVES = { ECC_NIST_P256: 75, ECC_NIST_P384: 107, ECC_NIST_P521: 143 };
const keys = {};
const { setting, proxy, seal, open, refused } = testThroughProxy(async () => {
  for (const spec of Object.keys(CURVES)) {
    keys[spec] = await setting.kms.createKey({ spec, alias: `alias/${spec}` });
    setting.folder.write(`${spec}.json`, await setting.succeeds(['key', keys[spec].KeyId, '--quiet']));
    await seal(`${spec}.json`, `${spec}.kmseal`);
  }
});
const SPEC = 'ECC_NIST_P384';
const calls = () => proxy.calls.map(({ operation, input }) => [operation, input.KeyId]);
const pem = (answer) =>
  createPublicKey({ key: Buffer.from(answer.PublicKey), format: 'der', type: 'spki' }).export({
    type: 'spki',
    format: 'pem',
  });

describe('every curve', () => {
  for (const [spec, length] of Object.entries(CURVES)) {
    test(`open opens what seal sealed for a key of ${spec}, by its public key with one call`, async () => {
      assert.equal((await open(`${spec}.kmseal`, '--key', `${spec}.json`)).toString(), 'plain');
      assert.deepEqual(calls(), [['DeriveSharedSecret', keys[spec].KeyId]]);
      const { edks } = readHeader(setting.folder.read(`${spec}.kmseal`));
      assert.equal(edks[0].providerId.toString(), 'raw-ecdh');
      assert.equal(edks[0].providerInfo.length, length);
    });

    test(`open with the ARN of a key of ${spec} asks for its public key once in a run`, async () => {
      const copies = ['a', 'b', 'c'].map((name) => `${spec}-${name}.kmseal`);
      for (const copy of copies) await seal(`${spec}.json`, copy);
      await setting.succeeds(['open', '--key-id', keys[spec].KeyId, ...copies]);
      const derived = ['DeriveSharedSecret', keys[spec].KeyId];
      assert.deepEqual(calls(), [['GetPublicKey', keys[spec].KeyId], derived, derived, derived]);
    });
  }

  test("open needs one call in a run for all files of a page's kept sender", async () => {
    const key = await KmsPublicKey.import(keys[SPEC]);
    const sealer = new Sealer({ keys: key, cache: { keepSender: true, maxAge: 60_000 } });
    const pairs = { requiredEncryptionContext: { tenant: '7' } };
    const contents = ['one', 'two', 'three'];
    for (const content of contents) {
      const encryptionContext = { file: content };
      const envelope = await sealer.seal(Buffer.from(content), { ...pairs, encryptionContext });
      setting.folder.write(`kept-${content}.kmseal`, envelope);
    }
    sealer.close();
    const files = contents.map((content) => `kept-${content}.kmseal`);
    await setting.succeeds(['open', '--key', `${SPEC}.json`, '-c', 'tenant=7', ...files]);
    for (const content of contents) assert.equal(setting.folder.read(`kept-${content}`).toString(), content);
    assert.deepEqual(calls(), [['DeriveSharedSecret', keys[SPEC].KeyId]]);
  });

  test('each sealing has a sender of its own', async () => {
    await seal(`${SPEC}.json`, 'other.kmseal');
    const senders = [`${SPEC}.kmseal`, 'other.kmseal'].map((name) =>
      readHeader(setting.folder.read(name)).edks[0].providerInfo.subarray(-49).toString('hex'),
    );
    assert.notEqual(senders[0], senders[1]);
  });
});

describe('key', () => {
  test('key prints the JSON of an ECC key with its agreement algorithms, and no empty list', async () => {
    const printed = JSON.parse(setting.folder.read(`${SPEC}.json`));
    assert.deepEqual(printed, {
      KeyId: keys[SPEC].KeyId,
      PublicKey: Buffer.from(keys[SPEC].PublicKey).toString('base64'),
      KeySpec: SPEC,
      KeyUsage: 'KEY_AGREEMENT',
      KeyAgreementAlgorithms: ['ECDH'],
    });
  });

  test('key refuses an ECC key that signs, and says which key to create', async () => {
    const signing = new CreateKeyCommand({ KeySpec: SPEC, KeyUsage: 'SIGN_VERIFY' });
    const { KeyMetadata } = await setting.kms.client.send(signing);
    await setting.fails(['key', KeyMetadata.Arn], 6, /SIGN_VERIFY.*aws kms create-key.*ERR_KEY_UNSUPPORTED/);
  });

  test('seal takes the PEM of an ECC key only with its ARN and its usage', async () => {
    setting.folder.write('ecc.pem', pem(keys[SPEC]));
    const args = ['seal', '--key', 'ecc.pem', '--key-arn', keys[SPEC].KeyId];
    await setting.fails([...args, '-'], 6, /KEY_AGREEMENT with --key-usage .ERR_KEY_UNSUPPORTED/);
    const envelope = await setting.succeeds([...args, '--key-usage', 'KEY_AGREEMENT', '-'], { input: 'by PEM' });
    setting.folder.write('pem.kmseal', envelope);
    assert.equal((await open('pem.kmseal', '--key', `${SPEC}.json`)).toString(), 'by PEM');
  });
});

describe('mixed recipients', () => {
  test('--key-usage is for the files that do not hold it', async () => {
    setting.folder.write('beside.pem', pem(keys[SPEC]));
    const arns = ['--key-arn', setting.key.KeyId, '--key-arn', keys[SPEC].KeyId];
    await seal('key.json', 'beside.kmseal', '--key', 'beside.pem', ...arns, '--key-usage', 'KEY_AGREEMENT');
    assert.equal((await open('beside.kmseal')).toString(), 'plain');
    assert.equal((await open('beside.kmseal', '--key', `${SPEC}.json`)).toString(), 'plain');
  });

  test('any one of an RSA key and two ECC keys opens', async () => {
    const recipients = ['--key', 'ECC_NIST_P256.json', '--key', `${SPEC}.json`];
    await seal('key.json', 'mixed.kmseal', ...recipients);
    assert.equal((await open('mixed.kmseal')).toString(), 'plain');
    assert.deepEqual(calls(), [['Decrypt', setting.key.KeyId]]);
    for (const spec of ['ECC_NIST_P256', SPEC]) {
      assert.equal((await open('mixed.kmseal', '--key', `${spec}.json`)).toString(), 'plain');
    }
    // The envelope names the RSA key, so nothing asks for its public key.
    proxy.calls.length = 0;
    await open('mixed.kmseal', '--key-id', setting.key.KeyId);
    assert.deepEqual(calls(), [['Decrypt', setting.key.KeyId]]);
  });

  test('reseal moves an envelope from an RSA key to an ECC key and back', async () => {
    await seal('key.json', 'moved.kmseal', '-c', 'user=1');
    const context = ['-c', 'user=1', '--force'];
    await setting.succeeds(['reseal', '--key', `${SPEC}.json`, ...context, 'moved.kmseal']);
    assert.equal((await open('moved.kmseal', '--key', `${SPEC}.json`, '-c', 'user=1')).toString(), 'plain');
    await setting.succeeds(['reseal', '--key', 'key.json', '--old-key', `${SPEC}.json`, ...context, 'moved.kmseal']);
    assert.equal((await open('moved.kmseal', '-c', 'user=1')).toString(), 'plain');
  });
});

describe('refusals', () => {
  test('open without a key says that an ECC key must be given, and asks nothing', async () => {
    const line = new RegExp(`${SPEC} key SHA256:.*--key.*--key-id.*ERR_NO_MATCHING_KEY`);
    await refused(4, line, `${SPEC}.kmseal`);
    await refused(4, line, `${SPEC}.kmseal`, '--discover');
    assert.deepEqual(calls(), []);
  });

  test('open and reseal say what they need in place of a PEM, and that opens', async () => {
    setting.folder.write('bare.pem', pem(keys[SPEC]));
    const line = /bare\.pem: it does not hold the key's ARN and usage; .*`kmseal key`.*--key-id/;
    const { stderr } = await refused(6, line, `${SPEC}.kmseal`, '--key', 'bare.pem');
    assert.doesNotMatch(stderr, /--key-arn|--key-usage/);
    const reseal = ['reseal', '--key', 'key.json', '--old-key', 'bare.pem', '--output', '-', `${SPEC}.kmseal`];
    await setting.fails(reseal, 6, line);
    assert.equal((await open(`${SPEC}.kmseal`, '--key-id', keys[SPEC].KeyId)).toString(), 'plain');
  });

  test('the command reports what each key failed with: another context of one, and a refusal of KMS for the other', async () => {
    const other = 'ECC_NIST_P256';
    await seal(`${SPEC}.json`, 'two.kmseal', '--key', `${other}.json`, '--required-encryption-context', 'tenant=7');
    proxy.answer = ({ input }) =>
      input.KeyId === keys[other].KeyId
        ? { status: 400, body: { __type: 'DisabledException', message: '' } }
        : undefined;
    const both = ['--key', `${SPEC}.json`, '--key', `${other}.json`, '-c', 'tenant=8'];
    await refused(5, /disabled.*ERR_KMS.*not sealed under the encryption context.*ERR_CONTEXT/, 'two.kmseal', ...both);
  });

  test('open with other keys asks KMS for no secret', async () => {
    await refused(4, /ERR_NO_MATCHING_KEY/, `${SPEC}.kmseal`, '--key', 'ECC_NIST_P256.json');
    await refused(4, /ERR_NO_MATCHING_KEY/, `${SPEC}.kmseal`, '--key', 'key.json');
    await refused(4, /ERR_NO_MATCHING_KEY/, `${SPEC}.kmseal`, '--key-id', keys.ECC_NIST_P256.KeyId);
    assert.deepEqual(calls(), [['GetPublicKey', keys.ECC_NIST_P256.KeyId]]);
  });

  test('another encryption context is ERR_CONTEXT', async () => {
    const required = ['--required-encryption-context', 'tenant=7'];
    await seal(`${SPEC}.json`, 'bound.kmseal', '-c', 'user=1', ...required);
    const key = ['--key', `${SPEC}.json`];
    assert.equal((await open('bound.kmseal', ...key, '-c', 'user=1', '-c', 'tenant=7')).toString(), 'plain');
    await refused(4, /ERR_CONTEXT/, 'bound.kmseal', ...key, '-c', 'user=2', '-c', 'tenant=7');
    await refused(4, /ERR_CONTEXT/, 'bound.kmseal', ...key, '-c', 'user=1', '-c', 'tenant=8');
    await refused(4, /ERR_CONTEXT/, 'bound.kmseal', ...key);
  });

  test('a sender off the curve is never sent to KMS', async () => {
    const envelope = setting.folder.read(`${SPEC}.kmseal`);
    const [, end] = readHeader(envelope).places['provider info 0'];
    // x = p: no point has it.
    envelope.write('ff'.repeat(32), end - 48, 'hex');
    setting.folder.write('off.kmseal', envelope);
    await refused(3, /not on the curve.*ERR_ENVELOPE_INVALID/, 'off.kmseal', '--key', `${SPEC}.json`);
    assert.deepEqual(calls(), []);
  });

  test("KMS's answer must be for the key and as long as the curve's field", async () => {
    const answer = (change) => {
      const body = { KeyId: keys[SPEC].KeyId, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS', ...change };
      return () => ({ status: 200, body });
    };
    const secret = (length) => Buffer.alloc(length, 7).toString('base64');
    const refuses = (line) => refused(5, line, `${SPEC}.kmseal`, '--key', `${SPEC}.json`);
    for (const change of [
      { SharedSecret: secret(48), KeyId: keys.ECC_NIST_P256.KeyId },
      { SharedSecret: secret(48), KeyAgreementAlgorithm: 'X' },
      { SharedSecret: secret(47) },
      { SharedSecret: secret(32) },
      { CiphertextForRecipient: secret(48) },
    ]) {
      proxy.answer = answer(change);
      await refuses(/ERR_KMS/);
    }
    // A wrong secret looks like another context.
    proxy.answer = answer({ SharedSecret: secret(48) });
    await refused(4, /ERR_CONTEXT/, `${SPEC}.kmseal`, '--key', `${SPEC}.json`);
  });

  test("KMS's errors of DeriveSharedSecret have their sentences", async () => {
    for (const [name, line] of Object.entries({
      AccessDeniedException: /denies kms:DeriveSharedSecret on arn:.*"Action":"kms:DeriveSharedSecret"/,
      DisabledException: /disabled; enable it/,
      KMSInvalidStateException: /pending deletion/,
      InvalidKeyUsageException: /KEY_AGREEMENT/,
      ValidationException: /ValidationException/,
    })) {
      proxy.answer = ({ operation }) =>
        operation === 'DeriveSharedSecret' ? { status: 400, body: { __type: name, message: '' } } : undefined;
      const { stderr } = await refused(5, line, `${SPEC}.kmseal`, '--key', `${SPEC}.json`);
      assert.match(stderr, new RegExp(`\\(${name}\\) \\(ERR_KMS\\)$`, 'm'));
      assert.doesNotMatch(stderr, /OAEP|kms:Decrypt/);
    }
  });

  test('open by ARN says why KMS gave no public key', async () => {
    proxy.answer = ({ operation }) =>
      operation === 'GetPublicKey'
        ? { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } }
        : undefined;
    await refused(5, /denies kms:GetPublicKey on arn.*ERR_KMS/, `${SPEC}.kmseal`, '--key-id', keys[SPEC].KeyId);
  });
});

test('a multi-Region ECC key is used in the given region', async () => {
  const answer = await setting.kms.createKey({ spec: SPEC, multiRegion: true });
  await setting.kms.client.send(new ReplicateKeyCommand({ KeyId: answer.KeyId, ReplicaRegion: 'eu-west-1' }));
  setting.keyFile('mrk.json', answer);
  await seal('mrk.json', 'mrk.kmseal');
  const replica = answer.KeyId.replace('us-east-1', 'eu-west-1');
  proxy.calls.length = 0;
  await open('mrk.kmseal', '--key', 'mrk.json', '--region', 'eu-west-1');
  await open('mrk.kmseal', '--key-id', replica);
  assert.deepEqual(
    proxy.calls.map(({ operation, region, input }) => [operation, region, input.KeyId]),
    [
      ['DeriveSharedSecret', 'eu-west-1', replica],
      ['GetPublicKey', 'eu-west-1', replica],
      ['DeriveSharedSecret', 'eu-west-1', replica],
    ],
  );
  await refused(4, /is not in eu-west-1/, `${SPEC}.kmseal`, '--key', `${SPEC}.json`, '--region', 'eu-west-1');
});

test('inspect shows curve and fingerprint of an ECC recipient, which are those of its key', async () => {
  const { stderr } = await setting.run(['key', keys[SPEC].KeyId]);
  const fingerprint = /SHA256:\S+/.exec(stderr)[0];
  const { encryptedDataKeys, keyIds } = JSON.parse(await setting.succeeds(['inspect', '--json', `${SPEC}.kmseal`]));
  assert.deepEqual(encryptedDataKeys, [{ providerId: 'raw-ecdh', keySpec: SPEC, fingerprint, ciphertextLength: 112 }]);
  assert.deepEqual(keyIds, []);
  const text = (await setting.succeeds(['inspect', `${SPEC}.kmseal`])).toString();
  assert.ok(text.includes(`${SPEC} ${fingerprint} (raw-ecdh)`), text);
});

test('check finds that an ECC key can be used, and why it cannot', async () => {
  const report = JSON.parse(await setting.succeeds(['check', '--json', `alias/${SPEC}`, '--key', `${SPEC}.json`]));
  assert.ok(report.passed);
  const { derive, open: opened, key } = Object.fromEntries(report.checks.map((one) => [one.check, one]));
  assert.match(key.message, /ECC_NIST_P384, KEY_AGREEMENT/);
  assert.equal(derive.status, 'passed');
  assert.equal(opened.status, 'passed');
  const dry = proxy.calls.filter(({ operation }) => operation === 'DeriveSharedSecret');
  assert.deepEqual(
    dry.map(({ input }) => input.DryRun ?? false),
    [true, false],
  );

  const there = await setting.run(['check', keys[SPEC].KeyId, '--key', `${SPEC}.json`, '--region', 'us-west-2']);
  assert.match(there.stdout.toString(), /FAILED +derive .*is in another region.*leave --region out/);

  await setting.kms.client.send(new DisableKeyCommand({ KeyId: keys.ECC_NIST_P521.KeyId }));
  const { status, stdout } = await setting.run(['check', 'alias/ECC_NIST_P521']);
  assert.equal(status, 5);
  assert.match(stdout.toString(), /FAILED +derive .*disabled/);
});
