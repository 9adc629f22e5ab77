// What is in the tarball: all that the package needs, and nothing else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { packagedCrates } from '../../tools/packaged-crates.mjs';
import { installTarball } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(() => tarball?.remove());

const read = (file, encoding) => readFileSync(path.join(tarball.installed, file), encoding);
const manifest = () => JSON.parse(read('package.json', 'utf8'));

/** The files that the exports name, except the manifest itself. */
const exported = () =>
  Object.values(manifest().exports)
    .flatMap((target) => (typeof target === 'string' ? target : Object.values(target)))
    .map((target) => path.posix.normalize(target))
    .filter((target) => target !== 'package.json');

/** What files import, which must be in the package or a peer that the user has. */
function reachable(files, ending) {
  // Each framework's declarations of the element are read only where that framework is installed.
  const frameworks = ['preact', 'react', 'solid-js', 'svelte/elements', 'vue'];
  const peers = [...Object.keys(manifest().peerDependencies ?? {}), ...frameworks];
  const found = new Set(files);
  for (const file of found) {
    for (const [, specifier] of read(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?["']([^"']+)["']/g)) {
      if (peers.includes(specifier) || specifier.startsWith('node:') || specifier.startsWith('kmseal/')) continue;
      // workerd and Next's edge runtime import the .wasm as a module.
      if (/^\.\.\/(inline\/kmseal|ml-kem)\.wasm(\?module)?$/.test(specifier)) continue;
      assert.match(
        specifier,
        /^\.\.?\/([\w-]+\/)?[\w-]+\.js$/,
        `${file} imports ${specifier}, which is not in the package`,
      );
      found.add(path.posix.join(path.posix.dirname(file), specifier.replace(/\.js$/, ending)));
    }
  }
  return [...found];
}

// MIT and BSD require it.
test('the licence of every crate inside the .wasm is included', () => {
  const text = read('dist/THIRD-PARTY-LICENSES.txt', 'utf8');
  const crates = packagedCrates().filter(({ name }) => !name.startsWith('kmseal'));
  assert.ok(crates.length > 30);
  for (const { name, version } of crates)
    assert.match(text, new RegExp(`(^|, )${name} ${version.replaceAll('.', '\\.')}($|, )`, 'm'));
  for (const words of ['Copyright (c) 2016-2017 Isis Agora Lovecruft', 'The Rust Project contributors'])
    assert.ok(text.includes(words), words);
});

// Parcel reads "main" and "alias" and, by default, no exports.
test('tools that do not read the exports find the same entry points in other fields', () => {
  const { main, alias, exports } = manifest();
  const named = Object.entries(exports).flatMap(([name, target]) => {
    const file = typeof target === 'string' ? target : target.default;
    return file === undefined || file.endsWith('.json') ? [] : [[name, file]];
  });
  assert.deepEqual({ '.': main, ...alias }, Object.fromEntries(named));
});

// A .gitignore in a packed folder silently empties a tarball.
test('the tarball contains the scripts, the .wasm, the types they need, the licences and the README', () => {
  const licences = ['LICENSE-APACHE', 'LICENSE-MIT', 'dist/THIRD-PARTY-LICENSES.txt'];
  const rest = [
    ...licences,
    'README.md',
    'package.json',
    'dist/inline/kmseal.wasm',
    'dist/kmseal.wasm',
    'dist/ml-kem.wasm',
  ];
  const scripts = reachable(
    exported().filter((file) => file.endsWith('.js')),
    '.js',
  );
  const types = reachable(
    exported().filter((file) => file.endsWith('.d.ts')),
    '.d.ts',
  );
  const maps = scripts.filter((file) => !/^dist\/(edge|workerd)\//.test(file)).map((file) => `${file}.map`);
  assert.deepEqual(tarball.files, [...rest, ...scripts, ...maps, ...types].sort());
  // These were packed as they lie here; packing a clean clone builds them first.
  assert.equal(manifest().scripts.prepack, 'node scripts/build.mjs');
});

// Minified, nobody could audit it.
test("the package's scripts can be read, and their source maps contain the sources", () => {
  for (const name of ['dist/index.js', 'dist/inline/index.js']) {
    const script = read(name, 'utf8');
    assert.ok(script.includes('\n  async openRange(source, options = {}) {\n'), name);
    assert.ok(script.trimEnd().endsWith('//# sourceMappingURL=index.js.map'), name);
    const { sources, sourcesContent } = JSON.parse(read(`${name}.map`, 'utf8'));
    const opener = sources.findIndex((source) => source.endsWith('/js/opener.ts'));
    assert.ok(sourcesContent[opener].includes('Opens a part of the plaintext'), name);
  }
});

test('every export is a file in the package', () => {
  const { exports, types } = manifest();
  assert.deepEqual(
    [...exported(), types].filter((target) => !existsSync(path.join(tarball.installed, target))),
    [],
  );
  assert.equal(exports['.'].types, types);
});

test('the package depends on nothing, and only the registration is a side effect that a bundler must keep', () => {
  const { dependencies, optionalDependencies, sideEffects, type, license, engines, repository } = manifest();
  assert.deepEqual(
    { dependencies, optionalDependencies },
    { dependencies: undefined, optionalDependencies: undefined },
  );
  assert.deepEqual(
    { sideEffects, type, license, engines },
    {
      sideEffects: ['./dist/define.js', './dist/*/define.js'],
      type: 'module',
      license: 'MIT OR Apache-2.0',
      engines: { node: '>=20.16' },
    },
  );
  assert.equal(repository.url, 'git+https://github.com/kmseal/kmseal.git');
});

// npm would install peers that are not marked as optional. Strict installers link those that are named, which the declarations import.
test('the plugin alone needs Uppy, the types alone need frameworks, and only for those who have them', () => {
  const { peerDependencies, peerDependenciesMeta } = manifest();
  const frameworks = ['@types/react', 'preact', 'react', 'solid-js', 'svelte', 'vue'];
  assert.deepEqual(peerDependencies, {
    '@uppy/core': '^5.0.0 || ^6.0.0',
    ...Object.fromEntries(frameworks.map((name) => [name, '*'])),
  });
  assert.deepEqual(
    peerDependenciesMeta,
    Object.fromEntries(Object.keys(peerDependencies).map((name) => [name, { optional: true }])),
  );
  const naming = tarball.files.filter(
    (file) => /\.(js|d\.ts)$/.test(file) && /from ?["']@uppy/.test(read(file, 'utf8')),
  );
  assert.deepEqual(naming, [
    'dist/edge/uppy.js',
    'dist/inline/uppy.js',
    'dist/uppy.d.ts',
    'dist/uppy.js',
    'dist/workerd/uppy.js',
  ]);
});

test('the scripts pin the hash of the very .wasm beside them, and the script for servers contains it', () => {
  for (const folder of ['dist', 'dist/inline']) {
    const hash = createHash('sha384')
      .update(read(`${folder}/kmseal.wasm`))
      .digest('base64');
    assert.ok(read(`${folder}/index.js`, 'utf8').includes(`sha384-${hash}`), folder);
  }
  const mlKem = createHash('sha384').update(read('dist/ml-kem.wasm')).digest('base64');
  for (const name of ['dist/ml-kem.js', 'dist/inline/ml-kem.js'])
    assert.ok(read(name, 'utf8').includes(`sha384-${mlKem}`), name);
  const wasm = read('dist/inline/kmseal.wasm');
  assert.ok(read('dist/inline/index.js', 'utf8').includes(wasm.toString('base64').replace(/=+$/, '')));
});

test('the package does not reveal where it was built', () => {
  for (const file of tarball.files) {
    const text = read(file, 'latin1');
    for (const place of [ROOT, homedir() + path.sep, '.cargo/registry', '/rustc/']) {
      assert.ok(!text.includes(place), `${file} holds ${place}`);
    }
  }
});

// With a fixed seed two messages could be sealed under one key and one IV.
test('the .wasm accepts no seed from outside', async () => {
  const short = Object.fromEntries(
    JSON.parse(readFileSync(path.join(ROOT, 'target/wasm-pkg/names.json'), 'utf8')).exports,
  );
  const found = WebAssembly.Module.exports(await WebAssembly.compile(read('dist/kmseal.wasm'))).map(({ name }) => name);
  assert.deepEqual(found.toSorted(), Object.values(short).toSorted());
  const names = Object.keys(short);
  assert.ok(names.includes('sealer_begin'), names.join(' '));
  assert.deepEqual(
    names.filter((name) => /seed|vector|fixed|test/i.test(name)),
    [],
  );
});
