// Loading the .wasm: what can go wrong on the way, that the next call tries again, and every other way to provide it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { NONCE, startServer } from '../support/servers/server.mjs';

const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
const wasm = await readFile(new URL('../../dist/kmseal.wasm', import.meta.url));
const TYPE = { 'Content-Type': 'application/wasm' };
const HTML = '<!doctype html><title>Not what you think</title>';
// A custom section at the end: a valid module that does the same, and yet not the one that was built.
const tampered = Buffer.concat([wasm, Buffer.from([0, 5, 4, ...Buffer.from('evil')])]);

const another = /kmseal\.wasm is of another version, or came cut short; reload the page.*keep the old files/;
const page = /kmseal\.wasm is an HTML page and not kmseal\.wasm; let the build copy kmseal\.wasm there/;

/** What the server does with the requests for the .wasm while a load fails, and what the error says. */
const FAULTS = {
  'the file is missing': [
    /kmseal\.wasm answered with status 404; let the build copy/,
    (context) => context.html(HTML, 404),
  ],
  'the file is cut short': [another, (context) => context.body(wasm.subarray(0, 50_000), 200, TYPE)],
  'nothing arrives': [/kmseal\.wasm is not a WebAssembly file; serve/, (context) => context.body('', 200, TYPE)],
  'the file was tampered with and has another type': [
    another,
    (context) => context.body(tampered, 200, { 'Content-Type': 'application/octet-stream' }),
  ],
  // Firefox takes what arrived for the whole file.
  'the connection breaks': [
    /kmseal\.wasm could not be fetched; check the connection, then|kmseal\.wasm came damaged or cut short/,
    (context) => {
      const { outgoing } = context.env;
      outgoing.writeHead(200, { ...TYPE, 'Content-Length': wasm.length });
      outgoing.write(wasm.subarray(0, 50_000), () => outgoing.destroy());
      return RESPONSE_ALREADY_SENT;
    },
  ],
  'the server fails': [
    /kmseal\.wasm answered with status 500; let the build copy/,
    (context) => context.text('no', 500),
  ],
  'an application page arrives in its place': [page, (context) => context.html(HTML)],
  'a page arrives with the right type': [page, (context) => context.body(HTML, 200, TYPE)],
  'the file was tampered with': [another, (context) => context.body(tampered, 200, TYPE)],
};

let server;
let fault;
let requests;
before(async () => {
  server = await startServer({
    folders: { '/deployed/': fileURLToPath(new URL('../../dist/', import.meta.url)) },
    routes(app) {
      // What the server had under this name before the deployment, and had said of it that it never changes.
      app.get('/deployed/kmseal.wasm', async (context, next) => {
        if (fault) return fault(context);
        await next();
      });
      app.use('/dist/*', async (context, next) => {
        requests.push(context.req.path);
        const answer = context.req.path.endsWith('.wasm') ? fault : undefined;
        if (answer) return answer(context);
        await next();
        context.header('Cache-Control', 'no-store');
      });
      app.get('/elsewhere.wasm', (context) => {
        const { type = 'application/wasm', status = 200 } = context.req.query();
        return context.body(wasm, Number(status), { 'Content-Type': type });
      });
      app.get('/another-version.wasm', (context) => context.body(tampered, 200, TYPE));
      app.get('/strict.html', (context) =>
        context.html(`<meta http-equiv="Content-Security-Policy" content="script-src 'self' 'nonce-${NONCE}'">`),
      );
    },
  });
});
after(() => server?.close());

const fetched = () => requests.filter((request) => request.endsWith('.wasm')).length;

for (const name of BROWSERS) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
    });
    after(() => browser?.close());

    /** A fresh page, with `attempt(work)`, which returns the result or the error's parts. */
    async function open(page = '/pages/blank.html') {
      requests = [];
      fault = undefined;
      await browser.driver.get(server.origin + page);
      await browser.evaluate(async (pem) => {
        globalThis.kmseal = await import('/dist/index.js');
        globalThis.importKey = () =>
          kmseal.KmsPublicKey.import(pem, {
            keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
          });
        globalThis.attempt = async (work) => {
          try {
            const key = await work();
            return { spec: key?.keySpec };
          } catch (error) {
            return {
              code: error.code ?? error.name,
              message: error.message,
              cause: error.cause?.name,
              own: error instanceof kmseal.KmsealError,
            };
          }
        };
      }, pem);
    }

    const importKey = () => browser.evaluate(() => attempt(importKey));
    const works = async () => assert.deepEqual(await importKey(), { spec: 'RSA_2048' });
    function assertLoadError({ code, message, cause, own }, says) {
      assert.equal(code, 'ERR_LOAD', message);
      assert.match(message, says);
      assert.ok(own);
      assert.equal(cause, 'LoadFault');
    }

    test('importing the package has no effect', async () => {
      await open();
      const added = await browser.evaluate(async () => {
        const known = new Set(Reflect.ownKeys(globalThis));
        await import('/dist/index.js?again');
        await new Promise((resolve) => setTimeout(resolve, 200));
        return Reflect.ownKeys(globalThis)
          .filter((key) => !known.has(key))
          .map(String);
      });
      assert.deepEqual(added, []);
      assert.deepEqual(requests, ['/dist/index.js', '/dist/index.js']);
    });

    test('the .wasm is fetched once for all calls', async () => {
      await open();
      await browser.evaluate(() => Promise.all([importKey(), importKey(), kmseal.load()]).then(() => kmseal.load()));
      await works();
      assert.equal(fetched(), 1);
    });

    // The first cases of each table are those that engines treat differently. What is to blame for the others, our script finds out.
    const anyEngine = ANY_ENGINE.includes(name);
    for (const [title, [says, answer]] of Object.entries(FAULTS).slice(0, anyEngine ? undefined : 5)) {
      test(`ERR_LOAD reports that ${title}, and the next call tries again`, async () => {
        await open();
        fault = answer;
        assertLoadError(await importKey(), says);
        fault = undefined;
        await works();
        assert.ok(fetched() >= 2);
      });
    }

    test('an older file that the HTTP cache has kept under the same name is replaced by the one that was deployed', async () => {
      await open();
      const cached = { ...TYPE, 'Cache-Control': 'max-age=31536000, immutable' };
      fault = (context) => context.body(tampered, 200, cached);
      const size = () =>
        browser.evaluate(async () => (await (await fetch('/deployed/kmseal.wasm')).arrayBuffer()).byteLength);
      assert.equal(await size(), tampered.length);
      fault = undefined;
      // WebKitGTK keeps none under its driver.
      assert.equal(await size(), name === 'webkit' ? wasm.length : tampered.length);
      const outcome = await browser.evaluate(async () => {
        const { load } = await import('/deployed/index.js');
        return attempt(load);
      });
      assert.deepEqual(outcome, {});
      assert.equal(await size(), wasm.length);
    });

    test('all calls that wait for one load fail with it, and the next ones work', async () => {
      await open();
      const [says, answer] = FAULTS['the file is missing'];
      fault = answer;
      const outcomes = await browser.evaluate(async () => {
        const { load, inspect, Opener } = kmseal;
        const opener = new Opener({
          keyIds: ['arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
          decrypt() {},
        });
        return Promise.all(
          [importKey, load, () => inspect(new Uint8Array(1)), () => opener.open(new Uint8Array(1))].map(attempt),
        );
      });
      outcomes.forEach((outcome) => assertLoadError(outcome, says));
      // One load for all of them, and one request that looks at what came instead of the file.
      assert.equal(fetched(), 2);
      fault = undefined;
      await works();
      assert.equal(
        (await browser.evaluate(() => attempt(() => kmseal.inspect(new Uint8Array([2]))))).code,
        'ERR_TRUNCATED',
      );
    });

    test("ERR_LOAD reports that the page's policy forbids WebAssembly", async () => {
      await open('/strict.html');
      assertLoadError(
        await importKey(),
        /Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src/,
      );
    });

    for (const type of [
      'application/octet-stream',
      'application/wasm; charset=utf-8',
      'text/plain',
      'Application/Wasm',
    ].slice(0, anyEngine ? undefined : 2)) {
      test(`the .wasm loads when it is served as ${type}`, async () => {
        await open();
        fault = (context) => context.body(wasm, 200, { 'Content-Type': type });
        await works();
        assert.equal(fetched(), 1);
      });
    }

    for (const [title, source] of Object.entries({
      'a URL': () => new URL('/elsewhere.wasm', location.href),
      'a Response': () => fetch('/elsewhere.wasm'),
      'a Response of another type': () => fetch('/elsewhere.wasm?type=text/html'),
      'a module': () => WebAssembly.compileStreaming(fetch('/elsewhere.wasm')),
      'a URL as text': () => `${location.origin}/elsewhere.wasm`,
      'a path': () => '/elsewhere.wasm',
      'a URL with a type of its own': () => '/elsewhere.wasm?type=text/html',
      'an ArrayBuffer': async () => (await fetch('/elsewhere.wasm')).arrayBuffer(),
      'a view': async () =>
        new Uint8Array([7, ...new Uint8Array(await (await fetch('/elsewhere.wasm')).arrayBuffer()), 7]).subarray(1, -1),
    }).slice(0, anyEngine ? undefined : 4)) {
      test(`load accepts ${title} as its source`, async () => {
        await open();
        assert.equal(await browser.evaluate(`(async () => kmseal.load(await (${source})()))()`), undefined);
        await works();
        assert.equal(fetched(), 0);
      });
    }

    const damaged = /kmseal\.wasm came damaged or cut short; serve it as it is/;
    for (const [title, [says, source]] of Object.entries({
      'a Response that was read': [
        damaged,
        async () => {
          const response = await fetch('/elsewhere.wasm');
          await response.arrayBuffer();
          return response;
        },
      ],
      'bytes of something else': [damaged, () => new TextEncoder().encode('<!doctype html>')],
      'another module': [damaged, () => new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))],
      'a URL where nothing is': [/nowhere\.wasm answered with status 404/, () => '/nowhere.wasm'],
      'a URL where another version is': [/another-version\.wasm is of another version/, () => '/another-version.wasm'],
      'a Response of 404': [/nowhere\.wasm answered with status 404/, () => fetch('/nowhere.wasm')],
      'an error whose body is the right one': [
        /answered with status 500/,
        () => fetch('/elsewhere.wasm?status=500&type=text/plain'),
      ],
      'text that is not a URL': [/"http:\/\/\[" is not a URL/, () => 'http://['],
      'no bytes': [damaged, () => new Uint8Array()],
      'the bytes of another module': [damaged, () => new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
    }).slice(0, anyEngine ? undefined : 3)) {
      test(`load refuses ${title}, and the next call works`, async () => {
        await open();
        assertLoadError(await browser.evaluate(`attempt(async () => kmseal.load(await (${source})()))`), says);
        await works();
      });
    }

    if (!anyEngine) return;

    for (const [title, source] of Object.entries({
      null: () => null,
      'a number': () => 7,
      'a promise, not awaited': () => ({ source: fetch('/elsewhere.wasm') }).source,
      'shared memory': () => new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer),
    })) {
      test(`load rejects ${title} with a TypeError`, async () => {
        await open();
        const { code, message } = await browser.evaluate(`attempt(() => kmseal.load((${source})()))`);
        assert.equal(code, 'TypeError', message);
        assert.match(message, /source must be/);
        await works();
      });
    }
  });
}
