// The picture of the demo in CONTRIBUTING.md, light and dark: www/demo.png and www/demo-dark.png, of a file that was sealed, uploaded, opened, and
// refused once a byte was changed.
//
//     node scripts/screenshot.mjs      after npm run build
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { By, until } from 'selenium-webdriver';
import { launch } from '../tests/support/browsers/browser.mjs';
import { startDemo } from '../www/server/demo.mjs';
import { ROOT } from '../tools/run.mjs';
import { forgetShellSettings } from '../tools/shell-settings.mjs';

const PATIENCE = 60_000;
const WIDTH = 1280;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-screenshot-'));
forgetShellSettings();
const demo = await startDemo({ ports: [0] });
const browser = await launch('chromium', { args: ['--hide-scrollbars'] });
try {
  const { driver } = browser;
  const entry = '#files > li:first-child';
  const find = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE);
  const press = async (label) => {
    const named = By.xpath(`//*[@id="files"]//button[starts-with(normalize-space(), "${label}:")]`);
    const button = await driver.wait(until.elementLocated(named), PATIENCE);
    await driver.wait(until.elementIsVisible(button), PATIENCE);
    await button.click();
  };

  await driver.get(demo.origin);
  await find('#key-facts dd');
  const file = path.join(folder, 'identity-paper.txt');
  // Too small for a rate: the chart above has it, and this machine would show another.
  writeFileSync(file, Buffer.alloc(3_000_000, 'Identity paper of Erika Mustermann, born 12 August 1983 in Berlin. '));
  await browser.chooseFiles('#file-input', [file]);
  await press('Upload the envelope');
  await press('Ask the server to open it');
  await find(`${entry} .same`);
  await press('Change one byte, then open it');
  await find(`${entry} .refused`);

  const box = await driver.executeScript((css) => {
    const focused = document.activeElement;
    if (focused instanceof HTMLElement) focused.blur();
    const { top, bottom } = document.querySelector(css).getBoundingClientRect();
    return { y: top + scrollY, height: bottom - top };
  }, entry);
  for (const [scheme, name] of [
    ['light', 'demo'],
    ['dark', 'demo-dark'],
  ]) {
    await driver.sendDevToolsCommand('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    const clip = { x: 0, y: box.y - 8, width: WIDTH, height: box.height, scale: 1 };
    const { data } = await driver.sendAndGetDevToolsCommand('Page.captureScreenshot', {
      captureBeyondViewport: true,
      clip,
    });
    writeFileSync(path.join(ROOT, `www/${name}.png`), data, 'base64');
  }
} finally {
  await browser.close();
  await demo.close();
  rmSync(folder, { recursive: true });
}
