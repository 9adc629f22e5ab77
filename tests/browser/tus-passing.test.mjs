// tus with passing faults that are not answers: a browser that is offline, a file that is away for a moment, a File of a frame that is gone.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { NAME, testTus } from '../support/browsers/tus-uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;

const { server, file, open, patches, offsets, inBrowsers } = testTus();

inBrowsers((page, name) => {
  /** Begins to upload the chosen file in chunks of 1 MiB; `tus.told` has the retries. */
  const begin = () =>
    page.evaluate((name) => {
      tus.told = [];
      const onRetry = ({ error: { code, status }, ...retry }) => tus.told.push({ ...retry, code, status });
      tus.start(kit.chosenFile(name), { ...tus.tusOptions({ sealer: kit.sealer(), onRetry }), chunkSize: 2 ** 20 });
    }, NAME);
  const told = () => page.evaluate(() => tus.told);
  const done = () => page.evaluate(() => tus.last.done);
  const setOnline = (isOnline) =>
    page.evaluate((isOnline) => {
      Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => isOnline });
      if (isOnline) dispatchEvent(new Event('online'));
    }, isOnline);

  afterEach(() => setOnline(true));

  test('an upload waits while the browser is offline, and then continues where it was', async () => {
    const bytes = await page.choose(3 * MIB);
    let gone = false;
    server.relay.fault = ({ method }) => {
      gone ||= method === 'PATCH' && patches().length === 2;
      return gone ? { does: 'cut', after: 'nothing' } : undefined;
    };
    // A system that wrongly reports being offline uploads all the same.
    await setOnline(false);
    await begin();
    await seen(async () => (await told()).length > 0);
    assert.equal(gone, true);
    const before = server.relay.seen.length;
    server.relay.fault = () => undefined;
    await setOnline(true);
    const { url, error } = await done();
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
    assert.ok(server.relay.seen.length > before);
    const [{ attempt, delay, code }] = await told();
    assert.deepEqual(
      { attempt, delay, code },
      { attempt: 1, delay: null, code: 'ERR_UPLOAD' },
      'Infinity, which JSON lacks',
    );
  });

  test('a file that is unreadable for a moment is read again', async () => {
    const bytes = await page.choose(4 * MIB);
    // The test decides how long the waits between two reads are.
    await page.evaluate(async () => {
      const { holdTimers } = await import('/support/held-timers.mjs');
      kit.timers ??= holdTimers();
      kit.random ??= Math.random;
      Math.random = () => 1000;
    });
    server.relay.fault = () => {
      if (patches().length === 0) return;
      renameSync(file, `${file}.away`);
      server.relay.fault = () => undefined;
    };
    await begin();
    await seen(async () => (await told()).length > 0);
    renameSync(`${file}.away`, file);
    // Each of the chunks that are being sealed waits for its own turn.
    await page.evaluate(() => {
      tus.outcome = undefined;
      tus.last.done.then((outcome) => {
        tus.outcome = outcome;
      });
    });
    await seen(() => page.evaluate(() => kit.timers.expire() === 0 && tus.outcome !== undefined));
    await page.evaluate(() => {
      Math.random = kit.random;
    });
    const { url, error } = await done();
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
    assert.ok((await told()).every(({ code }) => code === 'ERR_READ'));
    assert.deepEqual([...new Set(offsets())], offsets(), 'no chunk is sent twice');
  });

  for (const isRemoved of [false, true]) {
    test(`a File of ${isRemoved ? 'a frame that was removed' : 'another window'} arrives`, async () => {
      const { url, error } = await page.evaluate(async (isRemoved) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        const file = new frame.contentWindow.File(['x'.repeat(3e6)], 'a.txt');
        if (isRemoved) frame.remove();
        return tus.start(file, { ...tus.tusOptions({ sealer: kit.sealer() }), chunkSize: 2 ** 20 }).done;
      }, isRemoved);
      assert.equal(error, undefined);
      assert.equal((await open(url)).toString(), 'x'.repeat(3e6));
    });
  }

  // What follows an answer, and when is asked again, our script decides.
  if (!ANY_ENGINE.includes(name)) return;

  test("however long a browser is offline, tus does not give up, and no error tells the upload's URL", async () => {
    const bytes = await page.choose(3 * MIB);
    // Each minute without a network passes at once.
    await page.evaluate(() => {
      const { setInterval } = globalThis;
      globalThis.setInterval = (work) => setInterval(work, 0);
      tus.stopHurrying = () => {
        globalThis.setInterval = setInterval;
      };
    });
    let failures = 0;
    server.relay.fault = ({ method }) => {
      const isGone = failures > 0 || (method === 'PATCH' && patches().length === 2);
      if (isGone) failures++;
      return isGone ? { does: 'cut', after: 'nothing' } : undefined;
    };
    await setOnline(false);
    await page.evaluate((name) => {
      tus.told = [];
      const onRetry = ({ error }) => tus.told.push([error.message, error.cause === undefined]);
      tus.start(kit.chosenFile(name), { ...tus.tusOptions({ sealer: kit.sealer(), onRetry }), chunkSize: 2 ** 20 });
    }, NAME);
    await seen(async () => failures > 20);
    server.relay.fault = () => undefined;
    await setOnline(true);
    const { url, error } = await done();
    await page.evaluate(() => tus.stopHurrying());
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
    assert.deepEqual(await told(), [['the tus server did not answer; the upload is tried again', true]]);
  });

  test('the page learns of each retry, with the delay and the status', async () => {
    const bytes = await page.choose(2 * MIB);
    let left = 1;
    server.relay.fault = ({ method }) =>
      method === 'PATCH' && left-- > 0 ? { does: 'answer', status: 503, after: 'nothing' } : undefined;
    await begin();
    const { url } = await done();
    assert.ok(bytes.equals(await open(url)));
    assert.deepEqual(await told(), [{ attempt: 1, delay: 0, code: 'ERR_UPLOAD', status: 503 }]);
  });

  /** Breaks the second chunk on its way, and answers the first questions after it, how far the upload is, with a status. */
  function breakAndAnswer(status, times) {
    let asked = 0;
    let isBroken = false;
    server.relay.fault = ({ method }) => {
      if (method === 'HEAD') return asked++ < times ? { does: 'answer', status, after: 'nothing' } : undefined;
      if (isBroken || patches().length < 2) return undefined;
      isBroken = true;
      return { does: 'cut', after: 'half' };
    };
  }
  const posts = () => server.relay.seen.filter(({ method }) => method === 'POST').length;

  test('a server that restarts when it is asked how far the upload is does not make it begin again', async () => {
    const bytes = await page.choose(3 * MIB);
    breakAndAnswer(503, 2);
    await begin();
    const { url, error } = await done();
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
    assert.deepEqual(
      { posts: posts(), sentFromStart: offsets().filter((at) => at === 0).length },
      { posts: 1, sentFromStart: 1 },
    );
    // Chromium itself sends the chunk again, and the server refuses that.
    const statuses = (await told()).map(({ status }) => status).filter((status) => status && status !== 409);
    assert.deepEqual(statuses, [503, 503]);
  });

  test('a question for the offset that the server refuses fails the upload, which does not begin again', async () => {
    await page.choose(3 * MIB);
    breakAndAnswer(400, 1);
    await begin();
    const { error, message } = await done();
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /did not say how far the upload is \(status 400\); see what it expects, such as metadata$/);
    assert.equal(posts(), 1);
  });

  test('a session that has ended when it is asked how far the upload is fails it, and it continues after signing in', async () => {
    const bytes = await page.choose(3 * MIB);
    breakAndAnswer(401, 1);
    await begin();
    const { error, message } = await done();
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /status 401/);
    const { url, error: failed } = await page.again();
    assert.equal(failed, undefined);
    assert.ok(bytes.equals(await open(url)));
    assert.equal(posts(), 1);
  });
});
