// The example's server half, and its page half in a browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from '../../support/browsers/browser.mjs';
import { bundle } from '../../support/browsers/bundle.mjs';
import { startServer } from '../../support/servers/server.mjs';
import { startUnlocking } from '../../support/servers/unlocking.mjs';

/** Bytes. Up to this, the example's page makes a Blob first. */
export const BLOB_FIRST = 4 * 2 ** 20;

const PAGE = fileURLToPath(new URL('../../../examples/open-in-page/page/', import.meta.url));

/** The example's page with another limit for Blobs: what it does with a larger file needs no file that is larger than the one it has. */
function withBlobFirst(script, bytes) {
  const [before, after, ...more] = script.split('BLOB_FIRST = 32 * 1024 * 1024');
  assert.ok(after && more.length === 0, 'one limit of 32 MiB');
  return `${before}BLOB_FIRST = ${bytes}${after}`;
}

/** Both halves. @param {Parameters<typeof launch>} options */
export async function openOpenInPage(...options) {
  const half = await startUnlocking();
  const closing = [() => half.close()];
  const close = async () => {
    while (closing.length > 0) await closing.pop()();
  };
  try {
    const saveWorker = readFileSync(path.join(PAGE, 'save-worker.js'), 'utf8');
    const modules = {
      'index.js': withBlobFirst(await bundle(readFileSync(path.join(PAGE, 'index.js'), 'utf8'), PAGE), BLOB_FIRST),
      'lib.js': await bundle(
        `export * from './open-here.js'; export * from './save.js'; export * from './show.js';
        export const digest = async (bytes) => btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))));`,
        PAGE,
      ),
      'save-worker.js': saveWorker,
      // The next release of it, and what an app has that works offline.
      'newer-worker.js': `${saveWorker}\n// newer`,
      'app-worker.js':
        "addEventListener('install', () => skipWaiting()); addEventListener('activate', (event) => event.waitUntil(clients.claim()));",
    };
    const policy = [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      `connect-src 'self' ${half.relay.origin}`,
      'img-src blob:',
      "frame-src 'self' blob:",
      "worker-src 'self'",
    ].join('; ');
    const server = await startServer({
      routes(app) {
        app.post('/unlock/:id', ({ req }) => half.unlock(req.param('id'), { cookie: req.header('cookie') ?? '' }));
        const html = (text) => (context) => {
          context.header('Content-Security-Policy', policy);
          return context.html(text);
        };
        app.get('/page/', html(readFileSync(path.join(PAGE, 'index.html'), 'utf8')));
        app.get('/page/empty', html('<!doctype html><meta charset="utf-8"><title>Empty</title>'));
        app.get('/page/save/client', html('<!doctype html><meta charset="utf-8"><title>Client</title>'));
        app.get('/page/:name', (context) => {
          const body = modules[context.req.param('name')];
          return body ? context.body(body, 200, { 'content-type': 'text/javascript' }) : context.notFound();
        });
      },
    });
    closing.push(() => server.close());
    await half.allow(server.origin);
    const browser = await launch(...options);
    closing.push(() => browser.close());
    const { driver, downloads, evaluate } = browser;
    return {
      ...half,
      downloads,
      driver,
      evaluate,
      /** Shows the example's page of a file, or without an id an empty one of the same policy which has what lib.js exports as `here`. */
      async visit({ id, user = 'anna' } = {}) {
        await driver.get(`${server.origin}/pages/blank.html`);
        await driver.manage().addCookie({ name: 'session', value: user });
        await driver.get(`${server.origin}/page/${id ? `?id=${id}` : 'empty'}`);
        await evaluate(async () => {
          globalThis.here = await import('/page/lib.js');
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
