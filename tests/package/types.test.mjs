// The declarations of the package in TypeScript 5.7 to 7.0, with and without lib.dom, and `<kmseal-file>` in the templates of the
// frameworks. Before 5.7 `Uint8Array<ArrayBuffer>` does not exist.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { typeTools } from '../../scripts/lib/npm.mjs';
import { ROOT } from '../../scripts/lib/run.mjs';
import { installTarball, output } from '../support/tarball.mjs';

const STRICT = {
  target: 'es2022', strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true,
  skipLibCheck: false, noEmit: true, types: [],
};
const DOM = ['es2022', 'dom', 'dom.iterable'];
const SERVER = { lib: ['es2022', 'esnext.disposable'], types: ['node'] };
const MODULES = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' };

let tools;
let tarball;
before(async () => {
  tools = await typeTools();
  tarball = installTarball({ within: tools });
  cpSync(path.join(ROOT, 'tests/types/consumers'), path.join(tarball.project, 'consumers'), { recursive: true });
});
after(() => tarball?.remove());

const bin = (name) => path.join(tools, 'node_modules', '.bin', name);

/** A project of one file; gives the path of its configuration. */
function project(file, compilerOptions) {
  const folder = path.join(tarball.project, file.replace('.', '-'), `${compilerOptions.module}-${compilerOptions.moduleResolution}`);
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'tsconfig.json');
  const include = [path.join(tarball.project, 'consumers', file)];
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...STRICT, lib: DOM, ...compilerOptions }, include, files: include }));
  return config;
}

/** Compiles a file with one version of TypeScript, which must say nothing. */
function compiles(version, file, compilerOptions) {
  const compiler = path.join(tools, 'node_modules', `typescript-${version}`, 'bin/tsc');
  assert.equal(output(process.execPath, [compiler, '--project', project(file, compilerOptions)], tarball.project), '');
}

for (const version of ['5.7', '5.9', '6.0', '7.0']) {
  describe(`TypeScript ${version}`, () => {
    for (const [moduleResolution, module] of Object.entries(MODULES)) {
      test(`compiles a page with moduleResolution ${moduleResolution}`, () => compiles(version, 'page.ts', { module, moduleResolution }));
      test(`compiles a server without lib.dom with moduleResolution ${moduleResolution}`, () =>
        compiles(version, 'server.ts', { module, moduleResolution, ...SERVER }));
    }
  });
}

const JSX = { react: { jsx: 'react-jsx' }, preact: { jsx: 'react-jsx', jsxImportSource: 'preact' }, solid: { jsx: 'preserve', jsxImportSource: 'solid-js' } };
const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' };
// The declarations of the frameworks themselves do not all compile without it.
const THEIRS = { skipLibCheck: true };

for (const [framework, options] of Object.entries(JSX)) {
  test(`the JSX of ${framework} knows the element, its attributes, properties and events`, () =>
    compiles('5.9', `${framework}.tsx`, { ...BUNDLER, ...THEIRS, ...options }));
}

test('the templates of Vue know the element, its attributes, properties and events', () => {
  const config = project('Form.vue', { ...BUNDLER, ...THEIRS, jsx: 'preserve' });
  assert.equal(output(bin('vue-tsc'), ['--project', config], tarball.project), '');
});

test('the templates of Svelte know the element, its attributes, properties and events', () => {
  const config = project('Form.svelte', { ...BUNDLER, ...THEIRS });
  const check = (source) => {
    writeFileSync(path.join(tarball.project, 'consumers/Form.svelte'), source);
    return output(bin('svelte-check'), ['--tsconfig', config, '--workspace', path.join(tarball.project, 'consumers'), '--output', 'machine'], tarball.project);
  };
  const source = readFileSync(path.join(ROOT, 'tests/types/consumers/Form.svelte'), 'utf8');
  assert.match(check(source), /COMPLETED \d+ FILES 0 ERRORS 0 WARNINGS/);
  assert.throws(() => check(source.replace("user: '7'", 'user: 7')), /Type 'number' is not assignable to type 'string'/);
});
