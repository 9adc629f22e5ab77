// Bundles for older browsers than kmseal asks for. Vite rewrites the classes for them, and leaves out calls marked as pure whose value nobody
// uses: each promise of the classes must survive that.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startHost } from '../support/servers/host.mjs';

const SCRIPT = `
  import 'kmseal/define';
  import { KmsPublicKey, Opener, Sealer } from 'kmseal';

  const element = document.querySelector('kmseal-file');
  globalThis.whatIsKept = async () => {
    const key = await KmsPublicKey.fetch('/kms-public-key.json');
    const sealer = new Sealer({ keys: [key], encryptionContext: { from: 'form' } });
    const file = new File(['the paper'], 'paper.pdf');
    const prepared = await sealer.prepare(file);
    const opener = new Opener({ keyIds: [key.keyId], decrypt: async () => {} });
    const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
    const disposes = [sealer, prepared, opener].map((one) => typeof one[dispose]);
    element.encryptioncontext = { from: 'form' }; // as Solid writes it
    const changed = new Promise((resolve) => element.addEventListener('change', resolve, { once: true }));
    element.add([file]);
    await changed;
    const { name, maxSize, required, keySrc, encryptionContext } = element;
    const sent = [...new FormData(element.form)].map(([field, { name }]) => field + ': ' + name);
    return { disposes, sent, name, maxSize, required, keySrc, encryptionContext: { ...encryptionContext } };
  };`;
const HTML = `<!doctype html><title>Older</title><link rel="icon" href="data:,">
  <form><kmseal-file name="paper" max-size="1000" required key-src="/kms-public-key.json"></kmseal-file></form>
  <script type="module" src="./page.js"></script>`;

let project;
let host;
let browser;
before(async () => {
  project = await startProject();
  mkdirSync(project.inProject('older'));
  mkdirSync(project.inProject('out'));
  writeFileSync(project.inProject('older', 'page.js'), SCRIPT);
  writeFileSync(project.inProject('older', 'index.html'), HTML);
  host = await startHost({ folders: { '/out/': project.inProject('out') } });
  browser = await launch('chromium');
});
after(async () => {
  await browser?.close();
  await host?.close();
  project?.remove();
});

for (const target of ['es2022', 'es2017']) {
  test(`a form whose bundle is for ${target} sends its files, and classes keep all of their members`, async () => {
    const { build } = await project.tool('vite');
    const settings = { outDir: project.inProject('out', target), target };
    await build({
      root: project.inProject('older'),
      base: `/out/${target}/`,
      configFile: false,
      logLevel: 'silent',
      build: settings,
    });
    await browser.driver.get(`${host.origin}/out/${target}/index.html`);
    await browser.driver.wait(() => browser.driver.executeScript('return Boolean(globalThis.whatIsKept)'));
    assert.deepEqual(await browser.evaluate(() => globalThis.whatIsKept()), {
      disposes: ['function', 'function', 'function'],
      sent: ['paper: file-1.kmseal'],
      name: 'paper',
      maxSize: 1000,
      required: true,
      keySrc: '/kms-public-key.json',
      encryptionContext: { from: 'form' },
    });
  });
}
