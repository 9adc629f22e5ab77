// KmsPublicKey.fetch: concurrent calls for one key share a request, a good key is remembered, and a failure is not.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { inBrowsers, openPage } from '../support/browsers/session.mjs';

const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const fingerprint = 'SHA256:YHK+KJku9jBZRf0Ibvo6ydj5DBOMYCZ/hPbbjPQMrmY=';
const answer = JSON.stringify({
  KeyId: keyId,
  PublicKey: pem
    .split('\n')
    .filter((line) => !line.startsWith('-----'))
    .join(''),
});

let asked = [];
let reply;
let letThrough;
let gate;

/** Requests for a key are held back from now on, until the page asks for /let-through. */
const holdBack = () => {
  gate = new Promise((resolve) => {
    letThrough = resolve;
  });
};

/** Fetches a key in a frame, and tells the page around it what comes of it. */
const FRAME = `
  import { KmsPublicKey } from '/dist/index.js';
  const tell = (text) => parent.postMessage(text, '*');
  KmsPublicKey.fetch('/keys/frame.json').then(({ keyId }) => tell(keyId), ({ message }) => tell(message));
`;

const open = (name) =>
  openPage(name, {
    routes(app) {
      app.get('/keys/:name', async (context) => {
        asked.push(context.req.param('name'));
        await gate;
        return reply(context);
      });
      app.get('/asked/:count', async (context) => {
        while (asked.length < Number(context.req.param('count')))
          await new Promise((resolve) => {
            setTimeout(resolve, 10);
          });
        return context.body(null, 204);
      });
      app.get('/let-through', (context) => {
        letThrough();
        return context.body(null, 204);
      });
      app.get('/frame.js', (context) => context.body(FRAME, 200, { 'Content-Type': 'text/javascript' }));
    },
  });

inBrowsers(open, (page) => {
  /** Starts again with the package imported, and the given answers of the server. */
  async function begin(answering = (context) => context.body(answer)) {
    [asked, reply, gate] = [[], answering, undefined];
    await page.evaluate(async (version) => {
      globalThis.kmseal = await import(`/dist/index.js?${version}`);
      globalThis.get = (url, options) =>
        kmseal.KmsPublicKey.fetch(url, options ?? undefined).then(
          (key) => key.keyId,
          (error) =>
            error instanceof kmseal.KmsealError ? `${error.code} ${error.message}` : `${error?.name ?? error}`,
        );
    }, crypto.randomUUID());
  }
  const get = (url, options) => page.evaluate((url, options) => get(url, options), url, options ?? null);

  test('concurrent calls share one request, and later calls share the key', async () => {
    await begin();
    holdBack();
    const keys = await page.evaluate(async (fingerprint) => {
      const load = (url) => kmseal.KmsPublicKey.fetch(url, { fingerprint });
      const first = [1, 2, 3].map(() => load('/keys/a.json'));
      await fetch('/asked/1');
      await fetch('/let-through');
      const keys = [...(await Promise.all(first)), await load(new URL('/keys/a.json', location.href))];
      return keys.map((key) => key === keys[0] && key.keyId);
    }, fingerprint);
    assert.deepEqual(keys, [keyId, keyId, keyId, keyId]);
    assert.deepEqual(asked, ['a.json']);
  });

  test('a page that is loaded after a key was replaced gets the new one, though the HTTP cache has the old one', async () => {
    const replaced = keyId.replace('1234abcd', '5678abcd');
    // As servers of static files answer; browsers may use it for a month without asking.
    const published = (key) => (context) =>
      context.body(answer.replace(keyId, key), 200, { 'Last-Modified': new Date(Date.now() - 3e10).toUTCString() });
    await begin(published(keyId));
    assert.equal(await get('/keys/published.json'), keyId);
    await begin(published(replaced));
    assert.equal(await get('/keys/published.json'), replaced);
  });

  test('another URL or other options cause another request', async () => {
    await begin();
    for (const options of [undefined, { fingerprint }, { keyId }, { encryptionAlgorithm: 'RSAES_OAEP_SHA_1' }]) {
      assert.equal(await get('/keys/a.json', options), keyId);
      assert.equal(await get('/keys/a.json', options), keyId);
    }
    assert.equal(await get('/keys/b.json'), keyId);
    assert.deepEqual(asked, ['a.json', 'a.json', 'a.json', 'a.json', 'b.json']);
  });

  test('a failure reaches every caller that waits for it, and is not cached', async () => {
    await begin((context) => context.text('no', 503));
    const both = await page.evaluate(() =>
      Promise.all([get('/keys/a.json?token=secret'), get('/keys/a.json?token=secret')]),
    );
    for (const outcome of both) {
      assert.match(
        outcome,
        /^ERR_LOAD the public key could not be loaded from http:\/\/[^?]*\/keys\/a\.json: it answered with status 503$/,
      );
    }
    assert.equal(asked.length, 1);
    reply = (context) => context.html('<!doctype html><title>404</title>');
    assert.match(
      await get('/keys/a.json'),
      /^ERR_KEY_INVALID http:\/\/[^ ]*\/keys\/a\.json: this is not a usable public key/,
    );
    reply = (context) => context.body(answer);
    const other = `SHA256:${Buffer.alloc(32).toString('base64')}`;
    assert.match(await get('/keys/a.json', { fingerprint: other }), /^ERR_KEY_FINGERPRINT http/);
    assert.equal(await get('/keys/a.json'), keyId);
    assert.equal(await get('/keys/a.json'), keyId);
    assert.equal(asked.length, 4);
  });

  test("a key at an address that the page's policy forbids fails, and the error names connect-src and CORS", async () => {
    await begin();
    const outcome = await get('http://127.0.0.2:1/keys/a.json?token=secret', { fingerprint, keyId });
    const where = 'the public key could not be loaded from http://127.0.0.2:1/keys/a.json: ';
    const remedy =
      '; check the connection, then the Content-Security-Policy (connect-src) and, for another origin, CORS';
    assert.ok(outcome.startsWith(`ERR_LOAD ${where}`) && outcome.endsWith(remedy), outcome);
    assert.equal(asked.length, 0);
  });

  test('a .wasm that fails to load is not cached, and is requested in parallel with the key', async () => {
    await begin();
    const outcomes = await page.evaluate(async () => {
      const { fetch } = globalThis;
      const sent = [];
      globalThis.fetch = (url, init) => {
        const { pathname } = new URL(url, location.href);
        sent.push(pathname);
        return pathname.endsWith('.wasm') ? Promise.reject(new TypeError('no')) : fetch(url, init);
      };
      const first = get('/keys/a.json');
      const together = [...sent].sort();
      const failed = await first;
      globalThis.fetch = fetch;
      return [together, failed.split(' ')[0], await get('/keys/a.json')];
    });
    assert.deepEqual(outcomes, [['/dist/kmseal.wasm', '/keys/a.json'], 'ERR_LOAD', keyId]);
  });

  test("a signal aborts only its own caller, and the last one's stops the request", async () => {
    await begin();
    holdBack();
    const outcomes = await page.evaluate(async () => {
      const [first, second, third] = [1, 2, 3].map(() => new AbortController());
      const waiting = get('/keys/a.json', { signal: first.signal });
      const patient = get('/keys/a.json', { signal: second.signal });
      first.abort('enough');
      const aborted = [await waiting, await get('/keys/a.json', { signal: AbortSignal.abort('before') })];
      const alone = get('/keys/alone.json', { signal: third.signal });
      await fetch('/asked/2');
      third.abort();
      aborted.push(await alone);
      const again = get('/keys/alone.json');
      await fetch('/asked/3');
      await fetch('/let-through');
      return [...aborted, await patient, await again];
    });
    assert.deepEqual(outcomes, ['enough', 'before', 'AbortError', keyId, keyId]);
    assert.deepEqual(asked, ['a.json', 'alone.json', 'alone.json']);
  });

  test('a key from another origin needs fingerprint and key id, and is not requested without them', async () => {
    await begin();
    for (const options of [undefined, { fingerprint }, { keyId }, { fingerprint: '', keyId: '' }]) {
      assert.match(
        await get('http://localhost:1/key.json?token=secret', options),
        /^ERR_KEY_FINGERPRINT the public key at http:\/\/localhost:1\/key\.json is of another origin/,
      );
    }
    assert.match(await get('http://[?token=secret'), /^ERR_LOAD .*http:\/\/\[ is not a URL/);
    assert.equal(await get('/keys/a.json', { fingerprint: 7 }), 'TypeError');
  });

  test('a frame with srcdoc takes a key of the origin of the page around it', async () => {
    await begin();
    const told = await page.evaluate(async () => {
      const answer = new Promise((resolve) => addEventListener('message', ({ data }) => resolve(data), { once: true }));
      const frame = document.createElement('iframe');
      frame.srcdoc = '<script type="module" src="/frame.js"></script>';
      document.body.append(frame);
      const told = await answer;
      frame.remove();
      return told;
    });
    assert.equal(told, keyId);
  });

  test('an answer without an end is given up at 1 MiB, and its error does not show the query of the URL', async () => {
    let cancelled = false;
    await begin((context) =>
      context.body(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(2 ** 16)),
          cancel: () => {
            cancelled = true;
          },
        }),
      ),
    );
    const error = await get('/keys/a.json?X-Amz-Signature=secret');
    assert.match(error, /^ERR_LOAD .*\/keys\/a\.json: it answered with more than 1 MiB, which no public key has$/);
    assert.doesNotMatch(error, /secret/);
    while (!cancelled) await new Promise(setImmediate);
  });

  test('a URL with a password is refused, and the error does not show it', async () => {
    await begin();
    const error = await get('http://user:secret@localhost:1/key.json', { fingerprint, keyId });
    assert.match(error, /^ERR_LOAD .*http:\/\/localhost:1\/key\.json: the URL has a user name or a password/);
    assert.doesNotMatch(error, /secret/);
  });
});
