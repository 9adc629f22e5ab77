// Next.js, built and in development, with Turbopack and with webpack: a server component, a route handler, a page in the browser and, with
// Turbopack, a route of the edge runtime each seal 3 MB that open again.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { printed } from '../../tools/kms.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject, wasmFiles } from '../support/consumers.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { outputOf } from '../support/tarball.mjs';

const APPS = ['server-rendering', 'next-parts'].map((name) => fileURLToPath(new URL(name, import.meta.url)));

let kms;
let key;
let browser;
before(async () => {
  kms = await startKms();
  key = await kms.createKey();
  browser = await launch('chromium');
});
after(async () => {
  await browser?.close();
  await kms?.close();
});

const text = async (url) => (await fetch(url)).text();

for (const bundler of ['turbopack', 'webpack']) {
  describe(`Next.js with ${bundler}`, () => {
    let project;
    let env;
    before(async () => {
      project = await startProject();
      const place = (...names) => path.join(project.project, ...names);
      for (const app of APPS) cpSync(app, place('src/app'), { recursive: true });
      for (const folder of ['', 'opened']) cpSync(place('app/kms.js'), place('src/app', folder, 'kms.js'));
      rmSync(place('app'), { recursive: true }); // to Next.js it would be the site
      // The edge runtime is deprecated. With webpack, Next.js 16.4 does not build this route.
      if (bundler === 'webpack') rmSync(place('src/app/edge'), { recursive: true });
      mkdirSync(place('public'));
      const answer = JSON.stringify(printed(key));
      writeFileSync(place('public/kms-public-key.json'), answer);
      writeFileSync(
        place('next.config.mjs'),
        `export default { turbopack: { root: ${JSON.stringify(project.tools)} } };`,
      );
      env = {
        ...process.env,
        NEXT_TELEMETRY_DISABLED: '1',
        KMS_ENDPOINT: kms.emulator.endpoint,
        KMS_KEY_ID: key.KeyId,
        KMS_PUBLIC_KEY: answer,
      };
    });
    after(() => project?.remove());

    async function serves(args, NODE_ENV) {
      const all = (port) => [...args, project.project, '--hostname', '127.0.0.1', '--port', String(port)];
      const { origin, stop } = await startOnPort((port) =>
        startChild(project.bin('next'), all(port), { ...env, NODE_ENV }),
      );
      try {
        assert.match(await text(`${origin}/rendered`), /opened in the server component/);
        assert.equal(await text(`${origin}/handler`), 'opened in the route handler');
        if (bundler === 'turbopack') assert.equal(await text(`${origin}/edge`), 'opened in the edge route');
        await browser.driver.get(origin);
        const output = await browser.driver.findElement(By.css('output'));
        await browser.driver.wait(until.elementTextMatches(output, /opened|failed/), 60_000);
        assert.equal(await output.getText(), 'the server opened: sealed in the page');
      } finally {
        await stop();
      }
    }

    test('the build has the .wasm once for the browser, and every part of it seals', async () => {
      await outputOf(project.bin('next'), ['build', `--${bundler}`], project.project, {
        ...env,
        NODE_ENV: 'production',
      });
      assert.equal(wasmFiles(path.join(project.project, '.next/static')).length, 1);
      await serves(['start'], 'production');
    });

    test('every part of it seals in development', () => serves(['dev', `--${bundler}`], 'development'));
  });
}
