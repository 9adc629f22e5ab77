// uploadSealed in a service worker, which has no XMLHttpRequest.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { seen } from '../support/until.mjs';
import { LIMITS, MIB, THREE_PARTS, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

const WORKER = `
import { KmsPublicKey, Sealer } from '/dist/index.js';
import { begin, timers } from '/support/upload-page.mjs';
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', ({ data: { file, key, options }, ports: [port] }) => {
  if (!file) return port.postMessage(timers.expire());
  const uploading = async () => {
    const sealer = new Sealer({ keys: [await KmsPublicKey.import(key)] });
    const { settled } = begin(file, { sealer, ...options });
    port.postMessage({ ...(await settled), hasXhr: 'XMLHttpRequest' in globalThis });
  };
  uploading().catch((error) => port.postMessage({ error: String(error) }));
});
`;

async function open(name) {
  const routes = (app) =>
    app.get('/upload-worker.js', (c) => c.body(WORKER, 200, { 'content-type': 'text/javascript' }));
  const uploads = await openUploads(name, { routes });
  await uploads.page.evaluate(async () => {
    kit.registration = await navigator.serviceWorker.register('/upload-worker.js', { type: 'module' });
    await navigator.serviceWorker.ready;
    /** Sends the worker a message, and returns its answer. */
    kit.tell = (message) =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        kit.registration.active.postMessage(message, [port2]);
      });
  });
  return uploads;
}

uploadsInBrowsers(open, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });

  async function upload(options) {
    const id = await begin(options);
    return { id, ...(await uploads.page.evaluate(() => kit.answer)) };
  }

  async function begin(options = {}) {
    const id = s3.begin();
    await uploads.choose();
    await uploads.page.evaluate(
      (key, options) => {
        const [file] = document.querySelector('input[type=file]').files;
        kit.answer = kit.tell({ file, key, options });
      },
      s3.key,
      { id, partSize: 5 * MIB, ...options },
    );
    return id;
  }
  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;

  const anyEngine = ANY_ENGINE.includes(name);
  for (const { what, size } of [
    { what: 'in parts', size: TWO_PARTS },
    { what: 'in one', size: MIB },
  ].slice(0, anyEngine ? undefined : 1)) {
    test(`an upload ${what} arrives through a service worker, and progress is reported`, async () => {
      const sha256 = uploads.write(size);
      const { id, error, result, progress, hasXhr } = await upload();
      assert.equal(error, undefined);
      assert.equal(hasXhr, false);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
      assert.deepEqual(progress.at(-1), [result.size, result.size]);
    });
  }

  test('a service worker passes on 503 and broken connections, and the upload retries', async () => {
    const sha256 = uploads.write(THREE_PARTS);
    const faults = { 'PUT 1': [{ does: 'answer', status: 503 }], 'PUT 3': [{ does: 'cut', after: 'half' }] };
    s3.faults.fault = (asked) => faults[asked]?.shift();
    const { id, error } = await upload();
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
    assert.ok(times('PUT 1') > 1 && times('PUT 3') > 1);
  });

  test('a part that is not answered is given up', async () => {
    uploads.write(TWO_PARTS);
    s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'stall' } : undefined);
    const id = await begin({ ...LIMITS, retries: 0 });
    await seen(() => s3.faults.names().some((asked) => asked.startsWith('PUT')));
    await uploads.page.evaluate(() => kit.tell({}));
    const { error } = await uploads.page.evaluate(() => kit.answer);
    assert.deepEqual({ code: error?.code, arrived: await s3.arrived(id) }, { code: 'ERR_UPLOAD', arrived: false });
    assert.match(error.message, /stalled: S3 did not answer for/);
  });

  // As in a page, s3-not-stored.test.mjs shows it in each engine.
  if (!anyEngine) return;

  test('a login page is not mistaken for S3', async () => {
    uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'answer', status: 200, body: '<title>Sign in</title>', headers: { etag: '"a"' } });
    const { id, error } = await upload();
    assert.deepEqual({ code: error?.code, part: error?.part }, { code: 'ERR_UPLOAD', part: 2 });
    assert.match(error.message, /something other than S3 answered/);
    assert.equal(await s3.arrived(id), false);
  });
});
