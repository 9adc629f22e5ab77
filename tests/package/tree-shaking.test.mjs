// Catches what keeps a class in pages that never use it: a call at the top of a module, a static block, a constant that is computed. A
// bundler drops a module whole where package.json tells it to; of a module that is used in part, it keeps everything that may have an effect.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, stop } from 'esbuild';
import * as kmseal from 'kmseal';
import { ROOT } from '../../tools/run.mjs';

after(stop);

/** What each export costs alone: bytes of minified script in brotli, with what it imports. Lower a figure when it falls. */
const FIGURES = {
  KmsPublicKey: 9200,
  KmsealError: 250,
  Opener: 20_700,
  RsaPublicKey: 500,
  Sealer: 20_700,
  generateRandom: 800,
  inspect: 11_700,
  load: 7700,
  reseal: 25_400,
};

/** As if package.json did not say that its modules have no side effects. */
const withoutFlag = {
  name: 'without sideEffects',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^kmseal\b/ }, async ({ path, resolveDir, kind, pluginData }) =>
      pluginData
        ? undefined
        : { path: (await resolve(path, { resolveDir, kind, pluginData: true })).path, sideEffects: true },
    );
  },
};

/** A page's script, minified, with what it imports. */
async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    plugins: [withoutFlag],
    // What encapsulates for ML-KEM keys is loaded with the first of them alone.
    external: ['@uppy/*', 'node:*', '*/ml-kem.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].contents;
}

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).length;

test('every export of the main entry point has a figure', () => {
  assert.deepEqual(Object.keys(FIGURES).sort(), Object.keys(kmseal).sort());
});

for (const [name, most] of Object.entries(FIGURES)) {
  test(`a page that imports ${name} alone loads at most ${most} bytes of script`, async () => {
    const length = brotli(await bundle(`export { ${name} } from 'kmseal';`));
    assert.ok(length <= most, `${length} bytes, ${length - most} over the figure`);
  });
}

for (const entry of [
  'kmseal',
  'kmseal/element',
  'kmseal/s3',
  'kmseal/store',
  'kmseal/tus',
  'kmseal/uppy',
  'kmseal/node',
  'kmseal/locales',
  'kmseal/ml-kem',
]) {
  test(`an unused import of ${entry} leaves no byte of ours in a bundle`, async () => {
    const script = Buffer.from(await bundle(`import * as unused from '${entry}';`)).toString();
    // What it imports of other packages and of Node is theirs.
    assert.equal(script.replace(/import\s*(?:[^"';]*from\s*)?["'][^"']+["'];?/g, '').trim(), '');
  });
}
