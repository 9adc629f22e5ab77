// Pages written in React, Vue and Svelte, compiled and bundled as their users do.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, stop } from 'esbuild';
import { compile as compileSvelte } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';
import { ROOT } from '../../scripts/lib/run.mjs';

const PAGES = path.join(ROOT, 'tests/browser/frameworks');

const svelte = {
  name: 'svelte',
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, ({ path: filename }) => ({
      contents: compileSvelte(readFileSync(filename, 'utf8'), { filename, generate: 'client', css: 'external' }).js.code,
    }));
  },
};

const vue = {
  name: 'vue',
  setup({ onLoad }) {
    onLoad({ filter: /\.vue$/ }, ({ path: filename }) => {
      const { descriptor } = parse(readFileSync(filename, 'utf8'), { filename });
      const templateOptions = { compilerOptions: { isCustomElement: (tag) => tag === 'kmseal-file' } };
      return { contents: compileScript(descriptor, { id: 'form', inlineTemplate: true, templateOptions }).content };
    });
  },
};

/** @returns {Promise<{ folder: string, remove: () => Promise<void> }>} where the bundles are, NAME.js each, with the .wasm */
export async function bundlePages(entries) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-frameworks-'));
  await build({
    entryPoints: entries.map((name) => path.join(PAGES, name)),
    outdir: folder, bundle: true, format: 'esm', jsx: 'automatic', logLevel: 'error', conditions: ['browser'],
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: [svelte, vue],
  });
  copyFileSync(path.join(ROOT, 'dist/kmseal.wasm'), path.join(folder, 'kmseal.wasm'));
  return {
    folder,
    async remove() {
      rmSync(folder, { recursive: true });
      await stop();
    },
  };
}
