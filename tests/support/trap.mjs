// The built .wasm with a defect put in.
import { readFile } from 'node:fs/promises';
import binaryen from 'binaryen';

const ROOT = new URL('../../', import.meta.url);

/**
 * The package's .wasm, in which one exported function traps.
 * @param {string} name the export
 * @param {'unreachable' | 'recursion'} how `recursion` runs out of stack, for which engines have errors of other classes
 */
export async function trapping(name, how = 'unreachable') {
  const short = JSON.parse(await readFile(new URL('target/wasm-pkg/exports.json', ROOT), 'utf8'));
  const module = binaryen.readBinary(await readFile(new URL('dist/kmseal.wasm', ROOT)));
  try {
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
