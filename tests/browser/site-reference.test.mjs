// The whole site, as `npm run site` builds it: its links, its policies, and the API references in a browser.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { By, until } from 'selenium-webdriver';
import { buildSite } from '../../tools/site/build.mjs';
import { ROOT } from '../../tools/run.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { PATIENCE } from '../support/browsers/pages.mjs';
import { cspViolations } from '../support/servers/demo.mjs';
import { serveFiles } from '../support/servers/files.mjs';

let folder;
let site;
let pages;
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kmseal-site-'));
  site = path.join(folder, 'site');
  await buildSite(site);
  pages = readdirSync(site, { recursive: true }).filter((file) => file.endsWith('.html'));
});
after(() => rmSync(folder, { recursive: true }));

const read = (file) => readFileSync(path.join(site, file), 'utf8');
const unescaped = (text) =>
  text
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');

test('the site has a page for each guide, and both references', () => {
  const guides = readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `guides/${name.replace(/md$/, 'html')}`);
  assert.ok(guides.length >= 4);
  for (const page of [
    'index.html',
    'guides/index.html',
    'api/classes/kmseal.Sealer.html',
    'rust/kmseal/index.html',
    ...guides,
  ]) {
    assert.ok(pages.includes(page), page);
  }
  const index = read('guides/index.html');
  for (const guide of guides) assert.ok(index.includes(`href="${path.basename(guide)}"`), guide);
});

test('every link leads to a page of the site and a place in it, or out of it', () => {
  const ids = new Map(
    pages.map((page) => [
      page,
      new Set(Array.from(read(page).matchAll(/\b(?:id|name)="([^"]+)"/g), ([, id]) => unescaped(id))),
    ]),
  );
  const broken = [];
  for (const page of pages) {
    // The references' own links are their generators' matter; those into them and back are ours.
    const own = !/^(?:api|rust)\//.test(page);
    for (const [, link] of read(page).matchAll(
      /<(?:a|link|img|script|source)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"/g,
    )) {
      const target = unescaped(link);
      if (/^(?:https:|data:)/.test(target)) continue;
      const [file, fragment] = target.split('#');
      const found =
        file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURIComponent(file.split('?')[0]));
      // rustdoc names a file of implementations elsewhere that it writes only where there are some.
      if (/^rust\/trait\.impl\//.test(found)) continue;
      if (target.startsWith('/') || found.startsWith('..') || !existsSync(path.join(site, found)))
        broken.push(`${page}: ${target}`);
      else if (own && fragment && !ids.get(found)?.has(decodeURIComponent(fragment))) broken.push(`${page}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('every page has a policy before anything that it governs', () => {
  for (const page of pages) {
    const html = read(page);
    const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html);
    assert.ok(policy, page);
    assert.ok(policy.index < html.search(/<script|<style|<link|<title/), page);
    assert.match(policy[1], /^default-src 'none'; /, page);
    assert.ok(!/unsafe-eval(?<!wasm-unsafe-eval)|\*|https?:/.test(policy[1]), policy[1]);
    assert.ok(!/script-src[^;]*unsafe-inline/.test(policy[1]), policy[1]);
    assert.ok(
      !/<[a-z][^>]* on[a-z]+=/i.test(html.replace(/<script\b[^]*?<\/script>/g, '')),
      `${page} has a script in an attribute`,
    );
  }
  assert.match(
    read('index.html'),
    /content="default-src 'none'; connect-src 'none'; script-src 'sha256-[^']+' 'wasm-unsafe-eval'; style-src 'sha256-[^']+'; img-src data:;/,
  );
});

test('the API references work under their policy, search included', async () => {
  const server = await serveFiles(site, '/some/path/kmseal/');
  const browser = await launch('chromium');
  try {
    const { driver } = browser;
    const seen = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE, css);
    const shown = async (css) => driver.wait(until.elementIsVisible(await seen(css)), PATIENCE, css);
    const quiet = async (page) => assert.deepEqual(await cspViolations(driver), [], page);
    for (const page of ['api/index.html', 'api/classes/kmseal.Sealer.html']) {
      await driver.get(server.address + page);
      await seen('.tsd-navigation a');
      await quiet(page);
    }
    await (await shown('#tsd-search-trigger')).click();
    await (await shown('#tsd-search-input')).sendKeys('openRange');
    await driver.wait(
      async () => /openRange/i.test(await (await seen('#tsd-search-results')).getText()),
      PATIENCE,
      'TypeDoc finds it',
    );
    await quiet('the search of TypeDoc');
    await driver.get(`${server.address}rust/kmseal/index.html?search=sealer`);
    await driver.wait(async () => /seal/i.test(await (await seen('#search')).getText()), PATIENCE, 'rustdoc finds it');
    await quiet('the search of rustdoc');
    await driver.get(`${server.address}rust/src/kmseal/lib.rs.html`);
    await seen('#src-sidebar a');
    await quiet('rust/src');
    // And back.
    await driver.get(`${server.address}rust/kmseal/index.html`);
    await (await shown('nav.sidebar p a[href$="index.html"]')).click();
    await driver.wait(until.urlIs(`${server.address}index.html`), PATIENCE);
    await seen('#key-facts dd');
  } finally {
    await browser.close();
    await server.close();
  }
});
