// Pages at file: URLs: with Chromium's --allow-file-access-from-files, as Electron and Cordova load theirs, and without.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';

let project;
let host;
before(async () => {
  project = await startProject();
  cpSync(path.join(project.installed, 'dist'), project.inProject('kmseal'), { recursive: true });
  writeFileSync(
    project.inProject('app/bytes.js'),
    `
    import { load } from 'kmseal';
    import bytes from 'kmseal/kmseal.wasm';
    import { sealAndSend } from './seal.js';

    load(bytes).then(() => sealAndSend('page'));`,
  );
  host = await startHost();
});
after(async () => {
  await host?.close();
  project?.remove();
});

async function bundle(entry, loader) {
  const { build } = await project.tool('esbuild');
  mkdirSync(project.inProject('out'), { recursive: true });
  await build({
    entryPoints: [project.inProject('app', `${entry}.js`)],
    bundle: true,
    format: 'iife',
    loader,
    outdir: project.inProject('out'),
    logLevel: 'error',
  });
}

/** A page that has these scripts, opened from the disk. */
async function opens(scripts, args) {
  const file = project.inProject('page.html');
  writeFileSync(file, `<!doctype html><title>Consumer</title>${scripts}`);
  const browser = await launch('chromium', { args });
  try {
    await host.opens(browser, host.from(pathToFileURL(file).href));
  } finally {
    await browser.close();
  }
}

const MODULE =
  '<script type="importmap">{ "imports": { "kmseal": "./kmseal/index.js" } }</script><script type="module" src="app/page.js"></script>';

test('a page of modules seals without a setting where the browser lets it read files', () =>
  opens(MODULE, ['--allow-file-access-from-files']));

test('a classic script that gives load() the bytes seals in every browser', async () => {
  await bundle('bytes', { '.wasm': 'binary' });
  await opens('<script src="out/bytes.js"></script>');
});

test('a classic script without the bytes gets an error with the line that provides them', async () => {
  await bundle('page');
  const says =
    /no import\.meta\.url; give its URL or its bytes to load\(\) \(with esbuild: --loader:\.wasm=binary, import bytes from 'kmseal\/kmseal\.wasm'/;
  await assert.rejects(opens('<script src="out/page.js"></script>'), says);
});

test('a script that knows the address, but may not read it, gets an error that says to give load() the bytes', async () => {
  const { rollup } = await project.tool('rollup');
  const { nodeResolve } = await project.tool('@rollup/plugin-node-resolve');
  const rolled = await rollup({
    input: project.inProject('app/page.js'),
    plugins: [nodeResolve({ browser: true })],
    onwarn() {},
  });
  await rolled.write({ file: project.inProject('kmseal/rolled.js'), format: 'iife' });
  await assert.rejects(
    opens('<script src="kmseal/rolled.js"></script>'),
    /may not read file:.*kmseal\.wasm, since its own URL begins with file:; give the bytes of kmseal\.wasm to load\(\)/,
  );
});
