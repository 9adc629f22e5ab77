// tusOptions where the server has taken every byte of an upload and refuses it all the same, as a hook does that looks for viruses: no later
// question for the offset, which is then the length, makes that a success.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testTus } from '../support/browsers/tus-uploads.mjs';

const MIB = 2 ** 20;

const { server, open, inBrowsers } = testTus();

const methods = () => server.relay.seen.map(({ method }) => method);

// Whether an upload is done, our script decides by answers.
inBrowsers((page) => {
  const upload = () => page.upload({ chunkSize: MIB, retryDelays: [0, 0] });

  for (const [status, { error, message, asked }] of Object.entries({
    422: { error: 'Error', message: /response code: 422, response text: refused/, asked: [] },
    500: {
      error: 'ERR_UPLOAD',
      message:
        /^the tus server has all of it, but answered with status 500, and may have refused it; start again to send all of it again$/,
      asked: ['HEAD'],
    },
  })) {
    test(`an upload that the server refuses with status ${status} once it has all of it fails, and begins again when it is started again`, async () => {
      const bytes = await page.choose(1.5 * MIB);
      server.hook.refuses = { status_code: Number(status), body: 'refused' };
      const refused = await upload();
      assert.equal(refused.error, error);
      assert.match(refused.message, message);
      assert.deepEqual(methods(), ['POST', 'PATCH', 'PATCH', ...asked]);
      server.hook.refuses = undefined;
      server.relay.reset();
      const done = await page.again();
      assert.equal(done.error, undefined);
      assert.notEqual(done.url, refused.url);
      assert.deepEqual(methods(), ['HEAD', 'POST', 'PATCH', 'PATCH']);
      assert.ok(bytes.equals(await open(done.url)));
    });
  }

  test('an upload fails if a hook takes the header of tus with it, and leaves status 500 only', async () => {
    const bytes = await page.choose(1.5 * MIB);
    server.relay.fault = ({ headers }) =>
      headers['upload-offset'] === String(MIB) ? { does: 'answer', after: 'all', status: 500 } : undefined;
    const { error, message } = await upload();
    assert.equal(error, 'ERR_UPLOAD');
    assert.match(message, /answered with status 500/);
    server.relay.reset();
    const { url } = await page.again();
    assert.ok(bytes.equals(await open(url)));
  });

  for (const [what, fault] of Object.entries({
    'a conflict (status 409), as where a browser sent them twice': {
      status: 409,
      headers: { 'tus-resumable': '1.0.0' },
    },
    'status 504, which a proxy says': { status: 504 },
  })) {
    test(`an upload whose last bytes were answered with ${what} is done if the server has all of it`, async () => {
      const bytes = await page.choose(1.5 * MIB);
      server.relay.fault = ({ headers }) =>
        headers['upload-offset'] === String(MIB) ? { does: 'answer', after: 'all', ...fault } : undefined;
      const { url, error } = await upload();
      assert.equal(error, undefined);
      assert.deepEqual(methods(), ['POST', 'PATCH', 'PATCH', 'HEAD']);
      assert.ok(bytes.equals(await open(url)));
    });
  }
}, ANY_ENGINE);
