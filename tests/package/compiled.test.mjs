// The crates of others that one clone has compiled serve the next one, and so does what wasm-opt made; a clone's own crates do not.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-compiled-'));
after(() => rmSync(folder, { recursive: true }));
process.env.XDG_CACHE_HOME = path.join(folder, 'cache');
const { keepCompiled, keepShrunk, takeCompiled, takeShrunk } = await import('../../tools/compiled.mjs');

/** A crate that needs another one, which Cargo has for the project, and that prints `says`. */
function clone(name, says, more = '') {
  const root = path.join(folder, name);
  mkdirSync(path.join(root, 'src'), { recursive: true });
  cpSync(path.join(ROOT, 'rust-toolchain.toml'), path.join(root, 'rust-toolchain.toml'));
  const { version } = /^name = "cfg-if"\nversion = "(?<version>.+)"$/m.exec(
    readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8'),
  ).groups;
  writeFileSync(
    path.join(root, 'Cargo.toml'),
    `[package]\nname = "own"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\ncfg-if = "=${version}"\n[profile.wasm]\ninherits = "release"\n${more}`,
  );
  const same = `cfg_if::cfg_if! { if #[cfg(all())] { println!("${says}"); } }`;
  writeFileSync(path.join(root, 'src/main.rs'), `fn main() { ${same} }\n`);
  return root;
}

/** What Cargo says that it compiles, and what the program then prints. */
function compile(root) {
  const { CARGO_TARGET_DIR: ours, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync('cargo', ['run', '--offline'], { cwd: root, encoding: 'utf8', env });
  assert.equal(status, 0, stderr);
  return { compiled: Array.from(stderr.matchAll(/Compiling (\S+)/g), ([, name]) => name), printed: stdout };
}

const kept = () => readdirSync(path.join(folder, 'cache/kmseal/build'));

test('a new clone compiles its own crate alone, from its own source', async () => {
  const first = clone('first', 'one');
  assert.equal(await takeCompiled(first), true);
  assert.deepEqual(compile(first), { compiled: ['cfg-if', 'own'], printed: 'one\n' });
  await keepCompiled(first);
  const second = clone('second', 'two');
  cpSync(path.join(first, 'Cargo.lock'), path.join(second, 'Cargo.lock'));
  assert.equal(await takeCompiled(second), false);
  assert.deepEqual(compile(second), { compiled: ['own'], printed: 'two\n' });
});

test('another clone in the same folder compiles its own crate, however old its sources are', async () => {
  const root = path.join(folder, 'first');
  rmSync(root, { recursive: true });
  clone('first', 'three');
  cpSync(path.join(folder, 'second/Cargo.lock'), path.join(root, 'Cargo.lock'));
  assert.equal(spawnSync('touch', ['-t', '200001010000', path.join(root, 'src/main.rs')]).status, 0);
  assert.equal(await takeCompiled(root), false);
  assert.deepEqual(compile(root), { compiled: ['own'], printed: 'three\n' });
});

test('a clone that has compiled something takes nothing', async () => {
  assert.equal(await takeCompiled(path.join(folder, 'second')), false);
});

test('what manifests ask for otherwise is compiled, and kept in place of what they asked for before', async () => {
  const [before] = kept();
  const other = clone('other', 'four', '[profile.dev]\nopt-level = 1\n');
  cpSync(path.join(folder, 'first/Cargo.lock'), path.join(other, 'Cargo.lock'));
  assert.equal(await takeCompiled(other), true);
  assert.deepEqual(compile(other).compiled, ['cfg-if', 'own']);
  await keepCompiled(other);
  assert.equal(kept().length, 1);
  assert.notEqual(kept()[0], before);
});

test('what cannot be kept or copied does not end the tests', async () => {
  const root = clone('last', 'five', '[profile.dev]\nopt-level = 2\n');
  const { compiled } = compile(root);
  const cache = path.join(folder, 'cache/kmseal/build');
  const before = kept();
  // A file stands where a folder should be made.
  renameSync(cache, `${cache}.away`);
  writeFileSync(cache, '');
  await keepCompiled(root);
  rmSync(cache);
  renameSync(`${cache}.away`, cache);
  assert.deepEqual(kept(), before);
  await keepCompiled(root);
  assert.notDeepEqual(kept(), before);
  const target = path.join(root, 'target');
  rmSync(target, { recursive: true });
  writeFileSync(target, '');
  assert.equal(await takeCompiled(root), false);
  rmSync(target);
  assert.deepEqual(compile(root), { compiled, printed: 'five\n' });
});

test('what wasm-opt made in one clone comes to the next, where it has made nothing', async () => {
  const [first, second, third] = ['a', 'b', 'c'].map((name) => path.join(folder, name));
  const made = (root) => path.join(root, 'target/shrunk/kmseal.wasm/made.json');
  const make = (root, text) => {
    mkdirSync(path.dirname(made(root)), { recursive: true });
    writeFileSync(made(root), text);
  };
  await takeShrunk(first);
  assert.equal(existsSync(path.join(first, 'target')), false);
  make(first, 'one');
  await keepShrunk(first);
  await takeShrunk(second);
  assert.equal(readFileSync(made(second), 'utf8'), 'one');
  make(second, 'two');
  await takeShrunk(second);
  assert.equal(readFileSync(made(second), 'utf8'), 'two');
  await keepShrunk(second);
  await takeShrunk(third);
  assert.equal(readFileSync(made(third), 'utf8'), 'two');
  assert.equal(
    kept()
      .filter((name) => /shrunk/.test(name))
      .join(),
    'shrunk',
  );
});

test('only `npm test` takes what another clone has made', () => {
  const scripts = readdirSync(path.join(ROOT, 'scripts')).map((name) => `scripts/${name}`);
  const tools = readdirSync(path.join(ROOT, 'tools')).map((name) => `tools/${name}`);
  const takers = [...scripts, ...tools].filter(
    (name) => name.endsWith('.mjs') && /from '.*compiled\.mjs'/.test(readFileSync(path.join(ROOT, name), 'utf8')),
  );
  assert.deepEqual(takers, ['scripts/test.mjs']);
});
