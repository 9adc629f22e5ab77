// What pages drop is collected before it accumulates, and nothing else: only Chromium needs a hint.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { printed } from '../../tools/kms.mjs';
import { startKms } from '../support/servers/kms.mjs';
import { openKit } from '../support/browsers/session.mjs';

/* global kit -- of the page */

describe('Chromium', () => {
  let kms;
  let page;
  before(async () => {
    kms = await startKms();
    page = await openKit('chromium', { keys: [printed(await kms.createKey())] });
  });
  after(async () => {
    await page?.close();
    await kms?.close();
  });

  test('Chromium does not accumulate sealed slices that the page has dropped', async () => {
    const most = await page.evaluate(mostKept);
    assert.ok(most < 32, `${most} of 256 slices of 1 MiB were there at the same time`);
  });

  test('a file is read to its end however often garbage is collected', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-garbage-'));
    try {
      const file = path.join(folder, 'file');
      writeFileSync(file, '');
      truncateSync(file, 2 ** 28);
      await page.chooseFiles([file]);
      assert.equal(await page.evaluate(sealAmongCollections), 'sealed');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** In the page: how many Blobs of 1 MiB existed at the same time, each dropped before the next was made. */
async function mostKept() {
  const length = 2 ** 20;
  const sealed = await kit.sealer().prepare(new Blob([new Uint8Array(length)]));
  let kept = 0;
  let most = 0;
  const collected = new FinalizationRegistry(() => {
    kept--;
  });
  for (let made = 0; made < 256; made++) {
    collected.register(await sealed.slice(0, length), undefined);
    most = Math.max(most, ++kept);
    // The collector runs beside the page, and needs time on a busy machine.
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  sealed.close();
  return most;
}

/** In the page: whether files are sealed while the collector runs again and again. Only the browser holds the promise. */
async function sealAmongCollections() {
  const file = kit.chosenFile('file');
  let state = 'still sealing';
  const sealer = kit.sealer();
  const seal = async () => {
    for (let times = 0; times < 8; times++) await sealer.seal(file.slice(0, 30 * 2 ** 20));
  };
  seal().then(
    () => (state = 'sealed'),
    (error) => (state = error),
  );
  for (const end = performance.now() + 240_000; performance.now() < end && state === 'still sealing'; ) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
    new ArrayBuffer(2 ** 28);
  }
  return state;
}
