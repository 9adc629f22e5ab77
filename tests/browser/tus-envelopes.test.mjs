// Every way in which an object on a tus server could become one of two envelopes, against a real server: the upload fails, and says why.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { NAME, testTus, until } from '../support/tus-uploads.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;
const CHUNK = { chunkSize: MIB, retryDelays: [] };
const NOT_BEGUN = 'this upload was not begun with this envelope; forget its URL and start a new one';

const { server, open, patches, offsets, inBrowsers } = testTus();

const methods = () => server.relay.seen.map(({ method }) => method);

inBrowsers((page) => {
  /** Has the server refuse every chunk but the first ones from now on. */
  const stopAfter = (chunks) => {
    server.relay.reset();
    server.relay.fault = () => (patches().length > chunks ? { does: 'answer', status: 400, after: 'nothing' } : undefined);
  };

  /** Options of a life of the page: `tus.lives` keeps them, each with envelopes of its own. */
  const live = (life) => page.evaluate((life) => {
    tus.lives ??= {};
    tus.lives[life] ??= tus.tusOptions(kit.sealer());
  }, life);

  /** Uploads the chosen file with the options of that life. */
  async function upload(life, options) {
    await live(life);
    return page.evaluate((name, life, options) => tus.start(kit.chosenFile(name), { ...tus.lives[life], ...options }).done, NAME, life, {
      ...CHUNK, ...options,
    });
  }

  const forget = () => page.evaluate(() => { tus.lives = {}; });

  /** Creates an upload as somebody else would: the page's server, or another page. */
  async function created(length) {
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(length) };
    const { headers: answered } = await fetch(server.endpoint, { method: 'POST', headers });
    server.relay.reset();
    return new URL(answered.get('location'), server.endpoint).href;
  }

  const sealedSize = () => page.evaluate((name) => kit.sealer().sealedSize(kit.chosenFile(name).size), NAME);

  const refused = ({ error, message }, says = NOT_BEGUN) => assert.deepEqual([error, message], ['ERR_UPLOAD', says]);

  test('an old URL, while a new upload of the same file is further', async () => {
    await forget();
    const bytes = await page.choose(3.5 * MIB);
    stopAfter(1);
    const first = await upload('first');
    stopAfter(0);
    refused(await upload('second', { uploadUrl: first.url }));
    stopAfter(3);
    const second = await upload('second');
    assert.notEqual(second.url, first.url);
    assert.deepEqual(offsets(), [0, MIB, 2 * MIB, 3 * MIB]);
    server.relay.reset();
    refused(await upload('second', { uploadUrl: first.url }));
    assert.deepEqual(methods(), ['HEAD']);
    assert.equal((await server.upload(first.url)).offset, MIB);
    // Each goes on with its own.
    for (const [life, { url }] of Object.entries({ first, second })) {
      assert.deepEqual(await upload(life, { uploadUrl: url }), { url });
      assert.ok(bytes.equals(await open(url)), life);
    }
  });

  test('an old URL of the same length, of another file', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    stopAfter(2);
    const other = await upload('first');
    const bytes = await page.choose(2.5 * MIB); // a File of its own
    stopAfter(2);
    const mine = await upload('first');
    server.relay.reset();
    refused(await upload('first', { uploadUrl: other.url }));
    assert.deepEqual(await upload('first', { uploadUrl: mine.url }), { url: mine.url });
    assert.ok(bytes.equals(await open(mine.url)));
  });

  test('an old URL whose upload is whole is not taken for done', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    const { url } = await upload('first');
    server.relay.reset();
    refused(await upload('second', { uploadUrl: url }));
    assert.deepEqual(methods(), ['HEAD']);
  });

  test('a URL of an upload of another length', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    const length = await sealedSize();
    const url = await created(length + 1);
    refused(
      await upload('first', { uploadUrl: url }),
      `this URL is of an upload of ${length + 1} bytes, and the envelope has ${length}; forget the URL and start a new upload`,
    );
    assert.deepEqual(methods(), ['HEAD']);
  });

  test('a URL that somebody else created, and nobody has sent to', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    assert.deepEqual(await upload('first', { uploadUrl: url }), { url });
    assert.ok(bytes.equals(await open(url)));
  });

  test('a URL to which another envelope was sent, although nothing of it has arrived', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    server.relay.fault = ({ method }) => (method === 'PATCH' ? { does: 'answer', status: 500, after: 'nothing' } : undefined);
    await upload('first', { uploadUrl: url });
    server.relay.reset();
    refused(await upload('second', { uploadUrl: url }));
    assert.deepEqual(methods(), ['HEAD']);
    assert.deepEqual(await upload('first', { uploadUrl: url }), { url });
    assert.ok(bytes.equals(await open(url)));
  });

  test('two envelopes at once under one URL: one arrives', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    await Promise.all([live('first'), live('second')]);
    const outcomes = await page.evaluate((name, options) => {
      const start = (life) => tus.start(kit.chosenFile(name), { ...tus.lives[life], ...options }).done;
      return Promise.all(['first', 'second'].map(start));
    }, NAME, { ...CHUNK, uploadUrl: url });
    assert.deepEqual(outcomes.map(({ error }) => error ?? 'done').sort(), ['ERR_UPLOAD', 'done']);
    assert.ok(bytes.equals(await open(url)));
  });

  test('two pages under one URL: the one whose bytes were not taken stops', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    // The other has asked how far the upload is before this one sends, and sends when this one has stopped.
    const [mine, theirs] = await page.evaluate(async (name, uploadUrl) => {
      const another = await tus.openAnother();
      const [asked, sent] = [Promise.withResolvers(), Promise.withResolvers()];
      const start = ({ tusOptions, Upload }, sealer, options) => new Promise((resolve) => {
        new Upload(kit.chosenFile(name), {
          ...tusOptions(sealer), uploadUrl, chunkSize: 2 ** 20, ...options,
          onSuccess: () => resolve('done'),
          onError: (error) => resolve(error.causingError?.code ?? error.message),
        }).start();
      });
      const theirs = start(another, another.sealer, {
        retryDelays: [0],
        async onBeforeRequest(request) {
          if (request.getMethod() !== 'PATCH') return;
          asked.resolve();
          await sent.promise;
        },
      });
      await asked.promise;
      const mine = await start(tus, kit.sealer(), { retryDelays: [], onChunkComplete: () => { throw new Error('closed'); } });
      sent.resolve();
      return [mine, await theirs];
    }, NAME, url);
    assert.match(mine, /closed/);
    assert.equal(theirs, 'ERR_UPLOAD');
    assert.equal((await server.upload(url)).offset, MIB);
  });

  for (const [what, after, add] of [['before a byte has arrived', 'nothing', 0], ['beyond what was sent', 'all', 1]]) {
    test(`a server that says it has more than was sent to it, ${what}`, async () => {
      await forget();
      await page.choose(2.5 * MIB);
      const length = await sealedSize();
      const offset = after === 'all' ? MIB + add : length;
      const headers = { 'upload-offset': String(offset), 'tus-resumable': '1.0.0' };
      server.relay.fault = ({ method }) => (method === 'PATCH' ? { does: 'answer', status: 204, after, headers } : undefined);
      const says = `the server says that it has ${offset} bytes, of which only ${MIB} were sent; forget the upload's URL and start a new one`;
      refused(await upload('first'), says);
      assert.deepEqual(methods(), ['POST', 'PATCH']);
    });
  }

  test('a server that loses what it had: goes on from where it is', async () => {
    await forget();
    const bytes = await page.choose(3.5 * MIB);
    stopAfter(3);
    const { url } = await upload('first');
    truncateSync(server.fileOf(url), 1.5 * MIB);
    server.relay.reset();
    assert.deepEqual(await upload('first', { uploadUrl: url }), { url });
    assert.deepEqual(offsets(), [1.5 * MIB, 2.5 * MIB, 3.5 * MIB]);
    assert.ok(bytes.equals(await open(url)));
  });

  for (const [what, more] of Object.entries({
    'the first chunk in the request that creates the upload': { uploadDataDuringCreation: true },
    'POST in the place of PATCH': { overridePatchMethod: true },
  })) {
    test(`${what}: arrives, resumes, and is this envelope's alone`, async () => {
      await forget();
      const bytes = await page.choose(3.5 * MIB);
      server.relay.fault = ({ method, headers }) => {
        const second = method !== 'HEAD' && Number(headers['upload-offset'] ?? 0) > 0;
        return second ? { does: 'answer', status: 400, after: 'nothing' } : undefined;
      };
      const { url, error } = await upload('first', more);
      assert.equal(error, 'Error');
      server.relay.reset();
      refused(await upload('second', { ...more, uploadUrl: url }));
      assert.deepEqual(await upload('first', { ...more, uploadUrl: url }), { url });
      assert.ok(bytes.equals(await open(url)));
    });
  }

  test("requests that the page's own httpStack sends are not watched, and so no chunk follows", async () => {
    await forget();
    await page.choose(2.5 * MIB);
    await live('first');
    const { error, message } = await page.evaluate((name, options) => {
      const httpStack = new tus.DefaultHttpStack({});
      return tus.start(kit.chosenFile(name), { ...tus.lives.first, ...options, httpStack }).done;
    }, NAME, CHUNK);
    assert.equal(error, 'ERR_UPLOAD', message);
    assert.match(message, /leave uploadSize, parallelUploads and httpStack alone/);
    assert.deepEqual(methods(), ['POST']);
  });

  test('aborted while it seals: nothing follows', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    await page.evaluate(async (name) => {
      const watch = await import('/pages/watch.js');
      await kit.sealer().seal(new Blob(['first, since watch.js replaces what kmseal tries before it seals']));
      const held = new Promise((resolve) => { tus.goOn = resolve; });
      watch.whenEncrypted(() => held);
      const sealing = new Promise((resolve) => { tus.sealing = resolve; });
      tus.start(kit.chosenFile(name), { ...tus.tusOptions(kit.sealer()), chunkSize: 2 ** 20, onUploadUrlAvailable: tus.sealing });
      await sealing;
    }, NAME);
    await until(() => server.relay.seen.length === 1);
    await page.evaluate(async (name) => {
      const watch = await import('/pages/watch.js');
      await tus.last.abort();
      watch.whenEncrypted(() => {});
      tus.goOn();
      // Another upload, which is sealed after it, and so sent after what it might send.
      await tus.start(kit.chosenFile(name), tus.tusOptions(kit.sealer())).done;
    }, NAME);
    assert.deepEqual(methods(), ['POST', 'POST', 'PATCH']);
  });
});
