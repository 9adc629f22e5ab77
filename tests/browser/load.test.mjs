// Loading the .wasm: what may go wrong on the way, that the next call tries again, and every other way to bring it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { launch } from '../support/browser.mjs';
import { startServer } from '../support/server.mjs';

const pem = await readFile(new URL('../keys/rsa-2048.pem', import.meta.url), 'utf8');
const wasm = await readFile(new URL('../../dist/kmseal.wasm', import.meta.url));
const TYPE = { 'Content-Type': 'application/wasm' };
const HTML = '<!doctype html><title>Not what you think</title>';
// A custom section at the end: a valid module that does the same, and yet not the one that was built.
const tampered = Buffer.concat([wasm, Buffer.from([0, 5, 4, ...Buffer.from('evil')])]);

/** What the server does with the next request for the .wasm. */
const FAULTS = {
  'the server fails': (context) => context.text('no', 500),
  'it is not there': (context) => context.html(HTML, 404),
  'an application page comes in its place': (context) => context.html(HTML),
  'the page comes with the right type': (context) => context.body(HTML, 200, TYPE),
  'it is cut short': (context) => context.body(wasm.subarray(0, 50_000), 200, TYPE),
  'nothing comes': (context) => context.body('', 200, TYPE),
  'it was tampered with': (context) => context.body(tampered, 200, TYPE),
  'it was tampered with, of another type': (context) => context.body(tampered, 200, { 'Content-Type': 'application/octet-stream' }),
  'the connection breaks': (context) => {
    const { outgoing } = context.env;
    outgoing.writeHead(200, { ...TYPE, 'Content-Length': wasm.length });
    outgoing.write(wasm.subarray(0, 50_000), () => outgoing.destroy());
    return RESPONSE_ALREADY_SENT;
  },
};

let server;
let fault;
let requests;
before(async () => {
  server = await startServer({
    routes(app) {
      app.use('/dist/*', async (context, next) => {
        requests.push(context.req.path);
        const answer = context.req.path.endsWith('.wasm') ? fault : undefined;
        if (answer) {
          fault = undefined;
          return answer(context);
        }
        await next();
        context.header('Cache-Control', 'no-store');
      });
      app.get('/elsewhere.wasm', (context) => {
        const { type = 'application/wasm', status = 200 } = context.req.query();
        return context.body(wasm, Number(status), { 'Content-Type': type });
      });
      app.get('/another-version.wasm', (context) => context.body(tampered, 200, TYPE));
      app.get('/strict.html', (context) => context.html(`<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`));
    },
  });
});
after(() => server?.close());

const fetched = () => requests.filter((request) => request.endsWith('.wasm')).length;

for (const name of ['chromium', 'firefox', 'webkit']) {
  describe(name, () => {
    let browser;
    before(async () => {
      browser = await launch(name);
    });
    after(() => browser?.close());

    /** A fresh page, with `attempt(work)`: what comes of it, or the error's parts. */
    async function open(page = '/pages/blank.html') {
      requests = [];
      fault = undefined;
      await browser.driver.get(server.origin + page);
      await browser.evaluate(async (pem) => {
        globalThis.kmseal = await import('/dist/index.js');
        globalThis.importKey = () => kmseal.KmsPublicKey.import(pem, { keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' });
        globalThis.attempt = async (work) => {
          try {
            const key = await work();
            return { spec: key?.keySpec };
          } catch (error) {
            return { code: error.code ?? error.name, message: error.message, cause: error.cause?.name, own: error instanceof kmseal.KmsealError };
          }
        };
      }, pem);
    }

    const importKey = () => browser.evaluate(() => attempt(importKey));
    const works = async () => assert.deepEqual(await importKey(), { spec: 'RSA_2048' });
    function assertLoadError({ code, message, cause, own }) {
      assert.equal(code, 'ERR_LOAD', message);
      assert.match(message, /kmseal\.wasm is served beside the script.*wasm-unsafe-eval/);
      assert.ok(own);
      assert.ok(cause, 'a cause');
    }

    test('importing the package does nothing', async () => {
      await open();
      const added = await browser.evaluate(async () => {
        const known = new Set(Reflect.ownKeys(globalThis));
        await import('/dist/index.js?again');
        await new Promise((resolve) => setTimeout(resolve, 200));
        return Reflect.ownKeys(globalThis).filter((key) => !known.has(key)).map(String);
      });
      assert.deepEqual(added, []);
      assert.deepEqual(requests, ['/dist/index.js', '/dist/index.js']);
    });

    test('it is fetched once for all calls', async () => {
      await open();
      await browser.evaluate(() => Promise.all([importKey(), importKey(), kmseal.load()]).then(() => kmseal.load()));
      await works();
      assert.equal(fetched(), 1);
    });

    for (const [title, answer] of Object.entries(FAULTS)) {
      test(`${title}: ERR_LOAD, and the next call tries again`, async () => {
        await open();
        fault = answer;
        assertLoadError(await importKey());
        await works();
        assert.ok(fetched() >= 2);
      });
    }

    test('all calls that wait for one load fail with it, and the next ones work', async () => {
      await open();
      fault = FAULTS['it is not there'];
      const outcomes = await browser.evaluate(async () => {
        const { load, inspect, Opener } = kmseal;
        const opener = new Opener({ keyIds: ['arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'], decrypt() {} });
        return Promise.all([importKey, load, () => inspect(new Uint8Array(1)), () => opener.open(new Uint8Array(1))].map(attempt));
      });
      outcomes.forEach(assertLoadError);
      assert.equal(fetched(), 1);
      await works();
      assert.equal((await browser.evaluate(() => attempt(() => kmseal.inspect(new Uint8Array([2]))))).code, 'ERR_TRUNCATED');
    });

    test("the page's policy forbids WebAssembly", async () => {
      await open('/strict.html');
      assertLoadError(await importKey());
    });

    for (const type of ['application/octet-stream', 'text/plain', 'application/wasm; charset=utf-8', 'Application/Wasm']) {
      test(`it is served as ${type}`, async () => {
        await open();
        fault = (context) => context.body(wasm, 200, { 'Content-Type': type });
        await works();
        assert.equal(fetched(), 1);
      });
    }

    for (const [title, source] of Object.entries({
      'a URL': () => new URL('/elsewhere.wasm', location.href),
      "a URL as text": () => `${location.origin}/elsewhere.wasm`,
      'a path': () => '/elsewhere.wasm',
      "a URL with a type of its own": () => '/elsewhere.wasm?type=text/html',
      'a Response': () => fetch('/elsewhere.wasm'),
      'a Response of another type': () => fetch('/elsewhere.wasm?type=text/html'),
      'an ArrayBuffer': async () => (await fetch('/elsewhere.wasm')).arrayBuffer(),
      'a view': async () => new Uint8Array([7, ...new Uint8Array(await (await fetch('/elsewhere.wasm')).arrayBuffer()), 7]).subarray(1, -1),
      'a module': () => WebAssembly.compileStreaming(fetch('/elsewhere.wasm')),
    })) {
      test(`load takes ${title}`, async () => {
        await open();
        assert.equal(await browser.evaluate(`(async () => kmseal.load(await (${source})()))()`), undefined);
        await works();
        assert.equal(fetched(), 0);
      });
    }

    for (const [title, source] of Object.entries({
      'a URL that is none': () => 'http://[',
      'a URL where nothing is': () => '/nowhere.wasm',
      'a URL where another version is': () => '/another-version.wasm',
      'a Response of 404': () => fetch('/nowhere.wasm'),
      'an error whose body is the right one': () => fetch('/elsewhere.wasm?status=500&type=text/plain'),
      'a Response that was read': async () => {
        const response = await fetch('/elsewhere.wasm');
        await response.arrayBuffer();
        return response;
      },
      'bytes of something else': () => new TextEncoder().encode('<!doctype html>'),
      'no bytes': () => new Uint8Array(),
      'the bytes of another module': () => new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      'another module': () => new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    })) {
      test(`load refuses ${title}, and the next call works`, async () => {
        await open();
        assertLoadError(await browser.evaluate(`attempt(async () => kmseal.load(await (${source})()))`));
        await works();
      });
    }

    for (const [title, source] of Object.entries({
      null: () => null,
      'a number': () => 7,
      'a promise, not awaited': () => ({ source: fetch('/elsewhere.wasm') }.source),
      'shared memory': () => new Uint8Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer),
    })) {
      test(`load takes no ${title}: a TypeError`, async () => {
        await open();
        const { code, message } = await browser.evaluate(`attempt(() => kmseal.load((${source})()))`);
        assert.equal(code, 'TypeError', message);
        assert.match(message, /source must be/);
        await works();
      });
    }
  });
}
