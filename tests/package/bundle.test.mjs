// Catches what a bundle should not contain: the form element in a page that only seals, a second copy of the package in one that has
// both, and an element that is never registered because the bundler dropped the registration.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, stop } from 'esbuild';
import { installTarball, output } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(async () => {
  tarball?.remove();
  await stop();
});

/** Bundles a page's script; returns the files of the package that contributed to it, and the text. */
async function bundle(contents) {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: tarball.project },
    bundle: true,
    format: 'esm',
    metafile: true,
    write: false,
    // What encapsulates for ML-KEM keys is loaded with the first of them alone.
    external: ['*/ml-kem.js'],
    outdir: tarball.project,
    logLevel: 'error',
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  const used = Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => path.basename(file));
  return { files: used.filter((file) => file !== '<stdin>').sort(), text: outputFiles[0].text };
}

const OF_THE_ELEMENT = /kmseal-file|attachShadow|attachInternals|customElements|HTMLElement/;

test('a page that only seals gets no code of the element', async () => {
  const { files, text } = await bundle("import { Sealer } from 'kmseal'; console.log(Sealer);");
  assert.deepEqual(files, ['index.js']);
  assert.doesNotMatch(text, OF_THE_ELEMENT);
  const built = readFileSync(path.join(tarball.installed, 'dist/index.js'), 'utf8');
  assert.doesNotMatch(built, OF_THE_ELEMENT);
  assert.doesNotMatch(built, /\b(?:from|import)\s*\(?["']\.\/(?!ml-kem\.js)/);
});

test('registration survives tree-shaking, and one copy of the package serves all', async () => {
  const { files, text } = await bundle("import { Sealer } from 'kmseal'; import 'kmseal/define'; console.log(Sealer);");
  assert.deepEqual(files, ['define.js', 'element.js', 'index.js']);
  assert.match(text, /customElements\.define\(["']kmseal-file/);
  assert.equal(text.split('another script of this page replaced it').length, 2);
});

test('a bundle for pages that runs on a server says how to bundle for servers', async () => {
  for (const format of ['esm', 'cjs']) {
    const outfile = path.join(tarball.project, `server.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    const contents = "import { load } from 'kmseal'; load().catch(({ code, message }) => console.log(code, message));";
    const bundling = { stdin: { contents, resolveDir: tarball.project }, bundle: true, format, outfile };
    await build({ ...bundling, external: ['*/ml-kem.js'], logLevel: 'error' });
    const printed = output(process.execPath, [outfile], tarball.project);
    assert.match(printed, /^ERR_LOAD .*; for a server bundle with the condition node \(esbuild: --platform=node\)/);
    // As the sentence says.
    await build({ ...bundling, platform: 'node', logLevel: 'error' });
    assert.equal(output(process.execPath, [outfile], tarball.project), '');
  }
});

test('a class that nobody uses is dropped', async () => {
  const { files } = await bundle("import { KmsealFileElement } from 'kmseal/element';");
  assert.deepEqual(files, []);
});

test('a page gets the texts of the languages that it imports, and no others', async () => {
  const { files, text } = await bundle("import { pl } from 'kmseal/locales'; console.log(pl);");
  assert.deepEqual(files, ['locales.js']);
  const languages = Array.from(text.matchAll(/\blocale: ?"(\w+)"/g), ([, locale]) => locale);
  assert.deepEqual(languages, ['pl']);
});
