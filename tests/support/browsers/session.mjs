// A browser on a page of a server of its own, which also serves what pages share (/support/); and tests of it in each browser.
import { after, before, describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BROWSERS } from '../../../tools/browsers.mjs';
import { launch } from './browser.mjs';
import { startServer } from '../servers/server.mjs';

const SUPPORT = fileURLToPath(new URL('../page/', import.meta.url));
/** The build that has every kind of key, as a bundler takes it under the condition `every-kind`. */
const EVERY_KIND = { '/dist/': fileURLToPath(new URL('../../../dist/inline', import.meta.url)) };

/** Whether a page needs that build to seal for a key of KMS. @param {string | undefined} spec */
export const needsEveryKind = (spec) => spec?.startsWith('ML_KEM_') ?? false;

/**
 * @param {Parameters<typeof launch>[0]} name
 * @param {{ routes?: (app: import('hono').Hono) => void, connect?: string[], everyKind?: boolean, browser?: Parameters<typeof launch>[1] }}
 *   [options] as of startServer(); everyKind: the page has the package's build for every kind of key; browser: as of launch()
 */
export async function openPage(name, { routes, connect, everyKind, browser: options } = {}) {
  const server = await startServer({
    folders: { '/support/': SUPPORT, ...(everyKind && EVERY_KIND) },
    routes,
    connect,
  });
  try {
    const browser = await launch(name, options);
    await browser.driver.get(`${server.origin}/pages/blank.html`);
    return {
      origin: server.origin,
      driver: browser.driver,
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

/** As openPage(), with the global `kit`. */
export async function openKit(name, { keys, ...options }) {
  const page = await openPage(name, options);
  await setKit(page, keys);
  return page;
}

/** Makes makeKit() of kit.mjs the page's global `kit`. */
export const setKit = ({ evaluate }, keys) =>
  evaluate(
    async (...answers) => {
      const { makeKit } = await import('/support/kit.mjs');
      globalThis.kit = await makeKit(...answers);
    },
    ...keys,
  );

/**
 * The same tests in each browser.
 * @template {{ close(): Promise<void> }} Page
 * @param {(name: string) => Promise<Page>} open
 * @param {(page: Page, name: string) => void} tests `page` is filled once they run
 */
export function inBrowsers(open, tests, names = BROWSERS) {
  for (const name of names) {
    describe(name, () => {
      const page = {};
      before(async () => Object.assign(page, await open(name)));
      after(() => page.close?.());
      tests(page, name);
    });
  }
}
