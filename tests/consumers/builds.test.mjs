// The tarball in bundlers and runtimes of other versions than `npm test` has, each as docs/hosting.md says: Vite 4 to 7, Parcel, bundles for
// Lambda as CDK and SAM make them, in Node 20, 22 and 24, and workerd.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { answers, freePort, startChild } from '../../scripts/lib/child.mjs';
import { buildTools } from '../../scripts/lib/npm.mjs';
import { ROOT } from '../../scripts/lib/run.mjs';
import { launch } from '../support/browser.mjs';
import { startHost, startProject, wasmFiles } from '../support/consumers.mjs';
import { output } from '../support/tarball.mjs';

const PEM = readFileSync(path.join(ROOT, 'tests/keys/rsa-2048.pem'), 'utf8');
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const html = (script) => `<!doctype html><title>Consumer</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

let project;
let host;
let browser;
before(async () => {
  project = await startProject(buildTools);
  mkdirSync(inProject('out'));
  host = await startHost({
    folders: { '/out/': inProject('out') },
    routes(app) {
      // Parcel writes its import map into the page.
      app.get('/parcel.html', (context) => {
        context.header('Content-Security-Policy', "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
        return context.html(readFileSync(inProject('out/parcel/page.html'), 'utf8'));
      });
    },
  });
  browser = await launch('chromium');
});
after(async () => {
  await browser?.close();
  await host?.close();
  project?.remove();
});

const inProject = (...names) => path.join(project.project, ...names);
const installed = (...names) => path.join(project.tools, 'node_modules', ...names);
const tool = (name) => import(pathToFileURL(createRequire(inProject('package.json')).resolve(name)).href);

for (const version of [4, 5, 6, 7]) {
  describe(`Vite ${version}`, () => {
    const vite = (...args) => [installed(`vite-${version}`, 'bin/vite.js'), ...args];

    test('builds a page that seals, with the .wasm once', async () => {
      const folder = `vite-${version}`;
      writeFileSync(inProject('page.html'), html('./app/page.js'));
      writeFileSync(inProject('vite.config.js'), `export default {
        base: '/out/${folder}/', build: { outDir: 'out/${folder}', rollupOptions: { input: 'page.html' }, target: 'es2022' },
      };`);
      output(process.execPath, vite('build', '--logLevel', 'warn'), project.project);
      assert.equal(wasmFiles(inProject('out', folder)).length, 1);
      await host.seals(browser, `/out/${folder}/page.html`);
    });

    /** Works with the development server, whose dependencies are bundled anew. */
    async function develop(config, work) {
      const port = await freePort();
      const proxy = Object.fromEntries(['/kms-public-key.json', '/sealed', '/failed'].map((route) => [route, host.origin]));
      rmSync(inProject('node_modules/.vite'), { recursive: true, force: true });
      writeFileSync(inProject('page.html'), html('/app/page.js'));
      writeFileSync(inProject('vite.config.js'), `export default { ...${config}, server: { proxy: ${JSON.stringify(proxy)} } };`);
      const server = startChild(process.execPath, vite(project.project, '--host', '127.0.0.1', '--port', String(port), '--strictPort'));
      try {
        const page = `http://127.0.0.1:${port}/page.html`;
        await server.until(() => answers(page));
        await work(page);
      } finally {
        await server.stop();
      }
    }

    test('seals in development with the one line of the docs', () =>
      develop("{ optimizeDeps: { exclude: ['kmseal'] } }", (page) => host.opens(browser, page)));

    test('names that line in development without it', () =>
      develop('{}', (page) => assert.rejects(host.opens(browser, page), /optimizeDeps: \{ exclude: \['kmseal'\] \} in vite\.config/)));
  });
}

test('Parcel builds a page that seals, with the .wasm once', async () => {
  writeFileSync(inProject('page.html'), html('./app/page.js'));
  const manifest = { name: 'consumer', private: true, '@parcel/resolver-default': { packageExports: true } };
  writeFileSync(inProject('package.json'), JSON.stringify(manifest));
  const before = readFileSync(inProject('package.json'), 'utf8');
  const args = ['build', 'page.html', '--no-cache', '--dist-dir', 'out/parcel', '--public-url', '/out/parcel'];
  output(installed('.bin/parcel'), args, project.project);
  assert.equal(readFileSync(inProject('package.json'), 'utf8'), before, 'Parcel installed a polyfill by itself');
  writeFileSync(inProject('package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  assert.equal(wasmFiles(inProject('out/parcel')).length, 1);
  await host.seals(browser, '/parcel.html');
});

const HANDLER = `
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
export const handler = async ({ pem, keyId }) => {
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(pem, { keyId })] });
  const sealed = await sealer.seal(new Uint8Array(3_000_000));
  return (await inspect(sealed)).plaintextSize;
};
`;
// What CDK's NodejsFunction, SAM and serverless-esbuild do by default.
const BUNDLES = { cjs: 'index.js', esm: 'index.mjs' };
const NODES = { 20: () => process.execPath, 22: () => installed('node-22/bin/node'), 24: () => installed('node-24/bin/node') };

for (const [format, file] of Object.entries(BUNDLES)) {
  test(`a bundle for Lambda as ${format} seals in Node 20, 22 and 24`, async () => {
    writeFileSync(inProject('handler.js'), HANDLER);
    const folder = inProject('lambda', format);
    const { build } = await tool('esbuild');
    await build({ entryPoints: [inProject('handler.js')], bundle: true, platform: 'node', target: 'node20', format, outfile: path.join(folder, file) });
    writeFileSync(path.join(folder, 'package.json'), '{}'); // a function's folder says nothing of modules
    const event = JSON.stringify({ pem: PEM, keyId: KEY_ID });
    const code = `import(${JSON.stringify(pathToFileURL(path.join(folder, file)).href)}).then((m) => (m.handler ?? m.default.handler)(${event})).then(console.log)`;
    for (const node of Object.values(NODES)) assert.equal(output(node(), ['-e', code], folder).trim(), '3000000');
  });
}

for (const [version, node] of Object.entries(NODES)) {
  test(`Node ${version} seals and opens as installed`, () => {
    const { endpoint } = host.kms.emulator;
    const run = startChild(node(), [inProject('app/runtime.js'), host.origin, endpoint]);
    return run.until(() => /"code":"ERR_CONTEXT"/.test(run.output)).finally(() => run.stop());
  });
}

test('workerd seals through the module that the bundle imports', async () => {
  const { build } = await tool('esbuild');
  const { Miniflare } = await tool('miniflare');
  writeFileSync(inProject('worker.js'), `${HANDLER}
    export default { fetch: async (request) => Response.json(await handler(await request.json())) };`);
  const outfile = inProject('worker/worker.mjs');
  // As wrangler does: a .wasm that is imported stays a module of its own.
  const modules = {
    name: 'modules',
    setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: './kmseal.wasm', external: true })),
  };
  await build({ entryPoints: [inProject('worker.js')], bundle: true, format: 'esm', outfile, conditions: ['workerd'], plugins: [modules] });
  const worker = new Miniflare({
    compatibilityDate: '2026-07-01',
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: readFileSync(outfile, 'utf8') },
      { type: 'CompiledWasm', path: 'kmseal.wasm', contents: readFileSync(path.join(project.installed, 'dist/kmseal.wasm')) },
    ],
  });
  try {
    const body = JSON.stringify({ pem: PEM, keyId: KEY_ID });
    assert.equal(await (await worker.dispatchFetch('http://worker/', { method: 'POST', body })).json(), 3_000_000);
  } finally {
    await worker.dispose();
  }
});
