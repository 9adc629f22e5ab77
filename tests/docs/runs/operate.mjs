// How the blocks of docs/operate.md run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DescribeKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { CONTEXT, PAPER, SAMPLE, lines } from '../stage.mjs';
import { fill } from '../blocks.mjs';

export default {
  CloudTrail: {
    async sh({ place, run, assertOpens, sealPaper }, code) {
      await sealPaper();
      await assertOpens(readFileSync(place('paper.kmseal')));
      const { Events } = JSON.parse(await run(`${code.trim()} --output json`));
      assert.ok(Events.length > 0);
      assert.ok(Events.every(({ EventName }) => EventName === 'Decrypt'));
    },
  },
  'A key for each tenant': {
    async js({ inNode, inPage, host, key, answerWith }, server, page) {
      const old = await KmsPublicKey.import(await host.kms.createKey());
      const code = fill(server, { '/keys/acme-2.json': '/kms-public-key.json', [SAMPLE.fingerprint]: key.fingerprint });
      const given = { newArn: key.keyId, oldArn: old.keyId, decrypt: host.kms.decrypt };
      const { uploadSettings, openerOf } = await inNode('tenants', code, {
        given,
        returns: ['uploadSettings', 'openerOf'],
        imports: "import { Opener } from 'kmseal';",
      });
      answerWith('/upload-settings', () => uploadSettings({ tenant: 'acme' }));

      const sealed = await inPage('tenant', `import { KmsPublicKey, Sealer } from 'kmseal';\n${page}`, {
        returns: ['sealed'],
        use: async (example, file) => new Uint8Array(await (await example({ file })).sealed.arrayBuffer()),
      });
      const encryptionContext = { tenant: 'acme', ...CONTEXT };
      const earlier = await new Sealer({ keys: [old] }).seal(Buffer.from(PAPER), { encryptionContext });
      for (const envelope of [new Uint8Array(sealed), earlier]) {
        const { plaintext } = await openerOf('acme').open(envelope, { encryptionContext });
        assert.equal(Buffer.from(plaintext).toString(), PAPER);
      }
    },
  },
  'Retention and erasure': {
    async sh({ run, host }, code) {
      const key = await KmsPublicKey.import(await host.kms.createKey());
      const sealed = await new Sealer({ keys: [key] }).seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      const opens = async () =>
        new Opener({ keyIds: [key.keyId], decrypt: host.kms.decrypt }).open(sealed, { encryptionContext: CONTEXT });
      const { client } = host.kms;
      const state = async () => (await client.send(new DescribeKeyCommand({ KeyId: key.keyId }))).KeyMetadata.KeyState;
      await opens();
      const [disable, schedule, cancel, ...rest] = lines(fill(code, { 'KEY-ID': key.keyId }));
      assert.deepEqual(rest, []);
      for (const { line, expected } of [
        { line: disable, expected: 'Disabled' },
        { line: schedule, expected: 'PendingDeletion' },
        { line: cancel, expected: 'Disabled' },
      ]) {
        await run(line);
        assert.equal(await state(), expected);
        await assert.rejects(opens(), { code: 'ERR_KMS' });
      }
      await client.send(new EnableKeyCommand({ KeyId: key.keyId }));
      await opens();
    },
  },
};
