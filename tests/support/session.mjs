// A browser on a page of a server of its own, which also serves what pages share (/support/); and tests of it in each browser.
import { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { startServer } from './server.mjs';

const SUPPORT = fileURLToPath(new URL('.', import.meta.url));

/**
 * @param {Parameters<typeof launch>[0]} name
 * @param {{ routes?: (app: import('hono').Hono) => void, connect?: string[] }} [options] as of startServer()
 */
export async function openPage(name, { routes, connect } = {}) {
  const server = await startServer({ folders: { '/support/': SUPPORT }, routes, connect });
  try {
    const browser = await launch(name);
    await browser.driver.get(`${server.origin}/pages/blank.html`);
    return {
      origin: server.origin,
      evaluate: browser.evaluate,
      chooseFiles: (paths) => browser.chooseFiles('input[type=file]', paths),
      async close() {
        await browser.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** As openPage(), with makeKit() of page.mjs as the page's global `kit`. */
export async function openKit(name, { keys, ...options }) {
  const page = await openPage(name, options);
  await page.evaluate(async (...answers) => {
    const { makeKit } = await import('/support/page.mjs');
    globalThis.kit = await makeKit(...answers);
  }, ...keys);
  return page;
}

/**
 * The same tests in each browser.
 * @template {{ close(): Promise<void> }} Page
 * @param {(name: string) => Promise<Page>} open
 * @param {(page: Page, name: string) => void} tests `page` is filled once they run
 */
export function inBrowsers(open, tests, names = ['chromium', 'firefox', 'webkit']) {
  for (const name of names) {
    describe(name, () => {
      const page = {};
      before(async () => Object.assign(page, await open(name)));
      after(() => page.close?.());
      tests(page, name);
    });
  }
}
