// Uploads that are kept, and whose page is left but not closed: the browser may show it again, with all that it had in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setKit } from '../support/browsers/session.mjs';
import { TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/* global kit -- of the page */

const STORE = "new (await import('/dist/store.js')).UploadStore()";
const KEPT = `{ store: ${STORE}, lists: true }`;
/** Waits for an answer of the user's. */
const ASKS = `{ store: ${STORE}, lists: true, resume: () => new Promise((answer) => { kit.answer = answer; }) }`;

uploadsInBrowsers(openUploads, (uploads) => {
  const list = () => uploads.page.evaluate(`(async () => (${STORE}).list())()`);

  /** The requests so far that change something in S3. */
  const changes = () => uploads.s3.faults.names().filter((name) => /^PUT|complete|abort/i.test(name));

  /** An upload whose page is left while it waits. */
  async function left() {
    const { page, s3 } = uploads;
    await page.driver.get(`${page.origin}/pages/blank.html?first`);
    await setKit(page, [s3.key]);
    const sha256 = uploads.write(TWO_PARTS);
    s3.faults.add('PUT 2', { does: 'answer', status: 403 });
    const id = await uploads.begin({ concurrency: 1 }, ASKS);
    await seen(() => page.evaluate(() => kit.answer !== undefined));
    s3.faults.reset();
    await page.driver.get(`${page.origin}/pages/blank.html?second`);
    await setKit(page, [s3.key]);
    // A user looks for it in this page.
    await seen(async () => (await list())[0]?.isRunning === false);
    return { id, sha256 };
  }

  /** Goes back to that page; says how its upload ends if the browser shows the same page, and the user answers. */
  async function back(answer) {
    const { page, s3 } = uploads;
    await page.driver.navigate().back();
    const error = await page.evaluate(async (answer) => {
      if (!globalThis.kit) return undefined;
      kit.answer(answer);
      return (await kit.upload.settled).error;
    }, answer);
    await setKit(page, [s3.key]);
    return error;
  }

  test('an upload whose page was left continues in the next page, and not in the first one when that is shown again', async () => {
    const { id, sha256 } = await left();
    const { error } = await uploads.upload({ id, resumes: true }, KEPT);
    assert.equal(error, undefined);
    assert.equal((await uploads.s3.open(id)).sha256, sha256);
    const before = changes();
    const told = await back(true);
    // Where the browser shows another page in its place, no part of it is left.
    if (told) assert.match(told.message, /this page was left meanwhile/);
    assert.deepEqual(changes(), before);
  });

  test('an upload that its user cancels in a page that was left and is shown again stays for the page that owns it now', async () => {
    const { id, sha256 } = await left();
    await back(false);
    assert.deepEqual(
      (await list()).map((kept) => kept.id),
      [id],
    );
    const { error } = await uploads.upload({ id, resumes: true }, KEPT);
    assert.equal(error, undefined);
    assert.equal((await uploads.s3.open(id)).sha256, sha256);
    assert.deepEqual(await list(), []);
  });
});
