// Uploads with faults at their start, middle and end. Either the object arrives, and KMS opens it to the file, or the upload fails
// with a clear code; and no multipart upload is left behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { seen } from '../support/until.mjs';
import { LIMITS, MIB, THREE_PARTS, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

const PARTS = ['PUT 1', 'PUT 2'];
const PLACES = {
  start: { asked: 'createMultipartUpload', sent: 'PUT 1', size: TWO_PARTS },
  middle: { asked: 'signPart 2', sent: 'PUT 2', size: THREE_PARTS },
  end: { asked: 'completeMultipartUpload', sent: 'PUT 2', size: TWO_PARTS },
};

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

uploadsInBrowsers(openUploads, (uploads, name) => {
  let s3;
  let sha256;
  before(async () => {
    ({ s3 } = uploads);
    sha256 = uploads.write(TWO_PARTS);
  });

  async function expectArrived({ id, error, result, progress }) {
    assert.equal(error, undefined);
    assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
    const loaded = progress.map(([bytes]) => bytes);
    assert.deepEqual(
      loaded,
      loaded.toSorted((a, b) => a - b),
      'progress goes forward',
    );
  }
  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;

  /** Uploads, and lets the time limits pass for each of these requests, which stall one after another. */
  async function stalling({ does }, targets, options = {}) {
    // A time limit that passes applies to all parts.
    await uploads.begin({ ...LIMITS, ...(does === 'stall' && { concurrency: 1 }), ...options });
    const counts = {};
    for (const target of does === 'stall' ? targets : []) {
      counts[target] = (counts[target] ?? 0) + 1;
      await seen(() => times(target) === counts[target]);
      await uploads.expire();
    }
    return uploads.settled();
  }

  // One function of ours asks the server, and one sends a part, wherever in an upload that is. So each engine shows at the start what it makes of
  // broken and silent connections, and of one status. No engine decides what follows.
  const anyEngine = ANY_ENGINE.includes(name);
  const places = Object.entries(PLACES).filter(([place]) => anyEngine || place === 'start');

  for (const [what, fault] of Object.entries(FAULTS)) {
    if (!anyEngine && fault.does === 'answer' && what !== 'status 500') continue;
    // What is asked of the page's server is too small to be cut in half. Who sends a part does not know which one it is.
    const asked = fault.after === 'half' ? [] : places.map(([, place]) => place.asked);
    const targets = [...asked.slice(0, 1), 'PUT 1', ...asked.slice(1)];
    test(`an upload survives a fault once of ${targets.join(', ')}: ${what}`, async () => {
      sha256 = uploads.write(TWO_PARTS);
      const left = new Set(targets);
      s3.faults.fault = (name) => (left.delete(name) ? fault : undefined);
      await expectArrived(await stalling(fault, targets));
      assert.deepEqual(
        targets.filter((target) => times(target) < 2),
        [],
        'each was tried again',
      );
      assert.equal(times('POST'), 2, 'one upload was created and completed');
    });
  }

  for (const [place, { asked, sent, size }] of places) {
    // The first part meets all faults, the others those that leave half of a part behind.
    const both = place === 'start' ? [asked, sent] : [asked];

    // A part between two others is one that is sent; what the server is asked about it is the same for the last one.
    const write = (target) => {
      sha256 = uploads.write(target === sent ? size : TWO_PARTS);
    };

    describe(place, () => {
      after(() => {
        sha256 = uploads.write(TWO_PARTS);
      });

      for (const { what, fault, status } of [
        { what: 'the connection is cut half-way', fault: { does: 'cut', after: 'half' }, status: undefined },
        { what: 'status 500', fault: { does: 'answer', status: 500 }, status: 500 },
        { what: 'status 503 (SlowDown)', fault: { does: 'answer', status: 503 }, status: 503 },
        { what: 'it stalls', fault: { does: 'stall' }, status: undefined },
      ].slice(0, anyEngine && place === 'start' ? undefined : 1)) {
        test(`an upload fails after its last try of ${sent} at the ${place}: ${what}`, async () => {
          write(sent);
          s3.faults.add(sent, fault);
          const { id, error } = await stalling(fault, [sent, sent], { retries: 1, concurrency: 1 });
          assert.deepEqual(
            { code: error?.code, status: error?.status, part: error?.part },
            { code: 'ERR_UPLOAD', status, part: Number(sent.slice(4)) },
            error?.message,
          );
          assert.equal(await s3.arrived(id), false);
        });
      }

      for (const target of both) {
        test(`the user can cancel an upload during ${target} at the ${place}`, async () => {
          write(target);
          s3.faults.add(target, { does: 'stall', after: 'all' });
          await uploads.begin(LIMITS);
          await seen(() => times(target) === 1);
          await uploads.abort();
          const { error } = await uploads.settled();
          assert.equal(error, 'cancelled');
          assert.equal(times('abortMultipartUpload'), 1);
          const { length } = s3.faults.seen;
          const limits = (await uploads.limits()).filter((delay) => Object.values(LIMITS).includes(delay));
          assert.deepEqual(limits, [], 'nothing is waited for any more');
          assert.equal(s3.faults.seen.length, length, 'nothing runs any more');
        });
      }

      if (!anyEngine) return;

      test(`an upload fails after its last try of ${asked} at the ${place} with status 503`, async () => {
        write(asked);
        s3.faults.add(asked, { does: 'answer', status: 503, after: 'nothing' });
        const { id, error } = await uploads.upload({ retries: 1 });
        assert.deepEqual(
          { code: error?.code, status: error?.status, part: error?.part },
          { code: 'ERR_UPLOAD', status: 503, part: asked === 'signPart 2' ? 2 : undefined },
        );
        assert.equal(times(asked), 2);
        assert.equal(await s3.arrived(id), false);
      });

      for (const target of both) {
        test(`an upload does not retry ${target} at the ${place} after status 403`, async () => {
          write(target);
          s3.faults.add(target, { does: 'answer', status: 403 });
          const { id, error } = await uploads.upload();
          assert.deepEqual({ code: error?.code, status: error?.status }, { code: 'ERR_UPLOAD', status: 403 });
          assert.equal(times(target), 1);
          assert.equal(await s3.arrived(id), false);
        });
      }
    });
  }

  // What follows, the script decides that every engine gets: one of them shows it.
  if (!anyEngine) return;

  /** Asks the test what to do. */
  const AGAIN = '{ resume: (error) => (kit.asked = error, new Promise((resolve) => { kit.answer = resolve; })) }';

  test('a single PUT survives each fault once, and fails if it persists', async () => {
    const small = uploads.write(MIB);
    for (const fault of Object.values(FAULTS)) {
      s3.faults.reset();
      s3.faults.add('PUT', fault, 1);
      const { id, error } = await stalling(fault, ['PUT']);
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, small);
    }
    s3.faults.add('PUT', { does: 'answer', status: 503 });
    const { error } = await uploads.upload({ retries: 1 });
    assert.deepEqual(
      { code: error.code, status: error.status, part: error.part },
      { code: 'ERR_UPLOAD', status: 503, part: undefined },
    );
    uploads.write(TWO_PARTS);
  });

  test('as many parts are in flight as the concurrency option says', async () => {
    uploads.write(THREE_PARTS);
    s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'stall' } : undefined);
    await uploads.begin({ concurrency: 2 });
    await seen(() => times('PUT 1') + times('PUT 2') === 2);
    // A request that the page sends now is answered after those that it had sent before.
    await uploads.page.evaluate(() => fetch('/pages/blank.html').then((answer) => answer.text()));
    assert.deepEqual(
      s3.faults.names().filter((name) => /^(PUT|signPart)/.test(name)),
      ['PUT 1', 'PUT 2', 'signPart 1', 'signPart 2'],
    );
    await uploads.abort();
    await uploads.settled();
    uploads.write(TWO_PARTS);
  });

  test('an upload resumes after the network was gone for a while', async () => {
    let gone = true;
    s3.faults.fault = () => (gone ? { does: 'cut' } : undefined);
    await uploads.begin({ retries: 0 }, AGAIN);
    await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
    gone = false;
    await uploads.page.evaluate(() => kit.answer(true));
    await expectArrived(await uploads.settled());
    await uploads.page.evaluate(() => {
      delete kit.asked;
    });
  });

  test('the user can cancel between two tries', async () => {
    s3.faults.fault = (asked) => (asked.startsWith('PUT') ? { does: 'answer', status: 503 } : undefined);
    await uploads.begin({ retries: 100 });
    await seen(() => times('PUT 1') > 1 && times('PUT 2') > 1);
    await uploads.abort();
    assert.equal((await uploads.settled()).error, 'cancelled');
  });

  for (const { outcome, status } of [
    { outcome: 'it fails', status: 403 },
    { outcome: 'it succeeds', status: undefined },
  ]) {
    test(`no part of a second upload is left if the server lost S3's answer and started again, and ${outcome}`, async () => {
      let lost = false;
      s3.faults.fault = (asked) => {
        if (asked === 'PUT 2' && status) return { does: 'answer', status };
        if (asked !== 'POST' || lost) return undefined;
        lost = true;
        return { does: 'cut', after: 'all' };
      };
      const { error } = await uploads.upload();
      assert.deepEqual({ lost, status: error?.status }, { lost: true, status });
      assert.deepEqual(await s3.unfinished(), []);
    });
  }

  test('the first error stands if the server does not answer the abort either', async () => {
    s3.faults.fault = (asked) =>
      ({ 'PUT 2': { does: 'answer', status: 403 }, abortMultipartUpload: { does: 'stall' } })[asked];
    const { error, created } = await stalling({ does: 'stall' }, ['abortMultipartUpload']);
    assert.deepEqual(
      { code: error?.code, status: error?.status, part: error?.part, parts: created.parts },
      { code: 'ERR_UPLOAD', status: 403, part: 2, parts: 2 },
    );
    assert.equal((await s3.unfinished()).length, 1);
    await s3.abortAll();
  });

  describe('resuming', () => {
    for (const target of ['createMultipartUpload', 'signPart 2', 'PUT 2', 'completeMultipartUpload']) {
      test(`a failure of ${target} keeps what is finished, and the same envelope continues`, async () => {
        s3.faults.add(target, { does: 'answer', status: 503 });
        await uploads.begin({ retries: 0 }, AGAIN);
        await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
        const before = s3.faults.seen.length;
        s3.faults.fault = () => undefined;
        await uploads.page.evaluate(() => kit.answer(true));
        const outcome = await uploads.settled();
        await uploads.page.evaluate(() => {
          delete kit.asked;
        });
        await expectArrived(outcome);
        assert.deepEqual(
          outcome.told.map(({ code, status }) => [code, status]),
          [['ERR_UPLOAD', 503]],
        );
        assert.equal(times(target), 2);
        // What was sent before the page was asked is not sent again after it.
        const [first, second] = [s3.faults.seen.slice(0, before), s3.faults.seen.slice(before)].map((part) =>
          part.map(({ name }) => name),
        );
        assert.deepEqual(
          PARTS.filter((part) => part !== target && first.includes(part) && second.includes(part)),
          [],
        );
        assert.equal(
          s3.faults.names().filter((name) => name === 'createMultipartUpload').length,
          target === 'createMultipartUpload' ? 2 : 1,
        );
      });
    }

    test('an upload is aborted if the page says no', async () => {
      s3.faults.add('PUT 2', { does: 'answer', status: 503 });
      const { id, error, told } = await uploads.upload({ retries: 0 }, '{ resume: () => false }');
      assert.deepEqual(
        { code: error.code, status: error.status, part: error.part, toldCount: told.length },
        { code: 'ERR_UPLOAD', status: 503, part: 2, toldCount: 1 },
      );
      assert.equal(await s3.arrived(id), false);
    });

    test('the user can cancel while the page decides', async () => {
      s3.faults.add('PUT 2', { does: 'answer', status: 503 });
      await uploads.begin({ retries: 0 }, AGAIN);
      await seen(() => uploads.page.evaluate(() => kit.asked !== undefined));
      await uploads.abort();
      assert.equal((await uploads.settled()).error, 'cancelled');
      await uploads.page.evaluate(() => {
        delete kit.asked;
      });
    });
  });
});
