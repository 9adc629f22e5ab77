// What pages drop is collected before it piles up: Chromium alone needs telling.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startKms } from '../support/kms.mjs';
import { openPage } from '../support/session.mjs';

test('Chromium: sealed slices that the page has dropped do not pile up in the browser', async () => {
  const kms = await startKms();
  try {
    const { KeyId, PublicKey } = await kms.createKey();
    const page = await openPage('chromium');
    try {
      const most = await page.evaluate(mostKept, { KeyId, PublicKey });
      assert.ok(most < 16, `${most} of 64 slices of 1 MiB were there at the same time`);
    } finally {
      await page.close();
    }
  } finally {
    await kms.close();
  }
});

/** In the page: how many Blobs of 1 MiB there were at the same time, each dropped before the next was made. */
async function mostKept(answer) {
  const { KmsPublicKey, Sealer } = await import('/dist/index.js');
  const sealer = new Sealer({ keys: await KmsPublicKey.import(answer) });
  const length = 2 ** 20;
  const sealed = await sealer.prepare(new Blob([new Uint8Array(length)]));
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
