// The demo's first page, where a reader seals, uploads and opens by hand, in Chromium and against the emulator.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { By, until } from 'selenium-webdriver';
import { launch } from '../support/browsers/browser.mjs';
import { PATIENCE, pressStill, textsOf } from '../support/browsers/pages.mjs';
import { cspViolations, openDemo, sha256 } from '../support/servers/demo.mjs';

const MIB = 2 ** 20;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-demo-'));
let demo;
before(async () => {
  demo = await openDemo();
});
after(async () => {
  await demo?.close();
  rmSync(folder, { recursive: true });
});

describe('the page', () => {
  let browser;
  let driver;
  before(async () => {
    browser = await launch('chromium');
    ({ driver } = browser);
    await driver.get(demo.origin);
    await waitFor('#key-facts dd');
  });
  after(() => browser?.close());

  const waitFor = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE);
  const texts = (css) => textsOf(driver, css);
  const text = async (css) => (await texts(css))[0];
  const newest = '#files > li:first-child';

  /** A button of the newest file, once it is offered. */
  async function button(label) {
    const xpath = `//*[@id="files"]/li[1]//button[starts-with(normalize-space(), "${label}:")]`;
    const found = await driver.wait(until.elementLocated(By.xpath(xpath)), PATIENCE);
    return driver.wait(until.elementIsVisible(found), PATIENCE);
  }
  const press = async (label) => pressStill(driver, await button(label));

  async function choose(name, bytes) {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    await chooseFile(file);
    return file;
  }
  async function chooseFile(file) {
    const count = async () => (await driver.findElements(By.css('#files > li'))).length;
    const before = await count();
    await browser.chooseFiles('#file-input', [file]);
    await driver.wait(async () => (await count()) > before, PATIENCE);
  }

  test('the page shows the key that the terminal names', async () => {
    const [keyId, spec, fingerprint] = await texts('#key-facts dd');
    assert.equal(keyId, demo.publicKey.KeyId);
    assert.equal(spec, 'RSA_4096, RSAES_OAEP_SHA_256');
    assert.equal(fingerprint, demo.fingerprint);
    assert.equal(fingerprint, `SHA256:${createHash('sha256').update(demo.publicKey.PublicKey).digest('base64')}`);
  });

  test('the page says where the private key is: here in the emulator, not in KMS', async () => {
    const said = await text('#key-service');
    assert.match(said, /emulator of AWS KMS on this machine/);
    assert.match(said, /private half is in the emulator’s memory/);
    assert.doesNotMatch(await text('body'), /private (key|half) is inside/);
  });

  test('the page seals, uploads and opens a chosen file, and the digests agree', async () => {
    const known = await demo.objectKeys();
    const bytes = randomBytes(3 * MIB + 1);
    await choose('the plan.bin', bytes);
    await press('Upload the envelope');
    await press('Ask the server to open it');
    await waitFor(`${newest} .verdict`);
    assert.deepEqual(await texts(`${newest} .digests dd`), [sha256(bytes), sha256(bytes)]);
    // 3 MiB are too few for a rate.
    assert.deepEqual(
      (await texts(`${newest} .figure`)).filter((figure) => !/^[\d.,]+ m?s$/.test(figure)),
      [],
    );
    const said = await driver.executeScript("return document.getElementById('status').textContent");
    assert.equal(said, 'the plan.bin: the server opened it, and both SHA-256 agree.');

    const [key] = (await demo.objectKeys()).filter((found) => !known.includes(found));
    const { Body, ContentType, Metadata } = await demo.s3.send(new GetObjectCommand({ Bucket: demo.bucket, Key: key }));
    const envelope = Buffer.from(await Body.transformToByteArray());
    assert.match(key, /^kmseal-demo\/[0-9a-f-]{36}\/[0-9a-f-]{36}$/);
    assert.deepEqual({ ContentType, Metadata }, { ContentType: 'application/octet-stream', Metadata: {} });
    assert.equal(envelope.subarray(0, 3).toString('hex'), '020478');
    assert.equal(envelope.includes('the plan'), false);
    assert.equal(envelope.includes(bytes.subarray(0, 16)), false);

    // The drawing shows what was uploaded: every field has the bytes and the length that the table claims.
    const [header, first, last] = await drawnMaps();
    assert.equal(header.hex, envelope.subarray(0, header.length).toString('hex'));
    assert.equal(envelope.readUInt32BE(header.length), 1);
    assert.equal(first.length, 256 * 1024 + 32);
    assert.equal(last.length, 1 + 40);
    assert.equal(last.hex, envelope.subarray(-last.length).toString('hex'));
    assert.equal(header.length + 12 * first.length + last.length, envelope.length);
    assert.ok((await text(`${newest} figcaption`)).includes(`A header of ${header.length} bytes`));
    assert.match(await text(`${newest} figcaption`), /13 frames of up to 256 KiB/);

    // The file's first bytes are shown next to those that S3 stores in their place.
    const [own, stored] = (await texts(`${newest} .excerpt:not(.excerpt-text)`)).map((hex) => hex.replace(/\s/g, ''));
    assert.equal(own, bytes.subarray(0, 96).toString('hex'));
    assert.equal(stored, envelope.subarray(header.length + 16, header.length + 16 + 96).toString('hex'));
    assert.deepEqual(await texts(`${newest} .proof h4`), ['Your file begins', 'What S3 holds']);
  });

  test('the page refuses an envelope with any one byte changed', async () => {
    await choose('changed.txt', 'A letter.');
    await press('Upload the envelope');
    await press('Change one byte, then open it');
    for (let round = 0; round < 5; round++) {
      await waitFor(`${newest} .refused`);
      assert.match(
        await text(`${newest} .step-pair`),
        /Byte [\d,]+ of [\d,]+ was changed on its way from S3: .*ERR_[A-Z_]+/,
      );
      assert.deepEqual(await texts(`${newest} .alert`), ['', '', '', '']);
      await press('Change another byte, then open it');
    }
    await waitFor(`${newest} .refused`);
    // The one in the bucket is as it was.
    await press('Ask the server to open it');
    await waitFor(`${newest} .same`);
  });

  test('the page shows the header as address and note, the wrapped key, and the letter beside it', async () => {
    await choose('letter.txt', 'Dear reader.');
    await button('Upload the envelope');
    assert.deepEqual(await texts(`${newest} .header-parts dt, ${newest} .letter-title`), [
      'Address and note',
      'Wrapped key',
      'Letter',
    ]);
    const address = await text(`${newest} .header-address .header-bytes`);
    assert.ok(address.includes(demo.publicKey.KeyId) && address.includes('purpose = kmseal-demo'), address);
    // The wrapped key is shown with its own bytes, as in the map of all of them.
    const wrapped = (await text(`${newest} .header-wrapped .header-bytes`)).replace(/[\s…]/g, '');
    const [header] = await drawnMaps();
    assert.match(wrapped, /^[0-9a-f]{48}$/);
    assert.ok(header.hex.includes(`0200${wrapped}`), 'after its length, 512');
  });

  const drawnMaps = () =>
    driver.executeScript(
      (selector) =>
        Array.from(document.querySelectorAll(selector), (map) => ({
          hex: Array.from(map.querySelectorAll('.byte-run'), (run) => run.textContent.replaceAll(' ', '')).join(''),
          length: Array.from(map.querySelectorAll('td:nth-of-type(1)'))
            .map((cell) => Number(cell.textContent.replaceAll(',', '')))
            .reduce((sum, length) => sum + length),
        })),
      `${newest} .byte-map`,
    );

  test('the page accepts a file that is dropped outside the picker, and shows its progress', async () => {
    const kept = await driver.executeScript(() => {
      globalThis.shown = [];
      const note = (records) =>
        records.forEach(({ target }) => target.hasAttribute('value') && globalThis.shown.push(target.value));
      const bars = { subtree: true, attributes: true, attributeFilter: ['value'] };
      new MutationObserver(note).observe(document.getElementById('files'), bars);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(20 * 2 ** 20)], 'dropped.bin'));
      // Without preventDefault() the browser would leave the page for the file.
      return ['dragover', 'drop'].map(
        (type) => !document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer })),
      );
    });
    assert.deepEqual(kept, [true, true]);
    await button('Upload the envelope');
    assert.match(await text(newest), /dropped\.bin/);
    const shown = await driver.executeScript('return shown');
    assert.deepEqual(
      shown,
      shown.toSorted((a, b) => a - b),
    );
    assert.ok(shown.length > 1 && shown[0] < 1 && shown.at(-1) === 1, shown.join());
  });

  test('the page seals an empty file', async () => {
    await choose('empty', '');
    await press('Upload the envelope');
    await press('Ask the server to open it');
    await waitFor(`${newest} .verdict`);
    assert.equal(await (await driver.findElement(By.css(`${newest} .proof`))).isDisplayed(), false);
    assert.deepEqual(await texts(`${newest} .digests dd`), [sha256(''), sha256('')]);
  });

  /** Makes the page upload the first bytes of an envelope only, for which it has another URL signed: S3 takes only the number that was signed. */
  const sendOnlyBeginnings = () =>
    driver.executeScript(() => {
      const { send } = XMLHttpRequest.prototype;
      const { fetch } = globalThis;
      let beginning;
      globalThis.fetch = (url, init) => {
        if (!/signPut$/.test(url)) return fetch(url, init);
        beginning = Math.min(JSON.parse(init.body).size, 2 ** 16);
        return fetch(url, { ...init, body: JSON.stringify({ size: beginning }) });
      };
      XMLHttpRequest.prototype.send = function sendBeginning(blob) {
        send.call(this, blob.slice(0, beginning));
      };
    });

  /** Uploads the newest file's envelope, and stores another one for the same upload in its place. */
  async function uploadAndReplace(content) {
    const known = await demo.objectKeys();
    await press('Upload the envelope');
    await button('Ask the server to open it');
    const [key] = (await demo.objectKeys()).filter((found) => !known.includes(found));
    const id = /upload = ([0-9a-f-]{36})/.exec(await text(`${newest} .header-address`))[1];
    const envelope = await demo.seal(content, { purpose: 'kmseal-demo', upload: id });
    await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key: key, Body: envelope }));
  }

  test('the page raises an alert when a different file comes out', async () => {
    await choose('mine', 'my bytes');
    await uploadAndReplace('your bytes');
    await press('Ask the server to open it');
    const alert = `${newest} .step-pair .step:first-child .alert`;
    await driver.wait(async () => (await text(alert)) !== '', PATIENCE);
    assert.match(await text(alert), /What the server opened is not this file/);
    assert.match(
      await driver.executeScript("return document.getElementById('alert').textContent"),
      /^mine: What the server opened/,
    );
    assert.deepEqual(await driver.findElements(By.css(`${newest} .verdict`)), []);
  });

  test('the page draws thousands of frames with a few elements', async () => {
    const file = await choose('long', '');
    truncateSync(file, 257 * MIB);
    await chooseFile(file);
    await button('Upload the envelope');
    assert.match(await text(`${newest} figcaption`), /1,028 frames of up to 256 KiB/);
    const shapes = await driver.findElements(By.css(`${newest} .whole *`));
    assert.ok(shapes.length < 10, `${shapes.length} elements`);
    // From 32 MiB on there is a rate.
    assert.match(await text(`${newest} .figure`), /^[\d.,]+ MB\/s$/);

    // 257 MiB is also more than the page hashes, which it must say. To have so much uploaded and opened shows nothing more.
    await sendOnlyBeginnings();
    await uploadAndReplace('short');
    await press('Ask the server to open it');
    await waitFor(`${newest} .digests`);
    assert.match(await text(`${newest} .step-pair`), /sha256sum.* hashes files of up to 256 MiB/);
    assert.deepEqual(await texts(`${newest} .digests dd`), [sha256('short')]);
    assert.equal((await driver.findElements(By.css(`${newest} .verdict`))).length, 0);
  });

  test('the page cancels a seal on request', async () => {
    const file = await choose('huge', '');
    // Nothing reads so much before the button stands still.
    truncateSync(file, 16_384 * MIB);
    await chooseFile(file);
    await press('Cancel');
    await button('Seal');
    assert.match(await text(`${newest} .step-result`), /Cancelled/);
    assert.deepEqual(await driver.findElements(By.css(`${newest} .byte-map`)), []);
    assert.deepEqual(await texts(`${newest} .alert`), ['', '', '', '']);
    // Nothing keeps running that the next file would wait for.
    await choose('after', 'next');
    await button('Upload the envelope');
  });

  test('the page says in an alert why a changed file is not sealed', async () => {
    const file = await choose('changing', randomBytes(MIB));
    await button('Upload the envelope');
    appendFileSync(file, 'more');
    await press('Seal again');
    await driver.wait(async () => /ERR_READ/.test(await text(`${newest} .alert`)), PATIENCE);
    assert.equal((await driver.findElements(By.css(`${newest} .byte-map`))).length, 0);
  });

  test('the page keeps the focus on a button whose work is done', async () => {
    await choose('focus', 'me');
    await press('Upload the envelope');
    await button('Upload again');
    const focused = await driver.executeScript('return document.activeElement.textContent');
    assert.equal(focused, 'Upload again: focus');
  });

  test('the page never violates its own content security policy', async () => {
    assert.deepEqual(await cspViolations(driver), []);
  });
});
