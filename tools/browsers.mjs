// The three browser engines, their drivers, and where they are.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { needDebian } from './debian.mjs';
import { geckodriver } from './rust.mjs';
import { which } from './run.mjs';

/** The engines that could run here: WebKitGTK is Linux's. */
const ENGINES = process.platform === 'linux' ? ['chromium', 'firefox', 'webkit'] : ['chromium', 'firefox'];
const wanted = process.env.BROWSERS?.split(',') ?? ENGINES;
const unknown = wanted.filter((name) => !ENGINES.includes(name));
if (unknown.length > 0) throw new RangeError(`BROWSERS has ${unknown}; it takes ${ENGINES}`);

/** The engines that tests run in: all, or those that the variable BROWSERS names, such as `chromium,firefox`. */
export const BROWSERS = ENGINES.filter((name) => wanted.includes(name));

/** Those in which a test runs that any engine passes alike: the first one by default, and each one that the variable BROWSERS names. */
export const ANY_ENGINE = process.env.BROWSERS ? BROWSERS : BROWSERS.slice(0, 1);

const PACKAGES = {
  chromium: 'chromium',
  'chromium-headless-shell': 'chromium-headless-shell',
  chromedriver: 'chromium-driver',
  'firefox-esr': 'firefox-esr',
  WebKitWebDriver: 'webkit2gtk-driver',
  Xvfb: 'xvfb',
};

/** Where macOS keeps applications, which are on no PATH. */
const APPLICATIONS = {
  chromium: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  firefox: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
};
const application = (name) => APPLICATIONS[name].find((file) => existsSync(file));

export async function browserPackages() {
  if (process.platform === 'darwin') {
    const casks = {
      'google-chrome': application('chromium'),
      chromedriver: which('chromedriver'),
      firefox: application('firefox'),
    };
    const missing = Object.keys(casks).filter((cask) => !casks[cask]);
    if (missing.length > 0) throw new Error(`missing browsers: run\n\n    brew install --cask ${missing.join(' ')}\n`);
    return;
  }
  const missing = Object.keys(PACKAGES).filter((program) => !which(program));
  if (missing.length > 0) await needDebian(missing.map((program) => PACKAGES[program]));
}

/** WebKitGTK's MiniBrowser, which is not on the PATH. */
function miniBrowser() {
  const folder = { x64: '/usr/lib/x86_64-linux-gnu', arm64: '/usr/lib/aarch64-linux-gnu' }[process.arch];
  const files = ['webkit2gtk-4.1', 'webkitgtk-6.0'].map((name) => path.join(folder ?? '', name, 'MiniBrowser'));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error(`none of these is there: ${files.join(', ')}`);
  return found;
}

/**
 * The executables of a browser and its driver. For Chromium without windows that is its headless shell, where there is one: the same engine, which
 * needs a third less of the processor. It has no viewer of PDF files, no wake locks, no profile that is kept, and none of its settings.
 */
export async function browserPrograms(name, { hasWindows = true } = {}) {
  await browserPackages();
  switch (name) {
    case 'chromium':
      return {
        browser: (!hasWindows && which('chromium-headless-shell')) || (which('chromium') ?? application('chromium')),
        driver: which('chromedriver'),
      };
    case 'firefox':
      return {
        browser: which('firefox-esr') ?? application('firefox'),
        driver: path.join(await geckodriver(), 'geckodriver'),
      };
    case 'webkit':
      return { browser: miniBrowser(), driver: which('WebKitWebDriver') };
    default:
      throw new RangeError(`no such browser: ${name}`);
  }
}
