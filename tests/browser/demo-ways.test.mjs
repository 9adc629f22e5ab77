// The demo's four ways to upload, used as a reader uses them: each ends in the bucket, and KMS opens it to the same SHA-256.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { By, until } from 'selenium-webdriver';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { PATIENCE, textsOf } from '../support/browsers/pages.mjs';
import { cspViolations, openDemo, sha256 } from '../support/servers/demo.mjs';

const MIB = 2 ** 20;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-ways-'));
after(() => rmSync(folder, { recursive: true }));

/** A file whose name must not reach the bucket. */
function create(name, size) {
  const file = path.join(folder, name);
  const bytes = randomBytes(size);
  writeFileSync(file, bytes);
  return { file, name, bytes };
}

// What the ways do is our script and our server: what each engine makes of sealing, sending and continuing, element-submit, uppy, s3-upload and tus
// show in each, and demo-journey goes through the demo there. Firefox alone has crashed over a form of the demo.
const anyEngine = (name) => ANY_ENGINE.includes(name);
for (const name of BROWSERS.filter((name) => anyEngine(name) || name === 'firefox')) {
  describe(name, () => {
    let demo;
    let browser;
    let driver;
    // One browser for all: a form that was sent must leave nothing that crashes a later page (IN_MEMORY in js/frames/flow.ts).
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
    const texts = (css) => textsOf(driver, css);
    const lines = (count) =>
      driver.wait(async () => (await all('#arrivals > li')).length === count, PATIENCE, `${count} arrivals`);

    async function visit(way) {
      await driver.get(`${demo.origin}/${way}`);
      await find('#key-facts dd');
    }

    /** Makes the server open the envelope in this line of the list, 1 for the newest, and returns what is shown. */
    async function open(line) {
      const at = `#arrivals > li:nth-child(${line})`;
      await (await find(`${at} .step-actions button`)).click();
      await find(`${at} .digests`);
      const [digest] = await texts(`${at} .digests dd`);
      const [called] = await texts(`${at} h3`);
      return { digest, called, object: (await texts(`${at} .object-key`))[0] };
    }

    /** Opens the envelope in this line in the page, and returns the SHA-256 that is shown of it. */
    async function openHere(line) {
      const at = `#arrivals > li:nth-child(${line}) > .step:last-child`;
      await (await find(`${at} .step-actions button`)).click();
      await find(`${at} .digests dd`);
      return (await texts(`${at} .digests dd`))[0];
    }

    async function envelope(key) {
      const { Body, ContentType, Metadata } = await demo.s3.send(
        new GetObjectCommand({ Bucket: demo.bucket, Key: key }),
      );
      return { sealed: Buffer.from(await Body.transformToByteArray()), ContentType, Metadata };
    }

    /** Asserts that one object opens to these bytes under the file's name, and that neither it nor its metadata reveals anything else. */
    async function assertSealed(opened, { name: file, bytes }) {
      assert.equal(opened.digest, sha256(bytes));
      assert.equal(opened.called, file);
      const { sealed, ContentType, Metadata } = await envelope(opened.object);
      const { keyIds, encryptionContext } = await inspect(sealed);
      assert.deepEqual(
        { keyIds, purpose: encryptionContext.purpose },
        { keyIds: [demo.publicKey.KeyId], purpose: 'kmseal-demo' },
      );
      assert.match(encryptionContext.upload, /^[0-9a-f-]{36}$/);
      assert.equal(sealed.subarray(0, 3).toString('hex'), '020478');
      assert.equal(sealed.includes(bytes.subarray(0, 32)), false);
      assert.equal(sealed.includes(file), false);
      assert.equal(ContentType, 'application/octet-stream');
      const { 'kmseal-description': description, ...others } = Metadata;
      assert.deepEqual(others, {});
      if (description !== undefined) assert.match(description, /^[\w-]{600,}$/);
    }

    /** The server's policy is the same for all browsers; only Chromium reports afterwards what it has blocked. */
    async function assertPolicyKept() {
      if (name === 'chromium') assert.deepEqual(await cspViolations(driver), []);
    }

    async function chooseInForm(files) {
      const field = await find('kmseal-file');
      const input = await (await field.getShadowRoot()).findElement(By.css('input'));
      await input.sendKeys(files.map(({ file }) => file).join('\n'));
      await driver.wait(() => driver.executeScript('return document.forms[0].checkValidity()'), PATIENCE);
    }

    // Firefox crashed, and only after the second form.
    const testSecondForm = () =>
      test('Firefox survives a second form, and the pages after it', async () => {
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
    if (!anyEngine(name)) return testSecondForm();

    test('a form uploads an envelope that opens', async () => {
      await visit('form');
      const files = [create(`letter ${name}.txt`, 1000), create(`scan ${name}.pdf`, 2 * MIB)];
      await chooseInForm(files);
      await assertPolicyKept();
      await (await find('form button')).click();

      // The browser itself posts the form, and is then redirected to the files that arrived.
      await driver.wait(until.urlIs(`${demo.origin}/arrived`), PATIENCE);
      // Each file is one line: there is a second envelope for its name.
      await lines(2);
      const [first, second] = [await open(2), await open(1)];
      await assertSealed(first, files[0]);
      await assertSealed(second, files[1]);
    });

    test('Uppy uploads an envelope that opens', async () => {
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

    test('an upload to S3 in parts arrives as an envelope that opens', async () => {
      await visit('s3');
      const chosen = create(`x-ray ${name}.bin`, 9 * MIB + 3);
      await browser.chooseFiles('#file', [chosen.file]);
      await lines(1);
      await assertSealed(await open(1), chosen);
      assert.equal(await openHere(1), sha256(chosen.bytes));

      await (await find('#compare-input')).sendKeys(chosen.file);
      assert.equal(await (await find('#arrivals .verdict:not([hidden])')).getText(), `This is ${chosen.name}.`);
      const said = await (await find('#compare-result')).getText();
      assert.equal(said, `${chosen.name} has SHA-256 ${sha256(chosen.bytes)}: 1 of the opened envelopes holds it.`);
      await assertPolicyKept();
    });

    const rowButton = async (label) => {
      const row = await find('.upload-list > li:first-child');
      return row.findElement(By.xpath(`.//button[starts-with(., "${label}")]`));
    };
    /** Chooses a file of two parts, and pauses its upload once part of it has arrived. The rest waits until then. */
    const pauseWithin = (chosen, request) =>
      demo.holding(request, 2, async () => {
        await browser.chooseFiles('#file', [chosen.file]);
        const arrived = async () => Number.parseInt((await texts('.upload-list .step-figure'))[0], 10) > 0;
        await driver.wait(arrived, PATIENCE, 'part of it');
        await (await rowButton('Pause')).click();
      });

    test('an upload to S3 in parts that is paused and resumed is one envelope', async () => {
      await visit('s3');
      // From the previous test.
      await lines(1);
      const chosen = create(`scan ${name}.tiff`, 9 * MIB + 5);
      await pauseWithin(chosen, /^POST .*\/signPart$/);
      assert.deepEqual(await texts('.upload-list .step-figure'), ['Paused. What has arrived is kept.']);
      await lines(1);
      await (await rowButton('Resume')).click();
      await lines(2);
      await assertSealed(await open(1), chosen);
      await assertPolicyKept();
    });

    test('an upload to S3 in parts that ended with its page continues in another one, in the same envelope', async () => {
      await visit('s3');
      await lines(2);
      const chosen = create(`film ${name}.mov`, 9 * MIB + 7);
      await pauseWithin(chosen, /^POST .*\/signPart$/);
      await visit('s3');
      const strip = await find('.unfinished:not([hidden])');
      assert.equal((await strip.getText()).includes(chosen.name), false);
      await browser.chooseFiles('.unfinished input', [chosen.file]);
      await lines(3);
      await assertSealed(await open(1), chosen);
      await visit('s3');
      await lines(3);
      assert.deepEqual(await all('.unfinished:not([hidden])'), []);
      await assertPolicyKept();
    });

    test('a tus upload that is paused and resumed is one envelope', async () => {
      await visit('tus');
      // The envelope travels in pieces of 16 MiB.
      const chosen = create(`recording ${name}.wav`, 17 * MIB + 5);
      await pauseWithin(chosen, /^PATCH /);
      assert.deepEqual(await texts('.upload-list .step-figure'), ['Paused. What has arrived is kept.']);
      assert.deepEqual(await all('#arrivals > li'), []);
      await (await rowButton('Resume')).click();
      await lines(1);
      await assertSealed(await open(1), chosen);
      await assertPolicyKept();
    });

    if (name === 'firefox') testSecondForm();
  });
}
