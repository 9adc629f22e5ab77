// Every way in which an object on a tus server could become one of two envelopes, against a real server: the upload fails, and says why.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { NAME, testTus, until } from '../support/browsers/tus-uploads.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;
const CHUNK = { chunkSize: MIB, retryDelays: [] };
const NOT_BEGUN = 'this upload was not begun with this envelope; forget its URL and start a new one';

const { server, open, patches, offsets, inBrowsers } = testTus();

const methods = () => server.relay.seen.map(({ method }) => method);

// Whose bytes an upload has, we tell from offsets and answers. tus.test.mjs shows in each engine that one is refused.
inBrowsers((page) => {
  /** Makes the server refuse every chunk but the first ones from now on. */
  const stopAfter = (chunks) => {
    server.relay.reset();
    server.relay.fault = () =>
      patches().length > chunks ? { does: 'answer', status: 400, after: 'nothing' } : undefined;
  };

  /** Options of one life of the page: `tus.lives` keeps them, each with its own envelopes. */
  const live = (life) =>
    page.evaluate((life) => {
      tus.lives ??= {};
      tus.lives[life] ??= tus.tusOptions({ sealer: kit.sealer() });
    }, life);

  /** Uploads the chosen file with the options of that life. */
  async function upload(life, options) {
    await live(life);
    return page.evaluate(
      (name, life, options) => tus.start(kit.chosenFile(name), { ...tus.lives[life], ...options }).done,
      NAME,
      life,
      {
        ...CHUNK,
        ...options,
      },
    );
  }

  const forget = () =>
    page.evaluate(() => {
      tus.lives = {};
    });

  /** Creates an upload as something else would: the page's server, or another page. */
  async function created(length) {
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(length) };
    const { headers: answered } = await fetch(server.endpoint, { method: 'POST', headers });
    server.relay.reset();
    return new URL(answered.get('location'), server.endpoint).href;
  }

  const sealedSize = () => page.evaluate((name) => kit.sealer().sealedSize(kit.chosenFile(name).size), NAME);

  const refused = ({ error, message }, says = NOT_BEGUN) =>
    assert.deepEqual({ error, message }, { error: 'ERR_UPLOAD', message: says });

  test('an old URL is refused while a new upload of the same file is further along', async () => {
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
    // Each continues with its own.
    for (const [life, { url }] of Object.entries({ first, second })) {
      assert.deepEqual(await upload(life, { uploadUrl: url }), { url });
      assert.ok(bytes.equals(await open(url)), life);
    }
  });

  test('an old URL of another file of the same length is refused', async () => {
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

  test('an old URL whose upload is complete does not count as done', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    const { url } = await upload('first');
    server.relay.reset();
    refused(await upload('second', { uploadUrl: url }));
    assert.deepEqual(methods(), ['HEAD']);
  });

  test('a URL of an upload of another length is refused', async () => {
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

  test('a URL that something else created is accepted if nothing was sent to it', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    assert.deepEqual(await upload('first', { uploadUrl: url }), { url });
    assert.ok(bytes.equals(await open(url)));
  });

  test('a URL to which another envelope was sent is refused, even if no byte of it has arrived', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    server.relay.fault = ({ method }) =>
      method === 'PATCH' ? { does: 'answer', status: 500, after: 'nothing' } : undefined;
    await upload('first', { uploadUrl: url });
    server.relay.reset();
    refused(await upload('second', { uploadUrl: url }));
    assert.deepEqual(methods(), ['HEAD']);
    assert.deepEqual(await upload('first', { uploadUrl: url }), { url });
    assert.ok(bytes.equals(await open(url)));
  });

  test('only one of two envelopes that are sent to one URL at once arrives', async () => {
    await forget();
    const bytes = await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    await Promise.all([live('first'), live('second')]);
    const outcomes = await page.evaluate(
      (name, options) => {
        const start = (life) => tus.start(kit.chosenFile(name), { ...tus.lives[life], ...options }).done;
        return Promise.all(['first', 'second'].map(start));
      },
      NAME,
      { ...CHUNK, uploadUrl: url },
    );
    assert.deepEqual(outcomes.map(({ error }) => error ?? 'done').sort(), ['ERR_UPLOAD', 'done']);
    assert.ok(bytes.equals(await open(url)));
  });

  test('of two pages that send to one URL, the one whose bytes were not accepted stops', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    const url = await created(await sealedSize());
    // What the server says itself is sometimes lost: it answers before the chunk has arrived, and closes the connection.
    server.relay.fault = ({ method }) =>
      method === 'PATCH' && patches().length > 1 ? { does: 'answer', status: 409, after: 'nothing' } : undefined;
    // The other one asks for the offset before this one sends, and sends when this one has stopped.
    const [mine, theirs] = await page.evaluate(
      async (name, uploadUrl) => {
        const another = await tus.openAnother();
        const [asked, sent] = [Promise.withResolvers(), Promise.withResolvers()];
        const start = ({ tusOptions, Upload }, sealer, options) =>
          new Promise((resolve) => {
            new Upload(kit.chosenFile(name), {
              ...tusOptions({ sealer }),
              uploadUrl,
              chunkSize: 2 ** 20,
              ...options,
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
        const mine = await start(tus, kit.sealer(), {
          retryDelays: [],
          onChunkComplete: () => {
            throw new Error('closed');
          },
        });
        sent.resolve();
        return [mine, await theirs];
      },
      NAME,
      url,
    );
    assert.match(mine, /closed/);
    assert.equal(theirs, 'ERR_UPLOAD');
    assert.equal((await server.upload(url)).offset, MIB);
  });

  for (const { what, after, add } of [
    { what: 'before a byte has arrived', after: 'nothing', add: 0 },
    { what: 'beyond what was sent', after: 'all', add: 1 },
  ]) {
    test(`an upload fails if the server claims more than was sent to it, ${what}`, async () => {
      await forget();
      await page.choose(2.5 * MIB);
      const length = await sealedSize();
      const offset = after === 'all' ? MIB + add : length;
      const headers = { 'upload-offset': String(offset), 'tus-resumable': '1.0.0' };
      server.relay.fault = ({ method }) =>
        method === 'PATCH' ? { does: 'answer', status: 204, after, headers } : undefined;
      const says = `the server says that it has ${offset} bytes, of which only ${MIB} were sent; forget the upload's URL and start a new one`;
      refused(await upload('first'), says);
      assert.deepEqual(methods(), ['POST', 'PATCH']);
    });
  }

  test("an upload continues at the server's offset if the server lost some of it", async () => {
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
    'POST instead of PATCH': { overridePatchMethod: true },
  })) {
    test(`an upload with ${what} arrives, resumes, and is this envelope's alone`, async () => {
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

  test("an upload stops after a request by the page's own httpStack, which is not observed", async () => {
    await forget();
    await page.choose(2.5 * MIB);
    await live('first');
    const { error, message } = await page.evaluate(
      (name, options) => {
        const httpStack = new tus.DefaultHttpStack({});
        return tus.start(kit.chosenFile(name), { ...tus.lives.first, ...options, httpStack }).done;
      },
      NAME,
      CHUNK,
    );
    assert.equal(error, 'ERR_UPLOAD', message);
    assert.match(message, /leave uploadSize, parallelUploads and httpStack alone/);
    assert.deepEqual(methods(), ['POST']);
  });

  test('an upload that is aborted while it seals sends nothing', async () => {
    await forget();
    await page.choose(2.5 * MIB);
    await page.evaluate(async (name) => {
      const watch = await import('/pages/watch.js');
      await kit.sealer().seal(new Blob(['first, since watch.js replaces what kmseal tries before it seals']));
      const held = new Promise((resolve) => {
        tus.goOn = resolve;
      });
      watch.whenEncrypted(() => held);
      const sealing = new Promise((resolve) => {
        tus.sealing = resolve;
      });
      tus.start(kit.chosenFile(name), {
        ...tus.tusOptions({ sealer: kit.sealer() }),
        chunkSize: 2 ** 20,
        onUploadUrlAvailable: tus.sealing,
      });
      await sealing;
    }, NAME);
    await until(() => server.relay.seen.length === 1);
    await page.evaluate(async (name) => {
      const watch = await import('/pages/watch.js');
      await tus.last.abort();
      watch.whenEncrypted(() => {});
      tus.goOn();
      // Another upload, which is sealed after it, and so sent after what it might send.
      await tus.start(kit.chosenFile(name), tus.tusOptions({ sealer: kit.sealer() })).done;
    }, NAME);
    assert.deepEqual(methods(), ['POST', 'POST', 'PATCH']);
  });
}, ANY_ENGINE);
