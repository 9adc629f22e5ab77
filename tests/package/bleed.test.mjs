// Catches what would burden every page with what few need: an entry point whose code slips into another one, a second copy of the main
// one next to the element or the uploaders, an import that a bundler cannot drop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { ROOT } from '../../tools/run.mjs';

/** Bundles a module like a consumer. */
async function bundle(contents) {
  const stdin = { contents, resolveDir: ROOT };
  const { outputFiles, metafile } = await build({
    stdin,
    bundle: true,
    format: 'esm',
    write: false,
    metafile: true,
    // What encapsulates for ML-KEM keys is loaded with the first of them alone.
    external: ['@uppy/*', 'node:*', '*/ml-kem.js'],
    logLevel: 'error',
  });
  const inputs = Object.values(metafile.outputs)[0].inputs;
  const used = Object.entries(inputs).filter(
    ([name, { bytesInOutput }]) => name.startsWith('dist/') && bytesInOutput > 0,
  );
  return { text: outputFiles[0].text, files: used.map(([name]) => name).sort() };
}

const OTHERS = {
  element: 'attachShadow',
  define: 'customElements.define',
  node: 'O_RDONLY',
  s3: 'PartNumber',
  tus: 'tusOptions',
  uppy: '@uppy',
};

test('the main entry point contains no code of the others', async () => {
  const { files, text } = await bundle("export * from 'kmseal';");
  assert.deepEqual(files, ['dist/index.js']);
  assert.deepEqual(
    Object.values(OTHERS).filter((word) => text.includes(word)),
    [],
  );
});

test('each other entry point brings one copy of the main one, and only the element that it registers', async () => {
  for (const name of Object.keys(OTHERS)) {
    const { files, text } = await bundle(
      `import * as main from 'kmseal'; import * as other from 'kmseal/${name}'; console.log(main, other);`,
    );
    const expected =
      name === 'define'
        ? ['dist/define.js', 'dist/element.js', 'dist/index.js']
        : [`dist/${name}.js`, 'dist/index.js'].sort();
    assert.deepEqual(files, expected, name);
    assert.ok(text.includes(OTHERS[name]), `${name} is recognized by ${OTHERS[name]}`);
    assert.ok(text.split('sha384-').length <= 2, `${name}: the main entry point is there twice`);
  }
});

test('unused exports are dropped completely, except the registration', async () => {
  const names = ['kmseal', ...Object.keys(OTHERS).map((name) => `kmseal/${name}`)].filter(
    (name) => !name.endsWith('/define'),
  );
  assert.deepEqual((await bundle(names.map((name) => `import '${name}';`).join('\n'))).files, []);
  const { files } = await bundle("import 'kmseal/define';");
  assert.ok(files.includes('dist/define.js') && files.includes('dist/element.js'));
});
