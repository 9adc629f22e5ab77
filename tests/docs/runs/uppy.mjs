// How the first blocks of docs/uppy.md run; tests of browsers run the others.
import assert from 'node:assert/strict';
import { inspect } from 'kmseal';
import { CONTEXT } from '../stage.mjs';
import { blocksOf, fill } from '../blocks.mjs';

/** Runs in the page: uploads the chosen file by the Uppy of a block. */
async function uploadBy(example, data) {
  const signRequest = async () => ({ url: new URL('/put/it', location.href).href });
  const { uppy } = await example({ signRequest });
  uppy.addFile({ name: data.name, type: data.type, data, meta: { user: '4711' } });
  const { successful, failed } = await uppy.upload();
  if (successful.length !== 1) throw failed[0].error;
  return successful[0].name;
}

export default {
  'The plugin Seal': {
    async js({ inPage, assertOpens, uploads }, code) {
      await inPage('uppy', code, { given: ['signRequest'], returns: ['uppy'], use: uploadBy });
      await assertOpens(uploads()[0]);
    },
  },
  'Names and types': {
    async js({ inPage, answerWith, opener, uploads }, code) {
      const [first] = blocksOf('docs/uppy.md');
      const described = fill(first.code, { '{ sealer,': '{ sealer, describe: true,' });
      let told;
      answerWith('/descriptions', async (context) => {
        told = await context.req.json();
        return context.body(null, 204);
      });
      const options = { given: ['signRequest'], returns: ['uppy'], use: uploadBy };
      assert.equal(await inPage('uppy-names', described + code, options), 'file-1.kmseal');
      assert.match(told.uploadURL, /\/put\/it$/);
      const { messageId } = await inspect(uploads()[0]);
      const { name } = await opener.describe(told.description, { messageId, encryptionContext: CONTEXT });
      assert.equal(name, 'paper.pdf');
    },
  },
};
