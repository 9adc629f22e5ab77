// What the site's first page says of itself: a file cannot leave it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { openSitePages } from '../support/browsers/site-pages.mjs';

const NEWEST = '#files > li:first-child';

/** In the page: tries to send something by every way that a script of it would have, until each was blocked or has failed. */
const TRY_TO_SEND = (address, done) => {
  const add = (tag, attributes) => {
    const element = Object.assign(document.createElement(tag), attributes);
    document.body.append(element);
    return element;
  };
  const ways = {
    fetch: () => fetch(`${address}fetch`, { method: 'POST', body: 'secret' }),
    beacon: () => navigator.sendBeacon(`${address}beacon`, 'secret'),
    request: () => {
      const request = new XMLHttpRequest();
      request.open('POST', `${address}request`);
      request.send('secret');
      return request;
    },
    socket: () => new WebSocket(`${address.replace('http', 'ws')}socket`),
    events: () => new EventSource(`${address}events`),
    image: () => add('img', { src: `${address}image?secret` }),
    script: () => add('script', { src: `${address}script?secret` }),
    style: () => add('link', { rel: 'stylesheet', href: `${address}style?secret` }),
    preload: () => add('link', { rel: 'preload', as: 'fetch', href: `${address}preload?secret` }),
    frame: () => add('iframe', { src: `${address}frame?secret` }),
    object: () => add('object', { data: `${address}object?secret` }),
    media: () => add('video', { src: `${address}media?secret`, autoplay: true }),
    worker: () => new Worker(`${address}worker?secret`),
    font: () => new FontFace('other', `url(${address}font?secret)`).load(),
    form: () => {
      const form = add('form', { method: 'post', action: `${address}form` });
      form.append(Object.assign(document.createElement('input'), { name: 'secret', value: 'secret' }));
      form.submit();
    },
  };
  const names = Object.keys(ways);
  const waiting = new Set(names);
  const end = (name) => {
    if (waiting.delete(name) && waiting.size === 0) done(names);
  };
  document.addEventListener('securitypolicyviolation', ({ blockedURI }) =>
    end(names.find((name) => blockedURI.split('?')[0].endsWith(`/${name}`))),
  );
  for (const [name, way] of Object.entries(ways)) {
    try {
      const tried = way();
      tried?.addEventListener?.('error', () => end(name));
      tried?.catch?.(() => end(name));
    } catch {
      end(name);
    }
  }
};

/** What no policy covers: leaving for another page, and WebRTC. */
const PAST_THE_POLICY =
  /RTCPeerConnection|WebTransport|window\.open|\blocation(?:\.href)?\s*=(?!=)|\blocation\.(?:assign|replace)|navigation\.navigate|\.submit\(/;

inBrowsers(openSitePages, (page, name) => {
  test("the site's script has no way out that its policy does not cover", () => {
    const html = readFileSync(path.join(page.site.folder, 'index.html'), 'utf8');
    const [, script] = /<script type="module">([^]*)<\/script>/.exec(html);
    assert.ok(script.includes('createObjectURL'), 'it is the script');
    assert.doesNotMatch(script, PAST_THE_POLICY);
  });

  test('the site requests only its own files, whatever a reader does', async () => {
    const { site } = page;
    site.asked.length = 0;
    await page.visit();
    await page.press('Seal a sample letter');
    await page.press('Open it', NEWEST);
    await page.find(`${NEWEST} .same`);
    await page.press('Change one byte', NEWEST);
    await page.find(`${NEWEST} .refused`);
    await page.save('Save the envelope');
    await page.choose([page.create('key.pem', readFileSync('tests/keys/rsa-2048.pem'))]);
    await page.find('#key-form:not([hidden])');
    await page.driver.executeScript(
      "document.getElementById('key-arn').value = arguments[0]", // typed in site-accessible
      'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    );
    await page.press('Seal for this key');
    await page.find('#key-back:not([hidden])');
    await page.choose([page.create('file.bin', 500_000)]);
    await page.find(`${NEWEST} .open-command:not(:empty)`);
    assert.deepEqual(site.asked, ['GET /some/path/kmseal/index.html']);
    // Nor anything from another server: the browser lists what the page loads, from wherever.
    const loaded = await page.driver.executeScript(
      "return performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !/^(?:blob|data):/.test(name))",
    );
    assert.deepEqual(loaded, []);
  });

  test('the browser blocks everything that a foreign script in the site would send', async () => {
    const { site, driver } = page;
    await page.visit();
    site.asked.length = 0;
    const tried = await driver.executeAsyncScript(TRY_TO_SEND, site.address);
    assert.equal(tried.length, 15);
    // What is sent later than all that was tried has been sent by now: requests of one page are served in their order.
    await page.visit();
    assert.deepEqual(site.asked, ['GET /some/path/kmseal/index.html']);
  });

  test('a script that was altered on its way does not run', async () => {
    const { site, driver } = page;
    const html = readFileSync(path.join(site.folder, 'index.html'), 'utf8');
    const altered = html.replace('<script type="module">', '<script type="module">document.title = "altered";');
    assert.notEqual(altered, html);
    writeFileSync(path.join(site.folder, 'altered.html'), altered);
    await driver.get(`${site.address}altered.html`);
    // Its style still counts, so that the page is there.
    assert.equal(
      await driver.executeScript(
        "return document.readyState + getComputedStyle(document.querySelector('.skip')).position",
      ),
      'completeabsolute',
    );
    assert.equal(await driver.getTitle(), 'kmseal: seal a file for AWS KMS, in this tab');
    assert.equal(await page.text('#key-service'), 'Making a key…');
  });

  test('the site works from a disk', async () => {
    await page.driver.get(pathToFileURL(path.join(page.site.folder, 'index.html')).href);
    await page.find('#key-facts dd');
    await page.press('Seal a sample letter');
    await page.press('Open it', NEWEST);
    await page.find(`${NEWEST} .same`);
  });

  // That nothing is asked for once the page is there, each engine has shown above.
  if (!ANY_ENGINE.includes(name)) return;
  test('the site keeps working without a network', async () => {
    await page.visit();
    await page.site.away(async () => {
      await page.press('Seal a sample letter');
      await page.press('Open it', NEWEST);
      await page.find(`${NEWEST} .same`);
    });
  });
});
