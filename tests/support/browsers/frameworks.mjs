// Pages written in frameworks, compiled and bundled as their users do, for browsers and for the servers that render them.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, stop } from 'esbuild';
import { frameworkTools } from '../../../tools/npm.mjs';
import { ROOT } from '../../../tools/run.mjs';

const PAGES = path.join(ROOT, 'tests/browser/frameworks');

// Pages import the compilers that they need: one takes a third of a second.
const svelte = (generate) => ({
  name: 'svelte',
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path: filename }) => {
      const { compile } = await import('svelte/compiler');
      return { contents: compile(readFileSync(filename, 'utf8'), { filename, generate, css: 'external' }).js.code };
    });
  },
});

const vue = (ssr) => ({
  name: 'vue',
  setup({ onLoad }) {
    onLoad({ filter: /\.vue$/ }, async ({ path: filename }) => {
      const { compileScript, parse } = await import('vue/compiler-sfc');
      const isCustomElement = (tag) => tag === 'kmseal-file';
      const { descriptor } = parse(readFileSync(filename, 'utf8'), {
        filename,
        templateParseOptions: { isCustomElement },
      });
      const templateOptions = { ssr, ssrCssVars: [], compilerOptions: { isCustomElement } };
      return {
        contents: compileScript(descriptor, { id: 'form', inlineTemplate: true, templateOptions }).content,
        resolveDir: path.dirname(filename),
      };
    });
  },
});

const solid = (tools) => ({
  name: 'solid',
  setup({ onLoad }) {
    onLoad({ filter: /solid\.jsx$/ }, ({ path: filename }) => {
      const require = createRequire(path.join(tools, 'package.json'));
      const { transformSync } = require('@babel/core');
      return {
        contents: transformSync(readFileSync(filename, 'utf8'), {
          filename,
          babelrc: false,
          configFile: false,
          presets: [require('babel-preset-solid')],
        }).code,
      };
    });
  },
});

async function bundle(entries, outdir, { server = false, pages = PAGES, install = frameworkTools } = {}) {
  const tools = await install();
  await build({
    entryPoints: entries.map((name) => path.join(pages, name)),
    outdir,
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    logLevel: 'error',
    nodePaths: [path.join(tools, 'node_modules')],
    // What a page has twice, it has of one kind.
    alias: Object.fromEntries(
      ['jquery', 'react', 'react-dom', 'vue']
        .map((name) => [name, path.join(tools, 'node_modules', name)])
        .filter(([, folder]) => existsSync(folder)),
    ),
    entryNames: '[name]',
    ...(server
      ? { platform: 'node', outExtension: { '.js': '.mjs' }, banner: { js: REQUIRE } }
      : { conditions: ['browser'] }),
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: [svelte(server ? 'server' : 'client'), vue(server), solid(tools)],
  });
}

/** What React's renderer for servers calls, being CommonJS. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * @param {string[]} entries
 * @param {{ pages?: string, install?: () => Promise<string> }} [options] where the entries are, and what installs the packages that they import
 * @returns {Promise<{ folder: string, remove: () => Promise<void> }>} where the bundles are, NAME.js each, with the .wasm
 */
export async function bundlePages(entries, options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-frameworks-'));
  await bundle(entries, folder, options);
  copyFileSync(path.join(ROOT, 'dist/kmseal.wasm'), path.join(folder, 'kmseal.wasm'));
  return {
    folder,
    async remove() {
      rmSync(folder, { recursive: true });
      await stop();
    },
  };
}

/** What modules for a server export, by their names without ending. */
export async function serverModules(entries) {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-server-'));
  try {
    await bundle(entries, folder, { server: true });
    const names = entries.map((name) => path.basename(name).replace(/\.\w+$/, ''));
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [name, await import(pathToFileURL(path.join(folder, `${name}.mjs`)))]),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
