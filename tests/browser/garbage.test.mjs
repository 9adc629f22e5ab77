// What pages drop is collected before it piles up, and nothing else: Chromium alone needs telling.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { printed } from '../../scripts/lib/kms.mjs';
import { startKms } from '../support/kms.mjs';
import { openKit } from '../support/session.mjs';

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

  test('sealed slices that the page has dropped do not pile up in the browser', async () => {
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

/** In the page: how many Blobs of 1 MiB there were at the same time, each dropped before the next was made. */
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
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
  sealed.close();
  return most;
}

/** In the page: whether files are sealed while the collector is called again and again. Nothing but the browser holds the promise. */
async function sealAmongCollections() {
  const file = kit.chosenFile('file');
  let state = 'still sealing';
  const sealer = kit.sealer();
  const seal = async () => {
    for (let times = 0; times < 8; times++) await sealer.seal(file.slice(0, 30 * 2 ** 20));
  };
  seal().then(() => (state = 'sealed'), (error) => (state = error));
  for (let tries = 0; tries < 500 && state === 'still sealing'; tries++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
    new ArrayBuffer(2 ** 28);
  }
  return state;
}
