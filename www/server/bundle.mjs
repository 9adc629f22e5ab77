import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { fillIn } from './samples.mjs';
import { WAY_PAGES } from './ways.mjs';

const WAYS = fileURLToPath(new URL('../ways', import.meta.url));

const PACKAGE = fileURLToPath(new URL('../../dist', import.meta.url));

const TYPES = { '.js': 'text/javascript', '.css': 'text/css' };

/**
 * Not bundled: the demo's own modules, which are served as they are, and the package's main entry, which app.mjs serves, and which must
 * be one in the page.
 */
const served = {
  name: 'served',
  setup({ onResolve }) {
    const external = (url) => ({ path: url, external: true });
    onResolve({ filter: /^\// }, ({ path: url, kind }) => (kind === 'entry-point' ? undefined : external(url)));
    onResolve({ filter: /^kmseal$/ }, () => external('/kmseal/index.js'));
    onResolve({ filter: /^\.\/index\.js$/ }, ({ resolveDir }) =>
      resolveDir === PACKAGE ? external('/kmseal/index.js') : undefined,
    );
  },
};

/** @param {import('./layout.mjs').Facts} facts */
const filledIn = (facts) => ({
  name: 'filled-in',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]www[\\/]ways[\\/][a-z0-9]+\.js$/ }, async ({ path: file }) => ({
      contents: fillIn(await readFile(file, 'utf8'), facts),
    }));
  },
});

/**
 * Bundles www/ways/*.js as a reader's bundler would: they import packages by name, which browsers do not support. In memory,
 * since it is quick and nothing else reads it.
 *
 * @param {import('./layout.mjs').Facts} facts
 * @returns {Promise<Map<string, { type: string, body: Uint8Array<ArrayBuffer> }>>} by file name
 */
export async function bundleWays(facts) {
  const { outputFiles } = await build({
    entryPoints: WAY_PAGES.map(({ name }) => path.join(WAYS, `${name}.js`)),
    outdir: WAYS,
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    plugins: [served, filledIn(facts)],
  });
  // Its service process would otherwise live as long as the demo.
  await stop();
  return new Map(
    outputFiles.map(({ path: file, contents }) => [
      path.basename(file),
      { type: TYPES[path.extname(file)], body: new Uint8Array(contents) },
    ]),
  );
}
