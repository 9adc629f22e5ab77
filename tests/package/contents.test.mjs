// What is in the tarball: all that the package needs, and nothing else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../scripts/lib/run.mjs';
import { billsOfMaterials } from '../../scripts/sbom.mjs';
import { installTarball } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(() => tarball?.remove());

const read = (file, encoding) => readFileSync(path.join(tarball.installed, file), encoding);
const manifest = () => JSON.parse(read('package.json', 'utf8'));

/** The files that the exports name, but for the manifest itself. */
const exported = () =>
  Object.values(manifest().exports)
    .flatMap((target) => (typeof target === 'string' ? target : Object.values(target)))
    .map((target) => path.posix.normalize(target))
    .filter((target) => target !== 'package.json');

/** What files import, which must be in the package or a peer that the user has. */
function reachable(files, ending) {
  // What each framework is told of the element is read only where that framework is.
  const frameworks = ['preact', 'react', 'solid-js', 'svelte/elements', 'vue'];
  const peers = [...Object.keys(manifest().peerDependencies ?? {}), ...frameworks];
  const found = new Set(files);
  for (const file of found) {
    for (const [, specifier] of read(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?["']([^"']+)["']/g)) {
      if (peers.includes(specifier) || specifier.startsWith('node:') || specifier.startsWith('kmseal/')) continue;
      // workerd and Next's edge runtime import the .wasm as a module.
      if (/^\.\.\/kmseal\.wasm(\?module)?$/.test(specifier)) continue;
      assert.match(specifier, /^\.\.?\/(jsx\/)?[\w-]+\.js$/, `${file} imports ${specifier}, which is not in the package`);
      found.add(path.posix.join(path.posix.dirname(file), specifier.replace(/\.js$/, ending)));
    }
  }
  return [...found];
}

// MIT and BSD ask for it.
test('the licence of every crate inside the .wasm comes with it', () => {
  const text = read('dist/THIRD-PARTY-LICENSES.txt', 'utf8');
  const crates = billsOfMaterials().npm.components.filter(({ name }) => !name.startsWith('kmseal'));
  assert.ok(crates.length > 30);
  for (const { name, version } of crates) assert.match(text, new RegExp(`(^|, )${name} ${version.replaceAll('.', '\\.')}($|, )`, 'm'));
  for (const words of ['Copyright (c) 2016-2017 Isis Agora Lovecruft', 'The Rust Project contributors']) assert.ok(text.includes(words), words);
});

// wasm-pack leaves a .gitignore of `*` in what it builds, which empties a tarball without a word.
test('the tarball holds the scripts, the .wasm, the types they need, the licences and the README', () => {
  const licences = ['LICENSE-APACHE', 'LICENSE-MIT', 'dist/THIRD-PARTY-LICENSES.txt'];
  const rest = [...licences, 'README.md', 'package.json', 'dist/kmseal.wasm'];
  const scripts = reachable(exported().filter((file) => file.endsWith('.js')), '.js');
  const types = reachable(exported().filter((file) => file.endsWith('.d.ts')), '.d.ts');
  assert.deepEqual(tarball.files, [...rest, ...scripts, ...types].sort());
  // These were packed as they lie here; whoever packs a clean clone has them built by it.
  assert.equal(manifest().scripts.prepack, 'node scripts/build.mjs');
});

test('every export is a file of it', () => {
  const { exports, types } = manifest();
  assert.deepEqual([...exported(), types].filter((target) => !existsSync(path.join(tarball.installed, target))), []);
  assert.equal(exports['.'].types, types);
});

test('it depends on nothing, and only the registration is a side effect that a bundler must keep', () => {
  const { dependencies, optionalDependencies, sideEffects, type, license, engines, repository } = manifest();
  assert.deepEqual([dependencies, optionalDependencies], [undefined, undefined]);
  assert.deepEqual([sideEffects, type, license, engines], [['./dist/define.js', './dist/*/define.js'], 'module', 'MIT OR Apache-2.0', { node: '>=20.16' }]);
  assert.equal(repository.url, 'git+https://github.com/kmseal/kmseal.git');
});

// npm would install what is not marked as optional.
test('only the plugin needs Uppy, and only those who have it', () => {
  const { peerDependencies, peerDependenciesMeta } = manifest();
  assert.deepEqual([peerDependencies, peerDependenciesMeta], [{ '@uppy/core': '^5.0.0 || ^6.0.0' }, { '@uppy/core': { optional: true } }]);
  const naming = tarball.files.filter((file) => /\.(js|d\.ts)$/.test(file) && /from ?["']@uppy/.test(read(file, 'utf8')));
  assert.deepEqual(naming, ['dist/edge/uppy.js', 'dist/inline/uppy.js', 'dist/uppy.d.ts', 'dist/uppy.js', 'dist/workerd/uppy.js']);
});

test('the scripts pin the hash of the very .wasm beside them, and the one for servers holds it', () => {
  const wasm = read('dist/kmseal.wasm');
  const hash = createHash('sha384').update(wasm).digest('base64');
  for (const name of ['index.js', 'inline/index.js']) assert.ok(read(`dist/${name}`, 'utf8').includes(`sha384-${hash}`), name);
  assert.ok(read('dist/inline/index.js', 'utf8').includes(wasm.toString('base64').replace(/=+$/, '')));
});

test('nothing in it tells where it was built', () => {
  for (const file of tarball.files) {
    const text = read(file, 'latin1');
    for (const place of [ROOT, homedir() + path.sep, '.cargo/registry', '/rustc/']) {
      assert.ok(!text.includes(place), `${file} holds ${place}`);
    }
  }
});

// With a fixed seed two messages could be sealed under one key and one IV.
test('the .wasm takes no seed from outside', async () => {
  const short = JSON.parse(readFileSync(path.join(ROOT, 'target/wasm-pkg/exports.json'), 'utf8'));
  const found = WebAssembly.Module.exports(await WebAssembly.compile(read('dist/kmseal.wasm'))).map(({ name }) => name);
  assert.deepEqual(found.toSorted(), Object.values(short).toSorted());
  const names = Object.keys(short);
  assert.ok(names.includes('sealer_begin'), names.join(' '));
  assert.deepEqual(names.filter((name) => /seed|vector|fixed|test/i.test(name)), []);
});
