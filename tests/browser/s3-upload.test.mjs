// uploadSealed against S3 through the page's server: what arrives, in which requests, and what they tell.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { sample } from '../support/bytes.mjs';
import { openKit } from '../support/session.mjs';
import { startS3 } from '../support/s3.mjs';

const MIB = 2 ** 20;
const PLAIN = 'the patient has a broken arm';
const NAME = 'report of mister miller.pdf';

const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-s3-'));
const file = path.join(folder, NAME);
let s3;
before(async () => {
  s3 = await startS3();
});
after(async () => {
  await s3?.close();
  rmSync(folder, { recursive: true });
});

/** Writes the file that is uploaded; every KiB of it would be recognized. */
function write(size) {
  const bytes = Buffer.from(sample(size));
  for (let at = 0; at < size; at += 1024) bytes.write(PLAIN, at);
  writeFileSync(file, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

for (const name of ['chromium', 'firefox', 'webkit']) {
  describe(name, () => {
    let page;
    before(async () => {
      page = await openKit(name, { keys: [s3.key].map(json), routes: s3.routes, connect: [s3.origin] });
      await s3.allow(page.origin);
    });
    after(() => page?.close());
    afterEach(async () => {
      s3.faults.reset();
      assert.deepEqual(await s3.unfinished(), []);
    });

    async function upload(options) {
      const id = s3.begin();
      await page.chooseFiles([file]);
      return page.evaluate(async (id, name, options) => {
        const { upload } = await import('/support/upload-page.mjs');
        return upload(kit.chosenFile(name), { id, sealer: kit.sealer(), ...options });
      }, id, NAME, options);
    }

    test('a file of several parts', async () => {
      const sha256 = write(23 * MIB);
      const { id, result, error } = await upload({ partSize: 5 * MIB });
      assert.equal(error, undefined);
      assert.deepEqual(await s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
    });
  });
}

function json({ PublicKey, $metadata, ...rest }) {
  return { ...rest, PublicKey: Buffer.from(PublicKey).toString('base64') };
}
