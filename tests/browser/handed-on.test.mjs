// The browsers that test files hand on to each other: the next one finds nothing that the one before left.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startBrowserPool } from '../../tools/browser-pool.mjs';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { lease } from '../support/browsers/lease.mjs';
import { startServer } from '../support/servers/server.mjs';

let pool;
let server;
before(async () => {
  [pool, server] = [await startBrowserPool(), await startServer()];
});
after(async () => {
  await pool?.stop();
  await server?.close();
});

const sessionOf = async ({ driver }) => (await driver.getSession()).getId();

/** What is left of a test in a browser: its storage, cookies, windows and downloads. */
async function leftIn({ driver, downloads }) {
  await driver.get(`${server.origin}/pages/blank.html`);
  const kept = await driver.executeScript(() => ({
    stored: localStorage.length + sessionStorage.length,
    cookie: document.cookie,
  }));
  return { ...kept, windows: (await driver.getAllWindowHandles()).length, downloads: readdirSync(downloads) };
}

// Starting browsers takes most of this test's time: by default one shows what the pool does with any.
for (const name of ANY_ENGINE) {
  test(`${name} is handed on without storage, cookies, windows and downloads of the test before`, async () => {
    const first = await lease(pool.address, name);
    assert.deepEqual(await leftIn(first), { stored: 0, cookie: '', windows: 1, downloads: [] });
    await first.driver.executeScript(() => {
      localStorage.setItem('left', 'behind');
      sessionStorage.setItem('left', 'behind');
    });
    await first.driver.manage().addCookie({ name: 'left', value: 'behind' });
    await first.driver.switchTo().newWindow('tab');
    writeFileSync(path.join(first.downloads, 'left'), 'behind');
    assert.deepEqual(await leftIn(first), { stored: 1, cookie: 'left=behind', windows: 2, downloads: ['left'] });
    const session = await sessionOf(first);
    await first.close();

    const second = await lease(pool.address, name);
    assert.equal(await sessionOf(second), session);
    assert.deepEqual(await leftIn(second), { stored: 0, cookie: '', windows: 1, downloads: [] });
    await second.close();
  });
}

if (ANY_ENGINE.includes('chromium'))
  test('Chromium is handed on without the colours that a test had it prefer', async () => {
    const colours = ({ driver }) => driver.executeScript("return matchMedia('(prefers-color-scheme: dark)').matches");
    const first = await lease(pool.address, 'chromium');
    const session = await sessionOf(first);
    const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
    await first.driver.sendDevToolsCommand('Emulation.setEmulatedMedia', { features });
    assert.equal(await colours(first), true);
    await first.close();

    const second = await lease(pool.address, 'chromium');
    assert.equal(await sessionOf(second), session);
    assert.equal(await colours(second), false);
    await second.close();
  });

test('a browser whose test ended without giving it back is not handed on', async () => {
  const [name] = ANY_ENGINE;
  const lost = request(`${pool.address}/${name}`, { method: 'POST', agent: new Agent() });
  const [response] = await once(lost.end(), 'response');
  response.destroy();
  const next = await lease(pool.address, name);
  assert.notEqual(await sessionOf(next), response.headers.session);
  await next.close();
});
