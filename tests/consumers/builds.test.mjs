// The tarball in bundlers and runtimes of versions other than those of `npm test`, each as docs/hosting.md says: Vite 4 to 7, Parcel, bundles for
// Lambda as CDK and SAM make them, in Node 20, 22 and 24, and workerd.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { printed } from '../../tools/kms.mjs';
import { buildTools } from '../../tools/npm.mjs';
import { curl, looksWhole } from '../serving/serving.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';
import { output, outputOf } from '../support/tarball.mjs';

const html = (script) =>
  `<!doctype html><title>Consumer</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

let project;
let host;
let browser;
before(async () => {
  project = await startProject(buildTools);
  mkdirSync(project.inProject('out'));
  host = await startHost({
    folders: { '/out/': project.inProject('out') },
    routes(app) {
      // Parcel writes its import map into the page.
      app.get('/parcel.html', (context) => {
        context.header('Content-Security-Policy', "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
        return context.html(readFileSync(project.inProject('out/parcel/page.html'), 'utf8'));
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

const installed = (...names) => path.join(project.tools, 'node_modules', ...names);

for (const version of [4, 5, 6, 7]) {
  describe(`Vite ${version}`, () => {
    const vite = (...args) => [installed(`vite-${version}`, 'bin/vite.js'), ...args];

    test(`Vite ${version} builds a page that seals, with the .wasm once`, async () => {
      const folder = `vite-${version}`;
      writeFileSync(project.inProject('page.html'), html('./app/page.js'));
      writeFileSync(
        project.inProject('vite.config.js'),
        `export default {
        base: '/out/${folder}/', build: { outDir: 'out/${folder}', rollupOptions: { input: 'page.html' }, target: 'es2022' },
      };`,
      );
      output(process.execPath, vite('build', '--logLevel', 'warn'), project.project);
      assert.equal(wasmFiles(project.inProject('out', folder)).length, 1);
      await host.seals(browser, `/out/${folder}/page.html`);
    });

    /** Works with the development server, whose dependencies are bundled again. */
    async function develop(config, work) {
      const proxy = Object.fromEntries(
        ['/kms-public-key.json', '/sealed', '/failed'].map((route) => [route, host.origin]),
      );
      rmSync(project.inProject('node_modules/.vite'), { recursive: true, force: true });
      writeFileSync(project.inProject('page.html'), html('/app/page.js'));
      writeFileSync(
        project.inProject('vite.config.js'),
        `export default { ...${config}, server: { proxy: ${JSON.stringify(proxy)} } };`,
      );
      const start = (port) =>
        startChild(
          process.execPath,
          vite(project.project, '--host', '127.0.0.1', '--port', String(port), '--strictPort'),
        );
      const server = await startOnPort(start, { path: '/page.html' });
      try {
        await work(`${server.origin}/page.html`);
      } finally {
        await server.stop();
      }
    }

    test(`Vite ${version} seals in development with the one line of the docs`, () =>
      develop("{ optimizeDeps: { exclude: ['kmseal'] } }", (page) => host.opens(browser, page)));

    test(`Vite ${version} names that line in development without it`, () =>
      develop('{}', (page) =>
        assert.rejects(host.opens(browser, page), /optimizeDeps: \{ exclude: \['kmseal'\] \} in vite\.config/),
      ));
  });
}

for (const [title, settings] of Object.entries({
  'by default': {},
  'that reads exports': { '@parcel/resolver-default': { packageExports: true } },
})) {
  test(`Parcel ${title} builds a page that seals, with the .wasm once`, async () => {
    writeFileSync(project.inProject('page.html'), html('./app/defined.js'));
    writeFileSync(project.inProject('app/defined.js'), "import 'kmseal/define';\nimport './page.js';\n");
    const manifest = { name: 'consumer', private: true, ...settings };
    writeFileSync(project.inProject('package.json'), JSON.stringify(manifest));
    rmSync(project.inProject('out/parcel'), { recursive: true, force: true });
    const args = ['build', 'page.html', '--no-cache', '--dist-dir', 'out/parcel', '--public-url', '/out/parcel'];
    output(installed('.bin/parcel'), args, project.project);
    assert.deepEqual(
      JSON.parse(readFileSync(project.inProject('package.json'), 'utf8')),
      manifest,
      'Parcel installed a polyfill by itself',
    );
    writeFileSync(
      project.inProject('package.json'),
      JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
    );
    assert.equal(wasmFiles(project.inProject('out/parcel')).length, 1);
    await host.seals(browser, '/parcel.html');
  });
}

const HANDLER = `
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { kmsDecrypt } from './app/kms.js';
export const handler = async ({ answer, endpoint }) => {
  const key = await KmsPublicKey.import(answer);
  const sealed = await new Sealer({ keys: [key] }).seal(new Uint8Array(3_000_000).fill(7));
  const { plaintext } = await new Opener({ keyIds: [key.keyId], decrypt: kmsDecrypt(endpoint) }).open(sealed);
  return plaintext.length === 3_000_000 && plaintext.every((byte) => byte === 7) ? 'opened' : 'another plaintext';
};
`;
/** The event that it is called with. */
const event = () => JSON.stringify({ answer: printed(host.key), endpoint: host.kms.emulator.endpoint });
// What CDK's NodejsFunction, SAM and serverless-esbuild do by default.
const BUNDLES = { cjs: 'index.js', esm: 'index.mjs' };
const NODES = {
  20: () => process.execPath,
  22: () => installed('node-22/bin/node'),
  24: () => installed('node-24/bin/node'),
};

for (const [format, file] of Object.entries(BUNDLES)) {
  test(`a bundle for Lambda as ${format} seals and opens in Node 20, 22 and 24`, async () => {
    writeFileSync(project.inProject('handler.js'), HANDLER);
    const folder = project.inProject('lambda', format);
    const { build } = await project.tool('esbuild');
    await build({
      entryPoints: [project.inProject('handler.js')],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format,
      outfile: path.join(folder, file),
    });
    writeFileSync(path.join(folder, 'package.json'), '{}'); // a function's folder says nothing about modules
    const code = `import(${JSON.stringify(pathToFileURL(path.join(folder, file)).href)}).then((m) => (m.handler ?? m.default.handler)(${event()})).then(console.log)`;
    for (const node of Object.values(NODES))
      assert.equal((await outputOf(node(), ['-e', code], folder)).trim(), 'opened');
  });
}

for (const [version, node] of Object.entries(NODES)) {
  test(`Node ${version} seals and opens as installed`, () => {
    const { endpoint } = host.kms.emulator;
    const run = startChild(node(), [project.inProject('app/runtime.js'), host.origin, endpoint]);
    return run.until(() => /"size":3000026,.*"code":"ERR_CONTEXT"/.test(run.output)).finally(() => run.stop());
  });
}

/** Runs a script in workerd, bundled as wrangler does it: a .wasm that is imported stays a module of its own. */
async function startWorker(script) {
  const { build } = await project.tool('esbuild');
  const { Miniflare } = await project.tool('miniflare');
  writeFileSync(project.inProject('worker.js'), script);
  const outfile = project.inProject('worker/worker.mjs');
  const modules = {
    name: 'modules',
    setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: './kmseal.wasm', external: true })),
  };
  await build({
    entryPoints: [project.inProject('worker.js')],
    bundle: true,
    format: 'esm',
    outfile,
    conditions: ['workerd'],
    plugins: [modules],
  });
  return new Miniflare({
    compatibilityDate: '2026-07-01',
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: readFileSync(outfile, 'utf8') },
      {
        type: 'CompiledWasm',
        path: 'kmseal.wasm',
        contents: readFileSync(path.join(project.installed, 'dist/inline/kmseal.wasm')),
      },
    ],
    handleRuntimeStdio() {}, // it prints the errors of answers
  });
}

test('workerd seals and opens through the module that the bundle imports', async () => {
  const worker = await startWorker(`${HANDLER}
    export default { fetch: async (request) => Response.json(await handler(await request.json())) };`);
  try {
    assert.equal(
      await (await worker.dispatchFetch('http://worker/', { method: 'POST', body: event() })).json(),
      'opened',
    );
  } finally {
    await worker.dispose();
  }
});

test('workerd serves a file with its length, and its reader notices an altered one, as docs/downloads.md says', async () => {
  const worker = await startWorker(`
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { kmsDecrypt } from './app/kms.js';
export default {
  async fetch(request) {
    const { answer, endpoint, isAltered } = await request.json();
    const key = await KmsPublicKey.import(answer);
    const sealed = await new Sealer({ keys: [key] }).seal(new Uint8Array(3_000_000).fill(7));
    if (isAltered) sealed[2_400_000] ^= 1;
    const opener = new Opener({ keyIds: [key.keyId], decrypt: kmsDecrypt(endpoint) });
    const read = async (start, end) => sealed.slice(start, end);
    const { plaintext, size } = await opener.openRange({ size: sealed.length, read });
    return new Response(plaintext.pipeThrough(new FixedLengthStream(size)));
  },
};`);
  try {
    const url = await worker.ready;
    const ask = (isAltered) => curl(url, '--data', JSON.stringify({ ...JSON.parse(event()), isAltered }));
    const good = await ask(false);
    assert.deepEqual(
      { whole: looksWhole(good), length: good.body.length, told: good.headers['content-length'] },
      { whole: true, length: 3_000_000, told: '3000000' },
    );
    assert.equal(looksWhole(await ask(true)), false);
  } finally {
    await worker.dispose();
  }
});
