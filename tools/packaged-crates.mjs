// Which crates are in what is shipped, by Cargo: for bills of materials, and for the licences beside the .wasm.
import { read } from './run.mjs';
import { WASM_TARGET } from './rust.mjs';

/** The crates that end up in the build of `name`: no build scripts, no macros' own dependencies, no tests. */
export function cratesOf(name, target) {
  const args = [
    'tree',
    '--locked',
    '--package',
    name,
    '--edges',
    'normal,no-proc-macro',
    '--prefix',
    'none',
    '--no-dedupe',
  ];
  const lines = read('cargo', [...args, ...(target ? ['--target', target] : []), '--format', '{p}\t{l}']).split('\n');
  const found = new Map();
  for (const [, crate, version, licence] of lines.map((line) => /^(\S+) v(\S+).*\t(.*)$/.exec(line))) {
    const purl = `pkg:cargo/${crate}@${version}`;
    // An old notation of OR, which SPDX does not know.
    const licenses = [{ expression: licence.replace(/\s*\/\s*/g, ' OR ').replace(/\s+/g, ' ') }];
    found.set(purl, { type: 'library', 'bom-ref': purl, name: crate, version, purl, licenses });
  }
  return [...found.values()];
}

/** The crates inside the package's two .wasm. */
export function packagedCrates() {
  const found = ['kmseal-wasm', 'kmseal-ml-kem'].flatMap((name) => cratesOf(name, WASM_TARGET));
  return [...new Map(found.map((crate) => [crate.purl, crate])).values()];
}
