// Callbacks that ask the page's server through HTTP clients other than fetch, and the values they may return.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { clientTools } from '../../tools/npm.mjs';
import { bundle } from '../support/browsers/bundle.mjs';
import { TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';
import { seen } from '../support/until.mjs';

/** How a page asks, as its own code: a POST of JSON to a URL. */
const CLIENTS = {
  axios: 'async (url, body, signal) => (await axios.post(url, body, { signal })).data',
  ky: 'async (url, json, signal) => (await ky.post(url, { json, signal, retry: 0 })).json()',
  ofetch: "(url, body, signal) => ofetch(url, { method: 'POST', body, signal, retry: 0 })",
  'XMLHttpRequest, rejecting with itself': `(url, body, signal) => new Promise((resolve, reject) => {
    const request = Object.assign(new XMLHttpRequest(), { responseType: 'json' });
    request.open('POST', url);
    request.setRequestHeader('content-type', 'application/json');
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(request));
    request.onerror = () => reject(request);
    signal.addEventListener('abort', () => request.abort());
    request.send(JSON.stringify(body));
  })`,
};

const bundled = async () =>
  bundle(
    "export { default as axios } from 'axios'; export { default as ky } from 'ky'; export { ofetch } from 'ofetch';",
    await clientTools(),
  );
let clients;

async function open(name) {
  const script = await (clients ??= bundled());
  return openUploads(name, {
    routes: (app) => {
      app.get('/clients.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript' }));
      app.get('/sign-in', (c) => c.html('<!doctype html><title>Sign in</title>'));
    },
  });
}

uploadsInBrowsers(open, (uploads, name) => {
  let s3;
  let sha256;
  before(() => {
    ({ s3 } = uploads);
    sha256 = uploads.write(TWO_PARTS);
  });

  async function expectArrived({ id, error }) {
    assert.equal(error, undefined);
    assert.equal((await s3.open(id)).sha256, sha256);
  }
  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;

  // What an engine says of a broken connection, it says to fetch and to XMLHttpRequest: one client of each shows it.
  const anyEngine = ANY_ENGINE.includes(name);
  for (const [client, ask] of Object.entries(CLIENTS)) {
    if (!anyEngine && (client === 'axios' || client === 'ofetch')) continue;
    const code = `{ ask: await import('/clients.js').then(({ axios, ky, ofetch }) => (${ask})) }`;

    test(`an upload whose server is asked through ${client} retries after 503, a broken connection and 429`, async () => {
      const faults = {
        createMultipartUpload: { does: 'answer', status: 503 },
        'signPart 2': { does: 'cut' },
        completeMultipartUpload: { does: 'answer', status: 429 },
      };
      // Browsers repeat some requests by themselves when a connection breaks: the fault persists until the page has noticed.
      let left = Object.keys(faults);
      s3.faults.fault = (asked) => (left.includes(asked) ? faults[asked] : undefined);
      await uploads.begin({ concurrency: 1 }, code);
      // A fault may be met several times before the test looks.
      const met = (retries) =>
        retries
          .map(({ error }) => error.status)
          .filter((status, index, all) => index === 0 || status !== all[index - 1]);
      while (left.length > 0) {
        const before = Object.keys(faults).length - left.length;
        await seen(async () => met(await uploads.retries()).length > before);
        left = left.slice(1);
      }
      const outcome = await uploads.settled();
      await expectArrived(outcome);
      assert.deepEqual(met(outcome.retries), [503, undefined, 429]);
    });

    // The test above shows what clients make of each engine's statuses.
    if (!anyEngine) continue;
    test(`an upload whose server is asked through ${client} ends at 403, and reports the status`, async () => {
      s3.faults.add('signPart 2', { does: 'answer', status: 403 });
      const { error } = await uploads.upload({ concurrency: 1 }, code);
      assert.deepEqual(
        { code: error?.code, status: error?.status, part: error?.part, times: times('signPart 2') },
        { code: 'ERR_UPLOAD', status: 403, part: 2, times: 1 },
      );
    });

    // XMLHttpRequest gives nothing but null of a page that is read as JSON.
    if (client.startsWith('XMLHttpRequest')) continue;
    test(`an upload is not done if ${client} has followed the last request to a login page, and continues after signing in`, async () => {
      s3.faults.add('completeMultipartUpload', { does: 'answer', status: 302, path: '/sign-in' }, 1);
      const outcome = await uploads.upload({}, `{ ...${code}, resume: () => true }`);
      await expectArrived(outcome);
      assert.deepEqual(
        { told: outcome.told.map((error) => error.code), times: times('completeMultipartUpload') },
        { told: ['ERR_UPLOAD'], times: 2 },
      );
    });
  }

  // Only the first two are objects of the platform.
  for (const [what, headers] of Object.entries({
    Headers: 'new Headers(pairs)',
    'Headers of another window':
      'new (document.body.appendChild(document.createElement("iframe")).contentWindow.Headers)(pairs)',
    'pairs of name and value': 'pairs',
    'a Map': 'new Map(pairs)',
    'a plain object': 'Object.fromEntries(pairs)',
  }).slice(0, anyEngine ? undefined : 2)) {
    test(`signed headers may be given as ${what}`, async () => {
      const code = `{ alter: ({ url, headers }) => { const pairs = Object.entries(headers); return { url, headers: ${headers} }; } }`;
      const outcome = await uploads.upload({ checksumAlgorithm: 'SHA256' }, code);
      await expectArrived(outcome);
      const sent = s3.faults.seen.filter(({ name }) => name.startsWith('PUT'));
      assert.deepEqual(
        sent.map(({ headers }) => 'x-amz-checksum-sha256' in headers),
        [true, true],
      );
    });
  }
});
