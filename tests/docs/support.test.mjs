// What SUPPORT.md and CHANGELOG.md promise is what the manifests say and the workflows test.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('package.json'));
const rows = new Map(
  Array.from(read('SUPPORT.md').matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm), ([, name, ...cells]) => [name, cells]),
);

test('SUPPORT.md names the oldest Node and browsers of package.json', () => {
  const since = (name) => rows.get(name)[0].split(' ')[0];
  assert.equal(manifest.engines.node, `>=${since('Node')}`);
  const [chrome, firefox, safari] = ['Chrome, Edge', 'Firefox', 'Safari, also on iOS'].map(since);
  const expected = [
    `chrome >= ${chrome}`,
    `edge >= ${chrome}`,
    `firefox >= ${firefox}`,
    `safari >= ${safari}`,
    `ios_saf >= ${safari}`,
  ];
  assert.deepEqual(manifest.browserslist, expected);
});

test('SUPPORT.md names the versions of Node and Rust that the workflows test', () => {
  assert.equal(/node: \[(.+)\]/.exec(read('.github/workflows/ci.yml'))[1], rows.get('Node')[1]);
  const [oldest, tested] = rows.get('Rust, for the crates');
  const command = /(\S+) for the command/.exec(oldest)[1];
  const versions = {
    'Cargo.toml': oldest.split(' ')[0],
    'gcm/Cargo.toml': oldest.split(' ')[0],
    'cli/Cargo.toml': command,
  };
  for (const [file, version] of Object.entries(versions))
    assert.match(read(file), new RegExp(`^rust-version = "${version}"$`, 'm'), file);
  assert.match(read('rust-toolchain.toml'), new RegExp(`^channel = "${tested}"$`, 'm'));
});

test('SUPPORT.md names the versions of Deno and Bun that docs/hosting.md says are tested', () => {
  const [, deno, bun] = /^\| Deno, Bun \| (\d+), (\d+) \|/m.exec(read('docs/hosting.md'));
  assert.ok(rows.has(`Deno ${deno}, Bun ${bun}`), [...rows.keys()].join('; '));
});

test('the newest version of CHANGELOG.md is that of the package', () => {
  assert.equal(/^## (\d\S*)/m.exec(read('CHANGELOG.md'))[1], manifest.version);
});
