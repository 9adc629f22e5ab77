// Files that change while they are uploaded: the upload fails and is aborted, and no object is made of two files.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { MIB, openUploads } from '../support/uploads.mjs';

for (const name of ['chromium', 'firefox']) {
  describe(name, () => {
    let uploads;
    let s3;
    before(async () => {
      uploads = await openUploads(name);
      ({ s3 } = uploads);
    });
    after(() => uploads?.close());
    afterEach(() => uploads.check());

    for (const [size, part] of [[12 * MIB, 'PUT 1'], [12 * MIB, 'PUT 2'], [12 * MIB, 'PUT 3'], [3 * MIB, 'PUT']]) {
      for (const [what, touched] of [['unnoticed by the browser', false], ['with another time', true]]) {
        test(`rewritten ${what} between two tries of ${part}`, async () => {
          uploads.write(size);
          let sent = 0;
          s3.faults.fault = (asked) => {
            if (asked !== part || sent++ > 0) return undefined;
            uploads.write(size, 7);
            if (touched) uploads.touch();
            return { does: 'answer', status: 500, after: 'all' };
          };
          const { id, error } = await uploads.upload({ concurrency: 1 });
          // Chromium compares times; Firefox reads whatever is there.
          assert.equal(error?.code, touched && name === 'chromium' ? 'ERR_READ' : 'ERR_SOURCE_CHANGED');
          assert.equal(sent, 1, 'nothing of the second sealing left');
          // S3 made an object of the single PUT, which was done all the same: the whole first file.
          assert.equal(await s3.arrived(id), part === 'PUT');
        });
      }
    }

    test('rewritten unnoticed while the page is asked whether to go on: the same envelope, or none', async () => {
      uploads.write(12 * MIB);
      s3.faults.fault = (asked) => {
        if (asked !== 'PUT 2') return undefined;
        uploads.write(12 * MIB, 7);
        return { does: 'answer', status: 503 };
      };
      const { id, error, told } = await uploads.upload({ concurrency: 1, retries: 0 }, '{ resume: () => true }');
      assert.deepEqual([error?.code, told.length], ['ERR_SOURCE_CHANGED', 1]);
      assert.equal(await s3.arrived(id), false);
    });
  });
}
