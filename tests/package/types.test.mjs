// The declarations of the package in TypeScript 5.7 to 7.0, with and without lib.dom, and `<kmseal-file>` in the templates of the
// frameworks. Before 5.7 `Uint8Array<ArrayBuffer>` does not exist.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { typeTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { installTarball, output } from '../support/tarball.mjs';

const STRICT = {
  target: 'es2022',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  noEmit: true,
  types: [],
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

/** A project of one file; returns the path of its configuration. */
function project(file, compilerOptions) {
  const folder = path.join(
    tarball.project,
    file.replace('.', '-'),
    `${compilerOptions.module}-${compilerOptions.moduleResolution}`,
  );
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'tsconfig.json');
  const include = [path.join(tarball.project, 'consumers', file)];
  writeFileSync(
    config,
    JSON.stringify({ compilerOptions: { ...STRICT, lib: DOM, ...compilerOptions }, include, files: include }),
  );
  return config;
}

/** Compiles a file with one version of TypeScript, which must report nothing. */
function compiles(version, file, compilerOptions) {
  const compiler = path.join(tools, 'node_modules', `typescript-${version}`, 'bin/tsc');
  assert.equal(output(process.execPath, [compiler, '--project', project(file, compilerOptions)], tarball.project), '');
}

/** TypeScript's own libraries as they were read, by compiler. @type {Map<string, Map<string, object>>} */
const libraries = new Map();

/**
 * As compiles(), within this process: only the file and our declarations are checked, and not once more all that Node and the DOM
 * declare, which takes most of the time. TypeScript 7 has no such interface, and is fast without it.
 */
function compilesOurs(version, file, compilerOptions) {
  if (version === '7.0') return compiles(version, file, compilerOptions);
  const ts = createRequire(path.join(tools, 'package.json'))(`typescript-${version}`);
  const config = project(file, compilerOptions);
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    path.dirname(config),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  const folder = host.getDefaultLibLocation();
  if (!libraries.has(version)) libraries.set(version, new Map());
  const known = libraries.get(version);
  host.getSourceFile = (name, ...how) => {
    if (path.dirname(name) !== folder) return getSourceFile(name, ...how);
    if (!known.has(name)) known.set(name, getSourceFile(name, ...how));
    return known.get(name);
  };
  const program = ts.createProgram({ rootNames: fileNames, options, host });
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(tarball.project));
  assert.ok(
    ours.some(({ fileName }) => fileName.endsWith('kmseal/dist/index.d.ts')),
    ours.map(({ fileName }) => fileName).join(' '),
  );
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((one) => [...program.getSyntacticDiagnostics(one), ...program.getSemanticDiagnostics(one)]),
  ];
  assert.equal(ts.formatDiagnostics(found, host), '');
}

for (const version of ['5.7', '5.9', '6.0', '7.0']) {
  describe(`TypeScript ${version}`, () => {
    for (const [moduleResolution, module] of Object.entries(MODULES)) {
      // The libraries of TypeScript and of Node, beside ours, once, and by the oldest compiler and the newest, for which compilesOurs() does it
      // too: they do not depend on how modules are found, and those between check ours against them.
      const compile = version === '5.7' && moduleResolution === 'bundler' ? compiles : compilesOurs;
      test(`TypeScript ${version} compiles a page with moduleResolution ${moduleResolution}`, () =>
        compile(version, 'page.ts', { module, moduleResolution }));
      test(`TypeScript ${version} compiles a server without lib.dom with moduleResolution ${moduleResolution}`, () =>
        compile(version, 'server.ts', { module, moduleResolution, ...SERVER }));
    }
  });
}

const JSX = {
  react: { jsx: 'react-jsx' },
  preact: { jsx: 'react-jsx', jsxImportSource: 'preact' },
  solid: { jsx: 'preserve', jsxImportSource: 'solid-js' },
};
const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' };
// The declarations of the frameworks themselves do not all compile without it.
const THEIRS = { skipLibCheck: true };

for (const version of ['5.7', '7.0']) {
  test(`TypeScript ${version} compiles every exported name, with exact optional properties and errors narrowed by code`, () =>
    compilesOurs(version, 'names.ts', BUNDLER));
}

for (const [framework, options] of Object.entries(JSX)) {
  test(`the JSX of ${framework} knows the element, its attributes, properties and events`, () =>
    compilesOurs('5.9', `${framework}.tsx`, { ...BUNDLER, ...THEIRS, ...options }));
}

test('the templates of Vue know the element, its attributes, properties and events', () => {
  const config = project('Form.vue', { ...BUNDLER, ...THEIRS, jsx: 'preserve' });
  assert.equal(output(bin('vue-tsc'), ['--project', config], tarball.project), '');
});

test('the templates of Svelte know the element, its attributes, properties and events', () => {
  const config = project('Form.svelte', { ...BUNDLER, ...THEIRS });
  const check = (source) => {
    writeFileSync(path.join(tarball.project, 'consumers/Form.svelte'), source);
    return output(
      bin('svelte-check'),
      ['--tsconfig', config, '--workspace', path.join(tarball.project, 'consumers'), '--output', 'machine'],
      tarball.project,
    );
  };
  const source = readFileSync(path.join(ROOT, 'tests/types/consumers/Form.svelte'), 'utf8');
  assert.match(check(source), /COMPLETED \d+ FILES 0 ERRORS 0 WARNINGS/);
  assert.throws(
    () => check(source.replace("user: '7'", 'user: 7')),
    /Type 'number' is not assignable to type 'string'/,
  );
});
