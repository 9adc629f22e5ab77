// The site's pages on narrow screens, light and dark, with large text, under another locale, by keyboard and by screen reader.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { Key } from 'selenium-webdriver';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { ROOT } from '../../tools/run.mjs';
import { COLOURS, barriersIn, textsOfEachKind } from '../support/browsers/barriers.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { openSitePages } from '../support/browsers/site-pages.mjs';

const NEWEST = '#files > li:first-child';

const GUIDES = readdirSync(path.join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `guides/${name.replace(/md$/, 'html')}`);

/** Text of twice the usual size, as readers set it in Chromium and Firefox, and a locale whose digits are not ours. */
const LARGE_TEXT = {
  chromium: {
    args: ['--lang=ar-EG', '--accept-lang=ar-EG', '--blink-settings=defaultFontSize=32,defaultFixedFontSize=26'],
    hasWindows: false,
  },
  firefox: {
    preferences: {
      'font.size.variable.x-western': 32,
      'font.size.monospace.x-western': 26,
      'intl.accept_languages': 'ar-EG',
      'intl.locale.requested': 'ar',
    },
  },
};

/** Brings the first page, just loaded, into the state in which it shows most. */
async function fill(page) {
  await page.choose([
    page.create('a letter with a name that is rather long, and then some.txt', 'Dear reader. '.repeat(60_000)),
  ]);
  await page.press('Open it', NEWEST);
  await page.find(`${NEWEST} .same`);
  await page.press('Change one byte', NEWEST);
  await page.find(`${NEWEST} .refused`);
  await page.driver.executeScript("for (const details of document.querySelectorAll('details')) details.open = true");
  await page.choose([page.create('key.pem', readFileSync('tests/keys/ec-p256.pem'))]);
  await (await page.find('#key-form:not([hidden]) #key-arn')).sendKeys('alias/uploads');
  await (await page.find('#key-agrees')).click();
  await page.press('Seal for this key');
  await page.wait(async () => (await page.text('#key-alert')) !== '', 'what is wrong');
}

async function fits(page, width) {
  await page.narrow(width);
  assert.deepEqual(await page.overflowing(), []);
  await page.widen();
  await page.driver.executeScript("document.documentElement.style.width = ''");
}

async function isWellFormed(page) {
  const levels = await page.levels();
  assert.deepEqual(
    levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1),
    [],
    levels.join(' '),
  );
  assert.equal(levels.filter((level) => level === 1).length, 1);
}

inBrowsers(openSitePages, (page, name) => {
  test("the site's first page has no barriers that axe finds, light or dark, and fits into 320 pixels", async () => {
    await page.widen();
    await page.visit();
    await fits(page, 320);
    await fill(page);
    await isWellFormed(page);
    assert.deepEqual(await barriersIn(page.driver), []);
    await fits(page, 320);
    if (name === 'chromium') {
      await page.narrow(320);
      assert.equal(await page.driver.executeScript('return innerWidth'), 320);
      await page.widen();
    }
    assert.match(await page.darken(), /^rgb\((\d|[1-3]\d), /);
    // The style's colours are the same in each engine.
    if (ANY_ENGINE.includes(name)) assert.deepEqual(await barriersIn(page.driver, { rules: COLOURS }), []);
  });

  // What each engine makes of guides the list, a guide and a table show.
  for (const guide of ['guides/index.html', 'guides/seal.html', 'guides/errors.html']) {
    test(`${guide} is well-formed, has dark colours, and fits into 320 pixels`, async () => {
      await page.widen();
      await page.visit(guide);
      await isWellFormed(page);
      await fits(page, 320);
      assert.match(await page.darken(), /^rgb\((\d|[1-3]\d), /);
    });
  }

  test('a reader of the site seals, opens, tampers, brings a key and drops it again by keyboard alone', async () => {
    await page.widen();
    await page.visit();
    const { driver } = page;
    const focused = () =>
      driver.executeScript('return document.activeElement.id || document.activeElement.textContent.trim()');
    const key = (...keys) =>
      driver
        .actions()
        .sendKeys(...keys)
        .perform();
    /** Presses the tabulator until the focus is there. */
    const goTo = async (what) => {
      for (let steps = 0; steps < 60; steps++) {
        await key(Key.TAB);
        if ((await focused()).startsWith(what)) return;
      }
      assert.fail(`the tabulator does not lead to ${what}`);
    };
    await key(Key.TAB);
    assert.equal(await focused(), 'Skip to the content');
    await key(Key.ENTER);
    await page.wait(async () => (await focused()) === 'main', 'the content');
    await goTo('file-input');
    const ring = await driver.executeScript(
      "return getComputedStyle(document.querySelector('label[for=file-input]')).outlineStyle",
    );
    assert.equal(ring, 'solid', 'the focus is seen');
    await goTo('sample');
    await key(Key.ENTER);
    await page.wait(async () => /^letter\.txt is sealed/.test((await page.said())[0]), 'sealed');
    await goTo('Open it');
    await key(Key.SPACE);
    await page.find(`${NEWEST} .same`);
    assert.match(await focused(), /^Open it again/, 'the focus is not lost');
    await goTo('Change one byte');
    await key(Key.ENTER);
    await page.find(`${NEWEST} .refused`);
    assert.match((await page.said())[0], /^letter\.txt: refused\./);
    await page.choose([page.create('key.pem', readFileSync('tests/keys/rsa-2048.pem'))]);
    await page.wait(async () => (await focused()) === 'key-arn', 'the question');
    await key('arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab', Key.ENTER);
    await page.wait(async () => (await page.text('#key-facts')).includes('mrk-1234'), 'the key');
    // Where the focus was is gone: it is on what comes next, and not at the page's beginning.
    assert.equal(await focused(), 'Seal for the stand-in again');
    await key(Key.ENTER);
    await page.wait(async () => /stand-in/.test(await page.text('#key-service')), 'the stand-in');
    assert.equal(await focused(), 'file-input');
    await goTo('Remove');
    await key(Key.ENTER);
    await page.wait(async () => (await focused()) === 'file-input', 'the focus on what is left');
  });

  test('the site announces several files once, and gives them no landmarks of their own', async () => {
    await page.visit();
    await page.driver.executeScript(() => {
      const heard = [];
      const observer = new MutationObserver((records) => {
        for (const { target } of records) if (target.textContent !== '') heard.push(target.textContent);
        document.body.dataset.heard = JSON.stringify(heard);
      });
      for (const id of ['status', 'alert']) observer.observe(document.getElementById(id), { childList: true });
    });
    await page.choose(['one', 'two', 'three'].map((file) => page.create(file, file)));
    await page.wait(async () => (await page.said())[0] === '3 of 3 files are done.', 'done');
    assert.deepEqual(JSON.parse(await page.driver.executeScript('return document.body.dataset.heard')), [
      'Taking 3 files.',
      '3 of 3 files are done.',
    ]);
    assert.equal(
      (await page.all('#files :is(section, [role=region], [role=alert], [role=status], [aria-live])')).length,
      0,
    );
  });
});

inBrowsers(
  openSitePages,
  (page) => {
    const all = ['guides/index.html', ...GUIDES];
    const seen = { light: new Set(), dark: new Set() };
    const colours = async (kinds) => {
      const include = await textsOfEachKind(page.driver, kinds);
      return include.length > 0 ? barriersIn(page.driver, { include, rules: COLOURS }) : [];
    };
    before(() => page.visit('guides/index.html'));

    for (const guide of all) {
      test(`${guide} has no barriers that axe finds`, async () => {
        await page.turnTo(guide);
        await isWellFormed(page);
        assert.deepEqual(await barriersIn(page.driver, { without: COLOURS }), []);
        assert.deepEqual(await colours(seen.light), []);
      });
    }

    test('the guides have no barriers of colour where dark ones are preferred', async () => {
      assert.match(await page.darken(), /^rgb\((\d|[1-3]\d), /);
      for (const guide of all) {
        await page.turnTo(guide);
        assert.deepEqual(await colours(seen.dark), [], guide);
      }
    });

    test('the guides fit into 320 pixels', async () => {
      await page.narrow(320);
      for (const guide of all) {
        await page.turnTo(guide);
        assert.deepEqual(await page.overflowing(), [], guide);
      }
    });
  },
  // A guide is HTML without a script, and all have the same style. What axe finds in HTML is the same in each engine, and the first page shows
  // that it finds nothing there.
  ANY_ENGINE,
);

inBrowsers(
  (name) => openSitePages(name, LARGE_TEXT[name]),
  (page, name) => {
    const enlarge = async () => {
      // WebKitGTK's MiniBrowser has no such setting.
      if (name === 'webkit') await page.driver.executeScript("document.documentElement.style.fontSize = '200%'");
      assert.equal(await page.driver.executeScript('return getComputedStyle(document.body).fontSize'), '32px');
    };

    test('the site fits 640 pixels at twice the text size, and writes English digits in an Arabic browser', async () => {
      await page.widen();
      await page.visit();
      await fill(page);
      await enlarge();
      if (name !== 'webkit') assert.match(await page.driver.executeScript('return navigator.language'), /^ar/);
      assert.doesNotMatch(await page.text('body'), /[\u0660-\u0669]/, 'figures are written as the text around them');
      await page.narrow(640);
      assert.deepEqual(await page.overflowing(), []);
      await page.visit('guides/index.html');
      await enlarge();
      for (const guide of GUIDES) {
        await page.turnTo(guide);
        assert.deepEqual(await page.overflowing(), [], guide);
      }
    });
  },
  // The pages fit in each engine above. What larger text and another locale change is in our style and script.
  ANY_ENGINE,
);
