// A browser extension of manifest version 3, unbundled and bundled: its page and its service worker seal under the policy that
// docs/hosting.md names, and without it the error names it. Chromium.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';

// Exactly as on the page, where readers copy it.
const [, POLICY] = /`("content_security_policy": \{.*?\})`/.exec(
  readFileSync(path.join(ROOT, 'docs/hosting.md'), 'utf8'),
);

const SOURCES = {
  'page.html': '<!doctype html><title>Consumer</title><script type="module" src="page.js"></script>',
  'ask.html': '<!doctype html><title>Consumer</title><script type="module" src="ask.js"></script>',
  'ask.js': "chrome.runtime.sendMessage(new URLSearchParams(location.search).get('host'));",
  'service-worker.js': `
    import { sealAndSend, sendTo } from './seal.js';

    chrome.runtime.onMessage.addListener((origin, sender, reply) => {
      sendTo(origin);
      sealAndSend('service worker').then(reply);
      return true;
    });`,
};

let project;
let host;
before(async () => {
  project = await startProject();
  host = await startHost();
});
after(async () => {
  await host?.close();
  project?.remove();
});

/** An extension's folder, whose scripts import `kmseal`. */
function write(name, policy) {
  const folder = project.inProject(name);
  cpSync(project.inProject('app'), folder, { recursive: true });
  for (const [file, text] of Object.entries(SOURCES)) writeFileSync(path.join(folder, file), text);
  const manifest = {
    manifest_version: 3,
    name: 'Consumer',
    version: '1',
    background: { service_worker: 'service-worker.js', type: 'module' },
  };
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...policy }));
  return folder;
}

/** The browser gets exactly these files: an import map would be inline script. */
function unbundled(folder) {
  cpSync(path.join(project.installed, 'dist'), path.join(folder, 'kmseal'), { recursive: true });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.js'))) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace("'kmseal'", "'./kmseal/index.js'"));
  }
}

async function bundled(folder) {
  const { build } = await project.tool('esbuild');
  const entryPoints = ['page.js', 'service-worker.js'].map((name) => path.join(folder, name));
  await build({ entryPoints, bundle: true, format: 'esm', outdir: folder, allowOverwrite: true, logLevel: 'error' });
  copyFileSync(path.join(project.installed, 'dist/kmseal.wasm'), path.join(folder, 'kmseal.wasm'));
}

/** Opens a page of an extension, whose id derives from its path. */
async function inExtension(folder, page, work) {
  const id = createHash('sha256')
    .update(folder)
    .digest('hex')
    .slice(0, 32)
    .replace(/./g, (digit) => 'abcdefghijklmnop'[parseInt(digit, 16)]);
  const browser = await launch('chromium', {
    args: [`--load-extension=${folder}`, `--disable-extensions-except=${folder}`],
  });
  try {
    await work(browser, host.from(`chrome-extension://${id}/${page}`));
  } finally {
    await browser.close();
  }
}

for (const [name, build] of Object.entries({ unbundled, bundled })) {
  describe(`an extension, ${name}`, () => {
    let folder;
    before(async () => {
      folder = write(name, JSON.parse(`{ ${POLICY} }`));
      await build(folder);
    });

    test(`an extension, ${name}, seals in its page`, () =>
      inExtension(folder, 'page.html', (browser, page) => host.opens(browser, page)));
    test(`an extension, ${name}, seals in its service worker`, () =>
      inExtension(folder, 'ask.html', (browser, page) => host.opens(browser, page, 'service worker')));
  });
}

test('an extension whose policy forbids WebAssembly gets an error that says what to add', async () => {
  const folder = write('strict', { content_security_policy: { extension_pages: "script-src 'self'" } });
  // seal.js would report the violation itself.
  writeFileSync(
    path.join(folder, 'page.js'),
    `
    import { load } from 'kmseal';

    const host = new URLSearchParams(location.search).get('host');
    load().catch(({ message }) => fetch(host + '/failed', { method: 'POST', body: message }));`,
  );
  unbundled(folder);
  await inExtension(folder, 'page.html', (browser, page) =>
    assert.rejects(host.opens(browser, page), /add 'wasm-unsafe-eval' to its script-src/),
  );
});
