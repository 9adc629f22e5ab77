// Pages in a browser, the demo's and the site's: what their tests look for and press, at which width, in which colours.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { By, until } from 'selenium-webdriver';
import { seen } from '../until.mjs';

/** An upload tries again for most of a minute before it asks. */
export const PATIENCE = 120_000;

/** In the page: whether an element stays where it is for three frames. */
const isStill = (element, done) => {
  const { top } = element.getBoundingClientRect();
  let frames = 3;
  const look = () => {
    if (element.getBoundingClientRect().top !== top) done(false);
    else if (--frames === 0) done(true);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

/** In the page: the first visible button within `css` whose text begins so, if it is there and stands still. */
const STILL_BUTTON = `
const [label, css, done] = arguments;
const begins = ({ textContent }) => textContent.trim().replace(/\\s+/g, ' ').startsWith(label);
const isVisible = (button) => button.checkVisibility({ visibilityProperty: true });
const buttons = Array.from(document.querySelector(css)?.querySelectorAll('button') ?? []);
const button = buttons.find((one) => begins(one) && isVisible(one));
if (button) (${isStill})(button, (still) => done(still && button));
else done(false);`;

/**
 * Presses a button once it stands still: during a smooth scroll a press would hit whatever is there by then.
 * @param {import('selenium-webdriver').WebDriver} driver @param {import('selenium-webdriver').WebElement} button
 */
export async function pressStill(driver, button) {
  await driver.wait(() => driver.executeAsyncScript(isStill, button), PATIENCE, 'the button to stand still');
  await button.click();
}

/**
 * The texts of these elements at one moment, as a person sees them; none of one that is not displayed. The driver's own getText() takes twenty
 * times as long on a large page.
 * @param {import('selenium-webdriver').WebDriver} driver @param {string} css @returns {Promise<string[]>}
 */
export const textsOf = (driver, css) =>
  driver.executeScript(
    (css) =>
      Array.from(document.querySelectorAll(css), (found) =>
        found.getClientRects().length > 0 ? found.innerText.trim() : '',
      ),
    css,
  );

/** @param {Awaited<ReturnType<typeof import('./browser.mjs').launch>>} browser */
export function createPages(browser) {
  const { driver } = browser;
  const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-pages-'));
  const all = (css) => driver.findElements(By.css(css));
  const find = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE, css);
  const texts = (css) => textsOf(driver, css);

  return {
    browser,
    driver,
    all,
    find,
    async text(css) {
      await find(css);
      return (await texts(css))[0];
    },
    texts,
    /** The levels of the headings, in their order. */
    levels: () =>
      driver.executeScript(() =>
        Array.from(document.querySelectorAll('h1, h2, h3, h4, h5'), ({ localName }) => Number(localName[1])),
      ),
    /** What is in the page's two live regions. */
    said: () => driver.executeScript("return ['status', 'alert'].map((id) => document.getElementById(id).textContent)"),

    /** A file of this machine; one of a size is sparse. @param {string} file @param {string | Uint8Array | number} content */
    create(file, content) {
      const at = path.join(folder, file);
      writeFileSync(at, typeof content === 'number' ? '' : content);
      if (typeof content === 'number') truncateSync(at, content);
      return at;
    },

    /** Presses the first visible button within `css` whose text begins so, once it is there and stands still. */
    async press(label, css = 'main') {
      const button = () => driver.executeAsyncScript(STILL_BUTTON, label, css);
      await (await driver.wait(button, PATIENCE, `a button ${label} in ${css}`)).click();
    },

    wait: (condition, message) => driver.wait(condition, PATIENCE, message),

    /**
     * Makes the page so wide. Firefox's and WebKit's windows do not become narrower than 447 or 500 pixels, within which no style of ours
     * depends on the width: there the root element is so wide.
     *
     * @param {number} width in CSS pixels
     */
    async narrow(width) {
      const rect = await driver.manage().window().setRect({ width, height: 800 });
      // Chromium's page may learn of it later.
      await seen(async () => (await driver.executeScript('return innerWidth')) <= rect.width);
      await driver.executeScript(
        "document.documentElement.style.width = innerWidth > arguments[0] ? `${arguments[0]}px` : ''",
        width,
      );
    },
    /** Makes the window's inside so large, as far as it can be had. @param {number} width @param {number} height */
    async resize(width, height) {
      const window = driver.manage().window();
      await window.setRect({ width, height });
      const inside = await driver.executeScript('return innerHeight');
      await window.setRect({ width, height: height + height - inside });
    },
    widen: () => driver.manage().window().setRect({ width: 1280, height: 900 }),

    /** What is wider than the page, as tag, class and right edge; what scrolls by itself may be. */
    overflowing: () =>
      driver.executeScript(() => {
        const width = document.documentElement.getBoundingClientRect().width;
        const clips = (element) => /auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX);
        const scrolls = (element) => element && (clips(element) || scrolls(element.parentElement));
        const wide = Array.from(document.body.querySelectorAll('*'))
          .filter((element) => element.getBoundingClientRect().right > width + 0.5 && !scrolls(element.parentElement))
          .map((element) => `${element.localName}.${element.className} ${element.getBoundingClientRect().right}`);
        if (document.documentElement.scrollWidth > Math.max(innerWidth, width))
          wide.push(`root ${document.documentElement.scrollWidth}`);
        return wide;
      }),

    /** Has the page look as where dark colours are preferred, by its own rules for that. */
    darken: () =>
      driver.executeScript(() => {
        const rules = (sheets) => sheets.flatMap((sheet) => Array.from(sheet.cssRules ?? []));
        const roots = [
          document,
          ...Array.from(document.querySelectorAll('*'), ({ shadowRoot }) => shadowRoot).filter(Boolean),
        ];
        const sheets = roots.flatMap((root) => [...root.styleSheets, ...(root.adoptedStyleSheets ?? [])]);
        for (const rule of rules(sheets)) {
          if (rule.media?.mediaText.includes('prefers-color-scheme: dark')) rule.media.mediaText = 'all';
        }
        document.documentElement.style.colorScheme = 'dark';
        return getComputedStyle(document.body).backgroundColor;
      }),

    async close() {
      await browser.close();
      rmSync(folder, { recursive: true });
    },
  };
}
