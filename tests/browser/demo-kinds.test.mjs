// The kinds of key that the demo's first page offers: the same file is sealed for each of them, drawn, uploaded and opened through KMS.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { By, until } from 'selenium-webdriver';
import { inspect } from 'kmseal';
import { launch } from '../support/browsers/browser.mjs';
import { PATIENCE, pressStill, textsOf } from '../support/browsers/pages.mjs';
import { openDemo } from '../support/servers/demo.mjs';

/** The kind's label, and the operation of KMS that opens. */
const KINDS = {
  RSA_4096: { label: 'RSA', operation: 'DecryptCommand' },
  ECC_NIST_P384: { label: 'ECC', operation: 'DeriveSharedSecretCommand' },
  ML_KEM_768: { label: 'ML-KEM', operation: 'DecapsulateCommand' },
};
const SPECS = Object.keys(KINDS);
const NAME = 'letter.txt';

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-kinds-'));
let demo;
let browser;
let driver;
before(async () => {
  writeFileSync(path.join(folder, NAME), 'Dear reader, this is the same letter.');
  demo = await openDemo();
  browser = await launch('chromium');
  ({ driver } = browser);
  await driver.get(demo.origin);
  await waitFor('#key-facts dd');
});
after(async () => {
  await browser?.close();
  await demo?.close();
  rmSync(folder, { recursive: true });
});

const waitFor = (css) => driver.wait(until.elementLocated(By.css(css)), PATIENCE);
const texts = (css) => textsOf(driver, css);

const pressKind = async (label) =>
  pressStill(driver, await driver.findElement(By.xpath(`//*[@id="kinds"]/label[normalize-space()="${label}"]`)));

/** Chooses a kind by its label, and waits for its keys on the card. */
async function choose(label, specs) {
  await pressKind(label);
  await driver.wait(async () => {
    const facts = (await texts('#key-facts dd')).join('\n');
    return SPECS.every((spec) => facts.includes(spec) === specs.includes(spec));
  }, PATIENCE);
}

/** Chooses the file, and waits until each of its new entries is drawn and can be uploaded. Returns their names, the newest first. */
async function seal(count) {
  const drawn = () => driver.findElements(By.css('#files > li .envelope-whole'));
  const before = (await drawn()).length;
  await browser.chooseFiles('#file-input', [path.join(folder, NAME)]);
  await driver.wait(async () => (await drawn()).length === before + count, PATIENCE);
  return (await texts('#files > li h3')).slice(0, count);
}

const entry = (position) => `#files > li:nth-child(${position})`;
async function press(position, label) {
  const xpath = `//*[@id="files"]/li[${position}]//button[starts-with(normalize-space(), "${label}:")]`;
  const found = await driver.wait(until.elementLocated(By.xpath(xpath)), PATIENCE);
  await pressStill(driver, await driver.wait(until.elementIsVisible(found), PATIENCE));
}

/** Uploads an envelope, has the server open it, and returns what is in the bucket. */
async function uploadAndOpen(position) {
  const known = await demo.objectKeys();
  await press(position, 'Upload the envelope');
  await press(position, 'Ask the server to open it');
  await waitFor(`${entry(position)} .same`);
  const [Key] = (await demo.objectKeys()).filter((key) => !known.includes(key));
  const { Body } = await demo.s3.send(new GetObjectCommand({ Bucket: demo.bucket, Key }));
  return Buffer.from(await Body.transformToByteArray());
}

/** The bytes and the lengths of the drawn fields. */
const drawnMaps = (position) =>
  driver.executeScript(
    (css) =>
      Array.from(document.querySelectorAll(`${css} .byte-map`), (map) => ({
        hex: Array.from(map.querySelectorAll('.byte-run'), (run) => run.textContent.replaceAll(' ', '')).join(''),
        wrappedBy: Array.from(map.querySelectorAll('tr'), (row) => row.textContent).find((row) =>
          row.startsWith('Wrapped by'),
        ),
      })),
    entry(position),
  );

test('the page offers three kinds of key and each of them, and seals for RSA at first', async () => {
  assert.deepEqual(await texts('#kinds label'), [...SPECS.map((spec) => KINDS[spec].label), 'each of them']);
  const facts = await texts('#key-facts dd');
  assert.deepEqual(facts, [demo.publicKey.KeyId, 'RSA_4096, RSAES_OAEP_SHA_256', demo.fingerprint]);
  const fetched = await Promise.all(
    SPECS.map(async (spec) => (await demo.ask('GET', `/keys/${spec}.json`)).json().KeyId),
  );
  assert.deepEqual(
    fetched,
    demo.publicKeys.map(({ KeyId }) => KeyId),
  );
});

for (const spec of SPECS) {
  const { label, operation } = KINDS[spec];
  test(`a file that is sealed for the ${label} key is drawn byte by byte, and opens through KMS`, async () => {
    await choose(label, [spec]);
    assert.deepEqual(await seal(1), [NAME]);
    const [header, frame] = await drawnMaps(1);
    let envelope;
    const commands = await demo.commandsDuring(async () => {
      envelope = await uploadAndOpen(1);
    });
    assert.equal(header.hex + frame.hex, envelope.toString('hex'));
    const [key] = (await inspect(envelope)).encryptedDataKeys;
    const { KeyId } = demo.publicKeys.find(({ KeySpec }) => KeySpec === spec);
    for (const said of [key.providerId, label === 'ECC' ? key.fingerprint : KeyId])
      assert.ok(header.wrappedBy.includes(said), header.wrappedBy);
    assert.ok(commands.includes(operation), commands.join());
  });
}

test('with each of them one file becomes an envelope for each key, and each opens by its own', async () => {
  await choose('each of them', SPECS);
  const names = await seal(SPECS.length);
  assert.deepEqual(
    names,
    SPECS.map((spec) => `${NAME}, for ${spec}`),
  );
  const providers = new Set();
  for (const position of SPECS.keys()) {
    const [key] = (await inspect(await uploadAndOpen(position + 1))).encryptedDataKeys;
    providers.add(key.providerId);
  }
  assert.equal(providers.size, SPECS.length);
});

test('a key that cannot be had says so on the card, and nothing is sealed for another', async () => {
  await driver.get(demo.origin);
  await waitFor('#key-facts dd');
  await driver.executeScript(() => {
    // As if the page had been given a key other than the one it pins.
    document.querySelector('#kinds [value*=ECC]').dataset.fingerprint = `SHA256:${'A'.repeat(43)}=`;
  });
  await pressKind('ECC');
  await driver.wait(async () => /fingerprint/i.test((await texts('#key-alert'))[0]), PATIENCE);
  await browser.chooseFiles('#file-input', [path.join(folder, NAME)]);
  await pressKind('RSA');
  assert.deepEqual(await seal(1), [NAME]);
});

// The first of the demo's keys is the one of the ways to upload. Their code is shown as it runs, and readers copy it.
test('the ways to upload allow an experimental key, where the demo has such a one', async () => {
  const other = await openDemo({ specs: ['ML_KEM_768'] });
  try {
    for (const way of ['s3', 'tus', 'uppy']) {
      for (const [shown, isExperimental] of [
        [other, true],
        [demo, false],
      ]) {
        const { text } = await shown.ask('GET', `/${way}`);
        assert.equal(text.includes('experimental: true'), isExperimental, `${way}: what is shown`);
      }
    }
    await driver.get(`${other.origin}/s3`);
    await waitFor('#key-facts dd');
    await browser.chooseFiles('#file', [path.join(folder, NAME)]);
    await waitFor('#arrivals > li');
    await driver.get(`${other.origin}/form`);
    await waitFor('#key-facts dd');
    const root = await (await waitFor('kmseal-file')).getShadowRoot();
    await (await root.findElement(By.css('input'))).sendKeys(path.join(folder, NAME));
    await driver.wait(() => driver.executeScript('return document.forms[0].checkValidity()'), 60_000);
    await (await driver.findElement(By.css('form button'))).click();
    await driver.wait(until.urlIs(`${other.origin}/arrived`), 60_000);
    await driver.wait(async () => (await driver.findElements(By.css('#arrivals > li'))).length === 2, 60_000);
    for (const Key of await other.objectKeys()) {
      const { Body } = await other.s3.send(new GetObjectCommand({ Bucket: other.bucket, Key }));
      const { keyIds } = await inspect(Buffer.from(await Body.transformToByteArray()));
      assert.deepEqual(keyIds, [other.publicKey.KeyId]);
    }
  } finally {
    await other.close();
  }
});
