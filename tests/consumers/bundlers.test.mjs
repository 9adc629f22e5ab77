// What bundlers make of the package: one .wasm each, without a setting where possible, and pages that seal in three browsers, with the
// main entry point alone and with all of them, under a policy that allows neither inline script nor style nor, where a browser knows
// Trusted Types, text that is turned into script.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BROWSERS } from '../../tools/browsers.mjs';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { output } from '../support/tarball.mjs';

const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; base-uri 'none'";
// A worker's own URL is such a text: a page that starts a worker needs a policy for it.
const TRUSTED = `${STRICT}; require-trusted-types-for 'script'; trusted-types 'none'`;
const FORM = '<form><kmseal-file name="file" key-src="/kms-public-key.json"></kmseal-file></form>';
const html = (
  script,
) => `<!doctype html><title>Consumer</title><link rel="icon" href="data:,">${script.includes('form') ? FORM : ''}
  <script type="module" src="${script}"></script>`;

let project;
let host;
before(async () => {
  project = await startProject();
  mkdirSync(project.inProject('out'));
  host = await startHost({
    folders: { '/out/': project.inProject('out') },
    routes(app) {
      // A page for each script; Vite makes its own.
      app.get('/page/*', (context) => {
        const script = context.req.path.slice('/page'.length);
        context.header('Content-Security-Policy', script.includes('worker') ? STRICT : TRUSTED);
        return context.html(html(`/out${script}`));
      });
    },
  });
});
after(async () => {
  await host?.close();
  project?.remove();
});

const entry = (name) => project.inProject('app', `${name}.js`);
/** A package of the tools. */

const PAGES = ['page', 'form-page', 'worker-page'];

/** webpack and Rspack have one interface. */
function pack(bundler, folder) {
  const entries = Object.fromEntries(PAGES.map((name) => [name, entry(name)]));
  const settings = {
    mode: 'production',
    context: project.project,
    entry: entries,
    output: { path: project.inProject('out', folder) },
  };
  return new Promise((resolve, reject) => {
    bundler(settings, (error, stats) => {
      if (error || stats.hasErrors() || stats.hasWarnings()) reject(error ?? new Error(stats.toString()));
      else resolve();
    });
  });
}

/** How each builds out/NAME/, and the resulting pages. */
const BUNDLERS = {
  vite: {
    async build() {
      for (const name of PAGES) writeFileSync(project.inProject(`${name}.html`), html(`./app/${name}.js`));
      writeFileSync(
        project.inProject('vite.config.js'),
        `export default {
        base: '/out/vite/',
        build: { outDir: 'out/vite', rollupOptions: { input: ${JSON.stringify(PAGES.map((name) => `${name}.html`))} } },
        worker: { format: 'es' },
      };`,
      );
      output(project.bin('vite'), ['build', '--logLevel', 'warn'], project.project);
    },
    pages: { page: '/out/vite/page.html', form: '/out/vite/form-page.html', worker: '/out/vite/worker-page.html' },
  },
  webpack: {
    build: async () => pack((await project.tool('webpack')).default, 'webpack'),
    pages: {
      page: '/page/webpack/page.js',
      form: '/page/webpack/form-page.js',
      worker: '/page/webpack/worker-page.js',
    },
  },
  rspack: {
    build: async () => pack((await project.tool('@rspack/core')).rspack, 'rspack'),
    pages: { page: '/page/rspack/page.js', form: '/page/rspack/form-page.js', worker: '/page/rspack/worker-page.js' },
  },
  rollup: {
    async build() {
      const { rollup } = await project.tool('rollup');
      const { nodeResolve } = await project.tool('@rollup/plugin-node-resolve');
      const { importMetaAssets } = await project.tool('@web/rollup-plugin-import-meta-assets');
      // Uppy needs these two.
      const [json, commonjs] = await Promise.all(
        ['json', 'commonjs'].map((name) => project.tool(`@rollup/plugin-${name}`)),
      );
      const plugins = [nodeResolve({ browser: true }), json.default(), commonjs.default(), importMetaAssets()];
      const onwarn = ({ message }) => assert.fail(message);
      const bundle = await rollup({ input: [entry('page'), entry('form-page')], plugins, onwarn });
      await bundle.write({ dir: project.inProject('out', 'rollup') });
      await bundle.close();
    },
    pages: { page: '/page/rollup/page.js', form: '/page/rollup/form-page.js' },
  },
  // It emits no file for a URL: the page names the .wasm itself.
  esbuild: {
    async build() {
      const { build } = await project.tool('esbuild');
      const outdir = project.inProject('out', 'esbuild');
      const settings = {
        bundle: true,
        format: 'esm',
        minify: true,
        loader: { '.wasm': 'file' },
        publicPath: '/out/esbuild',
      };
      await build({ ...settings, entryPoints: [entry('self-hosted'), entry('self-hosted-form')], outdir });
    },
    pages: { page: '/page/esbuild/self-hosted.js', form: '/page/esbuild/self-hosted-form.js' },
  },
};

for (const [name, { build }] of Object.entries(BUNDLERS)) {
  test(`${name} emits the .wasm once and unchanged`, async () => {
    await build();
    const folder = project.inProject('out', name);
    const files = wasmFiles(folder);
    assert.equal(files.length, 1, files.join(' '));
    const original = readFileSync(path.join(project.installed, 'dist/kmseal.wasm'));
    assert.ok(original.equals(readFileSync(path.join(folder, files[0]))));
  });
}

for (const name of BROWSERS) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
    });
    after(() => browser?.close());

    for (const [bundler, { pages }] of Object.entries(BUNDLERS)) {
      for (const [place, page] of Object.entries(pages))
        test(`a ${place} built by ${bundler} seals`, () => host.seals(browser, page, place));
    }
  });
}

test("Vite's server, which bundles dependencies in its own way, finds the .wasm", async () => {
  const proxy = Object.fromEntries(['/kms-public-key.json', '/sealed', '/failed'].map((route) => [route, host.origin]));
  writeFileSync(project.inProject('vite.config.js'), `export default { server: { proxy: ${JSON.stringify(proxy)} } };`);
  for (const name of ['page', 'form-page']) writeFileSync(project.inProject(`${name}.html`), html(`/app/${name}.js`));
  const args = (port) => [project.project, '--host', '127.0.0.1', '--port', String(port), '--strictPort'];
  const server = await startOnPort((port) => startChild(project.bin('vite'), args(port)), { path: '/page.html' });
  let browser;
  try {
    const page = (name) => `${server.origin}/${name}.html`;
    browser = await launch('chromium');
    await host.opens(browser, page('page'));
    await host.opens(browser, page('form-page'), 'form');
  } finally {
    await browser?.close();
    await server.stop();
  }
});
