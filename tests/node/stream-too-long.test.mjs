// A stream with more bytes than the parts of an upload hold. S3's limit is 10,000 parts, which are terabytes: here kmseal/s3 is made from its source
// with a limit of 3, and all else is as it is.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { KmsPublicKey, Sealer } from 'kmseal';
import { ROOT } from '../../tools/run.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { startStore } from './store.mjs';

const MIB = 2 ** 20;
const PARTS = 3;

const fewParts = {
  name: 'few parts',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\.\.?\/index\.js$/ }, () => ({ path: 'kmseal', external: true }));
    onLoad({ filter: /part-sizes\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const contents = source.replace('MAX_PARTS = 10_000', `MAX_PARTS = ${PARTS}`);
      assert.notEqual(contents, source);
      return { contents, loader: 'ts' };
    });
  },
};

let kms;
let sealer;
let uploadSealed;
before(async () => {
  kms = await startKms();
  sealer = new Sealer({ keys: [await KmsPublicKey.import(await kms.createKey())] });
  const outfile = path.join(ROOT, 'target', 'few-parts.mjs');
  await build({
    entryPoints: [path.join(ROOT, 'js/s3.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'node20',
    plugins: [fewParts],
  });
  ({ uploadSealed } = await import(pathToFileURL(outfile)));
});
after(() => kms?.close());

/** Uploads so many MiB in parts of 5 MiB, and says what was asked of the server, and whether the stream was ended. */
async function upload(mebibytes) {
  const store = await startStore();
  const asked = [];
  const answer = (step, answered) => async () => {
    asked.push(step);
    return answered;
  };
  let isEnded = false;
  async function* stream() {
    try {
      for (let count = 0; count < mebibytes; count++) yield new Uint8Array(MIB);
    } finally {
      isEnded = true;
    }
  }
  const server = {
    createMultipartUpload: answer('create', {}),
    signPart: answer('sign', { url: `${store.origin}/object` }),
    completeMultipartUpload: answer('complete', {}),
    abortMultipartUpload: answer('abort', {}),
    signPut: answer('put', {}),
  };
  const outcome = await uploadSealed(stream(), { sealer, server, partSize: 5 * MIB }).then(
    ({ size }) => ({ size }),
    ({ code, message }) => ({ code, message }),
  );
  const arrived = store.arrived.map(({ length }) => length);
  store.close();
  return { ...outcome, isEnded, arrived, steps: asked.filter((step) => step !== 'sign') };
}

test('a stream with more bytes than the parts hold fails with ERR_TOO_LONG: the upload is aborted, and the stream read no further', async () => {
  const { code, message, isEnded, arrived, steps } = await upload(PARTS * 5 + 100);
  assert.deepEqual({ code, isEnded, steps }, { code: 'ERR_TOO_LONG', isEnded: true, steps: ['create', 'abort'] });
  assert.match(
    message,
    /longer than 3 parts can hold whose first has 5242880 bytes; begin again with a larger partSize/,
  );
  assert.ok(arrived.length < PARTS, 'what cannot be completed is not sent');
});

test('a stream that fills the last part except for a few bytes arrives', async () => {
  const { size, arrived, steps } = await upload(PARTS * 5 - 1);
  assert.deepEqual(steps, ['create', 'complete']);
  assert.equal(
    arrived.reduce((sum, length) => sum + length, 0),
    size,
  );
});
