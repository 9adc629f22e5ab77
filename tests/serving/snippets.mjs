// The code blocks of docs/downloads.md as modules that find the servers of tests/serving/servers.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { servingTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { blocksOf, moduleOf } from '../docs/blocks.mjs';

const DOCUMENT = 'docs/downloads.md';

export async function startSnippets() {
  const folder = mkdtempSync(path.join(await servingTools(), 'run-'));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(ROOT, path.join(folder, 'node_modules/kmseal'));
  symlinkSync(path.join(ROOT, 'node_modules/@aws-sdk'), path.join(folder, 'node_modules/@aws-sdk'));
  const used = new Set();
  let written = 0;

  /** Writes a module beside the servers and imports it. */
  async function load(source) {
    const file = path.join(folder, `${written++}.mjs`);
    writeFileSync(file, source);
    return import(pathToFileURL(file).href);
  }

  const snippets = {
    load,

    /** The guide's function `headers`, which servers answer with. */
    async headers() {
      const options = { index: 1, returns: ['headers'] };
      return (await snippets.run('Larger: openRange, which proves the length', options)).headers;
    },

    /**
     * Runs the block under a heading, as the body of a function.
     * @param {string} heading
     * @param {{ index?: number, given?: object, returns?: string[], imports?: string }} [options] index: among the heading's blocks; given:
     *   variables that the block does not make; imports: those that the block leaves out
     * @returns {Promise<object>} the variables that it returns
     */
    async run(heading, { index = 0, given = {}, returns = [], imports } = {}) {
      const block = blocksOf(DOCUMENT).filter((one) => one.heading === heading)[index];
      used.add(block);
      const code = block.code.replace(/^export default /gm, 'const exported = ').replace(/^export /gm, '');
      const source = moduleOf(code, { given: Object.keys(given), returns, imports });
      // Nest is written with decorators.
      const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } };
      const { code: script } = await transform(source, { loader: 'ts', tsconfigRaw, target: 'es2022' });
      return (await load(script)).example(given);
    },

    close: () => rmSync(folder, { recursive: true }),
  };
  return snippets;
}

/** The same function, for tests that need no other block. */
export async function documentedHeaders() {
  const snippets = await startSnippets();
  try {
    return await snippets.headers();
  } finally {
    snippets.close();
  }
}
