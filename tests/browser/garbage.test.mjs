// What pages drop is collected before it piles up: Chromium alone needs telling.
import assert from 'node:assert/strict';
import test from 'node:test';
import { printed } from '../../scripts/lib/kms.mjs';
import { startKms } from '../support/kms.mjs';
import { openKit } from '../support/session.mjs';

/* global kit -- of the page */

test('Chromium: sealed slices that the page has dropped do not pile up in the browser', async () => {
  const kms = await startKms();
  try {
    const page = await openKit('chromium', { keys: [printed(await kms.createKey())] });
    try {
      const most = await page.evaluate(mostKept);
      assert.ok(most < 16, `${most} of 64 slices of 1 MiB were there at the same time`);
    } finally {
      await page.close();
    }
  } finally {
    await kms.close();
  }
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
  for (let made = 0; made < 64; made++) {
    collected.register(await sealed.slice(0, length), undefined);
    most = Math.max(most, ++kept);
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
  sealed.close();
  return most;
}
