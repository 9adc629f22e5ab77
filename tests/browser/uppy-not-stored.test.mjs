// Login pages and captive portals that answer in place of S3, with a good status: what @uppy/aws-s3 makes of them, and what stays in the store.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { setUpUploaders, testUppy } from '../support/browsers/uppy.mjs';

/* global up -- of the page */

const { servers, inBrowsers } = testUppy();

const PAGE = {
  does: 'answer',
  status: 200,
  after: 'nothing',
  headers: { 'access-control-allow-origin': '*', 'content-type': 'text/html' },
  body: '<!doctype html><title>Sign in</title>',
};
const REQUESTS = {
  'to create the upload': ({ method, url }) => method === 'POST' && /uploads=/.test(url),
  'with a part': ({ method }) => method === 'PUT',
  'to complete the upload': ({ method, url }) => method === 'POST' && /uploadId=/.test(url),
};

// What counts as an answer of S3's, Uppy's scripts decide.
inBrowsers(
  setUpUploaders,
  (page) => {
    /** What became of a small file, and how many uploads are kept. */
    const upload = (uploader) =>
      page.evaluate(async (uploader) => {
        const store = new up.UploadStore();
        const outcome = up.names(await up.make(uploader, { plugin: { store } }).upload());
        return { ...outcome, kept: (await store.list()).length };
      }, uploader);

    afterEach(() =>
      page.evaluate(async () => {
        up.last.removePlugin(up.last.getPlugin('Seal'));
        await new up.UploadStore().forget();
      }),
    );

    for (const [what, isMeant] of Object.entries(REQUESTS)) {
      test(`a login page in answer to the request ${what} fails an upload in parts, even of a small file, which stays`, async () => {
        await page.choose(1000);
        servers.relays.s3.fault = (request) => (isMeant(request) ? PAGE : undefined);
        assert.deepEqual(await upload('multipart'), { successful: [], failed: ['file-1.kmseal'], kept: 1 });
      });
    }

    test('a login page in answer to a single PUT passes for success, of which the guide warns', async () => {
      await page.choose(1000);
      servers.relays.s3.fault = ({ method }) => (method === 'PUT' ? PAGE : undefined);
      const { successful, failed } = await upload('put');
      assert.deepEqual({ successful, failed }, { successful: ['file-1.kmseal'], failed: [] });
    });
  },
  ANY_ENGINE,
);
