// tusOptions for a stream, by deferred length, against a real tus server: what arrives equals what the stream gave, whatever fails on the way,
// or the upload does not count as done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { sample } from '../support/page/bytes.mjs';
import { testTus, until } from '../support/browsers/tus-uploads.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;
const SIZE = 2.5 * MIB; // three chunks
const BYTES = Buffer.from(sample(SIZE));

const { server, open, describe: described, patches, offsets, inBrowsers } = testTus();

const methods = () => server.relay.seen.map(({ method }) => method);
const lengths = () => patches().map(({ headers }) => headers['upload-length']);

inBrowsers((page, name) => {
  /**
   * Begins to upload what an expression makes, a stream or a reader, with options of kmseal and of tus. `tus.hand` is a stream that is written by
   * hand, and `tus.settled` what it ends with.
   */
  const begin = (source, options = '{}', more = {}) =>
    page.evaluate(`(async () => {
      const stream = ${source};
      const options = tus.tusOptions(stream, { sealer: kit.sealer(), ...${options} });
      tus.start(stream, { ...options, chunkSize: ${MIB}, retryDelays: [0, 100, 300], ...${JSON.stringify(more)} });
    })()`);
  const done = () => page.evaluate(() => tus.last.done);
  const upload = async (...asked) => {
    await begin(...asked);
    return done();
  };
  const READER = `kit.inPieces(kit.sample(${SIZE}), 70_000, 200_000).getReader()`;
  const byHand = (bytes) =>
    page.evaluate((bytes) => {
      tus.hand = kit.byHand();
      tus.hand.write(kit.sample(2.5 * 2 ** 20).slice(0, bytes));
    }, bytes);

  async function expectArrived({ url, error, message }, bytes = BYTES) {
    assert.equal(error, undefined, message);
    assert.ok(bytes.equals(await open(url)));
    const { size, offset } = await server.upload(url);
    assert.equal(offset, size);
  }

  for (const [what, source] of Object.entries({
    'the reader of a stream': READER,
    'the reader of a stream of another window': `(() => {
      const { contentWindow } = document.body.appendChild(document.createElement('iframe'));
      return new contentWindow.Blob([kit.sample(${SIZE})]).stream().getReader();
    })()`,
    'a stream': `kit.inPieces(kit.sample(${SIZE}), 70_000)`,
    'a generator': `(async function* () { yield kit.sample(${SIZE}); })()`,
  }).slice(0, ANY_ENGINE.includes(name) ? undefined : 2)) {
    test(`${what} is uploaded chunk by chunk, and its length is declared with the last chunk`, async () => {
      await expectArrived(await upload(source));
      assert.deepEqual(offsets(), [0, MIB, 2 * MIB]);
      const [first, second, last] = lengths();
      assert.deepEqual({ first, second }, { first: undefined, second: undefined });
      assert.ok(Number(last) > SIZE);
      assert.equal(server.relay.seen[0].headers['upload-defer-length'], '1');
    });
  }

  // Three chunks, each once. What each engine makes of other faults, tus.test.mjs shows; here it is the Blob that it sends again.
  for (const [what, fault] of Object.entries({
    'its connection is cut half-way': { does: 'cut', after: 'half' },
    'its connection is cut before anything arrives': { does: 'cut', after: 'nothing' },
    'its connection is cut before the answer': { does: 'cut', after: 'all' },
    'it is answered with status 503': { does: 'answer', status: 503, after: 'nothing' },
    'its answer is lost behind status 502': { does: 'answer', status: 502, after: 'all' },
    'it is in conflict (status 409)': { does: 'answer', status: 409, after: 'nothing' },
  }).slice(0, ANY_ENGINE.includes(name) ? undefined : 1)) {
    test(`each chunk is sent again with the same bytes when ${what}`, async () => {
      const failed = new Set();
      server.relay.fault = ({ method, headers }) => {
        const chunk = Math.floor(Number(headers['upload-offset']) / MIB);
        if (method !== 'PATCH' || failed.has(chunk)) return undefined;
        failed.add(chunk);
        return fault;
      };
      await expectArrived(await upload(READER));
      assert.equal(failed.size, 3);
    });
  }

  test('an upload that was aborted continues with the same bytes when it is started again', async () => {
    let isStalled = false;
    server.relay.fault = ({ method, headers }) => {
      if (isStalled || method !== 'PATCH' || Number(headers['upload-offset']) === 0) return undefined;
      isStalled = true;
      return { does: 'stall', after: 'half' };
    };
    await begin(READER);
    await until(() => isStalled);
    await page.evaluate(() => tus.last.abort().then(() => tus.last.start()));
    await expectArrived(await done());
  });

  test('a stream that fails in the middle ends the upload with ERR_READ, once, and the server has no end of it', async () => {
    await byHand(1.5 * MIB);
    await begin('tus.hand.stream.getReader()');
    await until(() => patches().length === 1);
    await page.evaluate(() => tus.hand.fail(new Error('the camera was unplugged')));
    const { error, url } = await done();
    assert.equal(error, 'ERR_READ');
    assert.deepEqual(methods(), ['POST', 'PATCH']);
    assert.equal((await server.upload(url)).size, undefined);
  });

  /** Begins to upload a stream that is written by hand and can be stopped, and has sent a chunk. */
  async function beginToStop() {
    await byHand(1.5 * MIB);
    await page.evaluate(() => {
      tus.stop = new AbortController();
    });
    await begin('tus.hand.stream.getReader()', '{ signal: tus.stop.signal }');
    await until(() => patches().length === 1);
  }
  const cancelled = async () => {
    for (let tries = 0; !(await page.evaluate(() => tus.hand.cancelled !== undefined)); tries++)
      assert.ok(tries < 1000, 'the stream is cancelled');
  };

  test('the signal ends the upload, which has no end on the server, and cancels the stream', async () => {
    await beginToStop();
    await page.evaluate(() => tus.stop.abort(new Error('enough')));
    const { error, message, url } = await done();
    assert.equal(error, 'Error', message);
    assert.match(message, /enough/);
    await cancelled();
    assert.deepEqual(methods(), ['POST', 'PATCH']);
    assert.equal((await server.upload(url)).size, undefined);
  });

  test('deleting the upload cancels the stream', async () => {
    await beginToStop();
    await page.evaluate(() => tus.last.abort(true));
    await cancelled();
    assert.deepEqual(methods(), ['POST', 'PATCH', 'DELETE']);
  });

  test('the stream is read no further than two chunks', async () => {
    server.relay.fault = ({ method }) => (method === 'PATCH' ? { does: 'stall', after: 'nothing' } : undefined);
    await page.evaluate(() => {
      tus.pulled = 0;
      tus.endless = new ReadableStream({
        pull(controller) {
          tus.pulled += 2 ** 18;
          controller.enqueue(new Uint8Array(2 ** 18));
        },
      });
    });
    await begin('tus.endless');
    await until(() => patches().length === 1);
    await page.evaluate(() => fetch('/pages/blank.html').then((answer) => answer.text()));
    const pulled = await page.evaluate(() => tus.pulled);
    assert.ok(pulled <= 4 * MIB, `${pulled / MIB} MiB`);
    await page.evaluate(() => tus.last.abort());
  });

  // What follows, our script decides from the server's answers and the stream's chunks, which the tests above show in each engine.
  if (!ANY_ENGINE.includes(name)) return;

  for (const size of [0, 1, MIB])
    test(`a stream of ${size} bytes arrives`, async () => {
      await expectArrived(await upload(`kit.inPieces(kit.sample(${size}), 9999)`), Buffer.from(sample(size)));
    });

  test('a recording is sent while it continues', async () => {
    await byHand(1.5 * MIB);
    await begin('tus.hand.stream.getReader()');
    await until(() => patches().length === 1);
    await page.evaluate(() => {
      tus.hand.write(kit.sample(2.5 * 2 ** 20).slice(1.5 * 2 ** 20));
      tus.hand.end();
    });
    await expectArrived(await done());
  });

  test('an upload that was aborted while it waited for the stream continues when it is started again', async () => {
    await byHand(1.5 * MIB);
    await begin('tus.hand.stream');
    await until(() => patches().length === 1);
    await page.evaluate(async () => {
      await tus.last.abort();
      tus.last.start();
      tus.hand.write(kit.sample(2.5 * 2 ** 20).slice(1.5 * 2 ** 20));
      tus.hand.end();
    });
    await expectArrived(await done());
  });

  test('an upload whose tries were used up continues in a later one with its URL, from the chunk that was kept', async () => {
    server.relay.fault = () => (patches().length > 1 ? { does: 'answer', status: 500, after: 'half' } : undefined);
    const { error, url } = await page.evaluate(
      async (size, chunkSize) => {
        const stream = kit.inPieces(kit.sample(size), 70_000);
        tus.mine = {
          stream,
          options: { ...tus.tusOptions(stream, { sealer: kit.sealer() }), chunkSize, retryDelays: [] },
        };
        return tus.start(stream, tus.mine.options).done;
      },
      SIZE,
      MIB,
    );
    assert.equal(error, 'Error');
    server.relay.reset();
    await expectArrived(
      await page.evaluate((uploadUrl) => tus.start(tus.mine.stream, { ...tus.mine.options, uploadUrl }).done, url),
    );
  });

  test('an upload fails if the server has lost what had arrived, and does not continue with a hole', async () => {
    server.relay.fault = ({ method }) => {
      if (method !== 'PATCH') return undefined;
      if (patches().length < 3) return undefined;
      server.relay.fault = ({ method }) =>
        method === 'HEAD'
          ? {
              does: 'answer',
              status: 200,
              after: 'nothing',
              headers: { 'upload-offset': '0', 'upload-defer-length': '1' },
            }
          : undefined;
      return { does: 'answer', status: 500, after: 'nothing' };
    };
    const { error, message } = await upload(READER);
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /a stream cannot be read again/);
    assert.equal(patches().length, 3);
  });

  test('a stream whose upload the server has lost declares its length again', async () => {
    let asked = 0;
    server.relay.fault = ({ method }) => {
      if (method === 'PATCH' && asked < 2) return { does: 'answer', status: 503, after: 'nothing' };
      if (method !== 'HEAD') return undefined;
      // First the length has arrived, and then the upload is gone.
      const headers = { 'upload-offset': '0', 'upload-length': lengths()[0] };
      return { does: 'answer', status: ++asked === 1 ? 200 : 404, after: 'nothing', headers };
    };
    const bytes = BYTES.subarray(0, 1000);
    await expectArrived(await upload(`kit.inPieces(kit.sample(${SIZE}).slice(0, 1000), 300).getReader()`), bytes);
    const [first, second, third] = lengths().map(Boolean);
    assert.deepEqual({ first, second, third }, { first: true, second: false, third: true });
  });

  test('an upload fails if the server is done before the stream is', async () => {
    await byHand(1.5 * MIB);
    let isCut = false;
    server.relay.fault = ({ method }) => {
      if (method === 'PATCH' && !isCut) {
        isCut = true;
        return { does: 'cut', after: 'all' };
      }
      const headers = { 'upload-offset': String(MIB), 'upload-length': String(MIB) };
      return method === 'HEAD' ? { does: 'answer', status: 200, after: 'nothing', headers } : undefined;
    };
    const { error, message } = await upload('tus.hand.stream');
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /of an upload of 1048576 bytes, and the stream has not ended/);
    await page.evaluate(() => tus.hand.end());
  });

  for (const [what, chunk] of Object.entries({ 'a text': '"text"', 'a number': '7', 'an array': '[1, 2]' })) {
    test(`a stream that gives ${what} ends the upload, and nothing is tried again`, async () => {
      await byHand(1.5 * MIB);
      await begin('tus.hand.stream');
      await until(() => patches().length === 1);
      await page.evaluate(`tus.hand.write(${chunk})`);
      const { message } = await done();
      assert.match(message, /a chunk of the stream must be/);
      assert.deepEqual(methods(), ['POST', 'PATCH']);
    });
  }

  test('an upload that was deleted and is started again does not end where its stream was cancelled', async () => {
    await beginToStop();
    const { error } = await page.evaluate(async () => {
      await tus.last.abort(true);
      tus.last.start();
      return tus.last.done;
    });
    assert.equal(error, 'ERR_CLOSED');
    assert.deepEqual(lengths(), [undefined, undefined]);
  });

  test('a stream that fails after its upload was started again is reported once', async () => {
    await beginToStop();
    const reports = await page.evaluate(async () => {
      await tus.last.abort();
      let reports = 0;
      const reported = new Promise((resolve) => {
        tus.last.options.onError = () => resolve(++reports);
      });
      tus.last.start();
      await new Promise((resolve) => {
        tus.last.options.onUploadUrlAvailable = resolve;
      });
      tus.hand.fail(new Error('the camera was unplugged'));
      await reported;
      await fetch('/pages/blank.html').then((answer) => answer.text());
      return reports;
    });
    assert.equal(reports, 1);
  });

  test('a stream is described: without its size, and bound to its envelope', async () => {
    const describe = { name: 'recording.webm', type: 'video/webm', title: 'Diktat' };
    const { url } = await upload(READER, JSON.stringify({ describe }));
    const { messageId, metadata, ...found } = await described(url);
    assert.deepEqual({ ...found, metadata }, { ...describe, metadata: {} });
    assert.match(messageId, /^[\w-]{43}$/);
    const long = await upload(READER, '{ describe: { title: "x".repeat(5000) } }');
    assert.equal(long.error, 'ERR_TOO_LONG');
  });

  test('a stream that is used otherwise than its options say is refused, before a byte is sent', async () => {
    for (const { source = READER, options, more, error, says } of [
      { options: '{ store: {} }', error: 'thrown', says: /store: a stream cannot be read again/ },
      { source: '({})', error: 'thrown', says: /must be a stream or its reader/ },
      { options: '{ sealer: {} }', error: 'thrown', says: /sealer must be a Sealer/ },
      { more: { chunkSize: 0 }, error: 'ERR_UPLOAD', says: /set chunkSize to a whole number/ },
      { more: { chunkSize: null }, error: 'ERR_UPLOAD', says: /set chunkSize to a whole number/ },
      { more: { uploadLengthDeferred: false }, error: 'TypeError', says: /leave uploadLengthDeferred true/ },
      {
        source: '(() => { const s = kit.inPieces(kit.sample(9), 1); s.getReader(); return s; })()',
        error: 'TypeError',
        says: /locked/,
      },
    ]) {
      const outcome = await upload(source, options, more).catch(({ message }) => ({ error: 'thrown', message }));
      assert.deepEqual(outcome.error, error, outcome.message);
      assert.match(outcome.message, says);
    }
    const other = await page.evaluate(() => {
      const stream = kit.inPieces(kit.sample(9), 1);
      const options = tus.tusOptions(stream, { sealer: kit.sealer() });
      return tus.start(kit.inPieces(kit.sample(9), 1), options).done;
    });
    assert.match(other.message, /these options are for one stream/);
    const own = await page.evaluate(() => {
      const stream = kit.inPieces(kit.sample(9), 1);
      const options = { ...tus.tusOptions(stream, { sealer: kit.sealer() }), httpStack: new tus.DefaultHttpStack({}) };
      return tus.start(stream, options).done;
    });
    assert.match(own.message, /leave httpStack alone/);
    assert.deepEqual(offsets(), []);
  });
});
