// The three browser engines, their drivers, and where they are.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { needDebian } from './debian.mjs';
import { geckodriver } from './rust.mjs';
import { which } from './run.mjs';

const PACKAGES = {
  chromium: 'chromium',
  chromedriver: 'chromium-driver',
  'firefox-esr': 'firefox-esr',
  WebKitWebDriver: 'webkit2gtk-driver',
  Xvfb: 'xvfb',
};

export async function browserPackages() {
  const missing = Object.keys(PACKAGES).filter((program) => !which(program));
  if (missing.length > 0) await needDebian(missing.map((program) => PACKAGES[program]));
}

/** WebKitGTK's own little browser, which is on no PATH. */
function miniBrowser() {
  const folder = { x64: '/usr/lib/x86_64-linux-gnu', arm64: '/usr/lib/aarch64-linux-gnu' }[process.arch];
  const files = ['webkit2gtk-4.1', 'webkitgtk-6.0'].map((name) => path.join(folder ?? '', name, 'MiniBrowser'));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error(`none of these is there: ${files.join(', ')}`);
  return found;
}

/** The executables of a browser and its driver. */
export async function browserPrograms(name) {
  await browserPackages();
  switch (name) {
    case 'chromium':
      return { browser: which('chromium'), driver: which('chromedriver') };
    case 'firefox':
      return { browser: which('firefox-esr'), driver: path.join(await geckodriver(), 'geckodriver') };
    case 'webkit':
      return { browser: miniBrowser(), driver: which('WebKitWebDriver') };
    default:
      throw new RangeError(`no such browser: ${name}`);
  }
}
