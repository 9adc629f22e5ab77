// Bundles of a page that seals for an ML-KEM key: what encapsulates comes with such a key alone, where the bundler splits code.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { output } from '../support/tarball.mjs';

let project;
const hosts = {};
before(async () => {
  project = await startProject();
  mkdirSync(project.inProject('out'));
  const folders = { '/out/': project.inProject('out') };
  for (const spec of ['RSA_2048', 'ML_KEM_768']) hosts[spec] = await startHost({ folders, spec });
});
after(async () => {
  for (const host of Object.values(hosts)) await host.close();
  project?.remove();
});

const html = (script) => `<!doctype html><title>Consumer</title><link rel="icon" href="data:,">${script}`;

async function esbuild(folder, type, options) {
  const { build } = await project.tool('esbuild');
  const conditions = ['every-kind', 'module'];
  await build({
    entryPoints: [project.inProject('app/page.js')],
    bundle: true,
    minify: true,
    conditions,
    outdir: project.inProject('out', folder),
    ...options,
  });
  writeFileSync(
    project.inProject('out', folder, 'page.html'),
    html(`<script ${type} src="/out/${folder}/page.js"></script>`),
  );
}

/** How each builds a page into a folder, and whether it splits code. */
const BUILDS = {
  Vite: {
    async build(folder) {
      writeFileSync(project.inProject('page.html'), html('<script type="module" src="./app/page.js"></script>'));
      const settings = {
        base: `/out/${folder}/`,
        resolve: { conditions: ['every-kind', 'module', 'browser', 'development|production'] },
        build: { outDir: `out/${folder}`, rollupOptions: { input: 'page.html' } },
      };
      writeFileSync(project.inProject('vite.config.js'), `export default ${JSON.stringify(settings)};`);
      output(project.bin('vite'), ['build', '--logLevel', 'warn'], project.project);
    },
    splits: true,
  },
  'esbuild with --splitting': {
    build: (folder) => esbuild(folder, 'type="module"', { format: 'esm', splitting: true }),
    splits: true,
  },
  'esbuild, a classic script': { build: (folder) => esbuild(folder, '', { format: 'iife', logLevel: 'error' }) },
};

for (const [at, [name, { build, splits }]] of Object.entries(BUILDS).entries()) {
  describe(name, () => {
    const page = `/out/${at}/page.html`;
    before(() => build(String(at)));

    for (const browserName of BROWSERS) {
      test(`a page seals for an ML-KEM key, whose script it loads for no other key (${browserName})`, async () => {
        const browser = await launch(browserName);
        try {
          for (const [spec, host] of Object.entries(hosts)) {
            await host.opens(browser, page);
            const scripts = host.requests().filter((request) => request.endsWith('.js'));
            assert.equal(
              scripts.filter((script) => script.includes('ml-kem')).length,
              splits && spec.startsWith('ML') ? 1 : 0,
            );
            assert.ok(!host.requests().some((request) => request.endsWith('.wasm')), 'it is in the scripts');
          }
        } finally {
          await browser.close();
        }
      });
    }
  });
}
