// A module of js/ as its source has it, for tests of pure modules: they need no build and no WebAssembly.
import { build } from 'esbuild';
import path from 'node:path';
import { ROOT } from './run.mjs';

/**
 * Imports a TypeScript module.
 *
 * @param {string} file such as `js/io/bytes.ts`
 * @param {Record<string, string>} [define] what the build puts in
 */
export async function importSource(file, define) {
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, file)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'node20',
    define,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
