// Files that change while they are uploaded: the upload fails and is aborted, and no object is made of two files.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE, BROWSERS } from '../../tools/browsers.mjs';
import { MIB, THREE_PARTS, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

uploadsInBrowsers(
  openUploads,
  (uploads, name) => {
    let s3;
    before(() => {
      ({ s3 } = uploads);
    });

    // What was sealed is compared by our script, whichever part it is. What an engine says of the file, it says of all of it.
    const anyEngine = ANY_ENGINE.includes(name);
    for (const { size, part } of [
      { size: THREE_PARTS, part: 'PUT 2' },
      { size: TWO_PARTS, part: 'PUT 1' },
      { size: THREE_PARTS, part: 'PUT 3' },
      { size: 3 * MIB, part: 'PUT' },
    ].slice(0, anyEngine ? undefined : 1)) {
      for (const { what, touched } of [
        { what: 'unnoticed by the browser', touched: false },
        { what: 'with another time', touched: true },
      ]) {
        test(`an upload reports a file that was rewritten ${what} between two tries of ${part}`, async () => {
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
          assert.equal(sent, 1, 'no byte of the second sealing left');
          // S3 stored the single PUT all the same: the whole first file.
          assert.equal(await s3.arrived(id), part === 'PUT');
        });
      }
    }

    if (!anyEngine) return;

    test('a file rewritten unnoticed while the page is asked gives the same envelope or none', async () => {
      uploads.write(THREE_PARTS);
      s3.faults.fault = (asked) => {
        if (asked !== 'PUT 2') return undefined;
        uploads.write(THREE_PARTS, 7);
        return { does: 'answer', status: 503 };
      };
      const { id, error, told } = await uploads.upload({ concurrency: 1, retries: 0 }, '{ resume: () => true }');
      assert.deepEqual({ code: error?.code, toldCount: told.length }, { code: 'ERR_SOURCE_CHANGED', toldCount: 1 });
      assert.equal(await s3.arrived(id), false);
    });
  },
  BROWSERS.filter((name) => name !== 'webkit'),
);
