// kmseal in an application of Angular 20 with zone.js, built by its CLI, which turns asynchronous functions into those of zone.js's promises.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { npmTools } from '../../scripts/lib/npm.mjs';
import { launch } from '../support/browser.mjs';
import { makeKeyPair } from '../support/engines.mjs';
import { startServer } from '../support/server.mjs';
import { installTarball } from '../support/tarball.mjs';

const APP = fileURLToPath(new URL('angular20', import.meta.url));
const OPERATIONS = fileURLToPath(new URL('../platform/operations.mjs', import.meta.url));

let tarball;
let server;
before(async () => {
  const tools = await npmTools('tests/consumers/angular20');
  tarball = installTarball({ within: tools });
  const { project } = tarball;
  for (const name of ['angular.json', 'tsconfig.json', 'src']) cpSync(path.join(APP, name), path.join(project, name), { recursive: true });
  cpSync(OPERATIONS, path.join(project, 'src', 'operations.mjs'));
  const ng = path.join(tools, 'node_modules/@angular/cli/bin/ng.js');
  await promisify(execFile)(process.execPath, [ng, 'build'], { cwd: project, env: { ...process.env, CI: 'true' } });
  server = await startServer({ folders: { '/app/': path.join(project, 'dist/app/browser') } });
});
after(async () => {
  await server?.close();
  tarball?.remove();
});

for (const name of ['chromium', 'firefox', 'webkit']) {
  test(`every operation is right in ${name}`, async () => {
    const browser = await launch(name);
    try {
      await browser.driver.get(`${server.origin}/app/index.html`);
      const outcomes = await browser.evaluate(async (pair) => {
        if (!document.querySelector('app-root p')?.textContent.includes('ZoneAwarePromise')) throw new Error('the application does not run with zone.js');
        return globalThis.tryAll(pair);
      }, await makeKeyPair());
      assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'right'), []);
      assert.equal(Object.keys(outcomes).length, 19);
    } finally {
      await browser.close();
    }
  });
}
