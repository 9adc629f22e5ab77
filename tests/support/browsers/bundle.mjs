// Packages from npm in a page, bundled as their users bundle them; kmseal itself stays the one that the page has from /dist/.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const kmsealStays = {
  name: 'kmseal',
  setup({ onResolve }) {
    onResolve({ filter: /^kmseal$/ }, () => ({ path: '/dist/index.js', external: true }));
    onResolve({ filter: /^\.\/index\.js$/ }, ({ resolveDir }) =>
      resolveDir === path.join(ROOT, 'dist') ? { path: '/dist/index.js', external: true } : undefined,
    );
  },
};

/** A module as one script. @param {string} contents what it imports and exports @param {string} [resolveDir] whose node_modules have it */
export async function bundle(contents, resolveDir = ROOT) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    plugins: [kmsealStays],
  });
  return outputFiles[0].text;
}
