// Files of another window, and of one that is gone: picked in a dialogue frame whose methods then never answer (Chromium 156).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { MIB, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

uploadsInBrowsers(openUploads, (uploads) => {
  before(async () => {
    await uploads.page.evaluate(() => {
      /** A File or a Blob from a frame, which is still there or not. */
      kit.foreign = (kind, parts, isRemoved) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        const file =
          kind === 'File' ? new frame.contentWindow.File(parts, 'a.txt') : new frame.contentWindow.Blob(parts);
        if (isRemoved) frame.remove();
        return file;
      };
    });
  });

  for (const isRemoved of [false, true]) {
    const where = isRemoved ? 'whose frame was removed' : 'of a frame';

    for (const kind of ['File', 'Blob']) {
      test(`a ${kind} ${where} can be sealed, opened, and opened in part`, async () => {
        const lengths = await uploads.page.evaluate(
          async (kind, isRemoved) => {
            const sealed = await kit.sealer().seal(kit.foreign(kind, ['x'.repeat(5e6)], isRemoved));
            const foreign = () => kit.foreign(kind, [sealed], isRemoved);
            const { plaintext } = await kit.opener().open(foreign());
            const part = await kit.opener().openRange(foreign(), { start: 100, end: 300 });
            const { plaintextSize } = await kit.inspect(foreign());
            return [
              (await plaintext.text()).replaceAll('x', '').length,
              plaintext.size,
              part.plaintext.size,
              plaintextSize,
            ];
          },
          kind,
          isRemoved,
        );
        assert.deepEqual(lengths, [0, 5e6, 200, 5e6]);
      });
    }

    test(`a File ${where} can be uploaded in parts`, async () => {
      const id = uploads.s3.begin();
      const { error } = await uploads.page.evaluate(
        async (id, partSize, isRemoved) => {
          const { begin } = await import('/support/upload-page.mjs');
          return begin(kit.foreign('File', ['x'.repeat(6e6)], isRemoved), { id, partSize, sealer: kit.sealer() })
            .settled;
        },
        id,
        5 * MIB,
        isRemoved,
      );
      assert.equal(error, undefined);
      const { size } = await uploads.s3.open(id);
      assert.ok(size > 6e6);
    });
  }
});
