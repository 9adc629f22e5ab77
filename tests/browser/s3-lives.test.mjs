// Uploads to S3 whose page is killed or reloaded: what another life of it sends, what arrives, and what never leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { openLives } from '../support/browsers/lives.mjs';
import { seen } from '../support/until.mjs';
import { MIB, THREE_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

const PART = 5 * MIB;
/** It has two parts. Half of the second one is more than one chunk on its way. */
const SIZE = 7.5 * MIB;
const KEPT = "{ store: new (await import('/dist/store.js')).UploadStore(), lists: true }";

/** In the page: what is kept. */
const list = async () => new (await import('/dist/store.js')).UploadStore().list();
const load = async (id) => {
  const { sealed, remote } = await new (await import('/dist/store.js')).UploadStore().load(id);
  return { ...remote, extractable: sealed.key.extractable, tags: sealed.tags };
};

/** What the tests of these uploads share. @param {Awaited<ReturnType<typeof openUploads>>} uploads */
function livesOf(uploads) {
  /** The requests by part: what of each reached the wire, and when. @param {string} id @param {number} [from] */
  const sent = (id, from = 0) =>
    uploads.s3.faults.seen
      .slice(from)
      .filter(({ name, url }) => /^PUT \d+$/.test(name) && url.includes(id))
      .map(({ name, body }) => ({ part: Number(name.slice(4)), body }));

  /** No byte of the envelope ever left in two forms: places that are the same have the same key and nonce. */
  function assertOneCiphertext(id) {
    const longest = new Map();
    for (const { part, body } of sent(id)) {
      const other = longest.get(part) ?? Buffer.alloc(0);
      const length = Math.min(other.length, body.length);
      assert.ok(other.subarray(0, length).equals(body.subarray(0, length)), `part ${part} left in two forms`);
      if (body.length > other.length) longest.set(part, body);
    }
  }

  /** Ends the page's life once something has happened: kills show that all stays on disk that is there then. */
  async function leave(happened) {
    await happened;
    await uploads.page.reload();
    await seen(async () => (await uploads.page.evaluate(list)).every(({ isRunning }) => !isRunning));
  }

  /** Has the first request of that name get no answer; those before it get theirs. It resolves when all that is said of it has happened. */
  async function held(asked, after = 'nothing') {
    let stalled;
    uploads.s3.faults.fault = (name, request) => {
      if (name !== asked || stalled) return undefined;
      stalled = request ?? {};
      return { does: 'stall', after };
    };
    await seen(() => stalled);
    if (after === 'half') await seen(() => stalled.body.length >= MIB);
    if (after === 'all' && stalled.body)
      await seen(async () => (await uploads.s3.parts()).includes(Number(asked.slice(4))));
    if (after === 'all' && !stalled.body) await seen(async () => (await uploads.s3.unfinished()).length === 0);
  }

  /** What is left of an upload whose page has ended continues with the right file, and nothing that arrived is sent again. */
  async function assertContinues(id, sha256) {
    const kept = (await uploads.page.evaluate(list)).find((one) => one.id === id);
    assert.deepEqual(
      { id: kept?.id, size: kept?.size, name: kept?.name, isRunning: kept?.isRunning },
      { id, size: SIZE, name: undefined, isRunning: false },
    );
    const before = uploads.s3.faults.seen.length;
    const durable = (await uploads.page.evaluate(load, id)).parts.filter(({ ETag }) => ETag);
    const { error, progress } = await uploads.upload({ id, resumes: true }, KEPT);
    assert.equal(error, undefined);
    assert.equal((await uploads.s3.open(id)).sha256, sha256);
    const again = sent(id, before).map(({ part }) => part);
    assert.deepEqual(
      durable.filter(({ PartNumber }) => again.includes(PartNumber)),
      [],
      'parts whose ETag was on disk are not sent again',
    );
    assert.ok(progress[0][0] >= Math.min(durable.length * PART, SIZE), 'what is there counts from the start');
    assertOneCiphertext(id);
  }

  /** What is left of an upload whose page has ended is refused a file that changed, and forgotten. */
  async function assertRefuses(id) {
    const { error } = await uploads.upload({ id, resumes: true, concurrency: 1 }, KEPT);
    assert.equal(error?.code, 'ERR_SOURCE_CHANGED');
    assert.equal(await uploads.s3.arrived(id), false);
    assertOneCiphertext(id);
    assert.deepEqual(await uploads.page.evaluate(list), [], 'what can never be completed is forgotten');
  }

  /** The first part is there, half of the second one has left, and a third one is not sealed. */
  async function halfSent(size = SIZE) {
    uploads.write(size);
    const happened = held('PUT 2', 'half');
    const id = await uploads.begin({ concurrency: 1 }, KEPT);
    await happened;
    return id;
  }

  /** As halfSent(), and the page ends. */
  async function halfLeft(size) {
    const id = await halfSent(size);
    await leave();
    uploads.s3.faults.fault = () => undefined;
    return id;
  }

  return { sent, assertOneCiphertext, leave, held, assertContinues, assertRefuses, halfSent, halfLeft };
}

uploadsInBrowsers(
  (name) => openUploads(name, { open: openLives }),
  (uploads) => {
    const { assertContinues, assertRefuses, halfSent } = livesOf(uploads);

    // What an engine has on disk, a kill shows: that there is a state, and that it has the tags of what has left. Without those the same file would
    // give the same bytes again, and another one would not be noticed. What follows from a state our script decides, after any end of the page.
    test('of two uploads whose page is killed in the middle of a part, one continues, and one refuses a file that changed there', async () => {
      const sha256 = uploads.write(SIZE);
      const [first, second] = [await halfSent(), await halfSent()];
      await uploads.page.restart();
      uploads.s3.faults.fault = () => undefined;
      await assertContinues(first, sha256);
      uploads.alter(6 * MIB);
      await assertRefuses(second);
    });
  },
);

// No browser is killed for them, so that those serve which a run has already.
uploadsInBrowsers(
  (name) => openUploads(name, { open: (name, options) => openLives(name, { ...options, isNeverKilled: true }) }),
  (uploads) => {
    const { sent, assertOneCiphertext, leave, held, assertContinues, assertRefuses, halfLeft } = livesOf(uploads);

    const MOMENTS = {
      'at the start': { asked: 'createMultipartUpload' },
      'when the first part is about to be sent': { asked: 'signPart 1' },
      'when a part has arrived and its answer has not': { asked: 'PUT 2', after: 'all' },
      'when the tags of a part are on disk and no byte of it has left': { asked: 'signPart 2' },
      'when all parts have arrived': { asked: 'completeMultipartUpload' },
      'when it is complete and does not know it': { asked: 'completeMultipartUpload', after: 'all' },
    };

    for (const [moment, { asked, after }] of Object.entries(MOMENTS)) {
      test(`an upload whose page is reloaded ${moment} continues in the next one`, async () => {
        const sha256 = uploads.write(SIZE);
        const happened = held(asked, after);
        const id = await uploads.begin({ concurrency: 1 }, KEPT);
        await seen(async () => (await uploads.page.evaluate(list)).length === 1); // nothing waits for its first save
        await leave(happened);
        uploads.s3.faults.fault = () => undefined;
        await assertContinues(id, sha256);
        assert.deepEqual(await uploads.page.evaluate(list), [], 'nothing stays');
      });
    }

    for (const { where, at, size } of [
      { where: 'in the half of a part that has not left', at: 7 * MIB },
      { where: 'in a part that has arrived', at: 2 * MIB },
      { where: 'in its first byte', at: 0 },
      {
        where: 'in the frame that two parts share, one of them not sealed yet',
        at: 2 * PART - 1000,
        size: THREE_PARTS,
      },
    ]) {
      test(`a file that changed ${where} is never mixed with what has arrived`, async () => {
        const id = await halfLeft(size);
        uploads.alter(at);
        await assertRefuses(id);
      });
    }

    for (const checksumAlgorithm of [undefined, 'SHA256']) {
      test(`a part of an earlier envelope under the same id is not taken for one that was about to be sent, ${checksumAlgorithm ? 'with' : 'without'} checksums`, async () => {
        const sha256 = uploads.write(SIZE);
        const first = held('completeMultipartUpload');
        const id = await uploads.begin({ concurrency: 1, checksumAlgorithm }, KEPT);
        await leave(first);
        assert.deepEqual(await uploads.s3.parts(), [1, 2]);
        // The page begins again, and its server has the same multipart upload for it.
        const second = held('signPart 2');
        await uploads.begin({ id, concurrency: 1, checksumAlgorithm }, KEPT);
        await leave(second);
        uploads.s3.faults.fault = () => undefined;
        const { error } = await uploads.upload({ id, resumes: true }, KEPT);
        assert.equal(error, undefined);
        assert.equal((await uploads.s3.open(id)).sha256, sha256);
      });
    }

    test('a part whose answer was lost is not sent again where its checksum says that S3 has it', async () => {
      const sha256 = uploads.write(SIZE);
      const happened = held('PUT 1', 'all');
      const id = await uploads.begin({ concurrency: 1, checksumAlgorithm: 'SHA256' }, KEPT);
      await leave(happened);
      uploads.s3.faults.fault = () => undefined;
      const before = uploads.s3.faults.seen.length;
      const { error } = await uploads.upload({ id, resumes: true }, KEPT);
      assert.equal(error, undefined);
      assert.equal((await uploads.s3.open(id)).sha256, sha256);
      assert.deepEqual(
        sent(id, before).map(({ part }) => part),
        [2],
      );
    });

    test('a file that changed where nothing was sealed arrives as it is now', async () => {
      const id = await halfLeft(THREE_PARTS);
      const sha256 = uploads.alter(10.25 * MIB);
      const { error } = await uploads.upload({ id, resumes: true }, KEPT);
      assert.equal(error, undefined);
      assert.equal((await uploads.s3.open(id)).sha256, sha256);
      assertOneCiphertext(id);
    });

    test('a wrong file is refused before anything is sent, and the right one may follow', async () => {
      const id = await halfLeft();
      const before = uploads.s3.faults.seen.length;
      const wrong = async () => (await uploads.upload({ id, resumes: true }, KEPT)).error?.code;
      uploads.alter(PART - 2000);
      assert.equal(await wrong(), 'ERR_SOURCE_CHANGED', 'of the same size and time');
      const sha256 = uploads.write(SIZE);
      uploads.touch();
      assert.equal(await wrong(), 'ERR_SOURCE_CHANGED', 'of another time');
      uploads.write(SIZE + 1);
      assert.equal(await wrong(), 'ERR_SOURCE_CHANGED', 'of another size');
      assert.equal(uploads.s3.faults.seen.length, before);
      uploads.write(SIZE);
      const { error } = await uploads.upload({ id, resumes: true }, KEPT);
      assert.equal(error, undefined);
      assert.equal((await uploads.s3.open(id)).sha256, sha256);
      assertOneCiphertext(id);
    });

    test('a file that takes three lives of a page arrives in one envelope', async () => {
      const sha256 = uploads.write(SIZE);
      let happened = held('PUT 1', 'half');
      const id = await uploads.begin({ concurrency: 1, checksumAlgorithm: 'SHA256' }, KEPT);
      await leave(happened);
      happened = held('PUT 2', 'half'); // which the first life, one part at a time, has not begun
      await uploads.begin({ id, resumes: true, concurrency: 2 }, KEPT);
      await leave(happened);
      uploads.s3.faults.fault = () => undefined;
      const { error } = await uploads.upload({ id, resumes: true }, KEPT);
      assert.equal(error, undefined);
      assert.equal((await uploads.s3.open(id)).sha256, sha256);
      assertOneCiphertext(id);
    });

    test('a single PUT continues, too, with the same envelope', async () => {
      const sha256 = uploads.write(3 * MIB);
      const happened = held('PUT', 'half');
      const id = await uploads.begin({}, KEPT);
      await leave(happened);
      uploads.s3.faults.fault = () => undefined;
      const { error } = await uploads.upload({ id, resumes: true }, KEPT);
      assert.equal(error, undefined);
      assert.equal((await uploads.s3.open(id)).sha256, sha256);
      const [first, second] = uploads.s3.faults.seen
        .filter((request) => request.name === 'PUT')
        .map(({ body }) => body);
      assert.ok(first.length > 0 && first.equals(second.subarray(0, first.length)));
    });
  },
  ANY_ENGINE,
);
