// How the blocks of docs/kms.md run.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateKeyCommand, DecryptCommand, GetPublicKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer, inspect } from 'kmseal';
import { printed } from '../../../tools/kms.mjs';
import { ROOT } from '../../../tools/run.mjs';
import { createUser } from '../../support/servers/iam.mjs';
import { startKms } from '../../support/servers/kms.mjs';
import { assumeRole } from '../../support/servers/stack.mjs';
import { outputOf } from '../../support/tarball.mjs';
import { CONTEXT, PAPER, lines } from '../stage.mjs';
import { fill } from '../blocks.mjs';

export default {
  'Make the key': {
    async sh({ place, run, freeAlias }, code) {
      await freeAlias();
      const [create, alias, publish, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      const { KeyMetadata } = JSON.parse(await run(create));
      assert.equal(KeyMetadata.KeySpec, 'RSA_4096');
      assert.equal(KeyMetadata.KeyUsage, 'ENCRYPT_DECRYPT');
      await run(fill(alias, { 'KEY-ID': KeyMetadata.KeyId }));
      await run(publish);
      const made = await KmsPublicKey.import(readFileSync(place('kms-public-key.json'), 'utf8'));
      assert.equal(made.keyId, KeyMetadata.Arn);
    },
  },
  'Kinds of key': {
    async sh({ run, host }, code) {
      const made = [];
      for (const line of lines(code)) {
        const { KeyMetadata } = JSON.parse(await run(line));
        const answer = await host.kms.client.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.Arn }));
        made.push([answer.KeySpec, answer.KeyUsage]);
      }
      assert.deepEqual(made, [
        ['ECC_NIST_P384', 'KEY_AGREEMENT'],
        ['ML_KEM_768', 'ENCAPSULATE_DECAPSULATE'],
      ]);
    },
  },
  'Without the command': {
    async sh({ place, folder, env, run, aliasUploads }, code) {
      await aliasUploads();
      const [save, fingerprint, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      await run(save);
      const made = await KmsPublicKey.import(readFileSync(place('kms-public-key.json'), 'utf8'));
      assert.equal((await run(fingerprint)).trim(), made.fingerprint);
      // Neither shell reports by itself that the first command of a pipe failed.
      const failing = `${fingerprint.replace('alias/uploads', 'alias/none')} || echo failed`;
      for (const shell of ['sh', 'bash'])
        assert.equal((await outputOf(shell, ['-c', failing], folder, env)).trim(), 'failed');
    },
  },
  'In PowerShell, cmd and fish': {
    async sh({ place, host, key, env }, code) {
      const print = (name) => outputOf('bash', ['-c', fill(code, { 'kms-public-key.json': place(name) })], ROOT, env);
      writeFileSync(
        place('utf16.json'),
        Buffer.from(`\ufeff${JSON.stringify(printed(host.key), undefined, 4)}`, 'utf16le'),
      );
      assert.equal((await print('utf16.json')).trim(), key.fingerprint);
      // The file that `aws ... >` leaves when it fails.
      writeFileSync(place('nothing.json'), '');
      await assert.rejects(
        print('nothing.json'),
        ({ code, stderr }) => code === 1 && /^this is not a usable public key: it is empty[^\n]*\n$/.test(stderr),
      );
    },
  },
  'Develop and test without AWS': {
    async sh({ host, place, key, run, aliasUploads }, code) {
      await aliasUploads();
      // What the shell has of these already, it has from the test.
      const line = fill(code, { 'http://localhost:4566': host.kms.emulator.endpoint, 'eu-central-1': 'us-east-1' });
      const unset = 'unset AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION';
      await run(`${unset}\n${line}\nkmseal key alias/uploads > stand-in.json`);
      assert.equal(JSON.parse(readFileSync(place('stand-in.json'), 'utf8')).KeyId, key.keyId);
    },
    async js({ inNode }, code) {
      const { sealer, opener } = await inNode('unit', code, { returns: ['sealer', 'opener'] });
      const sealed = await sealer.seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      const { plaintext } = await opener.open(sealed, { encryptionContext: CONTEXT });
      assert.equal(Buffer.from(plaintext).toString(), PAPER);
    },
  },
  'Set up key, bucket and roles at once': {
    async sh({ run }, code) {
      const account = '111122223333'; // where no one has the template's alias; to the emulator the access key is the account
      const line = fill(code, { infra: path.join(ROOT, 'infra'), '=ARN': `=arn:aws:iam::${account}:root` });
      await run(line, { AWS_ACCESS_KEY_ID: account });
      const describe = 'aws cloudformation describe-stack-resources --stack-name kmseal --output json';
      const { StackResources } = JSON.parse(await run(describe, { AWS_ACCESS_KEY_ID: account }));
      assert.ok(StackResources.some(({ ResourceType }) => ResourceType === 'AWS::KMS::Key'));
    },
  },
  Policies: {
    async json(_stage, code) {
      const kms = await startKms({ auth: true });
      const iam = new IAMClient(kms.emulator.config);
      try {
        const trust = {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
        };
        const clients = {};
        for (const RoleName of ['publisher', 'opener']) {
          const { Role } = await iam.send(
            new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
          );
          clients[RoleName] = kms.createClient({ credentials: await assumeRole(kms.emulator, Role.Arn) });
        }
        clients.administrator = kms.createClient({
          credentials: await createUser(kms.emulator, 'administrator', 'kms:*', '*'),
        });
        const Policy = JSON.stringify(JSON.parse(fill(code, { 111122223333: '000000000000' })));
        const { KeyMetadata } = await kms.client.send(
          new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT', Policy }),
        );
        const KeyId = KeyMetadata.Arn;
        const publicKey = await clients.publisher.send(new GetPublicKeyCommand({ KeyId }));
        const input = {
          KeyId,
          CiphertextBlob: (await KmsPublicKey.import(publicKey)).encrypt(Buffer.from(PAPER)),
          EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
        };
        const { Plaintext } = await clients.opener.send(new DecryptCommand(input));
        assert.equal(Buffer.from(Plaintext).toString(), PAPER);
        const denied = { name: 'AccessDeniedException' };
        for (const name of ['publisher', 'administrator'])
          await assert.rejects(clients[name].send(new DecryptCommand(input)), denied, name);
        for (const name of ['opener', 'administrator'])
          await assert.rejects(clients[name].send(new GetPublicKeyCommand({ KeyId })), denied, name);
      } finally {
        iam.destroy();
        await kms.close();
      }
    },
  },
  'Reseal what the old key opens': {
    async js({ inNode, host, key, opener }, code, describing) {
      // One pair is not in the header, and must not get there.
      const [[first, value], ...others] = Object.entries(CONTEXT);
      const contexts = {
        encryptionContext: Object.fromEntries(others),
        requiredEncryptionContext: { [first]: value, ward: '3' },
      };
      const encryptionContext = { ...CONTEXT, ward: '3' };
      const file = new File([PAPER], 'paper.pdf', { type: 'application/pdf' });
      const prepared = await new Sealer({ keys: [key] }).prepare(file, contexts);
      const old = Buffer.from(await (await prepared.slice()).arrayBuffer());
      const description = await prepared.describe({ title: 'Passport' });
      const next = await KmsPublicKey.import(await host.kms.createKey());
      const sealer = new Sealer({ keys: [next], cache: { maxAge: 60_000 } });
      const shared = { opener, sealer, encryptionContext };
      const given = { ...shared, Body: old, ContentLength: old.length };
      const { moved } = await inNode('reseal', code, { given, returns: ['moved'] });
      const reader = new Opener({ keyIds: [next.keyId], decrypt: host.kms.decrypt, cache: { maxAge: 60_000 } });
      const { plaintext, keyId, messageId } = await reader.open(moved, { encryptionContext });
      assert.equal(Buffer.from(plaintext).toString(), PAPER);
      assert.equal(keyId, next.keyId);

      const { redescribe } = await inNode('redescribe', describing, { given: shared, returns: ['redescribe'] });
      const again = await redescribe(description, prepared.messageId, moved.subarray(0, 2000));
      const calls = host.kms.calls.length;
      const { name, type, size, title } = await reader.describe(again, { messageId, encryptionContext });
      const expected = { name: 'paper.pdf', type: 'application/pdf', size: PAPER.length, title: 'Passport' };
      assert.deepEqual({ name, type, size, title }, expected);
      assert.equal(host.kms.calls.length, calls, 'the data key is the envelope’s');
      assert.deepEqual(
        (await Promise.all([old, moved, again].map(inspect))).map((header) => ({ ...header.encryptionContext })),
        Array(3).fill(contexts.encryptionContext),
      );
      const stale = { messageId: prepared.messageId, encryptionContext };
      await assert.rejects(reader.describe(again, stale), { code: 'ERR_AUTHENTICATION' });
      sealer.close();
      reader.close();
    },
  },
  Grants: {
    async js({ inNode, host, key, sealPaper, place }, code) {
      await sealPaper();
      const sent = [];
      const kms = {
        send(command, options) {
          sent.push(command.input.GrantTokens);
          return host.kms.client.send(command, options);
        },
      };
      const { decrypt } = await inNode('grant', code, {
        given: { kms, DecryptCommand, token: 'a-token' },
        returns: ['decrypt'],
      });
      const { plaintext } = await new Opener({ keyIds: [key.keyId], decrypt }).open(
        readFileSync(place('paper.kmseal')),
        { encryptionContext: CONTEXT },
      );
      assert.equal(Buffer.from(plaintext).toString(), PAPER);
      assert.deepEqual(sent, [['a-token']]);
    },
  },
};
