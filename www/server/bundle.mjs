import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { WAY_PAGES } from './ways.mjs';

const WAYS = fileURLToPath(new URL('../ways', import.meta.url));

const TYPES = { '.js': 'text/javascript', '.css': 'text/css' };

/**
 * Not bundled are the demo's own modules, which are served as they are, and the package, which the demo serves at /kmseal/: what runs
 * is what npm delivers.
 */
const served = {
  name: 'served',
  setup({ onResolve }) {
    onResolve({ filter: /^\// }, ({ path: url, kind }) => (kind === 'entry-point' ? undefined : { path: url, external: true }));
    onResolve({ filter: /^kmseal(\/|$)/ }, ({ path: name }) => ({
      path: name === 'kmseal' ? '/kmseal/index.js' : `/${name}.js`,
      external: true,
    }));
  },
};

/**
 * Bundles www/ways/*.js as their reader's bundler would: they import packages by name, and browsers know no names. In memory,
 * since it takes a blink and nobody else reads it.
 *
 * @returns {Promise<Map<string, { type: string, body: Uint8Array<ArrayBuffer> }>>} by file name
 */
export async function bundleWays() {
  const { outputFiles } = await build({
    entryPoints: WAY_PAGES.map(({ name }) => path.join(WAYS, `${name}.js`)),
    outdir: WAYS,
    write: false,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    plugins: [served],
  });
  // Its service process would otherwise live as long as the demo.
  await stop();
  return new Map(
    outputFiles.map(({ path: file, contents }) => [path.basename(file), { type: TYPES[path.extname(file)], body: contents }]),
  );
}
