// <kmseal-file> in an app of Next.js: rendered on the server, hydrated, and sent to a server action, which opens what came.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { startChild, startOnPort } from '../../tools/child.mjs';
import { printed } from '../../tools/kms.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startProject } from '../support/consumers.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { outputOf } from '../support/tarball.mjs';

/** Builds the app and starts it. */
async function startApp() {
  const project = await startProject();
  const kms = await startKms();
  const key = await kms.createKey();
  const folder = project.project;
  const place = (...names) => path.join(folder, ...names);
  cpSync(new URL('next', import.meta.url), place('src/app'), { recursive: true });
  cpSync(place('app/kms.js'), place('src/app/kms.js'));
  rmSync(place('app'), { recursive: true }); // to Next.js it would be the site
  mkdirSync(place('public'));
  writeFileSync(place('public/kms-public-key.json'), JSON.stringify(printed(key)));
  writeFileSync(place('next.config.mjs'), `export default { turbopack: { root: ${JSON.stringify(project.tools)} } };`);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  await outputOf(project.bin('next'), ['build'], folder, env);
  Object.assign(env, { KMS_ENDPOINT: kms.emulator.endpoint, KMS_KEY_ID: key.KeyId });
  const args = (port) => ['start', folder, '--hostname', '127.0.0.1', '--port', String(port)];
  const { origin, stop } = await startOnPort((port) => startChild(project.bin('next'), args(port), env));
  return {
    origin,
    paper: path.join(folder, 'package.json'),
    async close() {
      await stop();
      await kms.close();
      project.remove();
    },
  };
}

let starting;
const app = () => (starting ??= startApp());
after(async () => (await starting)?.close());

inBrowsers(
  async (name) => ({ ...(await launch(name)), app: await app() }),
  (page) => {
    const run = (code, ...values) => page.driver.executeScript(code, ...values);
    const until = (condition) => page.driver.wait(() => run(`return ${condition}`), PATIENCE, condition);
    async function show(query) {
      await page.driver.get(`${page.app.origin}/?${query}`);
      await until(
        "document.querySelector('kmseal-file')?.shadowRoot && Object.keys(document.querySelector('form')).some((key) => key.startsWith('__react'))",
      );
      const input = await run("return document.querySelector('kmseal-file').shadowRoot.querySelector('input')");
      await input.sendKeys(page.app.paper);
    }
    const is = (state) => `document.querySelector('kmseal-file').matches(':state(${state})')`;
    const output = () => run("return document.querySelector('output').textContent");

    test('the attribute that a server component rendered is what the server action opens', async () => {
      for (const user of ['4711', '4712']) {
        await show(`user=${user}`);
        await until(is('sealed'));
        await run("document.querySelector('#render').click()");
        await run("document.querySelector('form button').click()");
        await until("document.querySelector('output').textContent !== 'nothing sent'");
        assert.equal(await output(), `${readFileSync(page.app.paper, 'utf8')} {"user":"${user}"}`);
      }
    });

    test('a property is sealed for, or, where hydration dropped it, nothing is sent and the page says so', async () => {
      await show('user=4713&how=property');
      await until(`${is('sealed')} || ${is('failed')}`);
      const failed = await run(`return ${is('failed')}`);
      await run("document.querySelector('form').noValidate = true; document.querySelector('form button').click()");
      if (failed) {
        assert.equal(await output(), 'nothing sent');
        assert.match(
          await run(
            "return document.querySelector('kmseal-file').shadowRoot.querySelector('[role=alert]').textContent",
          ),
          /^This page is not ready/,
        );
      } else {
        await until("document.querySelector('output').textContent !== 'nothing sent'");
        assert.match(await output(), /\{"user":"4713"\}$/);
      }
    });
  },
);
