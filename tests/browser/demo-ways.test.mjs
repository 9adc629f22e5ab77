// The demo's four ways to upload as their reader uses them, each to the bucket and through KMS to the same SHA-256.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { By, until } from 'selenium-webdriver';
import { launch } from '../support/browser.mjs';
import { cspViolations, openDemo, sha256 } from '../support/demo.mjs';

const MIB = 2 ** 20;
const PATIENCE = 30_000;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-ways-'));
after(() => rmSync(folder, { recursive: true }));

/** A file whose name must not reach the bucket. */
function create(name, size) {
  const file = path.join(folder, name);
  const bytes = randomBytes(size);
  writeFileSync(file, bytes);
  return { file, name, bytes };
}

for (const name of ['chromium', 'firefox', 'webkit']) {
  describe(name, () => {
    let demo;
    let browser;
    let driver;
    // One browser for all: in what a form has sent there must be nothing of which a later page dies (IN_MEMORY in js/flow.ts).
    before(async () => {
      demo = await openDemo();
      browser = await launch(name);
      ({ driver } = browser);
    });
    after(async () => {
      await browser?.close();
      await demo?.close();
    });

    const find = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE);
    const all = (css) => driver.findElements(By.css(css));
    const texts = async (css) => Promise.all((await all(css)).map((found) => found.getText()));
    const lines = (count) => driver.wait(async () => (await all('#arrivals > li')).length === count, PATIENCE, `${count} arrivals`);

    async function visit(way) {
      await driver.get(`${demo.origin}/${way}`);
      await find('#key-facts dd');
    }

    /** Has the server open what is in this line of the list, 1 for the newest, and returns what is shown of it. */
    async function open(line) {
      const at = `#arrivals > li:nth-child(${line})`;
      await (await find(`${at} .step-action button`)).click();
      await find(`${at} .digests`);
      const [digest] = await texts(`${at} .digests dd`);
      return { digest, object: (await texts(`${at} .object-key`))[0] };
    }

    async function envelope(key) {
      const { Body, ContentType, Metadata } = await demo.s3.send(new GetObjectCommand({ Bucket: demo.bucket, Key: key }));
      return { sealed: Buffer.from(await Body.transformToByteArray()), ContentType, Metadata };
    }

    /** Asserts that one object opens to these bytes, and that it and its metadata tell nothing else. */
    async function assertSealed(opened, { name: file, bytes }) {
      assert.equal(opened.digest, sha256(bytes));
      const { sealed, ContentType, Metadata } = await envelope(opened.object);
      const { keyIds, encryptionContext } = await inspect(sealed);
      assert.deepEqual([keyIds, encryptionContext.purpose], [[demo.publicKey.KeyId], 'kmseal-demo']);
      assert.match(encryptionContext.upload, /^[0-9a-f-]{36}$/);
      assert.equal(sealed.subarray(0, 3).toString('hex'), '020478');
      assert.equal(sealed.includes(bytes.subarray(0, 32)), false);
      assert.equal(sealed.includes(file), false);
      assert.deepEqual([ContentType, Metadata], ['application/octet-stream', {}]);
    }

    /** The policy is the server's for all browsers; only Chromium tells afterwards what it has blocked. */
    async function assertPolicyKept() {
      if (name === 'chromium') assert.deepEqual(await cspViolations(driver), []);
    }

    async function chooseInForm(files) {
      const field = await find('kmseal-file');
      const input = await (await field.getShadowRoot()).findElement(By.css('input'));
      await input.sendKeys(files.map(({ file }) => file).join('\n'));
      await driver.wait(() => driver.executeScript('return document.forms[0].checkValidity()'), PATIENCE);
    }

    test('a form', async () => {
      await visit('form');
      const files = [create(`letter ${name}.txt`, 1000), create(`scan ${name}.pdf`, 2 * MIB)];
      utimesSync(files[0].file, 1e9, 1e9);
      await chooseInForm(files);
      await assertPolicyKept();
      await (await find('form button')).click();

      // The form is posted by the browser itself, which is then sent on to what arrived.
      await driver.wait(until.urlIs(`${demo.origin}/arrived`), PATIENCE);
      await lines(4);
      const titles = (await texts('#arrivals h3')).map((title) => title.slice(0, -' 012345'.length));
      assert.deepEqual(titles, ['Name and type', 'Envelope', 'Name and type', 'Envelope']);
      await assertSealed(await open(4), files[0]);
      await assertSealed(await open(2), files[1]);
      // What the second envelopes hold is for those who may open them: here only its hash can be told.
      const { digest } = await open(3);
      const { name: first, bytes } = files[0];
      const about = { name: first, type: 'text/plain', size: bytes.length, lastModified: 1_000_000_000_000 };
      assert.equal(digest, sha256(JSON.stringify(about)));
    });

    test('Uppy', async () => {
      await visit('uppy');
      const files = [create(`note ${name}.txt`, 500), create(`photo ${name}.jpg`, 3 * MIB)];
      await (await find('.uppy-Dashboard-input')).sendKeys(files.map(({ file }) => file).join('\n'));
      await (await find('.uppy-StatusBar-actionBtn--upload')).click();
      await lines(2);
      await find('.uppy-StatusBar.is-complete');
      // They travel at the same time.
      const [one, two] = [await open(1), await open(2)];
      const first = one.digest === sha256(files[0].bytes) ? one : two;
      await assertSealed(first, files[0]);
      await assertSealed(first === one ? two : one, files[1]);
      await assertPolicyKept();
    });

    test('S3 in parts', async () => {
      await visit('s3');
      const chosen = create(`x-ray ${name}.bin`, 20 * MIB + 3);
      await browser.chooseFiles('#file', [chosen.file]);
      await lines(1);
      await assertSealed(await open(1), chosen);

      await (await find('#compare-input')).sendKeys(chosen.file);
      assert.equal(await (await find('#arrivals .verdict:not([hidden])')).getText(), `This is ${chosen.name}.`);
      const said = await (await find('#compare-result')).getText();
      assert.equal(said, `${chosen.name} has SHA-256 ${sha256(chosen.bytes)}: 1 of the opened envelopes holds it.`);
      await assertPolicyKept();
    });

    test('tus, paused and gone on with', async () => {
      await visit('tus');
      const chosen = create(`recording ${name}.wav`, 64 * MIB + 5);
      await browser.chooseFiles('#file', [chosen.file]);
      // The envelope travels in pieces of 16 MiB: once the first one is there, and in the page, since the others follow fast.
      await driver.executeAsyncScript((done) => {
        const timer = setInterval(() => {
          if (!(Number.parseInt(document.querySelector('.upload-list .step-figure')?.textContent) >= 25)) return;
          clearInterval(timer);
          document.getElementById('pause').click();
          done();
        }, 1);
      });
      const pause = await find('#pause');
      assert.equal(await pause.getAttribute('aria-pressed'), 'true');
      const figure = await texts('.upload-list .step-figure');
      await driver.sleep(1000);
      assert.deepEqual(await texts('.upload-list .step-figure'), figure);
      assert.match((await texts('.upload-list .step-action button'))[0], /^Cancel\b/);
      assert.deepEqual(await all('#arrivals > li'), []);

      await pause.click();
      await lines(1);
      await assertSealed(await open(1), chosen);
      await assertPolicyKept();
    });

    // Firefox died not before the second form.
    test('the browser bears more of it', async () => {
      const files = [create(`small ${name}.txt`, 1000), create(`large ${name}.bin`, 20 * MIB)];
      for (let round = 1; round <= 2; round++) {
        await visit('form');
        await chooseInForm(files.slice(0, 1));
        await (await find('form button')).click();
        await driver.wait(until.urlIs(`${demo.origin}/arrived`), PATIENCE);
        await visit('s3');
        await browser.chooseFiles('#file', [files[1].file]);
        await find('#arrivals > li');
      }
    });
  });
}
