// The built .wasm with a defect put in.
import { readFile } from 'node:fs/promises';
import binaryen from 'binaryen';

const ROOT = new URL('../../', import.meta.url);
const BUILDS = {
  page: { names: 'target/wasm-pkg/names.json', wasm: 'dist/kmseal.wasm' },
  server: { names: 'target/wasm-pkg-server/names.json', wasm: 'dist/inline/kmseal.wasm' },
};

/** @type {Map<string, Promise<Uint8Array>>} what was made: tests want the same in each browser */
const made = new Map();

/**
 * The package's .wasm for pages, or for servers, in which one exported function traps.
 * @param {string} name the export
 * @param {'unreachable' | 'recursion'} how `recursion` runs out of stack, for which engines have errors of other classes
 * @param {keyof typeof BUILDS} build
 */
export function trapping(name, how = 'unreachable', build = 'page') {
  const which = [name, how, build].join();
  if (!made.has(which)) made.set(which, make(name, how, build));
  return made.get(which);
}

async function make(name, how, build) {
  const names = JSON.parse(await readFile(new URL(BUILDS[build].names, ROOT), 'utf8'));
  const short = Object.fromEntries(names.exports);
  const module = binaryen.readBinary(await readFile(new URL(BUILDS[build].wasm, ROOT)));
  try {
    if (!(name in short)) throw new Error(`the .wasm exports no ${name}`);
    const target = binaryen.getExportInfo(module.getExport(short[name])).value;
    const { params, results } = binaryen.getFunctionInfo(module.getFunction(target));
    const args = binaryen.expandType(params).map((type, index) => module.local.get(index, type));
    module.removeFunction(target);
    const body = how === 'recursion' ? module.call(target, args, results) : module.unreachable();
    module.addFunction(target, params, results, [], body);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
