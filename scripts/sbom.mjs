// Bills of materials (CycloneDX 1.5) in target/sbom/: of the npm package, whose only dependencies are the crates inside its
// .wasm, and of the command.
//
//     node scripts/sbom.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, read } from './lib/run.mjs';
import { WASM_TARGET } from './lib/rust.mjs';

const FOLDER = path.join(ROOT, 'target', 'sbom');

/** The crates that end up in what is built of `name`: no build scripts, no macros' own dependencies, no tests. */
export function cratesOf(name, target) {
  const args = ['tree', '--locked', '--package', name, '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--no-dedupe'];
  const lines = read('cargo', [...args, ...(target ? ['--target', target] : []), '--format', '{p}\t{l}']).split('\n');
  const found = new Map();
  for (const [, crate, version, licence] of lines.map((line) => /^(\S+) v(\S+).*\t(.*)$/.exec(line))) {
    const purl = `pkg:cargo/${crate}@${version}`;
    // An old way to write OR, which SPDX does not know.
    const licenses = [{ expression: licence.replace(/\s*\/\s*/g, ' OR ').replace(/\s+/g, ' ') }];
    found.set(purl, { type: 'library', 'bom-ref': purl, name: crate, version, purl, licenses });
  }
  return [...found.values()];
}

/** @returns {{ npm: object, cli: object }} */
export function billsOfMaterials() {
  const npm = JSON.parse(read('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only']));
  const { component } = npm.metadata;
  Object.assign(component, { name: 'kmseal' }); // npm takes the folder's
  npm.components = cratesOf('kmseal-wasm', WASM_TARGET).filter(({ name }) => name !== 'kmseal-wasm');
  npm.dependencies = [{ ref: component['bom-ref'], dependsOn: npm.components.map((part) => part['bom-ref']) }];

  const [command, ...components] = cratesOf('kmseal-cli');
  const dependencies = [{ ref: command['bom-ref'], dependsOn: components.map((part) => part['bom-ref']) }];
  const { $schema, bomFormat, specVersion, version, metadata } = npm;
  const cli = { $schema, bomFormat, specVersion, version, metadata: { timestamp: metadata.timestamp, component: { ...command, type: 'application' } } };
  return { npm, cli: { ...cli, components, dependencies } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, bill] of Object.entries(billsOfMaterials())) {
    writeFileSync(path.join(FOLDER, `kmseal-${name}.cdx.json`), `${JSON.stringify(bill, undefined, 2)}\n`);
  }
}
