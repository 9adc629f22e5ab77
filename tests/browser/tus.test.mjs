// tusOptions with tus-js-client against a real tus server: what arrives, what the requests reveal, and what happens when they fail.
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { PLAIN } from '../support/page/plaintext.mjs';
import { leaks } from '../support/servers/relay.mjs';
import { NAME, TYPE, testTus, until } from '../support/browsers/tus-uploads.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;

const { server, file, open, patches, offsets, inBrowsers } = testTus();

inBrowsers((page, name) => {
  const choose = (size) => page.choose(size);
  const begin = (options) => page.begin(options);
  const upload = (options) => page.upload(options);

  // Requests differ by engine in how they end, and our script decides what follows: each engine shows one end of each kind.
  const anyEngine = ANY_ENGINE.includes(name);

  test('a file arrives chunk by chunk, without name, type or readable content', async () => {
    const bytes = await choose((anyEngine ? 17 : 2.5) * MIB);
    const { url } = await upload(anyEngine ? {} : { chunkSize: MIB }); // 16 MiB by default
    assert.ok(bytes.equals(await open(url)));
    assert.deepEqual(offsets(), anyEngine ? [0, 16 * MIB] : [0, MIB, 2 * MIB]);
    assert.deepEqual((await server.upload(url)).metadata, undefined);
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
  });

  // With three chunks of 1 MiB: before the first has arrived, in the middle of the second, when the last has arrived.
  const PLACES = { start: [0, 'nothing'], middle: [1, 'half'], end: [2, 'all'] };
  const KINDS = {
    cut: { does: 'cut' },
    'answer 502': { does: 'answer', status: 502 },
    'answer 503': { does: 'answer', status: 503 },
    stall: { does: 'stall' },
  };
  /** Where a request is. What follows half of a chunk is a chunk from there on. */
  const placeOf = (from, to) => (from === 0 ? 'start' : to > 2.5 * MIB ? 'end' : 'middle');
  for (const [kind, fault] of Object.entries(KINDS)) {
    const places = anyEngine ? Object.keys(PLACES) : [kind === 'answer 503' ? 'end' : 'middle'];
    test(`an upload continues with the same envelope after ${kind} at the ${places.join(', and at the ')}`, async () => {
      const bytes = await choose(2.5 * MIB);
      const done = [];
      server.relay.fault = ({ method, headers }) => {
        if (method !== 'PATCH') return undefined;
        const from = Number(headers['upload-offset']);
        const place = placeOf(from, from + Number(headers['content-length']));
        if (done.includes(place) || !places.includes(place)) return undefined;
        done.push(place);
        return { ...fault, after: PLACES[place][1] };
      };
      await begin({ chunkSize: MIB, retryDelays: [50, 500, 500] });
      for (let count = 1; kind === 'stall' && count <= places.length; count++) {
        // tus-js-client waits forever; the page has to stop it and start it again.
        await until(() => done.length === count);
        await page.evaluate(
          () =>
            new Promise((resolve) => {
              setTimeout(resolve, 200);
            }),
        );
        await page.evaluate(() => tus.last.abort().then(() => tus.last.start()));
      }
      const { url, error } = await page.evaluate(() => tus.last.done);
      assert.equal(error, undefined);
      assert.ok(bytes.equals(await open(url)));
      assert.deepEqual(done, places);
    });
  }

  for (const [place, [turn, after]] of Object.entries(PLACES)) {
    if (!anyEngine && place !== 'middle') continue;
    test(`an upload that is aborted for good at the ${place} leaves nothing, and nothing follows`, async () => {
      await choose(2.5 * MIB);
      server.relay.fault = ({ method }) =>
        method === 'PATCH' && patches().length === turn + 1 ? { does: 'stall', after } : undefined;
      await begin({ chunkSize: MIB });
      await until(() => patches().length === turn + 1);
      const url = await page.evaluate(async () => {
        await new Promise((resolve) => {
          setTimeout(resolve, 200);
        });
        await tus.last.abort(true);
        await new Promise((resolve) => {
          setTimeout(resolve, 200);
        });
        return tus.last.url;
      });
      await assert.rejects(server.upload(url));
      assert.equal(server.relay.seen.at(-1).method, 'DELETE');
    });
  }

  test('an upload whose requests always fail ends with an error, and a later one continues the same envelope', async () => {
    const bytes = await choose(2.5 * MIB);
    server.relay.fault = () => (patches().length > 1 ? { does: 'answer', status: 500, after: 'half' } : undefined);
    const outcome = await page.evaluate(
      async (name, endpoint) => {
        tus.options = { ...tus.tusOptions({ sealer: kit.sealer() }), endpoint, chunkSize: 2 ** 20, retryDelays: [] };
        return tus.start(kit.chosenFile(name), tus.options).done;
      },
      NAME,
      server.endpoint,
    );
    assert.equal(outcome.error, 'Error');
    assert.match(outcome.message, /response code: 500/);
    server.relay.reset();
    const { url } = await page.evaluate(
      (name, uploadUrl) => tus.start(kit.chosenFile(name), { ...tus.options, uploadUrl }).done,
      NAME,
      outcome.url,
    );
    assert.equal(url, outcome.url);
    assert.ok(offsets()[0] > MIB, `continued at ${offsets()[0]}`);
    assert.ok(bytes.equals(await open(url)));
  });

  test("an address that the page's policy forbids ends the upload at once, and the error names connect-src", async () => {
    await choose(MIB);
    const { retried, ...outcome } = await page.evaluate(
      async (name, endpoint) => {
        let retried = 0;
        const options = tus.tusOptions({ sealer: kit.sealer(), onRetry: () => retried++ });
        return { ...(await tus.start(kit.chosenFile(name), { ...options, endpoint }).done), retried };
      },
      NAME,
      server.endpoint.replace('127.0.0.1', '127.0.0.2'),
    );
    assert.deepEqual({ error: outcome.error, retried }, { error: 'ERR_UPLOAD', retried: 0 });
    assert.match(
      outcome.message,
      /^the page's Content-Security-Policy forbids requests to http:\/\/127\.0\.0\.2:\d+; add it to connect-src$/,
    );
  });

  test('an upload that was begun with another envelope is refused at once', async () => {
    await choose(2.5 * MIB);
    server.relay.fault = () => (patches().length > 1 ? { does: 'answer', status: 400, after: 'nothing' } : undefined);
    const begun = await upload({ chunkSize: MIB });
    server.relay.reset();
    const { error, message } = await upload({ chunkSize: MIB, uploadUrl: begun.url });
    assert.deepEqual(
      { error, message },
      {
        error: 'ERR_UPLOAD',
        message: 'this upload was not begun with this envelope; forget its URL and start a new one',
      },
    );
    assert.deepEqual(
      server.relay.seen.map(({ method }) => method),
      ['HEAD'],
    );
    assert.equal((await server.upload(begun.url)).offset, MIB);
  });

  test('an upload that is aborted while sealing and started again sends every byte once', async () => {
    const bytes = await choose(2.5 * MIB);
    await page.evaluate(
      async (name, endpoint) => {
        const watch = await import('/pages/watch.js');
        await kit.sealer().seal(new Blob(['first, since watch.js replaces what kmseal tries before it seals']));
        const held = new Promise((resolve) => {
          tus.goOn = resolve;
        });
        watch.whenEncrypted(() => held);
        tus.start(kit.chosenFile(name), { ...tus.tusOptions({ sealer: kit.sealer() }), endpoint, chunkSize: 2 ** 20 });
      },
      NAME,
      server.endpoint,
    );
    // Created, and sealing the first chunk.
    await until(() => server.relay.seen.length === 1);
    const { url } = await page.evaluate(async () => {
      const watch = await import('/pages/watch.js');
      await watch.doneIn(300);
      await tus.last.abort();
      tus.last.start();
      await watch.doneIn(300);
      watch.whenEncrypted(() => {});
      tus.goOn();
      return tus.last.done;
    });
    assert.ok(bytes.equals(await open(url)));
    assert.deepEqual(offsets(), [0, MIB, 2 * MIB]);
  });

  // Tested in these two browsers, as elsewhere.
  if (name !== 'webkit')
    test('an upload of a file that changes fails with the reason, and is not retried', async () => {
      await choose(2.5 * MIB);
      server.relay.fault = () => {
        if (patches().length === 1) truncateSync(file, MIB);
        return undefined;
      };
      const { error } = await upload({ chunkSize: MIB / 2, retryDelays: [50, 50, 50] });
      assert.match(error, /^ERR_(READ|SOURCE_CHANGED)$/);
      const { length } = server.relay.seen;
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            setTimeout(resolve, 300);
          }),
      );
      assert.equal(server.relay.seen.length, length);
      assert.deepEqual(
        server.relay.seen.filter(({ method }) => method === 'HEAD'),
        [],
      );
    });

  // What follows, our script decides by its options, its own state and the server's answers.
  if (!anyEngine) return;

  test('the search would find the name, type and content of an unsealed upload', async () => {
    await choose(MIB);
    await page.evaluate(
      (name, endpoint) => {
        const file = kit.chosenFile(name);
        const metadata = { filename: file.name, filetype: file.type };
        return tus.start(file, { endpoint, metadata, storeFingerprintForResuming: false }).done;
      },
      NAME,
      server.endpoint,
    );
    assert.deepEqual(leaks(server.relay.seen, [NAME]), ['POST headers']);
    assert.deepEqual(leaks(server.relay.seen, [TYPE]), ['POST headers']);
    assert.deepEqual(leaks(server.relay.seen, [PLAIN]), ['PATCH body']);
    server.relay.reset();
  });

  test('an empty file and a Blob without a name arrive, with a context that depends on the file', async () => {
    for (const size of [0, 1]) {
      const { url } = await page.evaluate(
        (size, endpoint) => {
          const options = tus.tusOptions({
            sealer: kit.sealer({ encryptionContext: { user: '7' } }),
            encryptionContext: (file) => ({ size: String(file.size) }),
            requiredEncryptionContext: { purpose: 'identity-paper' },
          });
          return tus.start(new Blob([new Uint8Array(size)]), { ...options, endpoint }).done;
        },
        size,
        server.endpoint,
      );
      const context = { user: '7', size: String(size), purpose: 'identity-paper' };
      assert.equal((await open(url, context)).length, size);
      await assert.rejects(open(url, { ...context, user: '8' }), { code: 'ERR_CONTEXT' });
    }
  });

  test('a file that has been uploaded is sealed again when it is uploaded again', async () => {
    const bytes = await choose(MIB);
    const urls = await page.evaluate(
      async (name, endpoint) => {
        const options = { ...tus.tusOptions({ sealer: kit.sealer() }), endpoint };
        const file = kit.chosenFile(name);
        return [await tus.start(file, options).done, await tus.start(file, options).done].map(({ url }) => url);
      },
      NAME,
      server.endpoint,
    );
    for (const url of urls) assert.ok(bytes.equals(await open(url)));
    assert.ok(!server.read(urls[0]).equals(server.read(urls[1])));
  });

  test('two uploads of one file run at once', async () => {
    const bytes = await choose(2.5 * MIB);
    const urls = await page.evaluate(
      async (name, endpoint) => {
        const options = { ...tus.tusOptions({ sealer: kit.sealer() }), endpoint, chunkSize: 2 ** 20 };
        const both = [1, 2].map(() => tus.start(kit.chosenFile(name), options).done);
        return (await Promise.all(both)).map(({ url }) => url);
      },
      NAME,
      server.endpoint,
    );
    for (const url of urls) assert.ok(bytes.equals(await open(url)));
  });

  test('an upload does not undo the progress of a faster one of the same file', async () => {
    const sizes = await page.evaluate(async (chunk) => {
      const { fileReader } = tus.tusOptions({ sealer: kit.sealer() });
      const file = new Blob([new Uint8Array(3 * chunk)]);
      const [fast, slow] = [await fileReader.openFile(file, chunk), await fileReader.openFile(file, chunk)];
      const slice = async (source, index) => (await source.slice(index * chunk, (index + 1) * chunk)).value.size;
      const sizes = [await slice(fast, 0)];
      const begun = slice(slow, 0);
      sizes.push(await slice(fast, 1)); // has been sealed while it was not asked for
      await begun;
      return [...sizes, await slice(fast, 2)];
    }, MIB);
    assert.deepEqual(sizes, [MIB, MIB, MIB]);
  });

  test('parallel parts, or a size set by the caller, are refused before anything is sent', async () => {
    await choose(2.5 * MIB);
    // A whole half in a chunk, and several chunks in a half: seen by the source, and by the reader.
    // Sizes of whole chunks look like the envelope's own to the source; an upload of 0 bytes is complete once it is created.
    const sizes = [{ uploadSize: 2.5 * MIB }, { uploadSize: 0 }, { chunkSize: MIB, uploadSize: 2 * MIB }].concat({
      chunkSize: MIB,
      uploadSize: 2 * MIB,
      uploadDataDuringCreation: true,
    });
    for (const options of [{ parallelUploads: 2 }, { parallelUploads: 2, chunkSize: MIB }, ...sizes]) {
      const { error, message } = await upload({ retryDelays: [], ...options });
      assert.equal(error, 'ERR_UPLOAD', message);
    }
    assert.deepEqual(offsets(), []);
  });

  test('chunks of zero bytes are refused, and not requested forever', async () => {
    await choose(MIB);
    for (const chunkSize of [0, null, -1]) {
      const { error, message } = await upload({ chunkSize });
      assert.deepEqual(
        { error, message },
        { error: 'ERR_UPLOAD', message: 'a chunk has no bytes; set chunkSize to 1 or more' },
      );
    }
    assert.deepEqual(offsets(), []);
  });

  test('an upload fails if the server accepts nothing but reports success, and is not repeated forever', async () => {
    await choose(2.5 * MIB);
    const headers = { 'upload-offset': String(MIB), 'tus-resumable': '1.0.0' };
    server.relay.fault = () =>
      patches().length > 1 ? { does: 'answer', status: 204, after: 'nothing', headers } : undefined;
    const { error, message } = await upload({ chunkSize: MIB });
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /the server reported success but accepted none of 1048576 bytes/);
    assert.deepEqual(offsets(), [0, MIB]);
  });

  test("a file uploaded for another user during an unfinished upload gets that user's context", async () => {
    const bytes = await choose(2.5 * MIB);
    const urls = await page.evaluate(
      async (name, endpoint) => {
        let context = { user: '7', purpose: 'paper' };
        const options = {
          ...tus.tusOptions({ sealer: kit.sealer(), encryptionContext: () => context }),
          endpoint,
          chunkSize: 2 ** 20,
        };
        const file = kit.chosenFile(name);
        const chunk = Promise.withResolvers();
        const first = tus.start(file, {
          ...options,
          onChunkComplete: () => {
            first.abort();
            chunk.resolve();
          },
        });
        await chunk.promise;
        context = { user: '8', purpose: 'paper' };
        const other = await tus.start(file, options).done;
        context = { purpose: 'paper', user: '7' };
        const resumed = await tus.start(file, { ...options, uploadUrl: first.url }).done;
        return [resumed.url, other.url];
      },
      NAME,
      server.endpoint,
    );
    assert.ok(bytes.equals(await open(urls[0], { user: '7', purpose: 'paper' })));
    assert.ok(bytes.equals(await open(urls[1], { user: '8', purpose: 'paper' })));
  });

  test('a chunk that kmseal made itself is not sealed again', async () => {
    const { message } = await page.evaluate(async (endpoint) => {
      const { fileReader } = tus.tusOptions({ sealer: kit.sealer() });
      const source = await fileReader.openFile(new Blob([new Uint8Array(100)]), 200);
      const { value } = await source.slice(0, 200);
      return tus.start(value, { ...tus.tusOptions({ sealer: kit.sealer() }), endpoint }).done;
    }, server.endpoint);
    assert.match(message, /leave parallelUploads at 1/);
    assert.deepEqual(server.relay.seen, []);
  });

  test('anything but a Blob, and a closed sealer, fail before anything is sent', async () => {
    const outcomes = await page.evaluate(async (endpoint) => {
      const sealer = kit.sealer();
      const options = { ...tus.tusOptions({ sealer }), endpoint };
      const stream = await tus.start(new Blob(['x']).stream().getReader(), options).done;
      sealer.close();
      return [stream, await tus.start(new Blob(['x']), options).done].map(({ error }) => error);
    }, server.endpoint);
    assert.deepEqual(outcomes, ['TypeError', 'ERR_CLOSED']);
    assert.deepEqual(server.relay.seen, []);
  });
});
