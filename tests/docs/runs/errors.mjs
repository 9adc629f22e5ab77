// How the block of docs/errors.md runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Opener } from 'kmseal';
import { CONTEXT, PAPER } from '../stage.mjs';
import { codes } from '../errors.mjs';

export default {
  Errors: {
    async js({ inNode, sealPaper, place, host, opener }, code) {
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
      for (const { name, bytes, by } of [
        { name: 'ERR_ENVELOPE_INVALID', bytes: Buffer.from(PAPER) },
        { name: 'ERR_TRUNCATED', bytes: envelope.subarray(0, 100) },
        { name: 'ERR_AUTHENTICATION', bytes: altered },
        { name: 'ERR_KMS', bytes: envelope, by: unreached },
      ])
        assert.deepEqual(await ends(bytes, by), { status: statusOf(name) }, name);
      await assert.rejects(ends(7), TypeError);
    },
  },
};
