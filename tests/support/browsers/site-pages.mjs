// The site in a browser, as a static host has it: built for the test, under a path of its own.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { By, until } from 'selenium-webdriver';
import { buildSite } from '../../../tools/site/build.mjs';
import { serveFiles } from '../servers/files.mjs';
import { launch } from './browser.mjs';
import { PATIENCE, createPages } from './pages.mjs';

/** The pages of all test files of a process, without the API reference: built once. */
const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-site-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
let built;
async function openSite() {
  const site = path.join(folder, 'site');
  await (built ??= buildSite(site, { reference: false }));
  return { ...(await serveFiles(site, '/some/path/kmseal/')), folder: site };
}

/** In the page of WebKitGTK's MiniBrowser, which asks a person where to save: keeps what links lead to. */
const keepBlobs = () => {
  const kept = new Map();
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = create.call(URL, blob);
    kept.set(url, blob);
    return url;
  };
  globalThis.kept = kept;
};

/** There, too: what a link leads to, in base64. */
const readKept = (url, done) =>
  globalThis.kept
    .get(url)
    .arrayBuffer()
    .then(
      (bytes) => done(new Uint8Array(bytes).toBase64()),
      (error) => done(String(error)),
    );

/** In a guide: turns to another one without loading it. Returns what of its head differs, except title and description. */
const turnWithin = (html, done) => {
  const { documentElement, body, head, title } = new DOMParser().parseFromString(html, 'text/html');
  const headOf = (part) =>
    Array.from(part.children, ({ outerHTML }) => outerHTML).filter((tag) => !/^<(?:title|meta name="desc)/.test(tag));
  const [here, there] = [document.head, head].map(headOf);
  const different = here.length === there.length ? there.filter((tag, index) => tag !== here[index]) : there;
  document.title = title;
  document.documentElement.lang = documentElement.lang;
  document.body.replaceWith(document.adoptNode(body));
  scrollTo(0, 0);
  Promise.all(Array.from(document.images, (image) => image.decode())).then(
    () => done(different),
    (error) => done([String(error)]),
  );
};

/**
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {Parameters<typeof launch>[1]} [options] as of launch()
 */
export async function openSitePages(name, options) {
  const [site, browser] = [await openSite(), await launch(name, options)];
  const pages = createPages(browser);
  return {
    ...pages,
    site,

    /** @param {string} [page] */
    async visit(page = 'index.html') {
      await pages.driver.get(site.address + page);
      if (page !== 'index.html') return;
      if (name === 'webkit') await pages.driver.executeScript(keepBlobs);
      await pages.find('#key-facts dd');
    },

    /**
     * Within a guide, turns to another one: they are HTML without a script, with one head. Whatever was set or loaded stays, and to load a page takes
     * as long as most of what a test does in it.
     * @param {string} guide
     */
    async turnTo(guide) {
      const html = readFileSync(path.join(site.folder, guide), 'utf8');
      assert.deepEqual(await pages.driver.executeAsyncScript(turnWithin, html), [], guide);
    },

    /** Drops files, or chooses them. @param {string[]} files */
    choose: (files) => browser.chooseFiles('#file-input', files),

    /** Follows the link of the newest entry that saves something. @param {string} text @returns {Promise<string>} the file */
    async save(text) {
      const link = await pages.driver.wait(
        until.elementLocated(By.xpath(`//*[@id="files"]/li[1]//a[text()="${text}"]`)),
        PATIENCE,
      );
      const file = path.join(browser.downloads, await link.getAttribute('download'));
      if (name === 'webkit') {
        writeFileSync(
          file,
          Buffer.from(await pages.driver.executeAsyncScript(readKept, await link.getAttribute('href')), 'base64'),
        );
        return file;
      }
      rmSync(file, { force: true });
      await link.click();
      // Browsers give the file its name once it is whole; Firefox makes it empty before.
      await pages.driver.wait(() => existsSync(file) && statSync(file).size > 0, PATIENCE, file);
      return file;
    },

    async close() {
      await pages.close();
      await site.close();
    },
  };
}
