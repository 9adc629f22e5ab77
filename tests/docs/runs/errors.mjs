// How the block of docs/errors.md runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { CONTEXT, PAPER } from '../stage.mjs';
import { codes } from '../errors.mjs';

export default {
  Errors: {
    async js({ inNode, sealPaper, place, host, key, opener }, code) {
      await sealPaper();
      const envelope = readFileSync(place('paper.kmseal'));
      const altered = envelope.map((byte, at) => (at === envelope.length - 1 ? byte ^ 1 : byte));
      const unreached = new Opener({
        keyIds: [host.key.KeyId],
        decrypt: async () => {
          throw new Error('no connection');
        },
      });
      const ends = async (bytes, by = opener) => {
        const { openOrRefuse } = await inNode('errors', code, {
          given: { opener: by, encryptionContext: CONTEXT },
          returns: ['openOrRefuse'],
        });
        return openOrRefuse(bytes);
      };
      assert.equal(Buffer.from((await ends(envelope)).plaintext).toString(), PAPER);
      const statusOf = (name) => Number(/\d+/.exec(codes().find((one) => one.code === name).status)[0]);
      const closed = new Opener({ keyIds: [host.key.KeyId], decrypt: host.kms.decrypt });
      closed.close();
      const sealedFor = async (keys, encryptionContext) =>
        new Sealer({ keys }).seal(Buffer.from(PAPER), { encryptionContext });
      const other = await KmsPublicKey.import(await host.kms.createKey());
      const broken = async function* broken() {
        yield envelope.subarray(0, 100);
        throw new Error('the connection broke');
      };
      for (const { name, bytes, by } of [
        { name: 'ERR_ENVELOPE_INVALID', bytes: Buffer.from(PAPER) },
        { name: 'ERR_TRUNCATED', bytes: envelope.subarray(0, 100) },
        { name: 'ERR_READ', bytes: broken() },
        { name: 'ERR_CONTEXT', bytes: await sealedFor([key], { ...CONTEXT, user: '4712' }) },
        { name: 'ERR_NO_MATCHING_KEY', bytes: await sealedFor([other], CONTEXT) },
        { name: 'ERR_AUTHENTICATION', bytes: altered },
        { name: 'ERR_KMS', bytes: envelope, by: unreached },
        { name: 'ERR_CLOSED', bytes: envelope, by: closed },
      ])
        assert.deepEqual(await ends(bytes, by), { status: statusOf(name) }, name);
      const [, listed] = /const STATUS = \{([^}]*)\}/.exec(code);
      for (const [, name, status] of listed.matchAll(/(ERR_\w+): (\d+)/g))
        assert.equal(statusOf(name), Number(status), name);
      await assert.rejects(ends(7), TypeError);
    },
  },
};
