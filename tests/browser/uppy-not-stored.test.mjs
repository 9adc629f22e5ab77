// Login pages, captive portals and redirects that answer in place of S3 or of a form's target, with a good status: what Uppy's uploaders
// make of them, and what stays in the store.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { blocksOf, fill } from '../docs/blocks.mjs';
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

/** Answers to a form. What has a redirect's address is asked by GET. */
const FORMS = {
  'a login page': PAGE,
  'an error in JSON': { ...PAGE, body: '{"error":"full"}' },
  'a redirect': { ...PAGE, status: 301, headers: { ...PAGE.headers, location: '/forms/' } },
};
const STORED = { ...PAGE, status: 204, body: '' };

/** The guide's code, without its imports. */
const [{ code }] = blocksOf('docs/uppy.md').filter(({ heading }) => heading === 'To your own server');
const GUIDE = code.replaceAll(/^import .*$/gm, '');

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

    /** What becomes of a form that is answered so. */
    const answered = (answer, send) => {
      servers.relays.form.fault = ({ url }) => (url === '/forms/' ? { ...PAGE, body: '[]' } : answer);
      return send();
    };
    /** Uploads the chosen file by the guide's Uppy. */
    const byGuide = () => {
      const guide = fill(GUIDE, { "'/uploads'": JSON.stringify(servers.places.form) });
      return page.evaluate(`(async () => {
        const { Seal, Uppy, XHRUpload } = up;
        const [sealer, encryptionContext] = [kit.sealer(), { user: '7' }];
        ${guide}
        up.last = uppy;
        const [data] = document.querySelector('input').files;
        uppy.addFile({ name: data.name, type: data.type, data });
        return up.names(await uppy.upload());
      })()`);
    };

    test('a form that is answered with 204 fails in @uppy/xhr-upload, and JSON of any kind passes, of which the guide warns', async () => {
      await page.choose(1000);
      const outcomes = {};
      for (const [what, answer] of Object.entries({ ...FORMS, 204: STORED })) {
        const { successful } = await answered(answer, () => upload('form'));
        outcomes[what] = successful.length;
      }
      assert.deepEqual(outcomes, { 204: 0, 'a login page': 0, 'an error in JSON': 1, 'a redirect': 1 });
    });

    test("the guide's form takes 204 for success, and nothing else", async () => {
      await page.choose(1000);
      assert.deepEqual(await answered(STORED, byGuide), { successful: ['file-1.kmseal'], failed: [] });
      for (const answer of Object.values(FORMS))
        assert.deepEqual(await answered(answer, byGuide), { successful: [], failed: ['file-1.kmseal'] });
    });
  },
  ANY_ENGINE,
);
