// Bills of materials (CycloneDX 1.5) in target/sbom/: of the npm package, whose only dependencies are the crates inside its
// two .wasm, and of the command.
//
//     node scripts/sbom.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cratesOf, packagedCrates } from '../tools/packaged-crates.mjs';
import { ROOT, read } from '../tools/run.mjs';

const FOLDER = path.join(ROOT, 'target', 'sbom');

/** @returns {{ npm: object, cli: object }} */
export function billsOfMaterials() {
  const npm = JSON.parse(read('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only']));
  const { component } = npm.metadata;
  Object.assign(component, { name: 'kmseal' }); // npm takes the folder's
  npm.components = packagedCrates().filter(({ name }) => !['kmseal-wasm', 'kmseal-ml-kem'].includes(name));
  npm.dependencies = [{ ref: component['bom-ref'], dependsOn: npm.components.map((part) => part['bom-ref']) }];

  const [command, ...components] = cratesOf('kmseal-cli');
  const dependencies = [{ ref: command['bom-ref'], dependsOn: components.map((part) => part['bom-ref']) }];
  const { $schema, bomFormat, specVersion, version, metadata } = npm;
  const cli = {
    $schema,
    bomFormat,
    specVersion,
    version,
    metadata: { timestamp: metadata.timestamp, component: { ...command, type: 'application' } },
  };
  return { npm, cli: { ...cli, components, dependencies } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, bill] of Object.entries(billsOfMaterials())) {
    writeFileSync(path.join(FOLDER, `kmseal-${name}.cdx.json`), `${JSON.stringify(bill, undefined, 2)}\n`);
  }
}
