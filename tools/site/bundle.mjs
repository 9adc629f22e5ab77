// The scripts and styles of the site, from www/ and dist/.
import path from 'node:path';
import { build, stop } from 'esbuild';
import { ROOT } from '../run.mjs';

const WWW = path.join(ROOT, 'www');

/** The package with its .wasm inside: www/ imports it from where the demo's server has it. */
const withWasm = {
  name: 'with the .wasm inside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.\/kmseal\/index\.js$/ }, () => ({ path: path.join(ROOT, 'dist/inline/index.js') })),
};

async function bundle(options) {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    ...options,
  });
  return outputFiles[0].text;
}

/** Ends esbuild's service process, which would otherwise outlive the build, with whatever it is doing. */
export const endBundling = stop;

/** A page's script as one module without imports. @param {string} name of www/pages/ */
export async function scriptOf(name) {
  const entry = path.join(WWW, 'pages', `${name}.js`);
  const text = await bundle({ entryPoints: [entry], format: 'esm', target: 'es2022', plugins: [withWasm] });
  // Would end the element in which it stands.
  if (/<\/script|<!--/i.test(text)) throw new Error(`the script of ${name} holds what HTML takes for its end`);
  return text;
}

/** Style sheets as one. @param {string[]} names of www/styles/ */
export function styleOf(names) {
  const contents = names.map((name) => `@import './${name}.css';`).join('\n');
  return bundle({ stdin: { contents, resolveDir: path.join(WWW, 'styles'), loader: 'css' } });
}
