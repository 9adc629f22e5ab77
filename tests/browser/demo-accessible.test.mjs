// The demo's pages on narrow screens, in both colour schemes, by keyboard and by screen reader.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Key } from 'selenium-webdriver';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { COLOURS, barriersIn } from '../support/browsers/barriers.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { PAGES, testDemo } from '../support/browsers/demo-pages.mjs';

/** Brings each page into the state in which it shows most. */
const FILLED = {
  async '/'(page) {
    const files = [
      page.create('a letter with a name that is rather long.txt', 'Dear reader.'),
      page.create('scan', 300_000),
    ];
    await page.browser.chooseFiles('#file-input', files);
    await page.find('#files > li:nth-child(2) .header-parts');
    await page.press('Upload the envelope', '#files > li:nth-child(2)');
    await page.press('Change one byte', '#files > li:nth-child(2)');
    await page.find('#files .refused');
    await page.press('Ask the server', '#files > li:nth-child(2)');
    await page.find('#files .same');
  },
  async '/form'(page) {
    await page.driver.executeScript("for (const details of document.querySelectorAll('details')) details.open = true");
  },
  async '/uppy'(page) {
    await page.find('.uppy-Dashboard-input');
  },
  async '/s3'(page) {
    const files = [
      page.create('too large.iso', 513 * 2 ** 20),
      page.create('a scan with a name that is rather long.tiff', 300_000),
    ];
    await page.browser.chooseFiles('#file', files);
    await page.press('Ask the server');
    await page.find('#arrivals .digests');
    await page.driver.executeScript("for (const details of document.querySelectorAll('details')) details.open = true");
  },
  async '/tus'(page) {
    await page.browser.chooseFiles('#file', [page.create('small', 'small')]);
    await page.find('#arrivals > li');
  },
  async '/arrived'(page) {
    await page.press('Ask the server');
    await page.find('#arrivals .digests');
  },
};

inBrowsers(testDemo(), (page, name) => {
  // Uppy's own markup is not ours to mend.
  const barriers = (rules) => barriersIn(page.driver, { exclude: [['.uppy-Root']], rules });

  const anyEngine = ANY_ENGINE.includes(name);
  for (const url of PAGES) {
    // What the pages share with the site's first page, site-accessible shows there in each engine. The form alone has an element of ours.
    if (url !== '/form' && !anyEngine) continue;
    test(`${url} ${anyEngine ? 'has no barriers that axe finds, light or dark, and ' : ''}fits into 320 pixels`, async () => {
      await page.widen();
      await page.visit(url);
      await page.narrow(320);
      assert.deepEqual(await page.overflowing(), []);
      await page.widen();
      await page.driver.executeScript("document.documentElement.style.width = ''");
      await FILLED[url](page);
      if (anyEngine) assert.deepEqual(await barriers(), []);
      const levels = await page.levels();
      assert.deepEqual(
        levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1),
        [],
        levels.join(' '),
      );
      const dark = await page.darken();
      assert.match(dark, /^rgb\((\d|[1-3]\d), /);
      if (anyEngine) assert.deepEqual(await barriers(COLOURS), []);
      await page.narrow(320);
      if (name === 'chromium') assert.equal(await page.driver.executeScript('return innerWidth'), 320);
      assert.deepEqual(await page.overflowing(), []);
    });
  }

  // The link past the navigation and the announcer are also the site's, whose tests use them in each engine.
  if (!anyEngine) return;
  test('the first press of Tab offers a link past the navigation to the content', async () => {
    await page.widen();
    await page.visit('/form');
    await page.driver.actions().sendKeys(Key.TAB).perform();
    const focused = () =>
      page.driver.executeScript('return document.activeElement.id || document.activeElement.textContent.trim()');
    assert.equal(await focused(), 'Skip to the content');
    const { x, y } = await page.driver.executeScript('return document.activeElement.getBoundingClientRect()');
    assert.ok(x >= 0 && y >= 0, 'it is seen');
    await page.driver.actions().sendKeys(Key.ENTER).perform();
    await page.wait(async () => (await focused()) === 'main', 'focus on the content');
  });

  test('files are not landmarks, and a batch is announced once', async () => {
    await page.visit('/');
    await page.driver.executeScript(() => {
      const heard = [];
      const note = (records) => {
        for (const { target } of records) if (target.textContent !== '') heard.push(target.textContent);
        document.body.dataset.heard = JSON.stringify(heard);
      };
      const observer = new MutationObserver(note);
      for (const id of ['status', 'alert']) observer.observe(document.getElementById(id), { childList: true });
    });
    const heard = async () => JSON.parse(await page.driver.executeScript('return document.body.dataset.heard'));
    const files = ['one', 'two', 'three'].map((file) => page.create(file, file));
    await page.browser.chooseFiles('#file-input', files);
    await page.wait(async () => (await page.said())[0] === '3 of 3 files are sealed.', 'sealed');
    assert.deepEqual(await heard(), ['Sealing 3 files.', '3 of 3 files are sealed.']);
    await page.press('Upload all');
    await page.wait(async () => (await page.said())[0] === '3 of 3 envelopes are uploaded.', 'uploaded');
    assert.deepEqual((await heard()).slice(2), ['Uploading 3 envelopes.', '3 of 3 envelopes are uploaded.']);
    const landmarks = await page.all('#files :is(section, [role=region], [role=alert], [role=status], [aria-live])');
    assert.equal(landmarks.length, 0);
  });
});
