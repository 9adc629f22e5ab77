// The licences of the third-party code in kmseal.wasm and ml-kem.wasm: the build puts them next to it, as all of them require.
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { packagedCrates } from './packaged-crates.mjs';
import { ROOT } from './run.mjs';
import { WASM_TARGET } from './rust.mjs';

/** The text of a crate's licence; MIT where it may be chosen. */
async function licenceOf(folder) {
  const files = (await readdir(folder)).filter((file) => /^licen[cs]e/i.test(file)).sort();
  const file = files.find((name) => /mit/i.test(name)) ?? files[0];
  if (!file) throw new Error(`no licence in ${folder}`);
  return (await readFile(path.join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim();
}

/** Every text once, with those under it. */
export async function licences() {
  const args = ['metadata', '--locked', '--format-version', '1', '--filter-platform', WASM_TARGET];
  const { stdout } = await promisify(execFile)('cargo', args, { cwd: ROOT, maxBuffer: 2 ** 26 });
  const folders = new Map(
    JSON.parse(stdout).packages.map(({ name, version, manifest_path: file }) => [
      `${name} ${version}`,
      path.dirname(file),
    ]),
  );
  const ours = await readFile(path.join(ROOT, 'LICENSE-MIT'), 'utf8');
  const texts = new Map();
  texts.set(ours.replace(/^Copyright .*$/m, 'Copyright (c) The Rust Project contributors').trim(), [
    "Rust's standard library",
  ]);
  for (const { name, version } of packagedCrates().filter((crate) => !crate.name.startsWith('kmseal'))) {
    const text = await licenceOf(folders.get(`${name} ${version}`));
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join(', ')}\n\n${text}`);
  return `${['kmseal.wasm and ml-kem.wasm are built with these, each of them under the licence that follows.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
