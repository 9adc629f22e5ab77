// The way of a file through the demo as a reader sees it: the first screen, the choice, many files, the limit, and a server outage.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { By, Key } from 'selenium-webdriver';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { sha256 } from '../support/servers/demo.mjs';
import { testDemo } from '../support/browsers/demo-pages.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';

const MIB = 2 ** 20;

const open = testDemo();

/** @param {Awaited<ReturnType<typeof open>>} page */
const testCopying = (page) =>
  test('code samples can be copied', async () => {
    await page.visit('/s3');
    await page.press('Copy s3.js', '.samples');
    await page.wait(async () => ['Copied.', 'Selected.'].includes((await page.said())[0]), 'said');
    // Into a field, as a reader would type it.
    await page.driver.executeScript(
      "document.querySelector('main').prepend(Object.assign(document.createElement('textarea'), { id: 'pasted' }))",
    );
    const field = await page.find('#pasted');
    if ((await page.said())[0] === 'Selected.')
      await page.driver.actions().keyDown(Key.CONTROL).sendKeys('c').keyUp(Key.CONTROL).perform();
    await field.click();
    await field.sendKeys(Key.chord(Key.CONTROL, 'v'));
    const wanted = await page.driver.executeScript("return document.getElementById('sample-s3-js').textContent");
    await page.wait(async () => (await field.getProperty('value')) !== '', 'pasted');
    assert.equal(await field.getProperty('value'), wanted);
  });

inBrowsers(open, (page, name) => {
  /** Whether all of them are visible without scrolling. */
  const seen = (...selectors) =>
    page.driver.executeScript((all) => {
      const boxes = all.map((css) => document.querySelector(css)?.getBoundingClientRect());
      return boxes.every((box) => box && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight);
    }, selectors);
  const choose = (...files) => page.browser.chooseFiles('#file-input', files);
  const names = () => page.texts('#files h3');

  test('the first screen says what kmseal does, for whom, and how to get it', async () => {
    await page.visit('/');
    // Only Chromium can have a window as narrow as a phone.
    for (const [width, height] of [[1280, 700], ...(name === 'chromium' ? [[375, 667]] : [])]) {
      await page.resize(width, height);
      assert.match(
        await page.text('.lede'),
        /JavaScript library for upload forms .*medical files.* breach of your server, the bucket/,
      );
      assert.equal(await page.text('#install-command'), 'npm install kmseal');
      assert.deepEqual(await page.texts('.masthead .project a'), ['Source', 'Docs', 'Security']);
      assert.ok(await seen('h1', '.lede', '.command', '.masthead .project'), `${width} pixels wide`);
    }
    await page.widen();
  });

  // On the page of the test before.
  test('the result of a choice scrolls into view, for one file and for two', async () => {
    await choose(page.create('first.txt', 'first'));
    await page.wait(
      () => seen('#files > li:first-child h3', '#files > li:first-child .step', '#files > li:first-child .proof'),
      'the file',
    );
    await page.driver.executeScript('scrollTo(0, 0)');
    await choose(page.create('second.txt', 'second'));
    await page.wait(
      () => seen('#upload-all', '#files > li:first-child h3', '#files > li:first-child .step'),
      'the batch and the file',
    );
    assert.deepEqual(await names(), ['second.txt', 'first.txt']);
    // They scroll by the same function.
    for (const way of ANY_ENGINE.includes(name) ? ['/s3', '/tus'] : []) {
      await page.visit(way);
      await page.browser.chooseFiles('#file', [page.create('third.txt', 'third')]);
      await page.wait(() => seen('.upload-list > li'), way);
    }
  });

  test('the page seals while the server is offline, says when it needs the server, and uploads once it is back', async () => {
    await page.visit('/');
    await page.withoutServer(async () => {
      await choose(page.create('alone.txt', 'sealed alone'));
      await page.find('#files .header-parts');
      await page.press('Upload the envelope');
      await page.wait(
        async () => /server of this page does not answer/.test((await page.texts('#files .alert')).join()),
        'the page says so',
      );
      assert.match((await page.said())[1], /^alone\.txt: The server of this page does not answer/);
    });
    await page.press('Upload the envelope');
    await page.press('Ask the server');
    await page.find('#files .same');
    assert.deepEqual(await page.texts('#files .digests dd'), Array(2).fill(sha256('sealed alone')));
  });

  if (name !== 'chromium') testCopying(page);

  // What is the demo's own: its texts, its limit, what it puts into its pages. Outages are held in each engine by s3-faults and tus.
  if (!ANY_ENGINE.includes(name)) return;

  test('all files are uploaded at once, and a file that is too large is named when it is chosen', async () => {
    await page.visit('/');
    const known = (await page.demo.objectKeys()).length;
    const [one, two] = [randomBytes(MIB), randomBytes(1000)];
    await choose(page.create('one', one), page.create('two', two), page.create('too large.iso', 513 * MIB));
    const large = '#files > li:nth-child(3)';
    await page.wait(
      async () => /Too large to upload: this demo takes files of up to 512 MiB/.test(await page.text(large)),
      'the limit',
    );
    // The others are drawn, so that nothing moves any more.
    await page.wait(async () => (await page.all('#files .envelope-whole')).length === 2, 'both envelopes');
    await page.press('Remove', large);
    await page.wait(async () => (await names()).length === 2, 'one less');
    await choose(page.create('three', 'three'));
    await page.wait(async () => (await names()).length === 3, 'three files');
    await page.press('Upload all', '#batch');
    await page.wait(async () => (await page.text('#batch-summary')) === '3 files, 3 uploaded.', 'all uploaded');
    assert.equal(await (await page.find('#upload-all')).isEnabled(), false);
    assert.deepEqual(await page.texts('#files .proof > :nth-child(2) h4'), Array(3).fill('What S3 holds'));

    // They are removed from the page only.
    await page.press('Remove all', '#batch');
    assert.deepEqual(await names(), []);
    assert.ok((await page.demo.objectKeys()).length >= known + 3);
  });

  test('the page refuses an upload that is too large before it sends anything', async () => {
    for (const way of ['/s3', '/tus']) {
      await page.visit(way);
      await page.browser.chooseFiles('#file', [page.create('too large.iso', 513 * MIB)]);
      await page.wait(
        async () => /this demo takes files of up to 512 MiB/.test((await page.texts('.upload-list .alert')).join()),
        way,
      );
      assert.match((await page.said())[1], /^too large\.iso: Too large/);
    }
    await page.visit('/form');
    const field = await (await page.find('kmseal-file')).getShadowRoot();
    await (await field.findElement(By.css('input'))).sendKeys(page.create('too large.iso', 513 * MIB));
    const told = () => page.driver.executeScript("return document.querySelector('kmseal-file').shadowRoot.textContent");
    await page.wait(
      async () => /too large\.iso.* is too large\. The largest file that can be chosen here has/.test(await told()),
      'the form',
    );
    await page.visit('/uppy');
    await (await page.find('.uppy-Dashboard-input')).sendKeys(page.create('too large.iso', 513 * MIB));
    await page.wait(
      async () => /maximum allowed size is 512 MB/.test((await page.texts('.uppy-Informer')).join()),
      'Uppy',
    );
    assert.deepEqual(await page.all('.uppy-Dashboard-Item'), []);
  });

  // The S3 upload is still retrying when the server is back; tus has given up by then, and asks.
  for (const { way, size, told, request, count, begin } of [
    {
      way: '/s3',
      size: 33 * MIB,
      told: 'No connection, trying again',
      request: /^POST .*\/signPart$/,
      count: 5,
      begin: /^POST .*\/createMultipartUpload$/,
    },
    { way: '/tus', size: 18 * MIB, told: 'Interrupted: ', request: /^PATCH /, count: 2, begin: /^POST \/tus$/ },
  ]) {
    test(`an upload to ${way} continues with the same envelope after an outage`, async () => {
      await page.visit(way);
      const known = (await page.all('#arrivals > li')).length;
      const bytes = randomBytes(size);
      // When one of 5 parts or of 2 chunks has arrived and the others have not, however slow the page is.
      const inProgress = page.requested(request, count);
      const begun = page.counting(begin);
      await page.browser.chooseFiles('#file', [page.create(`during an outage ${way.slice(1)}`, bytes)]);
      const shown = async () => (await page.texts('.upload-list .step-figure')).join();
      await page.withoutServer(() => page.wait(async () => (await shown()).startsWith(told), told), inProgress);
      if (way === '/tus') await page.press('Resume', '.upload-list');
      await page.wait(
        async () => (await page.texts('.upload-list .step-result')).join() === 'Sealed, and in the bucket.',
        'arrived',
      );
      await page.wait(async () => (await page.all('#arrivals > li')).length > known, 'listed');
      await page.press('Ask the server', '#arrivals > li:first-child');
      await page.find('#arrivals > li:first-child .digests');
      assert.equal((await page.texts('#arrivals > li:first-child .digests dd'))[0], sha256(bytes));
      assert.equal(begun(), 1);
    });
  }

  test('code samples are complete, and pin the key’s fingerprint', async () => {
    const halves = {
      form: ['form.mjs', 'receiving.mjs'],
      uppy: ['form.mjs'],
      s3: ['multipart.mjs', 'multipart-upload.mjs'],
      tus: ['tus.mjs'],
    };
    for (const [way, server] of Object.entries(halves)) {
      const samples = await page.driver.executeAsyncScript(async (url, done) => {
        // All samples are in what the server answers.
        const answer = new DOMParser().parseFromString(await (await fetch(url)).text(), 'text/html');
        done(Array.from(answer.querySelectorAll('.sample pre'), (sample) => [sample.ariaLabel, sample.textContent]));
      }, `/${way}`);
      const labels = samples.map(([label]) => label);
      assert.deepEqual(
        [`${way}.html`, `${way}.js`, ...server].filter((file) => !labels.includes(file)),
        [],
        way,
      );
      const code = samples.map(([, text]) => text);
      assert.ok(code.slice(0, 2).join('\n').includes(page.demo.fingerprint), way);
      assert.ok(!code.join().includes('FINGERPRINT') && !code.join().includes('MAX_FILE_SIZE'), way);
    }
  });
});

// It has a clipboard only with windows.
const inChromium = BROWSERS.filter((name) => name === 'chromium');
inBrowsers((name) => open(name, { hasWindows: true }), testCopying, inChromium);
