// Starts Chromium, Firefox and WebKitGTK, each with a fresh profile, behind their WebDrivers.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Builder } from 'selenium-webdriver';
import { browserPrograms } from '../../../tools/browsers.mjs';
import { startChild, startOnPort } from '../../../tools/child.mjs';

const MINUTES = 60_000;

// Chromium does not start its sandbox as root; the rest keeps it from talking to anyone but us.
const CHROMIUM = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--window-size=1280,900',
  // A tab stays in its process from page to page, and in its frame, which no page can tell: a new one of each for every page is half of what a small
  // page takes. Each tab still has its own process.
  '--disable-site-isolation-trials',
  '--disable-features=SpareRendererForSitePerProcess,RenderDocument',
];

/** Without animations and smooth scrolling, each picture of which is drawn by the processor. WebKitGTK and the Chromium that people have keep them. */
const CHROMIUM_SHELL = ['--force-prefers-reduced-motion'];

/**
 * What Firefox otherwise does for a person: a page of new tabs, processes in store, a search for extensions, a cache on the disk beside the one
 * in memory, animations, and 60 pictures a second of a window that nobody sees. It is a third of what a start takes, and of what a small page takes.
 */
const FIREFOX = {
  'browser.newtabpage.enabled': false,
  'browser.newtabpage.activity-stream.enabled': false,
  'browser.startup.homepage': 'about:blank',
  'browser.startup.page': 0,
  'dom.ipc.processPrelaunch.enabled': false,
  'dom.ipc.processPrelaunch.fission.number': 0,
  'browser.cache.disk.enable': false,
  'extensions.enabledScopes': 0,
  'extensions.startupScanScopes': 0,
  'layout.frame_rate': 10,
  'ui.prefersReducedMotion': 1,
};

/** Where they put what is downloaded, which WebKitGTK's MiniBrowser asks a person. Firefox shows no list of it, which would take the focus. */
const savesTo = (downloads) => ({
  chromium: { 'download.default_directory': downloads },
  firefox: {
    'browser.download.folderList': 2,
    'browser.download.dir': downloads,
    'browser.download.alwaysOpenPanel': false,
  },
});

const CAPABILITIES = {
  chromium: (binary, args, prefs) => ({
    browserName: 'chrome',
    'goog:chromeOptions': {
      binary,
      args: [...CHROMIUM, ...(/headless-shell/.test(binary) ? CHROMIUM_SHELL : []), ...args],
      prefs,
    },
  }),
  firefox: (binary, args, prefs) => ({
    browserName: 'firefox',
    'moz:firefoxOptions': {
      binary,
      args: ['-headless', '--width=1280', '--height=900', ...args],
      prefs: { ...FIREFOX, ...prefs },
    },
  }),
  webkit: (binary, args) => ({
    browserName: 'MiniBrowser',
    'webkitgtk:browserOptions': { binary, args: ['--automation', ...args] },
  }),
};

/** An X server on a display of its own choosing; WebKitGTK cannot do without. */
async function startDisplay() {
  const args = ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
  const child = startChild('Xvfb', args);
  const number = await child.until(() => /^(\d+)\n/m.exec(child.output)?.[1]);
  return { env: { DISPLAY: `:${number}` }, stop: child.stop };
}

/** What a browser for any test takes. */
export const PLAIN = { hasWindows: false };

/** How long scripts and pages may take. */
export const TIMEOUTS = { script: 6 * MINUTES, pageLoad: MINUTES };

/**
 * A browser of its own. `address` is its WebDriver's, and `downloads` the folder of what it downloads.
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {Parameters<typeof import('./browser.mjs').launch>[1]} [options] hasWindows: true by default, here
 */
export async function startBrowser(name, { args = [], preferences = {}, env: more = {}, hasWindows } = {}) {
  const { browser, driver: program } = await browserPrograms(name, { hasWindows });
  const folder = mkdtempSync(path.join(tmpdir(), `kmseal-${name}-`));
  const downloads = path.join(folder, 'downloads');
  mkdirSync(downloads);
  const children = [];
  const close = async () => {
    while (children.length > 0) await children.pop().stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, ...more, TMPDIR: folder }; // the drivers make the profiles there
    if (name === 'webkit') {
      // Without a graphics card it composes pages on the processor, which takes a third of what its tests take.
      env.WEBKIT_DISABLE_COMPOSITING_MODE = '1';
      const display = await startDisplay();
      children.push(display);
      Object.assign(env, display.env);
    }
    const server = await startOnPort((port) => startChild(program, [`--port=${port}`], env), { path: '/status' });
    children.push(server);
    const driver = await new Builder()
      .usingServer(server.origin)
      .withCapabilities(CAPABILITIES[name](browser, args, { ...savesTo(downloads)[name], ...preferences }))
      .build();
    if (name === 'chromium') {
      // Without windows it does not do so by its settings alone.
      await driver.sendDevToolsCommand('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
    }
    await driver.manage().setTimeouts(TIMEOUTS);
    return { driver, address: server.origin, downloads, close };
  } catch (error) {
    await close();
    throw error;
  }
}
