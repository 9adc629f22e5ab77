import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { printed } from '../../tools/kms.mjs';
import { bundleWays } from './bundle.mjs';
import { createFormReceiver } from './form.mjs';
import { guard, jsonObject, jsonOnly, refusal, unknownUpload } from './guard.mjs';
import { multipart } from './multipart.mjs';
import { fingerprintOf, kindOf, pathOf } from './keys.mjs';
import { createNaming } from './naming.mjs';
import { createOpener, createOpening } from './opening.mjs';
import { renderPages, renderRefusal } from './pages.mjs';
import { createTusReceiver } from './tus.mjs';
import { Unfinished } from './unfinished.mjs';
import { Uploads } from './uploads.mjs';
import { WAYS } from './ways.mjs';

const PAGE = fileURLToPath(new URL('..', import.meta.url));
// With every kind of key, among which the first page lets its reader choose.
const PACKAGE = fileURLToPath(new URL('../../dist/inline', import.meta.url));

const EXPIRE_EVERY_MS = 10 * 60 * 1000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** How many bytes of a stored envelope are read at a time, to be shown. */
const MAX_EXCERPT = 4096;

/**
 * The demo's server: the pages, the public key, four ways to upload, what arrived, opening it, and unlocking it for the page.
 *
 * @param {object} options
 * @param {import('@aws-sdk/client-kms').KMSClient} options.kms
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('./keys.mjs').PublicKey[]} options.publicKeys the answers of GetPublicKey, that of the ways to upload first
 * @param {string[]} options.origins the addresses under which the server is reached
 * @param {number} options.maxFileSize the largest file that pages take, in bytes
 * @param {number} options.maxUploadSize the largest envelope that it signs or takes, in bytes
 * @param {Unfinished} [options.unfinished]
 * @param {boolean} options.emulated whether KMS and S3 are the emulator's
 * @returns {Promise<{ fetch: Hono['fetch'], close: () => Promise<void> }>}
 */
export async function createApp({
  kms,
  s3,
  bucket,
  publicKeys,
  origins,
  maxFileSize,
  maxUploadSize,
  emulated,
  unfinished = new Unfinished({ maxBytes: 8 * maxUploadSize }),
}) {
  const uploads = new Uploads(s3, bucket, unfinished);
  const [publicKey] = publicKeys;
  const opener = await createOpener({ kms, publicKeys });
  const opening = createOpening({ opener, uploads });
  const nameOf = createNaming({ opener, uploads });
  const receiveForm = createFormReceiver({ uploads, unfinished, publicKey, maxUploadSize });
  const tus = await createTusReceiver({ uploads, unfinished, publicKey, origins, maxUploadSize });
  const facts = {
    emulated,
    fingerprint: fingerprintOf(publicKey),
    isExperimental: kindOf(publicKey) === 'ML-KEM',
    publicKeys,
    maxFileSize,
    region: publicKey.KeyId.split(':')[3],
  };
  const pages = renderPages(facts);
  const bundled = await bundleWays(facts);
  /** @type {Hono<{ Bindings: import('@hono/node-server').HttpBindings }>} */
  const app = new Hono();

  app.use(securityHeaders(await uploads.origin()));
  app.use(guard(origins));
  app.use(compress());
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', c.req.method === 'POST' ? 'no-store' : 'no-cache');
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    // Nobody reads the answer of a request that the page has cancelled.
    if (!c.req.raw.signal.aborted) console.error(error);
    const message = `S3 or KMS did not do what the server asked (${error.name}). Its terminal says more.`;
    return c.json({ error: 'ERR_SERVER', message }, 502);
  });

  app.use('/uploads/*', jsonOnly);

  app.get('/kms-public-key.json', (c) => c.json(printed(publicKey)));
  for (const key of publicKeys) app.get(pathOf(key), (c) => c.json(printed(key)));

  // The context names the upload, so its id must exist before sealing: a page that seals while the server is away makes one itself. The
  // size is known, and signed, only after it.
  app.post('/uploads', bodyLimit({ maxSize: 1024 }), async (c) => {
    const { way, id = randomUUID() } = await jsonObject(c);
    if (typeof id !== 'string' || !UUID.test(id))
      throw refusal(400, 'BAD_ID', 'Send an id as crypto.randomUUID() makes it, or none.');
    if (typeof way !== 'string' || !Object.hasOwn(WAYS, way)) {
      throw refusal(
        400,
        'BAD_WAY',
        `Send the way that it will come as JSON: { "way": one of "${Object.keys(WAYS).join('", "')}" }.`,
      );
    }
    await unfinished.expire();
    return c.json({ id: uploads.create(way, id) }, 201);
  });
  app.post('/uploads/:id/open', async (c) => {
    const id = known(uploads, c);
    const changed = c.req.query('changedByte');
    if (changed !== undefined && !isPosition(changed)) {
      throw refusal(
        400,
        'BAD_BYTE',
        'Send as changedByte which byte of the envelope is to be changed, from 0 on, or nothing.',
      );
    }
    const changedByte = changed === undefined ? undefined : Number(changed);
    return c.json(await opening.open(id, { signal: c.req.raw.signal, changedByte }));
  });
  app.post('/uploads/:id/unlock', async (c) => c.json(await opening.unlock(known(uploads, c), c.req.raw.signal)));
  app.get('/uploads/:id/envelope', async (c) => {
    const stored = await uploads.read(known(uploads, c), c.req.raw.signal);
    return c.body(Readable.toWeb(Readable.from(stored)), 200, { 'content-type': 'application/octet-stream' });
  });
  // Ciphertext, which anybody who reads the bucket has as well.
  app.get('/uploads/:id/stored', async (c) => {
    const id = known(uploads, c);
    const asked = [c.req.query('start'), c.req.query('end')];
    const [start, end] = asked.map(Number);
    if (!asked.every(isPosition) || end <= start || end - start > MAX_EXCERPT) {
      throw refusal(400, 'BAD_RANGE', `Ask for 1 to ${MAX_EXCERPT} bytes: start is the first, end is beyond the last.`);
    }
    const bytes = await uploads.readRange(id, { start, end, signal: c.req.raw.signal });
    return c.body(bytes, 200, { 'content-type': 'application/octet-stream' });
  });
  app.route(
    '/uploads',
    multipart({ s3, bucket, keyOf: (id) => uploads.get(id)?.key, maxSize: maxUploadSize, unfinished }),
  );

  app.get('/arrivals.json', async (c) => {
    const way = c.req.query('way');
    const arrivals = (await uploads.list()).filter((arrival) => way === undefined || arrival.way === way);
    const named = arrivals.map(async ({ way, ...arrival }) => ({
      ...arrival,
      via: WAYS[way],
      name: await nameOf(arrival),
    }));
    return c.json(await Promise.all(named));
  });

  app.post('/form', async (c) => {
    const sentByBrowser = c.req.header('accept')?.includes('text/html');
    try {
      const stored = await receiveForm(c.env.incoming);
      return sentByBrowser ? c.redirect('/arrived', 303) : c.json({ stored }, 201);
    } catch (error) {
      if (!sentByBrowser || !(error instanceof HTTPException)) throw error;
      const { message } = await error.getResponse().json();
      return c.html(renderRefusal(message, facts), error.status);
    }
  });
  app.on(['POST', 'PATCH', 'DELETE', 'OPTIONS'], ['/tus', '/tus/:id'], (c) => tus.handle(c.req.raw));
  // HEAD, which Hono takes for a GET, tells how far an upload is. A GET itself would return what has arrived so far.
  app.get('/tus/:id', (c) => (c.req.method === 'HEAD' ? tus.handle(c.req.raw) : c.notFound()));

  for (const [path, page] of pages) app.get(path, (c) => c.html(page));
  app.get('/ways/:file', (c) => {
    const file = bundled.get(c.req.param('file'));
    return file ? c.body(file.body, 200, { 'content-type': file.type }) : c.notFound();
  });
  // The patterns allow no further slash: neither server/ nor anything outside the built files can be requested.
  app.get('/:folder{pages|widgets|styles}/:file{[a-z-]+\\.(?:js|css)}', serveStatic({ root: PAGE }));
  const withoutPrefix = (path) => path.replace(/^\/kmseal/, '');
  app.get('/kmseal/:file{[\\w-]+\\.(?:js|wasm)}', serveStatic({ root: PACKAGE, rewriteRequestPath: withoutPrefix }));
  app.notFound((c) => c.json({ error: 'NOT_FOUND', message: 'There is nothing at this address.' }, 404));
  // Also while there are no requests.
  const timer = setInterval(() => unfinished.expire().catch(console.error), EXPIRE_EVERY_MS).unref();
  return {
    fetch: app.fetch,
    close() {
      clearInterval(timer);
      return tus.close();
    },
  };
}

/** A byte offset in a file, in digits. @param {string | undefined} text */
const isPosition = (text) => /^\d{1,15}$/.test(text ?? '');

/** @param {Uploads} uploads @param {import('hono').Context} c */
function known(uploads, c) {
  const id = c.req.param('id');
  if (!uploads.has(id)) throw unknownUpload();
  return id;
}

/** @param {string} uploadOrigin */
function securityHeaders(uploadOrigin) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'", uploadOrigin],
      imgSrc: ["'self'", 'data:'],
      baseUri: ["'none'"],
      // Only the form's page sends forms.
      formAction: [(c) => (c.req.path === '/form' ? "'self'" : "'none'")],
      frameAncestors: ["'none'"],
    },
    // Under no-referrer, browsers send a form with the origin "null", which the guard refuses.
    referrerPolicy: 'same-origin',
    // Plain http on loopback: a promise of https would apply to every other local server too.
    strictTransportSecurity: false,
  });
}
