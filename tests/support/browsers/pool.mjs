// The browsers of a test run: to start one takes seconds, and a run needs some two hundred. So test files hand theirs on. This is a program,
// which prints its address; scripts/test.mjs starts it. What one test leaves behind must not reach the next: servers have ports, and so
// origins, of their own, and wipe() removes the rest. A browser that was not given back in order is closed.
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { PLAIN, TIMEOUTS, startBrowser } from './start.mjs';

/** So that what a browser gathers in its memory stays small. */
const MOST_USES = 50;
const WINDOW = { x: 0, y: 0, width: 1280, height: 900 };

/** @typedef {Awaited<ReturnType<typeof startBrowser>> & { session: string, uses: number }} Pooled */
/** @type {Record<string, Pooled[]>} */
const free = {};
/** @type {Map<string, Pooled>} by session: they are in use */
const used = new Map();

async function take(name) {
  const browser = free[name]?.pop() ?? (await start(name));
  browser.uses++;
  used.set(browser.session, browser);
  return browser;
}

async function start(name) {
  const browser = await startBrowser(name, PLAIN);
  return { ...browser, session: (await browser.driver.getSession()).getId(), uses: 0 };
}

/** In the page that was open last. */
const forget = async (done) => {
  try {
    localStorage.clear();
    sessionStorage.clear();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
    for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? []) await worker.unregister();
    for (const key of (await globalThis.caches?.keys()) ?? []) await caches.delete(key);
  } catch {
    // a page without storage
  }
  done();
};

async function wipe({ driver, downloads }) {
  const [first, ...others] = await driver.getAllWindowHandles();
  for (const other of others) {
    await driver.switchTo().window(other);
    await driver.close();
  }
  await driver.switchTo().window(first);
  await driver.actions().clear();
  await driver.executeAsyncScript(forget);
  await driver.manage().deleteAllCookies();
  // Ports do come back: their next server may have another build of the package under the same name.
  await driver.sendDevToolsCommand?.('Network.clearBrowserCache');
  await driver.get('about:blank');
  rmSync(downloads, { recursive: true });
  mkdirSync(downloads);
  await driver.manage().setTimeouts(TIMEOUTS);
  await driver.manage().window().setRect(WINDOW);
}

async function giveBack(name, session) {
  const browser = used.get(session);
  if (!browser) return;
  used.delete(session);
  try {
    if (browser.uses === MOST_USES) return await browser.close();
    await wipe(browser);
    (free[name] ??= []).push(browser);
  } catch {
    await browser.close();
  }
}

const server = createServer(async (incoming, outgoing) => {
  const [, name, session] = incoming.url.split('/');
  if (incoming.method === 'DELETE') {
    await giveBack(name, session);
    outgoing.end();
    return;
  }
  try {
    const browser = await take(name);
    const { address, session, downloads, uses } = browser;
    outgoing.writeHead(200, { address, session, downloads: encodeURIComponent(downloads) }).flushHeaders();
    outgoing.once('close', async () => {
      // The one who has given it back ends this connection later, when somebody else may have it.
      if (used.get(browser.session)?.uses !== uses) return;
      used.delete(browser.session);
      await browser.close();
    });
  } catch (error) {
    outgoing.writeHead(200, { failure: encodeURIComponent(error.message.slice(-2000)) }).end();
  }
}).listen(0, '127.0.0.1');
process.once('SIGTERM', async () => {
  const all = [...used.values(), ...Object.values(free).flat()];
  await Promise.allSettled(all.map((browser) => browser.close()));
  process.exit();
});
await once(server, 'listening');
console.log(`http://127.0.0.1:${server.address().port}`);
