// The crates as they are published: none is missing, none comes before what it needs, and each is made of its own files alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CRATES, faults, packageCrates, workspace } from '../../scripts/crates.mjs';
import { ROOT } from '../../tools/run.mjs';
import { output } from '../support/tarball.mjs';

test('every crate of the workspace that is published is in the list, after those that it needs', () => {
  assert.deepEqual(faults(workspace(), CRATES), []);
});

test('the list is refused without a crate that another one needs, in another order, and with one that is not published', () => {
  const known = workspace();
  assert.deepEqual(faults(known, ['kmseal', 'kmseal-cli']), [
    'kmseal-gcm is published, but is not in the list of scripts/crates.mjs',
    'kmseal needs kmseal-gcm, which is not published before it',
  ]);
  assert.deepEqual(faults(known, ['kmseal-gcm', 'kmseal-cli', 'kmseal']), [
    'kmseal-cli needs kmseal, which is not published before it',
  ]);
  assert.deepEqual(faults(known, [...CRATES, 'kmseal-wasm']), [
    'kmseal-wasm is in the list of scripts/crates.mjs, but the workspace does not publish it',
  ]);
});

test('a path dependency of a new crate is found, and a development dependency is ignored', () => {
  const crate = (name, ...dependencies) => ({ name, version: '0.1.0', publish: null, dependencies });
  const needs = (name, kind = null) => ({ name, kind, path: `/${name}` });
  const unpublished = { ...crate('inner'), publish: [] };
  assert.deepEqual(faults({ packages: [crate('outer', needs('inner')), unpublished] }, ['outer']), [
    'outer needs inner, which is not published before it',
  ]);
  assert.deepEqual(faults({ packages: [crate('outer', needs('inner', 'dev')), unpublished] }, ['outer']), []);
});

test('each is packed without the network, and holds its licences and no test', async () => {
  // What git does not track yet may lie in a working copy.
  for (const { name, file } of await packageCrates(['--offline', '--no-verify', '--allow-dirty'])) {
    const files = output('tar', ['--list', '--file', file], ROOT)
      .trim()
      .split('\n')
      .map((line) => line.split('/').slice(1).join('/'));
    for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE'])
      assert.ok(files.includes(licence), `${name} has ${licence}`);
    assert.ok(
      files.some((line) => line.startsWith('src/')),
      name,
    );
    assert.deepEqual(
      files.filter((line) => /^(tests|node_modules|target|dist)\//.test(line)),
      [],
      name,
    );
  }
});

test('a crate needs the others in the version that is published with it, and the one without a stable interface in no other', () => {
  const { packages } = workspace();
  const [{ version }] = packages;
  const wanted = packages.flatMap(({ name, publish, dependencies }) =>
    publish?.length === 0
      ? []
      : dependencies
          .filter((needed) => needed.path && needed.kind !== 'dev')
          .map((needed) => ({ name, needed: needed.name, req: needed.req })),
  );
  assert.deepEqual(wanted, [
    { name: 'kmseal', needed: 'kmseal-gcm', req: `=${version}` },
    { name: 'kmseal-cli', needed: 'kmseal', req: `^${version}` },
  ]);
});

test('the versions of the package and of the crates are one', () => {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const others = workspace().packages.filter((crate) => crate.version !== version);
  assert.deepEqual(
    others.map(({ name }) => name),
    [],
  );
});
