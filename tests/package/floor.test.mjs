// The oldest browsers: what package.json and docs/hosting.md say of them is true for syntax, WebAssembly and the platform's functions.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { stop, transform } from 'esbuild';
import { floorTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { output } from '../support/tarball.mjs';
import { BROWSERS, platformData } from './floor-apis.mjs';

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const FLOOR = Object.fromEntries(
  manifest.browserslist.map((line) => line.split(' >= ')).map(([name, version]) => [name, Number(version)]),
);
const NODE = manifest.engines.node.replace('>=', '');

const scripts = readdirSync(path.join(ROOT, 'dist'), { recursive: true }).filter((file) => file.endsWith('.js'));
const read = (file) => readFileSync(path.join(ROOT, 'dist', file), 'utf8');
/** The scripts for browsers; the other folders are for servers. */
const inBrowsers = scripts.filter((file) => !file.includes(path.sep) && file !== 'node.js');

/** Functions that are newer than the floor, or look like it, and why they may be used. */
const ALLOWED = {
  '.resizable': 'undefined where there are no resizable buffers',
  '.detached': "wasm-bindgen's glue compares it with true",
  '.transfer': 'called where it is there',
  '.node': 'of process.versions',
  '.changed': 'a name of ours',
  '.memory': "the glue's name of an export",
  '.grow': 'of WebAssembly.Memory',
  '.to': 'a name of ours',
  '.destroy': "of Node's streams",
  '.states': 'asked for after CSS.supports()',
  '.role': 'set, which an older browser does not heed',
  '.encapsulateBits': 'tried with a known answer first; else the crate does it',
  '.decapsulateBits': 'likewise',
  '.forget': 'a name of ours',
  '.handle': 'a name of ours',
  '.checkVisibility': 'called where it is there',
  '.queryPermission': 'asked for',
  '.sourceElement': 'of navigate events; without it nothing is held',
  '.wakeLock': 'asked for; without it the screen may go dark',
  'Symbol.dispose': 'asked for',
};
/** WebAssembly features that the .wasm may use, by binaryen's names, and MDN's names for them. */
const WASM = {
  'sign-ext': 'sign-extension-operations',
  'bulk-memory': 'bulk-memory-operations',
  'bulk-memory-opt': 'bulk-memory-operations',
  'nontrapping-float-to-int': 'non-trapping-float-to-int-conversions',
  multivalue: 'multi-value',
  'mutable-globals': undefined, // as old as the rest
};

let data;
before(async () => {
  data = await platformData();
});
after(() => stop());

test("package.json's browserslist and the pages name the same versions", async () => {
  assert.deepEqual(Object.keys(FLOOR), Object.keys(BROWSERS));
  const browserslist = createRequire(path.join(await floorTools(), 'package.json'))('browserslist');
  const known = browserslist(manifest.browserslist);
  // For Safari it knows versions as ranges.
  for (const [name, version] of Object.entries(FLOOR))
    assert.ok(
      known.some((one) => one.startsWith(`${name} ${version}`)),
      `${name} ${version}`,
    );
  const page = readFileSync(path.join(ROOT, 'docs/hosting.md'), 'utf8');
  const { chrome, edge, firefox, safari, ios_saf: ios } = FLOOR;
  for (const row of [
    `Chrome ${chrome}, Edge ${edge}`,
    `Firefox ${firefox}`,
    `Safari ${safari}, iOS ${ios}`,
    `Node ${NODE}`,
  ]) {
    assert.ok(page.includes(`| ${row} |`), row);
  }
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  assert.ok(
    readme.includes(
      `Chrome and Edge from ${chrome}, Firefox from ${firefox}, Safari and iOS from ${safari}; Node from ${NODE},`,
    ),
    'the README',
  );
});

test('the oldest browsers parse every script', async () => {
  const oldest = [
    ...Object.entries(FLOOR).map(([name, version]) => `${name.replace('ios_saf', 'ios')}${version}`),
    `node${NODE}`,
  ];
  const lowered = async (code, target) => (await transform(code, { target, format: 'esm', minify: true })).code;
  // Otherwise esbuild would have to rewrite something in it.
  for (const file of scripts)
    assert.equal(await lowered(read(file), oldest), await lowered(read(file), 'esnext'), file);
  assert.notEqual(await lowered('using a = b;', oldest), await lowered('using a = b;', 'esnext'));
  for (const file of scripts) data.parse(read(file), 2022);
  assert.throws(() => data.parse('/a/v', 2022));
});

test('the oldest browsers run the .wasm', () => {
  const optimizer = path.join(ROOT, 'node_modules/.bin/wasm-opt');
  // It does not say which features it uses (scripts/build.mjs), so that none is enabled by itself.
  const files = [path.join(ROOT, 'dist/kmseal.wasm'), '-o', path.join(ROOT, 'target/floor.wasm')];
  const validate = (features) =>
    output(optimizer, [...files, '--mvp-features', ...features.map((name) => `--enable-${name}`)], ROOT);
  validate(Object.keys(WASM));
  assert.throws(() => validate(Object.keys(WASM).filter((name) => name !== 'multivalue')));
  for (const name of new Set(Object.values(WASM).filter(Boolean)))
    assert.deepEqual(data.tooNew([data.wasmFeature(name)], FLOOR), [], name);
});

test('the oldest browsers have every platform function that the scripts use, or the scripts check for it first', () => {
  const found = new Set();
  for (const file of inBrowsers) {
    // The short names of the .wasm's exports may be those of platform functions, such as CSS.vb.
    const uses = data.usesOf(read(file).replace(/\bwasm\.\w+/g, 'wasm'));
    assert.ok(file === 'define.js' || file === 'locales.js' || uses.size > 5, `${file}: ${uses.size}`);
    for (const [name, compats] of uses) {
      const missing = data.tooNew(compats, FLOOR);
      if (missing.length === 0) continue;
      assert.ok(
        ALLOWED[name],
        `${file} uses ${name}, which the oldest ${missing.join(', ')} lacks: raise the floor, or ask first whether it is there`,
      );
      found.add(name);
    }
  }
  assert.ok(found.has('Symbol.dispose') && found.has('.detached'), [...found].join());
});

test('the check notices newer functions', () => {
  const told = (source) =>
    [...data.usesOf(source)].filter(([, compats]) => data.tooNew(compats, FLOOR).length > 0).map(([name]) => name);
  assert.deepEqual(
    told(
      'x.toSorted(); Promise.withResolvers(); new CompressionStream("gzip"); AbortSignal.any([]); const { isSubsetOf } = s;',
    ),
    ['.toSorted', 'Promise.withResolvers', 'CompressionStream', 'AbortSignal.any', '.isSubsetOf'],
  );
  assert.deepEqual(
    told(
      'x.at(-1); Promise.any([]); new ReadableStream(); globalThis.structuredClone(1); const { toSorted } = 1 ? { toSorted: 1 } : 2;',
    ),
    [],
  );
  assert.deepEqual(told('globalThis.CompressionStream; URL.canParse("a")'), ['CompressionStream', 'URL.canParse']);
});
