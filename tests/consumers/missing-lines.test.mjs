// Bundlers that need a line, built without it: the error in the page names the line, and that line helps. (Vite, Parcel and Angular:
// builds.test.mjs and angular.test.mjs.)
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';

let project;
let host;
let browser;
before(async () => {
  project = await startProject();
  mkdirSync(project.inProject('out'));
  host = await startHost({ folders: { '/out/': project.inProject('out') } });
  browser = await launch('chromium');
});
after(async () => {
  await browser?.close();
  await host?.close();
  project?.remove();
});

const entry = () => project.inProject('app/page.js');

async function esbuild(format, folder) {
  const { build } = await project.tool('esbuild');
  await build({
    entryPoints: [entry()],
    bundle: true,
    format,
    outdir: project.inProject('out', folder),
    logLevel: 'error',
  });
}

async function rollup(format, folder) {
  const { rollup: roll } = await project.tool('rollup');
  const { nodeResolve } = await project.tool('@rollup/plugin-node-resolve');
  const bundle = await roll({ input: entry(), plugins: [nodeResolve({ browser: true })], onwarn() {} });
  await bundle.write({ dir: project.inProject('out', folder), format });
  await bundle.close();
}

/** webpack that leaves URLs alone, as Angular's older builder sets it. */
async function webpack(folder) {
  const { default: pack } = await project.tool('webpack');
  const settings = {
    mode: 'production',
    context: project.project,
    entry: { page: entry() },
    output: { path: project.inProject('out', folder) },
  };
  settings.module = { parser: { javascript: { url: false } } };
  await new Promise((resolve, reject) => {
    pack(settings, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(),
    );
  });
}

const COPY = /kmseal\.wasm answered with status 404; let the build copy kmseal\.wasm there/;
const ROLLUP = /with Rollup: @web\/rollup-plugin-import-meta-assets/;
const FILE = /with esbuild: --loader:\.wasm=file, import url from 'kmseal\/kmseal\.wasm' and load\(url\)/;
const BINARY = /with esbuild: --loader:\.wasm=binary, import bytes from 'kmseal\/kmseal\.wasm' and load\(bytes\)/;

const [MODULE, CLASSIC] = ['type="module"', ''];

/** How each builds into a folder, the script's type, and what the error says there. */
const BUILDS = {
  'esbuild, an ES module': { build: (folder) => esbuild('esm', folder), type: MODULE, says: [COPY, FILE] },
  'esbuild, a classic script': {
    build: (folder) => esbuild('iife', folder),
    type: CLASSIC,
    says: [/no import\.meta\.url/, BINARY],
  },
  'Rollup, an ES module': { build: (folder) => rollup('es', folder), type: MODULE, says: [COPY, ROLLUP] },
  'Rollup, a classic script': { build: (folder) => rollup('iife', folder), type: CLASSIC, says: [COPY, ROLLUP] },
  'webpack that leaves URLs alone': { build: webpack, type: CLASSIC, says: [COPY] },
};

for (const [at, [name, { build, type, says }]] of Object.entries(BUILDS).entries()) {
  const page = `/out/${at}/page.html`;

  test(`the error names the line that ${name} lacks`, async () => {
    await build(String(at));
    writeFileSync(
      project.inProject(page),
      `<!doctype html><title>Consumer</title><link rel="icon" href="data:,"><script ${type} src="page.js"></script>`,
    );
    await assert.rejects(host.opens(browser, page), ({ message }) => {
      for (const sentence of says) assert.match(message, sentence);
      return true;
    });
  });

  if (says[0] !== COPY) continue;
  test(`a copy of the .wasm beside it is found by ${name}`, async () => {
    copyFileSync(path.join(project.installed, 'dist/kmseal.wasm'), project.inProject(`out/${at}/kmseal.wasm`));
    await host.seals(browser, page);
  });
}
