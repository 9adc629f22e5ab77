// Faults that pass and are not answers: a file that is away for a moment, a browser that is offline, a proxy that takes its time. And what
// the page learns meanwhile.
import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { seen } from '../support/until.mjs';
import { LIMITS, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

const ASKS = '{ resume: () => new Promise((resolve) => { kit.answer = resolve; }) }';

uploadsInBrowsers(openUploads, (uploads, name) => {
  // Engines read files, and tell that bytes have left and that a connection broke. What our script makes of it, one of them shows.
  const anyEngine = ANY_ENGINE.includes(name);
  let s3;
  let sha256;
  before(async () => {
    ({ s3 } = uploads);
    sha256 = uploads.write(TWO_PARTS);
  });

  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;
  const retried = (count) => seen(async () => (await uploads.retries()).length === count);

  async function expectArrived({ id, error, result }) {
    assert.equal(error, undefined);
    assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
  }

  /** Begins an upload whose file becomes unreadable as soon as its first part has been read. */
  async function beginAndHide(code) {
    await uploads.holdRetries(true);
    s3.faults.fault = (asked) => void (asked === 'PUT 1' && uploads.hide());
    await uploads.begin({ concurrency: 1 }, code);
  }

  describe('a file that cannot be read', () => {
    afterEach(() => uploads.holdRetries(false));

    test('a file that cannot be read for a moment is read again, and no part is sent twice', async () => {
      await beginAndHide();
      await retried(1);
      uploads.show();
      await uploads.expire();
      const outcome = await uploads.settled();
      await expectArrived(outcome);
      const [{ part, attempt, error }] = outcome.retries;
      assert.deepEqual({ part, attempt, code: error.code }, { part: 2, attempt: 1, code: 'ERR_READ' });
      for (const asked of ['PUT 1', 'PUT 2']) assert.equal(times(asked), 1, asked);
    });

    if (!anyEngine) return;

    test('a file that cannot be read for long makes the upload ask the page, and continue with the parts it has', async () => {
      await beginAndHide(ASKS);
      for (const count of [1, 2, 3]) {
        await retried(count);
        await uploads.expire();
      }
      await seen(() => uploads.page.evaluate(() => kit.answer !== undefined));
      uploads.show();
      // The pause after an answer passes by itself.
      await uploads.holdRetries(false);
      await uploads.page.evaluate(() => kit.answer(true));
      const outcome = await uploads.settled();
      await uploads.page.evaluate(() => {
        delete kit.answer;
      });
      await expectArrived(outcome);
      assert.deepEqual(
        outcome.told.map(({ code }) => code),
        ['ERR_READ'],
      );
      for (const asked of ['PUT 1', 'PUT 2']) assert.equal(times(asked), 1, asked);
    });

    test('a file that can never be read ends the upload with ERR_READ', async () => {
      await beginAndHide();
      for (const count of [1, 2, 3]) {
        await retried(count);
        await uploads.expire();
      }
      const { id, error } = await uploads.settled();
      uploads.show();
      assert.equal(error?.code, 'ERR_READ');
      assert.equal(await s3.arrived(id), false);
    });
  });

  describe('a browser that is offline', () => {
    const setOnline = (isOnline) =>
      uploads.page.evaluate((isOnline) => {
        Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => isOnline });
        if (isOnline) dispatchEvent(new Event('online'));
      }, isOnline);

    for (const target of ['PUT 2', 'createMultipartUpload', 'signPart 2', 'completeMultipartUpload'].slice(
      0,
      anyEngine ? undefined : 1,
    )) {
      test(`an upload waits until the browser is online, however long, and continues with ${target}`, async () => {
        await setOnline(false);
        s3.faults.add(target, { does: 'cut' });
        await uploads.begin({ retries: 0, concurrency: 1 }, ASKS);
        await retried(1);
        // Browsers repeat some requests by themselves.
        const before = times(target);
        s3.faults.fault = () => undefined;
        await setOnline(true);
        const outcome = await uploads.settled();
        await expectArrived(outcome);
        assert.deepEqual(
          { told: outcome.told, times: times(target) },
          { told: [], times: before + 1 },
          'the page is not asked',
        );
        const [{ delay, attempt, error }] = outcome.retries;
        assert.deepEqual(
          { delay, attempt, code: error.code },
          { delay: null, attempt: 1, code: 'ERR_UPLOAD' },
          'Infinity, which JSON lacks',
        );
      });
    }

    if (!anyEngine) return;

    test('an upload waits, too, where a service worker answers 504 for the network that is away', async () => {
      await setOnline(false);
      const targets = ['signPart 2', 'PUT 2'];
      s3.faults.fault = (asked) => (targets.includes(asked) ? { does: 'answer', status: 504 } : undefined);
      await uploads.begin({ retries: 0, concurrency: 1 });
      for (const count of [1, 2]) {
        await retried(count);
        targets.shift();
        await setOnline(count === 2);
        await uploads.page.evaluate(() => dispatchEvent(new Event('online')));
      }
      await expectArrived(await uploads.settled());
    });

    test('an upload that waits for the network can be cancelled', async () => {
      await setOnline(false);
      s3.faults.add('PUT 2', { does: 'cut' });
      await uploads.begin({ retries: 0, stallTimeout: LIMITS.stallTimeout });
      await retried(1);
      await uploads.abort();
      await setOnline(true);
      assert.equal((await uploads.settled()).error, 'cancelled');
    });
  });

  describe('a proxy that takes all bytes and answers later', () => {
    for (const [what, options, { stallTimeout, answerTimeout }] of [
      ['as long as the page says', LIMITS, LIMITS],
      [
        'five minutes by default',
        { stallTimeout: LIMITS.stallTimeout },
        { stallTimeout: LIMITS.stallTimeout, answerTimeout: 300_000 },
      ],
    ].slice(0, anyEngine ? undefined : 1)) {
      test(`a proxy that accepts all bytes and answers later has not stalled: ${what}`, async () => {
        const { promise, resolve } = deferred();
        s3.faults.add('PUT 2', { does: 'hold', after: 'all', until: promise });
        await uploads.begin({ ...options, concurrency: 1 });
        await seen(() => times('PUT 2') === 1);
        await seen(async () => (await uploads.limits()).includes(answerTimeout));
        assert.equal((await uploads.limits()).includes(stallTimeout), false, 'no byte is waited for any more');
        resolve();
        await expectArrived(await uploads.settled());
        assert.equal(times('PUT 2'), 1);
      });
    }

    if (!anyEngine) return;

    test('a proxy that never answers is given up after that time, and the part is retried', async () => {
      s3.faults.add('PUT 2', { does: 'stall', after: 'all' }, 1);
      await uploads.begin({ ...LIMITS, concurrency: 1 });
      await seen(async () => times('PUT 2') === 1 && (await uploads.limits()).includes(LIMITS.answerTimeout));
      await uploads.expire(LIMITS.answerTimeout);
      const outcome = await uploads.settled();
      await expectArrived(outcome);
      assert.match(outcome.retries[0].error.message, /part 2 stalled: S3 did not answer for 2000 s/);
    });
  });

  if (!anyEngine) return;

  test('the page learns of each retry: the part, the delay and the reason', async () => {
    const left = ['signPart 2', 'PUT 2'];
    s3.faults.fault = (name) =>
      name === left[0] ? { does: 'answer', status: left.shift() === 'PUT 2' ? 500 : 503 } : undefined;
    const outcome = await uploads.upload({ concurrency: 1 });
    await expectArrived(outcome);
    const told = outcome.retries.map(({ part, attempt, error: { code, status } }) => ({ part, attempt, code, status }));
    assert.deepEqual(told, [
      { part: 2, attempt: 1, code: 'ERR_UPLOAD', status: 503 },
      { part: 2, attempt: 2, code: 'ERR_UPLOAD', status: 500 },
    ]);
    outcome.retries.forEach(({ delay }, index) => assert.ok(delay >= 0 && delay <= 500 * 2 ** index, `${delay} ms`));
  });

  test("an exception from the page's retry callback ends the upload", async () => {
    s3.faults.add('signPart 2', { does: 'answer', status: 503 });
    const { error } = await uploads.upload({}, '{ onRetry() { throw new TypeError("no bar"); } }');
    assert.equal(error.message, 'no bar');
  });
});

/** Like Promise.withResolvers(), which Node 20 lacks. */
function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
