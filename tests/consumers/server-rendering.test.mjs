// Next.js: a page that imports the package is rendered on the server, where that has no effect, and seals in the browser; a
// route on the server opens what it sent.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { printed } from '../../tools/kms.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { outputOf } from '../support/tarball.mjs';

let project;
let kms;
let server;
let origin;
before(async () => {
  project = await startProject();
  kms = await startKms();
  const key = await kms.createKey();
  const folder = project.project;
  const place = (...names) => path.join(folder, ...names);
  cpSync(new URL('server-rendering', import.meta.url), place('src/app'), { recursive: true });
  cpSync(place('app/kms.js'), place('src/app/opened/kms.js'));
  rmSync(place('app'), { recursive: true }); // to Next.js it would be the site
  mkdirSync(place('public'));
  writeFileSync(place('public/kms-public-key.json'), JSON.stringify(printed(key)));
  writeFileSync(place('next.config.mjs'), `export default { turbopack: { root: ${JSON.stringify(project.tools)} } };`);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  await outputOf(project.bin('next'), ['build'], folder, env);
  Object.assign(env, { KMS_ENDPOINT: kms.emulator.endpoint, KMS_KEY_ID: key.KeyId });
  const args = (port) => ['start', folder, '--hostname', '127.0.0.1', '--port', String(port)];
  server = await startOnPort((port) => startChild(project.bin('next'), args(port), env));
  ({ origin } = server);
});
after(async () => {
  await server?.stop();
  await kms?.close();
  project?.remove();
});

test('the .wasm is emitted once for the browser', () => {
  assert.equal(wasmFiles(path.join(project.project, '.next/static')).length, 1);
});

test('the page is rendered on the server, seals in the browser, and the server opens', async () => {
  const rendered = await (await fetch(origin)).text();
  assert.match(rendered, /<output>not yet sealed<\/output>/);
  const browser = await launch('chromium');
  try {
    await browser.driver.get(origin);
    const text = until.elementTextMatches(await browser.driver.findElement(By.css('output')), /opened|failed/);
    const output = await browser.driver.wait(text, PATIENCE);
    assert.equal(await output.getText(), 'the server opened: sealed in the page');
  } finally {
    await browser.close();
  }
});
