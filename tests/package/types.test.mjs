// The declarations of the package in TypeScript 5.7 to 7.0, with and without lib.dom, and `<kmseal-file>` in the templates of the
// frameworks. Before 5.7 `Uint8Array<ArrayBuffer>` does not exist.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { typeTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { installTarball, output, tsc } from '../support/tarball.mjs';

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
after(() => {
  tarball?.remove();
  libraries.clear();
});

const bin = (name) => path.join(tools, 'node_modules', '.bin', name);

/** A project of one file and of what is beside it; returns the path of its configuration. */
function project(file, compilerOptions, ...beside) {
  const folder = path.join(
    tarball.project,
    file.replace('.', '-'),
    `${compilerOptions.module}-${compilerOptions.moduleResolution}`,
  );
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'tsconfig.json');
  const include = [file, ...beside].map((name) => path.join(tarball.project, 'consumers', name));
  writeFileSync(
    config,
    JSON.stringify({ compilerOptions: { ...STRICT, lib: DOM, ...compilerOptions }, include, files: include }),
  );
  return config;
}

/** Compiles a file with TypeScript 7, which must report nothing. */
function compiles(file, compilerOptions) {
  assert.equal(tsc(['--project', project(file, compilerOptions)], tarball.project, tools), '');
}

/** The declarations of TypeScript's libraries and of Node as they were read, by compiler. @type {Map<string, Map<string, object>>} */
const libraries = new Map();

/**
 * As compiles(), within this process, which reads all that Node and the DOM declare once. Only the file and our declarations are checked:
 * the others take most of the time. TypeScript 7 has no such interface, and is fast without it.
 */
function compilesOurs(version, file, compilerOptions) {
  if (version === '7.0') return compiles(file, compilerOptions);
  const ts = createRequire(path.join(tools, 'package.json'))(`typescript-${version}`);
  const config = project(file, compilerOptions);
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    path.dirname(config),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  if (!libraries.has(version)) libraries.set(version, new Map());
  const known = libraries.get(version);
  host.getSourceFile = (name, how, ...rest) => {
    if (name.startsWith(tarball.project)) return getSourceFile(name, how, ...rest);
    // All else that options decide of a declaration is the same in every project here. The libraries of TypeScript import nothing: they are
    // scripts in any format.
    const key = path.basename(name).startsWith('lib.') ? name : `${how.impliedNodeFormat} ${name}`;
    if (!known.has(key)) known.set(key, getSourceFile(name, how, ...rest));
    return known.get(key);
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
      // From 5.7 on it finds our modules as nodenext does.
      if (moduleResolution === 'node16' && version !== '5.7') continue;
      // The libraries of TypeScript, beside ours, once, and by the newest compiler: they do not depend on how modules are found, and the others
      // check ours against them.
      const skipDefaultLibCheck = version !== '7.0' || moduleResolution !== 'bundler';
      test(`TypeScript ${version} compiles a page with moduleResolution ${moduleResolution}`, () =>
        compilesOurs(version, 'page.ts', { module, moduleResolution, skipDefaultLibCheck }));
      test(`TypeScript ${version} compiles a server without lib.dom with moduleResolution ${moduleResolution}`, () =>
        compilesOurs(version, 'server.ts', { module, moduleResolution, skipDefaultLibCheck, ...SERVER }));
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
  const config = project('Form.svelte', { ...BUNDLER, ...THEIRS }, 'Wrong.svelte');
  const folder = path.join(tarball.project, 'consumers');
  const source = readFileSync(path.join(folder, 'Form.svelte'), 'utf8');
  // Beside it one whose attribute has another type, in the same run.
  writeFileSync(path.join(folder, 'Wrong.svelte'), source.replace("user: '7'", 'user: 7'));
  const args = ['--tsconfig', config, '--workspace', folder, '--output', 'machine'];
  const { stdout, status } = spawnSync(bin('svelte-check'), args, { cwd: tarball.project, encoding: 'utf8' });
  const [found, ...more] = stdout.match(/ ERROR .*$/gm) ?? [];
  assert.match(found ?? stdout, /^ ERROR "Wrong\.svelte" .*Type 'number' is not assignable to type 'string'/);
  assert.deepEqual(more, []);
  assert.match(stdout, /COMPLETED \d+ FILES 1 ERRORS 0 WARNINGS/);
  assert.equal(status, 1);
});
