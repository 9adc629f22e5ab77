// Tests of pages that upload by Uppy, and the files that they upload.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before } from 'node:test';
import { content, PLAIN } from './plaintext.mjs';
import { leaks } from './relay.mjs';
import { inBrowsers, openKit } from './session.mjs';
import { startUploaders } from './uploaders.mjs';

export const NAMES = ['Arztbrief Meier.pdf', 'Befund.png'];
/** What no request may show. */
export const SECRETS = [...NAMES, 'Arztbrief', 'Befund', 'application/pdf', 'image/png', 'Ordner/', PLAIN];

/**
 * What the tests of a file share; it is there once they run. `servers` is of startUploaders(), `paths` where the files are, and
 * inBrowsers() defines tests of a page of openKit() in each browser, which setUp(places) has prepared. No request of theirs may tell
 * anything, unless they forget it by servers.reset().
 */
export function testUppy() {
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-uppy-'));
  const paths = NAMES.map((name) => path.join(folder, name));
  const servers = {};
  before(async () => Object.assign(servers, await startUploaders()));
  after(async () => {
    await servers.close?.();
    rmSync(folder, { recursive: true });
  });

  async function open(name) {
    const { routes, connect, key } = servers;
    const page = await openKit(name, { keys: [key], routes, connect });
    return {
      ...page,
      /** Makes files of these sizes, chooses them, and returns what they hold. */
      async choose(...sizes) {
        const contents = sizes.map(content);
        contents.forEach((bytes, index) => writeFileSync(paths[index], bytes));
        await page.chooseFiles(paths.slice(0, sizes.length));
        return contents;
      },
    };
  }

  /**
   * @param {(places: { form: string, tus: string }) => Promise<void>} setUp runs in the page
   * @param {(page: Awaited<ReturnType<typeof open>>, name: string) => void} tests
   */
  const uppyInBrowsers = (setUp, tests) => inBrowsers(open, (page, name) => {
    before(async () => {
      await servers.allow(page.origin);
      await page.evaluate(setUp, servers.places);
    });
    afterEach(() => {
      const told = leaks(servers.seen(), SECRETS);
      servers.reset();
      assert.deepEqual(told, []);
    });
    tests(page, name);
  });
  return { servers, paths, inBrowsers: uppyInBrowsers };
}
