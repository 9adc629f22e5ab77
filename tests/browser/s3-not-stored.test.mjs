// Answers with a good status that are not S3's: login pages, portals, proxies, service workers. An upload that S3 has not stored is never done.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { seen } from '../support/until.mjs';
import { LIMITS, MIB, TWO_PARTS, openUploads, uploadsInBrowsers } from '../support/browsers/uploads.mjs';

/* global kit -- of the page */

const HTML = '<!doctype html><title>Sign in</title>';
const STRONG = '"5d41402abc4b2a76b9719d911017c592"';
const WEAK = 'W/"5f-18c2"';
const ERROR = (code) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>We encountered an internal error.</Message></Error>`;

/** Pages of another origin that allow every page to read them: to sign in, with and without an ETag, and `/blank` with an ETag only. */
async function startElsewhere() {
  const answers = {
    '/login': [{}, HTML],
    '/weak': [{ etag: WEAK }, HTML],
    '/strong': [{ etag: STRONG }, HTML],
    '/blank': [{ etag: STRONG }, ''],
  };
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const allow = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*',
      'access-control-allow-methods': '*',
    };
    const [headers, body] = answers[request.url] ?? [{}, ''];
    const all = { ...allow, 'access-control-expose-headers': '*', 'content-type': 'text/html', ...headers };
    request.resume().on('end', () => response.writeHead(200, all).end(request.method === 'OPTIONS' ? '' : body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close().closeAllConnections() };
}

let elsewhere;
before(async () => {
  elsewhere = await startElsewhere();
});
after(() => elsewhere?.close());

const answer = (status, headers = {}, body = '') => ({ does: 'answer', status, headers, body });
const redirect = (status, path) => ({ does: 'answer', status, path });

const REDIRECTED = /was redirected to http:\/\/127\.0\.0\.1:\d+: S3 did not answer/;
const PERHAPS = /perhaps this envelope, whose answer was lost; look it up before you upload again/;
const SOMETHING_ELSE = /something other than S3 answered/;
const ANSWERS = {
  '301 to a login page': [redirect(301, '/login'), REDIRECTED],
  '302 to a login page': [redirect(302, '/login'), REDIRECTED],
  '303 to a login page': [redirect(303, '/login'), REDIRECTED],
  '307 to a login page': [redirect(307, '/login'), REDIRECTED],
  '308 to a login page': [redirect(308, '/login'), REDIRECTED],
  '303 to a login page with a weak ETag': [redirect(303, '/weak'), REDIRECTED],
  '303 to a login page with a strong ETag': [redirect(303, '/strong'), REDIRECTED],
  '307 to a page that says nothing': [redirect(307, '/blank'), REDIRECTED],
  "200 with a portal's HTML": [answer(200, { 'content-type': 'text/html' }, HTML), SOMETHING_ELSE],
  '200 with HTML and a strong ETag': [answer(200, { 'content-type': 'text/html', etag: STRONG }, HTML), SOMETHING_ELSE],
  "200 with a proxy's JSON": [
    answer(200, { 'content-type': 'application/json', etag: STRONG }, '{"queued":true}'),
    SOMETHING_ELSE,
  ],
  '200 with a weak ETag': [answer(200, { etag: WEAK }), SOMETHING_ELSE],
  '201 with an ETag': [answer(201, { etag: STRONG }), SOMETHING_ELSE],
  '202 with an ETag': [answer(202, { etag: STRONG }), SOMETHING_ELSE],
  '204 with an ETag': [answer(204, { etag: STRONG }), SOMETHING_ELSE],
  '206 with an ETag': [answer(206, { etag: STRONG }), SOMETHING_ELSE],
  '200 that says nothing': [
    answer(200),
    /shows no ETag, so it may not be stored; let the bucket's CORS rule expose it \(ExposeHeaders: ETag\)/,
  ],
  '200 with AccessDenied': [
    answer(200, { etag: STRONG }, ERROR('AccessDenied')),
    /S3 refused .* with status 200 \(AccessDenied\)/,
  ],
};
/** Those that show all that an engine does: to follow with the same method or another one, and to hand over status, ETag and body. A part needs no more. */
const TELLING = [
  '302 to a login page',
  '303 to a login page with a strong ETag',
  '307 to a page that says nothing',
  '200 with HTML and a strong ETag',
  '204 with an ETag',
  '200 that says nothing',
];

const open = (name) =>
  openUploads(name, {
    connect: [elsewhere.origin],
    routes(app) {
      app
        .all('/moved', (c) => c.redirect('/login.json', 303))
        .get('/login.json', (c) => c.json({ url: `${elsewhere.origin}/blank` }));
      app.get('/worker.js', (c) =>
        c.body(WORKER, 200, { 'content-type': 'text/javascript', 'service-worker-allowed': '/' }),
      );
    },
  });

uploadsInBrowsers(open, (uploads, name) => {
  let s3;
  before(() => {
    ({ s3 } = uploads);
  });

  const anyEngine = ANY_ENGINE.includes(name);
  const times = (asked) => s3.faults.names().filter((name) => name === asked).length;
  const at = ({ path, headers, ...fault }) => ({
    ...fault,
    headers: path ? { location: elsewhere.origin + path } : headers,
  });

  for (const { size, target } of [
    { size: MIB, target: 'PUT' },
    { size: TWO_PARTS, target: 'PUT 2' },
  ]) {
    // One function sends a whole envelope and a part, and reads the answers: what engines make of them, each shows by the former.
    if (target === 'PUT 2' && !anyEngine) continue;
    for (const [what, [fault, says]] of Object.entries(ANSWERS)) {
      if ((!anyEngine || target === 'PUT 2') && !TELLING.includes(what)) continue;
      test(`${target} does not count as done after ${what}`, async () => {
        uploads.write(size);
        s3.faults.add(target, at(fault));
        const { id, error } = await uploads.upload({ concurrency: 1 });
        assert.deepEqual(
          { code: error?.code, part: error?.part },
          { code: 'ERR_UPLOAD', part: target === 'PUT' ? undefined : 2 },
        );
        assert.match(error.message, says);
        assert.equal(times(target), 1);
        assert.equal(times('completeMultipartUpload'), 0);
        assert.equal(await s3.arrived(id), false);
      });
    }

    test(`${target} follows a 307 of S3 to another of its hosts with the same path and query`, async () => {
      const sha256 = uploads.write(size);
      // A request that is redirected to another origin comes from "null" (Fetch, "HTTP-redirect fetch").
      await s3.allow('*');
      const here = new URL(s3.origin);
      s3.faults.fault = (asked, seen) => {
        if (asked !== target || seen.headers.host !== here.host) return undefined;
        return answer(307, { location: `http://localhost:${here.port}${seen.url}` });
      };
      const { id, error } = await uploads.upload();
      await s3.allow(uploads.page.origin);
      assert.equal(error, undefined);
      assert.equal((await s3.open(id)).sha256, sha256);
      assert.equal(times(target), 2);
    });

    if (!anyEngine) continue;

    // As S3 answers, and Cloudflare R2, to a signature that has expired.
    for (const { status, code } of [
      { status: 200, code: 'InternalError' },
      { status: 400, code: 'ExpiredRequest' },
      { status: 403, code: 'ExpiredRequest' },
    ]) {
      test(`${target} is retried after ${status} with ${code}`, async () => {
        const sha256 = uploads.write(size);
        s3.faults.add(target, answer(status, {}, ERROR(code)), 1);
        const { id, error } = await uploads.upload();
        assert.equal(error, undefined);
        assert.equal((await s3.open(id)).sha256, sha256);
        assert.equal(times(target), 2);
      });
    }

    test(`${target} fails if 200 with InternalError persists`, async () => {
      uploads.write(size);
      s3.faults.add(target, answer(200, { etag: STRONG }, ERROR('InternalError')));
      const { id, error } = await uploads.upload({ retries: 1 });
      assert.deepEqual({ code: error?.code, status: error?.status }, { code: 'ERR_UPLOAD', status: 200 });
      assert.match(error.message, /with status 200 \(InternalError\); try again later/);
      assert.equal(await s3.arrived(id), false);
    });

    test(`${target} continues with the same envelope once the user has signed in`, async () => {
      const sha256 = uploads.write(size);
      s3.faults.add(target, at(redirect(303, '/login')), 1);
      const { id, error, told } = await uploads.upload({}, '{ resume: () => true }');
      assert.equal(error, undefined);
      assert.equal(told.length, 1);
      assert.equal((await s3.open(id)).sha256, sha256);
    });
  }

  // One function asks for each of them: every engine shows by the first one what it says of a redirection.
  for (const step of ['signPut', 'createMultipartUpload', 'signPart', 'completeMultipartUpload']) {
    if (step !== 'signPut' && !anyEngine) continue;
    test(`server.${step} does not count as answered if it is redirected to a page of JSON`, async () => {
      uploads.write(step === 'signPut' ? MIB : TWO_PARTS);
      const { id, error } = await uploads.upload(
        { concurrency: 1 },
        `{ callbacks: { ${step}: () => fetch('/moved', { method: 'POST' }) } }`,
      );
      assert.equal(error?.code, 'ERR_UPLOAD');
      assert.match(error.message, new RegExp(`server.${step} was redirected, so the server did not answer`));
      assert.equal(await s3.arrived(id), false);
    });
  }

  // With broken connections, which engines report, s3-delivered.test.mjs has them in each.
  if (anyEngine)
    describe('a PUT that overwrites nothing', () => {
      test('a PUT that must not overwrite counts as delivered once the page has looked it up', async () => {
        const sha256 = uploads.write(MIB);
        let lost = false;
        s3.faults.fault = (asked) =>
          asked === 'PUT' && !lost ? ((lost = true), { does: 'answer', status: 500, after: 'all' }) : undefined;
        const { id, error } = await uploads.upload({ looksUp: true });
        assert.equal(error, undefined);
        assert.equal((await s3.open(id)).sha256, sha256);
        assert.deepEqual(s3.faults.names(), ['HEAD', 'PUT', 'PUT', 'headObject', 'signPut', 'signPut']);
        const [put] = s3.faults.seen.filter(({ name }) => name === 'PUT');
        assert.equal(put.headers['if-none-match'], '*');
        assert.match(put.headers['x-amz-checksum-sha256'], /^[\w+/]{43}=$/);
      });

      test('a PUT that must not overwrite counts as perhaps delivered if the page cannot look it up', async () => {
        uploads.write(MIB);
        s3.faults.add('PUT', answer(412, {}, ERROR('PreconditionFailed')));
        const { error } = await uploads.upload();
        assert.deepEqual(
          { code: error?.code, status: error?.status, times: times('PUT') },
          { code: 'ERR_UPLOAD', status: 412, times: 1 },
        );
        assert.match(error.message, PERHAPS);
      });

      for (const { what, code } of [
        {
          what: 'what it finds has other bytes',
          code: '{ callbacks: { headObject: ({ size }) => ({ ContentLength: size, ChecksumSHA256: btoa("x") }) } }',
        },
        {
          what: 'what it finds has no checksum',
          code: '{ callbacks: { headObject: ({ size }) => ({ ContentLength: size }) } }',
        },
        { what: 'it may not look', code: '{ callbacks: { headObject: () => new Response("no", { status: 403 }) } }' },
      ]) {
        test(`a PUT that must not overwrite counts as perhaps delivered where ${what}`, async () => {
          uploads.write(MIB);
          let lost = false;
          s3.faults.fault = (asked) =>
            asked === 'PUT' && !lost ? ((lost = true), { does: 'answer', status: 500, after: 'all' }) : undefined;
          const { id, error } = await uploads.upload({ looksUp: true }, code);
          assert.deepEqual({ code: error?.code, status: error?.status }, { code: 'ERR_UPLOAD', status: 412 });
          assert.match(error.message, PERHAPS);
          assert.equal(await s3.arrived(id), true);
        });
      }
    });

  // The last ones, since the page keeps its worker.
  test('an answer by a service worker in place of S3 does not count as stored', async () => {
    uploads.write(MIB);
    await uploads.page.evaluate(async (origin) => {
      await navigator.serviceWorker.register(`/worker.js?${origin}`, { scope: '/' });
      await navigator.serviceWorker.ready;
      const { serviceWorker } = navigator;
      if (!serviceWorker.controller)
        await new Promise((resolve) => {
          serviceWorker.addEventListener('controllerchange', resolve, { once: true });
        });
    }, s3.origin);
    for (const { way, says } of [
      { way: 'empty', says: /shows no ETag/ },
      { way: 'queued', says: SOMETHING_ELSE },
      { way: 'accepted', says: SOMETHING_ELSE },
      { way: 'opaque', says: /S3 did not answer/ },
    ]) {
      await uploads.page.evaluate((way) => fetch(`/answer/${way}`), way);
      const { id, error } = await uploads.upload({ retries: 0 });
      assert.equal(error?.code, 'ERR_UPLOAD', way);
      assert.match(error.message, says);
      assert.equal(await s3.arrived(id), false);
    }
  });

  test('a slow PUT through a service worker, which hides its progress, has not stalled, and may have arrived', async () => {
    s3.faults.add('PUT', { does: 'stall', after: 'all' });
    await uploads.page.evaluate(() => fetch('/answer/passed'));
    const id = await uploads.begin({ ...LIMITS, retries: 0 });
    await seen(() => s3.arrived(id));
    // In some engines the worker's own request tells at its end that all was sent.
    assert.equal((await uploads.limits()).includes(LIMITS.stallTimeout), false, 'no byte is waited for');
    await uploads.expire();
    const { error } = await uploads.settled();
    assert.match(error.message, /the envelope is perhaps delivered, since an answer was lost/);
  });
});

/** Answers PUTs to the origin in its own URL's query as it was last told. */
const WORKER = `
const origin = decodeURIComponent(location.search.slice(1));
let way;
const ANSWERS = {
  empty: () => new Response(''),
  queued: () => Response.json({ queued: true }),
  accepted: () => new Response(null, { status: 202, headers: { etag: '"5d41402abc4b2a76b9719d911017c592"' } }),
  opaque: () => fetch(origin, { mode: 'no-cors' }),
  passed: (request) => fetch(request),
};
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { pathname, origin: asked } = new URL(event.request.url);
  if (pathname.startsWith('/answer/')) {
    way = pathname.split('/')[2];
    event.respondWith(new Response('ok'));
  } else if (asked === origin && event.request.method === 'PUT') event.respondWith(ANSWERS[way](event.request));
});
`;
