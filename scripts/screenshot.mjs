// The picture of the demo in the README: www/demo.png, of a file that was sealed, uploaded and opened.
//
//     node scripts/screenshot.mjs      after npm run build
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { By, until } from 'selenium-webdriver';
import { launch } from '../tests/support/browser.mjs';
import { startDemo } from '../www/server/demo.mjs';
import { ROOT } from './lib/run.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-screenshot-'));
const demo = await startDemo({ ports: [0] });
const browser = await launch('chromium');
try {
  const { driver } = browser;
  const file = path.join(folder, 'identity-paper.pdf');
  writeFileSync(file, Buffer.alloc(3_000_000, 'An identity paper. '));
  await driver.get(demo.origin);
  await driver.wait(until.elementLocated(By.css('#key-facts dd')), 60_000);
  await browser.chooseFiles('#file-input', [file]);
  for (const label of ['Upload the envelope', 'Ask the server to open it']) {
    const xpath = `//*[@id="files"]/li[1]//button[starts-with(normalize-space(), "${label}:")]`;
    const button = await driver.wait(until.elementLocated(By.xpath(xpath)), 60_000);
    await driver.wait(until.elementIsVisible(button), 60_000);
    await button.click();
  }
  await driver.wait(until.elementLocated(By.css('#files > li:first-child .verdict')), 60_000);
  writeFileSync(path.join(ROOT, 'www/demo.png'), await driver.takeScreenshot(), 'base64');
} finally {
  await browser.close();
  await demo.close();
  rmSync(folder, { recursive: true });
}
