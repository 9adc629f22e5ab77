// A page that dies: its browser is killed, not closed, and started again with the same profile; or it is reloaded. The servers live on, and so
// does the page's origin.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { killAll } from './processes.mjs';
import { setKit } from './session.mjs';
import { startServer } from '../servers/server.mjs';

const SUPPORT = fileURLToPath(new URL('../page/', import.meta.url));

/** How a browser is told its profile. @type {Record<string, (profile: string) => Parameters<typeof launch>[1]>} */
const PROFILE = {
  chromium: (profile) => ({ args: [`--user-data-dir=${profile}`] }),
  firefox: (profile) => ({ args: ['-profile', profile] }),
  webkit(profile) {
    const library = path.join(profile, 'kept-profile.so');
    const source = fileURLToPath(new URL('kept-profile.c', import.meta.url));
    // The compiler is there, since Rust links with it.
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
    return { env: { LD_PRELOAD: library, KMSEAL_KEPT_PROFILE: profile } };
  },
};

/** WebKitGTK's processes, which do not say their profile: the browser's, its pages', and that of the network and of IndexedDB. */
const WEBKIT = /\/(MiniBrowser|WebKit\w+Process) /;

/**
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {{ keys: object[], isNeverKilled?: boolean } & Parameters<typeof startServer>[0]} options keys: of the page's global `kit`, as openKit()
 *   has it; isNeverKilled: nothing calls restart(), so that any browser will do
 */
export async function openLives(name, { keys, isNeverKilled = false, ...serverOptions }) {
  const profile = mkdtempSync(path.join(tmpdir(), `kmseal-profile-${name}-`));
  const options = isNeverKilled ? undefined : PROFILE[name](profile);
  const server = await startServer({ folders: { '/support/': SUPPORT }, ...serverOptions });
  let browser;

  const lives = {
    origin: server.origin,
    evaluate: (...asked) => browser.evaluate(...asked),
    chooseFiles: (paths) => browser.chooseFiles('input[type=file]', paths),

    /** Kills the browser, without a chance for the page to do anything, and begins a new life of the page in another one. */
    async restart() {
      const isPage = ({ command }) => (name === 'webkit' ? WEBKIT.test(command) : command.includes(profile));
      await killAll(isPage);
      await browser.close();
      browser = undefined;
      await begin();
    },

    /**
     * Reloads the page. Our code does nothing at the end of such a page, either, nor where its tab is closed, as upload-tabs.test.mjs does. Only
     * restart() shows what is on disk at which moment. For what comes after, this takes a twentieth of the processor's time.
     */
    async reload() {
      await browser.driver.navigate().refresh();
      await setKit(lives, keys);
    },

    async close() {
      await browser?.close();
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };

  async function begin() {
    browser = await launch(name, options);
    await browser.driver.get(`${server.origin}/pages/blank.html`);
    await setKit(lives, keys);
  }

  await begin();
  return lives;
}
