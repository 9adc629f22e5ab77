// TypeScript's compiler, of the project or of a folder of tools.
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from './run.mjs';

/**
 * The program itself, which npm's command starts by Node; and what it is told first: it shares no types between threads, and so they take
 * more time in all than one.
 * @param {string} [project] the folder in whose node_modules it is
 * @returns {[string, ...string[]]} the program, and its first arguments
 */
export function compiler(project = ROOT) {
  const { resolve } = createRequire(path.join(project, 'package.json'));
  const manifest = resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`);
  return [path.join(path.dirname(manifest), 'lib/tsc'), '--singleThreaded'];
}
