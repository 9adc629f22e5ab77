// A file that is too large for the browser to keep: a private window has memory only, which the page of this test fills.
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, closeSync, ftruncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { printed } from '../../tools/kms.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { isolated } from '../support/browsers/forms.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { startServer } from '../support/servers/server.mjs';

const MIB = 1024 * 1024;
const PAGE = `<!doctype html><title>form</title><form><kmseal-file encryption-context='{}' name="doc" key-src="/kms-public-key.json"></kmseal-file></form>`;

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-room-'));
let kms;
let server;
let browser;
before(async () => {
  kms = await startKms();
  const key = await kms.createKey();
  server = await startServer({
    routes(app) {
      app.get('/form', (context) => context.html(PAGE));
      app.get('/kms-public-key.json', (context) => context.json(printed(key)));
    },
  });
  browser = await launch('chromium', { args: ['--incognito'] });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await kms?.close();
  rmSync(folder, { recursive: true });
});

/** A file of zeros that takes no space on the disk. */
function sparse(name, size) {
  const file = path.join(folder, name);
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  closeSync(handle);
  return file;
}

test('Chromium reports ERR_STORAGE with a remedy in a private window without room', async () => {
  await browser.driver.get(`${server.origin}/form`);
  await browser.evaluate(async () => {
    await import('/dist/define.js');
    // Made as kmseal makes its Blobs, until no more fits.
    const piece = new Uint8Array(1024 * 1024);
    const take = (count) =>
      new Response(
        new ReadableStream({
          pull(controller) {
            if (count-- > 0) controller.enqueue(piece);
            else controller.close();
          },
        }),
      ).blob();
    const element = document.querySelector('kmseal-file');
    globalThis.failed = new Promise((resolve) =>
      element.addEventListener('sealerror', ({ detail }) => resolve(detail.error)),
    );
    globalThis.kept = [];
    for (const count of [256, 32]) {
      for (let full = false; !full; )
        full = await take(count).then(
          (blob) => void kept.push(blob),
          () => true,
        );
    }
  });
  const input = await browser.driver.executeScript(
    "return document.querySelector('kmseal-file').shadowRoot.querySelector('input')",
  );
  await input.sendKeys(sparse('large.iso', 64 * MIB));
  const found = await browser.evaluate(async () => {
    const element = document.querySelector('kmseal-file');
    element.addEventListener('seal', () => {
      throw new Error('there was room');
    });
    const error = await globalThis.failed;
    const part = (name) => element.shadowRoot.querySelector(`[part~=${name}]`).textContent;
    return {
      name: error.name,
      code: error.code,
      message: error.message,
      cause: error.cause.name,
      shown: part('code'),
      sentence: part('error'),
    };
  });
  assert.deepEqual(
    { name: found.name, code: found.code, cause: found.cause, shown: found.shown },
    { name: 'KmsealError', code: 'ERR_STORAGE', cause: 'TypeError', shown: 'ERR_STORAGE' },
  );
  assert.match(found.message, /no room/);
  assert.ok(
    found.sentence.startsWith(
      `${isolated('large.iso')} is too large for this browser to keep encrypted, so nothing is sent.`,
    ),
    found.sentence,
  );
});
