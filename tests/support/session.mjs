// A browser on a page of a server of its own, which also serves what pages share (/support/).
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { startServer } from './server.mjs';

const SUPPORT = fileURLToPath(new URL('.', import.meta.url));

/**
 * @param {Parameters<typeof launch>[0]} name
 * @param {{ routes?: (app: import('hono').Hono) => void }} [options] routes: as of startServer()
 */
export async function openPage(name, { routes } = {}) {
  const server = await startServer({ folders: { '/support/': SUPPORT }, routes });
  try {
    const browser = await launch(name);
    await browser.driver.get(`${server.origin}/pages/blank.html`);
    return {
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
