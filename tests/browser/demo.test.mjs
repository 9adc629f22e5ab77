// The demo as its reader uses it, in Chromium, against the emulator; and what its server refuses.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { KmsPublicKey, Sealer } from 'kmseal';
import { By, until } from 'selenium-webdriver';
import { startDemo } from '../../www/server/demo.mjs';
import { listen } from '../../www/server/serve.mjs';
import { launch } from '../support/browser.mjs';

const MIB = 2 ** 20;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-demo-'));
let demo;
before(async () => {
  demo = await startDemo({ ports: [0] });
});
after(async () => {
  await demo?.close();
  rmSync(folder, { recursive: true });
});

async function objectKeys() {
  const { Contents = [] } = await demo.s3.send(new ListObjectsV2Command({ Bucket: demo.bucket }));
  return Contents.map(({ Key }) => Key);
}

const contextOf = (id) => ({ purpose: 'kmseal-demo', upload: id });

async function seal(text, encryptionContext) {
  const keys = await KmsPublicKey.import(demo.publicKey);
  return new Sealer({ keys }).seal(new TextEncoder().encode(text), { encryptionContext });
}

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

  const waitFor = (css) => driver.wait(until.elementLocated(By.css(css)), 60_000);
  const text = async (css) => (await driver.findElement(By.css(css))).getText();
  const texts = async (css) => Promise.all((await driver.findElements(By.css(css))).map((found) => found.getText()));
  const newest = '#files > li:first-child';

  /** A button of the newest file, once it is offered. */
  async function button(label) {
    const xpath = `//*[@id="files"]/li[1]//button[starts-with(normalize-space(), "${label}:")]`;
    const found = await driver.wait(until.elementLocated(By.xpath(xpath)), 60_000);
    return driver.wait(until.elementIsVisible(found), 60_000);
  }
  const press = async (label) => (await button(label)).click();

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
    await driver.wait(async () => (await count()) > before, 10_000);
  }

  test('shows the key that the terminal names', async () => {
    const [keyId, spec, fingerprint] = await texts('#key-facts dd');
    assert.equal(keyId, demo.publicKey.KeyId);
    assert.equal(spec, 'RSA_4096, RSAES_OAEP_SHA_256');
    assert.equal(fingerprint, demo.fingerprint);
    assert.equal(fingerprint, `SHA256:${createHash('sha256').update(demo.publicKey.PublicKey).digest('base64')}`);
  });

  test('seals, uploads and opens a chosen file, and the digests agree', async () => {
    const known = await objectKeys();
    const bytes = randomBytes(3 * MIB + 1);
    await choose('the plan.bin', bytes);
    await press('Upload the envelope');
    await press('Ask the server to open it');
    await waitFor(`${newest} .verdict`);
    assert.deepEqual(await texts(`${newest} .digests dd`), [sha256(bytes), sha256(bytes)]);
    assert.match(await text(`${newest} .figure`), /^[\d.,]+ MB\/s$/);
    const said = await driver.executeScript("return document.getElementById('status').textContent");
    assert.equal(said, 'the plan.bin: the server opened it, and both SHA-256 agree.');

    const [key] = (await objectKeys()).filter((found) => !known.includes(found));
    const { Body, ContentType, Metadata } = await demo.s3.send(new GetObjectCommand({ Bucket: demo.bucket, Key: key }));
    const envelope = Buffer.from(await Body.transformToByteArray());
    assert.match(key, /^kmseal-demo\/[0-9a-f-]{36}$/);
    assert.deepEqual([ContentType, Metadata], ['application/octet-stream', {}]);
    assert.equal(envelope.subarray(0, 3).toString('hex'), '020478');
    assert.equal(envelope.includes('the plan'), false);
    assert.equal(envelope.includes(bytes.subarray(0, 16)), false);

    // What is drawn is what was uploaded: every field has the bytes and the length that the table claims.
    const [header, first, last] = await drawnMaps();
    assert.equal(header.hex, envelope.subarray(0, header.length).toString('hex'));
    assert.equal(envelope.readUInt32BE(header.length), 1);
    assert.equal(first.length, 256 * 1024 + 32);
    assert.equal(last.length, 1 + 40);
    assert.equal(last.hex, envelope.subarray(-last.length).toString('hex'));
    assert.equal(header.length + 12 * first.length + last.length, envelope.length);
    assert.ok((await text(`${newest} figcaption`)).includes(`A header of ${header.length} bytes`));
    assert.match(await text(`${newest} figcaption`), /13 frames of up to 256 KiB/);
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

  test('seals an empty file', async () => {
    await choose('empty', '');
    await press('Upload the envelope');
    await press('Ask the server to open it');
    await waitFor(`${newest} .verdict`);
    assert.deepEqual(await texts(`${newest} .digests dd`), [sha256(''), sha256('')]);
  });

  test('raises an alert when another file comes out', async () => {
    const known = await objectKeys();
    await choose('mine', 'my bytes');
    await press('Upload the envelope');
    await button('Ask the server to open it');
    const [key] = (await objectKeys()).filter((found) => !known.includes(found));
    const id = /upload = ([0-9a-f-]{36})/.exec(await text(`${newest} .byte-map`))[1];
    const envelope = await seal('your bytes', contextOf(id));
    await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key: key, Body: envelope }));
    await press('Ask the server to open it');
    const alert = `${newest} .step:last-of-type [role=alert]`;
    await driver.wait(async () => (await text(alert)) !== '', 20_000);
    assert.match(await text(alert), /What the server opened is not this file/);
    assert.deepEqual(await driver.findElements(By.css(`${newest} .verdict`)), []);
  });

  test('draws thousands of frames with a few elements', async () => {
    const file = await choose('long', '');
    truncateSync(file, 300 * MIB);
    await chooseFile(file);
    await button('Upload the envelope');
    assert.match(await text(`${newest} figcaption`), /1,200 frames of up to 256 KiB/);
    const shapes = await driver.findElements(By.css(`${newest} .whole *`));
    assert.ok(shapes.length < 10, `${shapes.length} elements`);

    // 300 MiB is also more than the page hashes, which it must say.
    await press('Upload the envelope');
    await press('Ask the server to open it');
    await waitFor(`${newest} .digests`);
    assert.match(await text(`${newest} .step:last-of-type`), /sha256sum.* hashes files of up to 256 MiB/);
    assert.equal((await texts(`${newest} .digests dd`)).length, 1);
    assert.equal((await driver.findElements(By.css(`${newest} .verdict`))).length, 0);
  });

  test('cancels', async () => {
    const file = await choose('huge', '');
    truncateSync(file, 2048 * MIB);
    await chooseFile(file);
    await press('Cancel');
    await button('Seal');
    assert.match(await text(`${newest} .step-result`), /Cancelled/);
    assert.deepEqual(await driver.findElements(By.css(`${newest} .byte-map`)), []);
    assert.deepEqual(await texts(`${newest} .alert`), ['', '', '']);
    // Nothing is left running that the next file would wait for.
    await choose('after', 'next');
    await button('Upload the envelope');
  });

  test('says in an alert why a changed file is not sealed', async () => {
    const file = await choose('changing', randomBytes(MIB));
    await button('Upload the envelope');
    appendFileSync(file, 'more');
    await press('Seal again');
    await driver.wait(async () => /ERR_READ/.test(await text(`${newest} [role=alert]`)), 20_000);
    assert.equal((await driver.findElements(By.css(`${newest} .byte-map`))).length, 0);
  });

  test('keeps the focus on a button whose work is over', async () => {
    await choose('focus', 'me');
    await press('Upload the envelope');
    await button('Upload again');
    const focused = await driver.executeScript('return document.activeElement.textContent');
    assert.equal(focused, 'Upload again: focus');
  });

  test('breaks none of its own content policy', async () => {
    const violations = await driver.executeAsyncScript((done) => {
      const blocked = [];
      const record = (reports) => blocked.push(...reports.map(({ body }) => body.blockedURL));
      new ReportingObserver(record, { buffered: true, types: ['csp-violation'] }).observe();
      setTimeout(() => done(blocked), 100);
    });
    assert.deepEqual(violations, []);
  });
});

describe('the server', () => {
  /** fetch sets Host by itself, so this asks without it. */
  function ask(method, url, { host, body, ...headers } = {}) {
    const { hostname, port, host: own, origin } = new URL(demo.origin);
    const defaults = method === 'POST' ? { origin, 'content-type': 'application/json' } : {};
    return new Promise((resolve, reject) => {
      const options = { method, hostname, port, path: url, headers: { host: host ?? own, ...defaults, ...headers } };
      const asked = request(options, async (response) => {
        const text = await textOf(response);
        resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
  const createUpload = async () => (await ask('POST', '/uploads')).json().id;
  const open = (id) => ask('POST', `/uploads/${id}/open`);

  async function put(id, bytes, { size = bytes.byteLength, type } = {}) {
    const { url, headers } = (await ask('POST', `/uploads/${id}/url`, { body: { size } })).json();
    return fetch(url, { method: 'PUT', body: bytes, headers: { ...headers, ...(type && { 'content-type': type }) } });
  }

  /** Which AWS commands the server sends while `work` runs. */
  async function commandsDuring(work) {
    const commands = [];
    const record = (next, context) => (args) => {
      commands.push(context.commandName);
      return next(args);
    };
    const stacks = [demo.kms.middlewareStack, demo.s3.middlewareStack];
    for (const stack of stacks) stack.add(record, { name: 'record', step: 'initialize' });
    try {
      await work();
    } finally {
      for (const stack of stacks) stack.remove('record');
    }
    return commands;
  }

  test('opens what was uploaded, and tells only its SHA-256 and size', async () => {
    const id = await createUpload();
    assert.equal((await put(id, await seal('the secret', contextOf(id)))).status, 200);
    const answer = await open(id);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json(), { sha256: sha256('the secret'), size: 10 });
    assert.equal(answer.headers['cache-control'], 'no-store');
  });

  test('binds loopback only', async () => {
    const { server } = await listen([0]);
    assert.equal(server.address().address, '127.0.0.1');
    server.close();
  });

  test('sends the strict policy, exactly', async () => {
    const { headers } = await ask('GET', '/');
    const { protocol, hostname, port } = await demo.s3.config.endpoint();
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
        `connect-src 'self' ${protocol}//${hostname}:${port}; img-src 'self' data:; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('answers to no other name', async () => {
    const { port } = new URL(demo.origin);
    assert.equal((await ask('GET', '/', { host: `localhost:${port}` })).status, 200);
    for (const host of [`evil.example:${port}`, 'localhost', '127.0.0.1:1', `127.0.0.1.evil.example:${port}`]) {
      for (const [method, url] of [['GET', '/'], ['GET', '/kms-public-key.json'], ['POST', '/uploads']]) {
        const answer = await ask(method, url, { host, origin: `http://${host}` });
        assert.equal(answer.status, 421, `${method} ${url} as ${host}`);
        assert.equal(answer.json().error, 'WRONG_HOST');
      }
    }
  });

  test('takes requests from no other page', async () => {
    const { port } = new URL(demo.origin);
    const id = await createUpload();
    const strangers = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '' },
      { origin: `http://localhost:${port}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of strangers) {
      for (const url of ['/uploads', `/uploads/${id}/url`, `/uploads/${id}/open`]) {
        const answer = await ask('POST', url, { ...headers, body: { size: 100 } });
        assert.equal(answer.status, 403, `${url} from ${JSON.stringify(headers)}`);
        assert.equal(answer.json().error, 'WRONG_ORIGIN');
      }
    }
  });

  test('opens nothing that it did not sign in this run', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    const envelope = await seal('not yours', contextOf(id));
    for (const Key of [id, `kmseal-demo/${id}`]) {
      await demo.s3.send(new PutObjectCommand({ Bucket: demo.bucket, Key, Body: envelope }));
    }
    const commands = await commandsDuring(async () => {
      for (const name of [id, `kmseal-demo%2F${id}`, `..%2F${id}`]) {
        assert.equal((await open(name)).status, 404, name);
        assert.equal((await ask('POST', `/uploads/${name}/url`, { body: { size: 100 } })).status, 404, name);
      }
    });
    assert.deepEqual(commands, []);
  });

  test('opens no envelope in the place of another', async () => {
    const [mine, theirs] = [await createUpload(), await createUpload()];
    await put(mine, await seal('theirs', contextOf(theirs)));
    const commands = await commandsDuring(async () => {
      const answer = await open(mine);
      assert.equal(answer.status, 422);
      assert.equal(answer.json().error, 'ERR_CONTEXT');
    });
    assert.deepEqual(commands, ['GetObjectCommand']);
  });

  test('says why it could not open', async () => {
    const id = await createUpload();
    assert.deepEqual([(await open(id)).status, (await open(id)).json().error], [409, 'NOT_UPLOADED']);
    const envelope = await seal('tampered with', contextOf(id));
    envelope[envelope.length - 20] ^= 1;
    await put(id, envelope);
    const answer = await open(id);
    assert.equal(answer.status, 422);
    assert.deepEqual(Object.keys(answer.json()), ['error', 'message']);
    assert.equal(answer.json().error, 'ERR_AUTHENTICATION');
  });

  test('signs one size and one type', async () => {
    const id = await createUpload();
    const envelope = await seal('just so', contextOf(id));
    assert.equal((await put(id, envelope, { size: envelope.byteLength + 1 })).status, 403);
    assert.equal((await put(id, envelope, { type: 'text/html' })).status, 403);
    assert.equal((await put(id, envelope)).status, 200);
  });

  test('signs no size that is none, or too much', async () => {
    const id = await createUpload();
    for (const size of [0, -1, 1.5, '100', null, 2 ** 60]) {
      assert.equal((await ask('POST', `/uploads/${id}/url`, { body: { size } })).status, 400, String(size));
    }
    const answer = await ask('POST', `/uploads/${id}/url`, { body: { size: 2 ** 30 } });
    assert.deepEqual([answer.status, answer.json().error], [413, 'TOO_LARGE']);
    assert.match(answer.json().message, /512 MiB/);
  });

  test('serves the page and the package, and no file beside them', async () => {
    assert.equal((await ask('GET', '/kmseal/kmseal.wasm')).headers['content-type'], 'application/wasm');
    const others = ['/server/app.mjs', '/package.json', '/..%2fpackage.json', '/kmseal/..%2fpackage.json', '/kmseal/index.d.ts'];
    for (const url of others) {
      assert.equal((await ask('GET', url)).status, 404, url);
    }
  });
});
