// Uploads that are harmed at their start, middle and end. Either the object arrives, and KMS opens it to the file, or the upload fails
// with a clear code; and no multipart upload is left behind.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MIB, openUploads } from '../support/uploads.mjs';

const SIZE = 12 * MIB; // three parts
const PARTS = ['PUT 1', 'PUT 2', 'PUT 3'];
const PLACES = { start: ['create', 'PUT 1'], middle: ['part 2', 'PUT 2'], end: ['complete', 'PUT 3'] };

const FAULTS = {
  'the connection is cut before anything arrives': { does: 'cut' },
  'the connection is cut half-way': { does: 'cut', after: 'half' },
  'the connection is cut before the answer': { does: 'cut', after: 'all' },
  'status 500': { does: 'answer', status: 500 },
  'status 500 although it was done': { does: 'answer', status: 500, after: 'all' },
  'status 503 (SlowDown)': { does: 'answer', status: 503 },
  'it stalls half-way': { does: 'stall', after: 'half' },
  'it stalls before the answer': { does: 'stall', after: 'all' },
};

for (const name of ['chromium', 'firefox', 'webkit']) {
  describe(name, () => {
    let uploads;
    let s3;
    let sha256;
    before(async () => {
      uploads = await openUploads(name);
      ({ s3 } = uploads);
      sha256 = uploads.write(SIZE);
    });
    after(() => uploads?.close());
    afterEach(() => uploads.check());

    async function expectArrived({ id, error, result, progress }) {
      assert.equal(error, undefined);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
      const loaded = progress.map(([bytes]) => bytes);
      assert.deepEqual(loaded, loaded.toSorted((a, b) => a - b), 'progress goes forward');
    }
    const times = (asked) => s3.faults.names().filter((name) => name === asked).length;

    for (const [place, [asked, sent]] of Object.entries(PLACES)) {
      for (const [what, fault] of Object.entries(FAULTS)) {
        // The page's server is asked for so little that there is no half of it.
        const targets = fault.after === 'half' ? [sent] : [asked, sent];
        for (const target of targets) {
          test(`${place}, ${target}, once: ${what}`, async () => {
            s3.faults.add(target, fault, 1);
            // The completing is waited for ten times as long.
            const stallTimeout = target === 'complete' ? 300 : 2000;
            await expectArrived(await uploads.upload({ stallTimeout: fault.does === 'stall' ? stallTimeout : 30_000 }));
            assert.ok(times(target) >= 2, `${target} was tried again`);
            assert.equal(s3.faults.names().filter((name) => name === 'POST').length, 2, 'one upload was created and completed');
          });
        }
      }

      for (const [what, fault, status] of [
        ['the connection is cut half-way', { does: 'cut', after: 'half' }, undefined],
        ['status 500', { does: 'answer', status: 500 }, 500],
        ['status 503 (SlowDown)', { does: 'answer', status: 503 }, 503],
        ['it stalls', { does: 'stall' }, undefined],
      ]) {
        test(`${place}, ${sent}, for good: ${what}`, async () => {
          s3.faults.add(sent, fault);
          const { id, error } = await uploads.upload({ retries: 1, stallTimeout: fault.does === 'stall' ? 1500 : 30_000 });
          assert.deepEqual([error?.code, error?.status, error?.part], ['ERR_UPLOAD', status, Number(sent.slice(4))], error?.message);
          assert.equal(await s3.arrived(id), false);
        });
      }

      test(`${place}, ${asked}, for good: status 503`, async () => {
        s3.faults.add(asked, { does: 'answer', status: 503, after: 'nothing' });
        const { id, error } = await uploads.upload({ retries: 1 });
        assert.deepEqual([error?.code, error?.status, error?.part], ['ERR_UPLOAD', 503, asked === 'part 2' ? 2 : undefined]);
        assert.equal(times(asked), 2);
        assert.equal(await s3.arrived(id), false);
      });

      for (const target of [asked, sent]) {
        test(`${place}, ${target}: status 403, which no retry helps`, async () => {
          s3.faults.add(target, { does: 'answer', status: 403 });
          const { id, error } = await uploads.upload();
          assert.deepEqual([error?.code, error?.status], ['ERR_UPLOAD', 403]);
          assert.equal(times(target), 1);
          assert.equal(await s3.arrived(id), false);
        });

        test(`${place}, ${target}: the user cancels`, async () => {
          s3.faults.add(target, { does: 'stall', after: 'all' });
          await uploads.begin();
          await seen(() => times(target) === 1);
          await uploads.abort();
          const { error } = await uploads.settled();
          assert.equal(error, 'cancelled');
          assert.equal(times('abort'), 1);
          const { length } = s3.faults.seen;
          await delay(300);
          assert.equal(s3.faults.seen.length, length, 'nothing runs any more');
        });
      }
    }

    test('the user cancels between two tries', async () => {
      s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'answer', status: 503 } : undefined);
      await uploads.begin({ retries: 100 });
      await seen(() => times('PUT 1') > 1 && times('PUT 3') > 1);
      await uploads.abort();
      assert.equal((await uploads.settled()).error, 'cancelled');
    });

    for (const [outcome, status] of [['it fails', 403], ['it succeeds', undefined]]) {
      test(`S3's answer to the server is lost, which has a second upload begun, and ${outcome}: neither is left`, async () => {
        let lost = false;
        s3.faults.fault = (asked) => {
          if (asked === 'PUT 2' && status) return { does: 'answer', status };
          if (asked !== 'POST' || lost) return undefined;
          lost = true;
          return { does: 'cut', after: 'all' };
        };
        const { error } = await uploads.upload();
        assert.deepEqual([lost, error?.status], [true, status]);
        assert.deepEqual(await s3.unfinished(), []);
      });
    }

    test('the server does not even take the abort: the first error stands', async () => {
      s3.faults.fault = (asked) => ({ 'PUT 2': { does: 'answer', status: 403 }, abort: { does: 'stall' } })[asked];
      const { error, created } = await uploads.upload({ stallTimeout: 1000 });
      assert.deepEqual([error?.code, error?.status, error?.part, created.parts], ['ERR_UPLOAD', 403, 2, 3]);
      assert.equal((await s3.unfinished()).length, 1);
      await s3.abortAll();
    });

    test('a single PUT: each fault once, then for good', async () => {
      const small = uploads.write(3 * MIB);
      for (const fault of Object.values(FAULTS)) {
        s3.faults.add('PUT', fault, 1);
        const { id, error } = await uploads.upload({ stallTimeout: fault.does === 'stall' ? 2000 : 30_000 });
        assert.equal(error, undefined);
        assert.equal((await s3.open(id)).sha256, small);
      }
      s3.faults.add('PUT', { does: 'answer', status: 503 });
      const { error } = await uploads.upload({ retries: 1 });
      assert.deepEqual([error.code, error.status, error.part], ['ERR_UPLOAD', 503, undefined]);
      uploads.write(SIZE);
    });

    test('several parts are in flight, as many as told', async () => {
      s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'stall' } : undefined);
      await uploads.begin({ concurrency: 2 });
      await seen(() => times('PUT 1') + times('PUT 2') === 2);
      await delay(300);
      assert.deepEqual(s3.faults.names().filter((name) => /^(PUT|part)/.test(name)), ['PUT 1', 'PUT 2', 'part 1', 'part 2']);
      await uploads.abort();
      await uploads.settled();
    });

    describe('resume', () => {
      const AGAIN = '{ resume: (error) => (kit.asked = error, new Promise((resolve) => { kit.answer = resolve; })) }';

      for (const target of ['create', 'part 2', 'PUT 2', 'complete']) {
        test(`${target} fails: what is finished is kept, and the same envelope goes on`, async () => {
          s3.faults.add(target, { does: 'answer', status: 503 });
          await uploads.begin({ retries: 0 }, AGAIN);
          await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
          const before = s3.faults.seen.length;
          s3.faults.fault = () => undefined;
          await uploads.page.evaluate(() => kit.answer(true));
          const outcome = await uploads.settled();
          await uploads.page.evaluate(() => { delete kit.asked; });
          await expectArrived(outcome);
          assert.deepEqual(outcome.told.map(({ code, status }) => [code, status]), [['ERR_UPLOAD', 503]]);
          assert.equal(times(target), 2);
          // What was sent before the page was asked is not sent after it.
          const [first, second] = [s3.faults.seen.slice(0, before), s3.faults.seen.slice(before)].map((part) => part.map(({ name }) => name));
          assert.deepEqual(PARTS.filter((part) => part !== target && first.includes(part) && second.includes(part)), []);
          assert.equal(s3.faults.names().filter((name) => name === 'create').length, target === 'create' ? 2 : 1);
        });
      }

      test('the network is gone for a while', async () => {
        let gone = true;
        s3.faults.fault = () => (gone ? { does: 'cut' } : undefined);
        await uploads.begin({ retries: 0 }, AGAIN);
        await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
        gone = false;
        await uploads.page.evaluate(() => kit.answer(true));
        await expectArrived(await uploads.settled());
        await uploads.page.evaluate(() => { delete kit.asked; });
      });

      test('the page says no: aborted', async () => {
        s3.faults.add('PUT 2', { does: 'answer', status: 503 });
        const { id, error, told } = await uploads.upload({ retries: 0 }, '{ resume: () => false }');
        assert.deepEqual([error.code, error.status, error.part, told.length], ['ERR_UPLOAD', 503, 2, 1]);
        assert.equal(await s3.arrived(id), false);
      });

      test('the user cancels while the page makes up its mind', async () => {
        s3.faults.add('PUT 2', { does: 'answer', status: 503 });
        await uploads.begin({ retries: 0 }, AGAIN);
        await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
        await uploads.abort();
        assert.equal((await uploads.settled()).error, 'cancelled');
        await uploads.page.evaluate(() => { delete kit.asked; });
      });
    });
  });
}

/** Waits for it. */
async function seen(check) {
  for (const limit = Date.now() + 60_000; !(await check()); await delay(20)) {
    if (Date.now() > limit) throw new Error('nothing of the kind in a minute');
  }
}
