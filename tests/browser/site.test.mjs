// The site's first page, from a plain file server: a key made in the tab or brought by the reader, files, envelopes.
import assert from 'node:assert/strict';
import { generateKeyPairSync, privateDecrypt, constants, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KmsPublicKey, Opener, RsaPublicKey, Sealer } from 'kmseal';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { inBrowsers } from '../support/browsers/session.mjs';
import { openSitePages } from '../support/browsers/site-pages.mjs';

const NEWEST = '#files > li:first-child';

/** A key of somebody's KMS, as GetPublicKey and as openssl print it, and what that KMS answers. */
function makeKey() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyId = `arn:aws:kms:eu-west-1:111122223333:key/${randomUUID()}`;
  const answer = {
    KeyId: keyId,
    PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    KeySpec: 'RSA_2048',
    KeyUsage: 'ENCRYPT_DECRYPT',
    EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  };
  const padding = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const decrypt = async ({ KeyId, CiphertextBlob }) => ({ KeyId, Plaintext: privateDecrypt(padding, CiphertextBlob) });
  return {
    keyId,
    privateKey,
    answer,
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    opener: new Opener({ keyIds: [keyId], decrypt }),
  };
}

inBrowsers(openSitePages, (page, name) => {
  // `page` is filled once the tests run.
  const [choose, create, find, press, text, texts, visit, wait] = [
    'choose',
    'create',
    'find',
    'press',
    'text',
    'texts',
    'visit',
    'wait',
  ].map(
    (method) =>
      (...args) =>
        page[method](...args),
  );
  const key = makeKey();
  const facts = () => texts('#key-facts dd');
  const sealed = () => find(`${NEWEST} .header-parts`);
  /** As a page that was just loaded, for a quarter of what that takes: without files, with its own stand-in. */
  const startOver = () =>
    page.driver.executeScript(() => {
      for (const button of document.querySelectorAll('#files .file-remove, #key-form-cancel, #key-back button'))
        button.click();
    });

  test('the site seals a sample letter without a server, opens it, and refuses it with any byte changed', async () => {
    await visit();
    assert.match(await text('#key-service'), /stand-in for AWS KMS/);
    const [keyId, spec] = await facts();
    assert.match(keyId, /^arn:aws:kms:eu-central-1:000000000000:key\/[0-9a-f-]{36}$/);
    assert.equal(spec, 'RSA_2048, RSAES_OAEP_SHA_256');
    await press('Seal a sample letter');
    await press('Open it', NEWEST);
    assert.match(await text(`${NEWEST} .same`), /The same file came out/);
    await press('Change one byte', NEWEST);
    // Which byte it is, the page's script draws.
    for (let round = 0; round < (ANY_ENGINE.includes(name) ? 5 : 1); round++) {
      assert.match(await text(`${NEWEST} .refused`), /Refused/);
      const said = (await texts(`${NEWEST} .step-result`)).at(-1);
      assert.match(
        said,
        /Byte [\d,]+ of 1,36\d,\d{3} was changed \((?:the header|frame [1-6]): [A-Z][\w ]+\): .*ERR_[A-Z_]+/,
      );
      await press('Change another byte', NEWEST);
    }
    await wait(async () => (await texts(`${NEWEST} .refused`)).length === 1, 'the last one');
    await press('Open it again', NEWEST);
    assert.match(await text(`${NEWEST} .same`), /The same file came out/);
    assert.deepEqual((await texts(`${NEWEST} .alert`)).join(''), '');
  });

  test('the site shows a file next to its ciphertext, and the envelope byte by byte as it is saved', async () => {
    const bytes = randomBytes(600_000);
    await choose([create('scan.bin', bytes)]);
    await find(`${NEWEST} .proof`);
    await wait(async () => (await text(`${NEWEST} h3`)) === 'scan.bin', 'the file');
    await sealed();
    const [own, others] = (await texts(`${NEWEST} .excerpt:not(.excerpt-text)`)).map((hex) => hex.replace(/\s/g, ''));
    assert.equal(own, bytes.subarray(0, 96).toString('hex'));
    assert.equal(others.length, own.length);
    await page.driver.executeScript(`document.querySelector('${NEWEST} details').open = true`);
    const [header, first, last] = (await texts(`${NEWEST} .bytes`)).map((hex) => hex.replace(/\s/g, ''));
    assert.match(header, /^020478[0-9a-f]+$/);
    assert.ok(first.startsWith('00000001') && first.includes(others.slice(0, 48)), first);
    assert.match(last, /^ffffffff00000003/);
    const envelope = readFileSync(await page.save('Save the envelope'));
    assert.equal(envelope.subarray(0, header.length / 2).toString('hex'), header);
    const start = header.length / 2 + 16;
    assert.equal(envelope.subarray(start, start + 96).toString('hex'), others);
    assert.ok(!envelope.includes(bytes.subarray(0, 16)));
  });

  test('the site opens its own envelope when it is dropped again, and returns its content', async () => {
    const bytes = randomBytes(1000);
    await choose([create('a plan.bin', bytes)]);
    await wait(async () => (await texts(`${NEWEST} h3`))[0] === 'a plan.bin', 'the file');
    await sealed();
    const envelope = await page.save('Save the envelope');
    assert.match(envelope, /a plan\.bin\.kmseal$/);
    await choose([envelope]);
    await wait(async () => (await texts(`${NEWEST} h3`))[0] === 'a plan.bin.kmseal', 'the envelope');
    await press('Open it', NEWEST);
    assert.match(await text(`${NEWEST} .same`), /Opened/);
    assert.deepEqual(readFileSync(await page.save('Save what was inside')), bytes);
    // Another tab has another key.
    await visit();
    await choose([envelope]);
    await wait(async () => /stand-in of another tab/.test(await text(`${NEWEST} .step:nth-child(2)`)), 'why not');
  });

  test('the site accepts several files that are dropped outside the picker, and removes them', async () => {
    await startOver();
    const kept = await page.driver.executeScript(() => {
      const dataTransfer = new DataTransfer();
      for (const file of ['one', 'two', 'three']) dataTransfer.items.add(new File([file], file));
      const drop = (type) =>
        !document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
      return ['dragover', 'drop'].map(drop);
    });
    assert.deepEqual(kept, [true, true], 'else the browser would leave the page for the file');
    await wait(async () => (await page.said())[0] === '3 of 3 files are done.', 'all of them');
    assert.deepEqual(await texts('#files h3'), ['one', 'two', 'three']);
    await press('Remove', NEWEST);
    await wait(async () => (await texts('#files h3')).join() === 'two,three', 'one less');
    assert.equal(await page.driver.executeScript('return document.activeElement.textContent'), 'Remove: two');
  });

  // What the page makes of keys and files of each kind, and says of them, is its script's alone. In each engine site-accessible and site-silent
  // bring a key, too, and seal.test.mjs has large Blobs.
  if (!ANY_ENGINE.includes(name)) return;

  test("the site seals for a reader's key, whose envelopes only the reader's KMS can open", async () => {
    await startOver();
    await choose([create('key.json', JSON.stringify(key.answer))]);
    await wait(async () => (await facts())[0] === key.keyId, 'the key');
    assert.match(await text('#key-service'), /Your key, from key\.json/);
    await choose([create("Erika's letter.txt", 'For your KMS alone.')]);
    await sealed();
    assert.match(
      await text(`${NEWEST} .step:nth-child(2)`),
      /Only AWS KMS unwraps its key[^]*kmseal open -c purpose=a-try-on-the-site 'Erika'\\''s letter\.txt\.kmseal'/,
    );
    assert.equal((await page.all(`${NEWEST} .step-actions`)).length, 3);
    const envelope = readFileSync(await page.save('Save the envelope'));
    const { plaintext } = await key.opener.open(envelope, { encryptionContext: { purpose: 'a-try-on-the-site' } });
    assert.equal(Buffer.from(plaintext).toString(), 'For your KMS alone.');
    await press('Seal for the stand-in again');
    await choose([create('again.txt', 'again')]);
    await press('Open it', NEWEST);
    assert.match(await text(`${NEWEST} .same`), /The same file came out/);
  });

  test('the site asks for the ARN of a PEM key, and uses the key once it has one', async () => {
    await startOver();
    const [standIn] = await facts();
    await choose([create('key.pem', key.pem)]);
    await wait(() => page.driver.executeScript("return document.activeElement.id === 'key-arn'"), 'the question');
    assert.match(await text('#key-form'), /key\.pem does not say which key of KMS it is/);
    const input = await find('#key-arn');
    await input.sendKeys('alias/uploads');
    await press('Seal for this key');
    await wait(async () => (await text('#key-alert')) !== '', 'why not');
    assert.match(await text('#key-alert'), /ARN/);
    assert.equal((await facts())[0], standIn);
    await input.clear();
    await input.sendKeys(` ${key.keyId} `);
    await press('Seal for this key');
    await wait(async () => (await facts())[0] === key.keyId, 'the key');
    assert.equal(await (await find('#key-form')).isDisplayed(), false);
    await choose([create('a.txt', 'a')]);
    await sealed();
    assert.ok((await text(`${NEWEST} .header-address`)).includes(key.keyId));
  });

  test('the site seals, opens and refuses a large file without reading more than a piece of it at a time', async () => {
    await startOver();
    // More than what is kept in memory as it is (32 MiB), and several pieces.
    const size = 33 * 2 ** 20 + 1;
    // In Firefox a driver's script has prototypes of its own, and cannot watch those of the page.
    const isWatched = name !== 'firefox';
    await page.driver.executeScript(() => {
      globalThis.largest = 0;
      const { arrayBuffer } = Blob.prototype;
      Blob.prototype.arrayBuffer = function watched() {
        globalThis.largest = Math.max(globalThis.largest, this.size);
        return arrayBuffer.call(this);
      };
    });
    await choose([create('disk.img', size)]);
    await press('Open it', NEWEST);
    assert.match(await text(`${NEWEST} .same`), /The same file came out/);
    await press('Change one byte', NEWEST);
    await find(`${NEWEST} .refused`);
    assert.match((await texts(`${NEWEST} .figure`))[0], /MB\/s$/);
    const excerpts = await texts(`${NEWEST} .excerpt:not(.excerpt-text)`);
    assert.deepEqual(
      excerpts.map((hex) => hex.split(' ').length),
      [96, 96],
    );
    const largest = await page.driver.executeScript('return globalThis.largest');
    if (isWatched) assert.ok(largest > 0 && largest <= 16 * 2 ** 20, String(largest));
  });

  test("the site lists the guides in the order of the README's table, each with what it is for", async () => {
    const [first, second] = await texts('.guide-list li');
    assert.match(first, /^The key in AWS KMS\s+Make the key, rotate it, .*\.$/);
    assert.match(second, /^<kmseal-file> in a form\s+Put a file field into a form, .*\.$/);
  });

  test('the site says how to open what was sealed for an ECC key, or for a key outside KMS', async () => {
    await startOver();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const PublicKey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const answer = { ...key.answer, PublicKey, KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' };
    await choose([create('ecc.json', JSON.stringify(answer))]);
    await wait(async () => (await facts())[1] === 'ECC_NIST_P384', 'the key');
    await choose([create('plan.txt', 'For an ECC key.')]);
    await sealed();
    const command = `kmseal open --key-id ${key.keyId} -c purpose=a-try-on-the-site plan.txt.kmseal`;
    assert.equal(await text(`${NEWEST} .open-command`), command);
    const raw = await RsaPublicKey.import(key.pem, { keyNamespace: 'example-hsm', keyName: 'uploads-2026' });
    const foreign = {
      'ecc.kmseal': {
        keys: [await KmsPublicKey.import(answer)],
        says: /--key-id \S*ACCOUNT\S* ecc\.kmseal$/,
        named: 'ECC_NIST_P384',
      },
      'raw.kmseal': { keys: [raw], says: /--private-key key\.pem raw\.kmseal$/, named: 'example-hsm, uploads-2026' },
    };
    for (const [file, { keys, says, named }] of Object.entries(foreign)) {
      const envelope = await new Sealer({ keys }).seal(randomBytes(20), { encryptionContext: {} });
      await choose([create(file, envelope)]);
      await wait(async () => (await texts(`${NEWEST} h3`))[0] === file, 'the envelope');
      await sealed();
      assert.match(await text(`${NEWEST} .open-command`), says);
      assert.ok((await text(`${NEWEST} .header-address`)).includes(named), file);
      await page.driver.executeScript(`document.querySelector('${NEWEST} details').open = true`);
      const shown = (await texts(`${NEWEST} .bytes`)).map((hex) => hex.replace(/\s/g, '')).join('');
      assert.equal(shown, Buffer.from(envelope).toString('hex'), `${file}, byte by byte`);
    }
  });

  test('the site says that a PEM holds an ECC key, and seals for it once ARN and usage are stated', async () => {
    await startOver();
    const [standIn] = await facts();
    const asked = () => find('#key-form:not([hidden])');
    const usage = async () => (await find('#key-usage')).isDisplayed();
    await choose([create('key.pem', key.pem)]);
    await asked();
    assert.equal(await usage(), false, 'an RSA key has one usage that seals');
    await choose([create('ecc.pem', readFileSync('tests/keys/ec-p256.pem'))]);
    await wait(usage, 'the question');
    assert.match(await text('#key-form'), /ecc\.pem does not say which key[^]*ECC_NIST_P256[^]*SIGN_VERIFY/);
    await (await find('#key-arn')).sendKeys(key.keyId);
    await press('Seal for this key');
    assert.equal(await page.driver.executeScript("return document.getElementById('key-form').checkValidity()"), false);
    assert.equal((await facts())[0], standIn);
    await (await find('#key-agrees')).click();
    await press('Seal for this key');
    await wait(async () => (await facts())[1] === 'ECC_NIST_P256', 'the key');
    await choose([create('a.txt', 'a')]);
    await sealed();
    assert.ok((await text(`${NEWEST} .open-command`)).includes(key.keyId));
  });

  test('the site seals for an RSA key outside KMS, and asks for no ARN', async () => {
    await startOver();
    const names = { keyNamespace: 'example-hsm', keyName: 'offline', hash: 'SHA-512' };
    const raw = JSON.stringify({ ...names, PublicKey: key.answer.PublicKey });
    await choose([create('raw.json', raw)]);
    await wait(async () => (await facts())[0] === 'example-hsm, offline', 'the key');
    assert.equal((await facts())[1], 'RSA, SHA-512');
    assert.match(await text('#key-service'), /Your key, from raw\.json\. It is not one of KMS/);
    assert.equal(await (await find('#key-form')).isDisplayed(), false);
    await choose([create('a.txt', 'For an HSM.')]);
    await sealed();
    const command = 'kmseal open --raw-key raw.json --private-key key.pem -c purpose=a-try-on-the-site a.txt.kmseal';
    assert.equal(await text(`${NEWEST} .open-command`), command);
    const padding = { key: key.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha512' };
    const unwrap = async (wrapped) => privateDecrypt(padding, wrapped);
    const opener = new Opener({ rawKeys: [{ keyNamespace: 'example-hsm', keyName: 'offline', unwrap }] });
    const envelope = readFileSync(await page.save('Save the envelope'));
    const { plaintext } = await opener.open(envelope, { encryptionContext: { purpose: 'a-try-on-the-site' } });
    assert.equal(Buffer.from(plaintext).toString(), 'For an HSM.');
    await choose([create('aws.json', raw.replace('example-hsm', 'aws-kms'))]);
    await wait(async () => /^aws\.json: .*aws-kms/.test(await text('#picker-alert')), 'why not');
  });

  test('the site says which key to create instead of an unsuitable one, and seals texts that only mention keys', async () => {
    await startOver();
    const [standIn] = await facts();
    await choose([create('signing.json', JSON.stringify({ ...key.answer, KeyUsage: 'SIGN_VERIFY' }))]);
    await wait(async () => /^signing\.json: /.test(await text('#picker-alert')), 'why not');
    assert.match(await text('#picker-alert'), /ENCRYPT_DECRYPT/);
    const { publicKey } = generateKeyPairSync('ed25519');
    await choose([create('ed25519.pem', publicKey.export({ type: 'spki', format: 'pem' }))]);
    await wait(async () => /^ed25519\.pem: /.test(await text('#picker-alert')), 'why not');
    assert.match(await text('#picker-alert'), /RSA/);
    assert.equal((await facts())[0], standIn);
    await choose([create('source.js', 'const PublicKey = "-----BEGIN PUBLIC KEY-----";')]);
    await wait(async () => (await texts(`${NEWEST} h3`))[0] === 'source.js', 'sealed as it is');
    await press('Open it', NEWEST);
    await find(`${NEWEST} .same`);
    assert.equal(await text('#picker-alert'), '');
  });

  test('the site reports a file that only begins like an envelope, and seals an empty file', async () => {
    await startOver();
    await choose([create('cut.kmseal', Buffer.from('02047800', 'hex'))]);
    await wait(async () => /^cut\.kmseal: /.test(await text('#picker-alert')), 'why not');
    await choose([create('empty', '')]);
    await press('Open it', NEWEST);
    await find(`${NEWEST} .same`);
    assert.equal(await (await find(`${NEWEST} .proof`)).isDisplayed(), false);
  });
});
