// Uploads that are sealed for keys of kinds other than RSA: to S3 in parts, by tus and by Uppy. That each browser seals for such keys,
// kinds.test.mjs shows; uploads take the envelope as it comes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testTus } from '../support/browsers/tus-uploads.mjs';
import { MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { testUppy } from '../support/browsers/uppy.mjs';

/* global kit, up -- of the page */

for (const spec of ['ECC_NIST_P384', 'ML_KEM_768']) {
  describe(`S3, ${spec}`, () => {
    uploadsInBrowsers(
      (name) => openUploads(name, { spec }),
      (uploads) => {
        test(`a file for a key of ${spec} arrives in parts, and opens`, async () => {
          const sha256 = uploads.write(TWO_PARTS);
          const { id, result, error } = await uploads.upload();
          assert.equal(error, undefined);
          assert.deepEqual(await uploads.s3.open(id), { sha256, size: result.size, type: 'application/octet-stream' });
        });
      },
      ANY_ENGINE,
    );
  });

  describe(`tus, ${spec}`, () => {
    const { open, inBrowsers } = testTus({ spec });
    inBrowsers((page) => {
      test(`a file for a key of ${spec} arrives chunk by chunk, and opens`, async () => {
        const bytes = await page.choose(2 * MIB);
        const { url } = await page.upload({ chunkSize: MIB });
        assert.ok(bytes.equals(await open(url)));
      });
    }, ANY_ENGINE);
  });

  describe(`Uppy, ${spec}`, () => {
    const { servers, inBrowsers } = testUppy({ spec });

    /** Runs in the page. */
    async function setUp({ tus: endpoint }) {
      globalThis.up = await import('/uppy.js');
      globalThis.uploaded = async () => {
        const uppy = new up.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
        uppy.use(up.Tus, { ...up.tusOptions({ sealer: kit.sealer() }), endpoint });
        for (const file of document.querySelector('input').files) uppy.addFile(file);
        await uppy.upload();
        return uppy.getFiles().map(({ uploadURL, tus }) => uploadURL ?? tus?.uploadUrl);
      };
    }

    inBrowsers(
      setUp,
      (page) => {
        test(`files for a key of ${spec} arrive, and open`, async () => {
          const contents = await page.choose(MIB, 100);
          const urls = await page.evaluate(() => globalThis.uploaded());
          for (const [index, url] of urls.entries())
            assert.ok(contents[index].equals(await servers.open(servers.tus.read(url))));
        });
      },
      ANY_ENGINE,
    );
  });
}
