import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { printed } from '../../scripts/lib/kms.mjs';
import { bundleWays } from './bundle.mjs';
import { createFormReceiver } from './form.mjs';
import { guard, jsonObject, jsonOnly, refusal, unknownUpload } from './guard.mjs';
import { multipart } from './multipart.mjs';
import { createOpening } from './opening.mjs';
import { renderPages, renderRefusal } from './pages.mjs';
import { createTusReceiver } from './tus.mjs';
import { Unfinished } from './unfinished.mjs';
import { Uploads } from './uploads.mjs';
import { WAYS } from './ways.mjs';

const PAGE = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../dist', import.meta.url));

const EXPIRE_EVERY = 10 * 60 * 1000;

/**
 * The demo's server: the pages, the public key, four ways to upload, what arrived, and opening it.
 *
 * @param {object} options
 * @param {import('@aws-sdk/client-kms').KMSClient} options.kms
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('@aws-sdk/client-kms').GetPublicKeyCommandOutput} options.publicKey the answer of GetPublicKey
 * @param {string[]} options.origins the addresses under which the server is reached
 * @param {number} options.maxUploadSize the largest envelope that it signs or takes
 * @param {Unfinished} [options.unfinished]
 * @param {boolean} options.emulated whether KMS and S3 are the emulator's
 * @returns {Promise<{ fetch: Hono['fetch'], close: () => Promise<void> }>}
 */
export async function createApp({
  kms, s3, bucket, publicKey, origins, maxUploadSize, emulated, unfinished = new Unfinished({ maxBytes: 8 * maxUploadSize }),
}) {
  const uploads = new Uploads(s3, bucket, unfinished);
  const keyArn = publicKey.KeyId;
  const openUpload = createOpening({ kms, keyArn, uploads });
  const receiveForm = createFormReceiver({ uploads, unfinished, keyArn, maxUploadSize });
  const tus = await createTusReceiver({ uploads, unfinished, keyArn, origins, maxUploadSize });
  const pages = renderPages();
  const bundled = await bundleWays();
  const app = new Hono();

  app.use(securityHeaders(await uploads.origin()));
  app.use(guard(origins));
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', c.req.method === 'POST' ? 'no-store' : 'no-cache');
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    // Nobody is there to read the answer of a request that the page has cancelled.
    if (!c.req.raw.signal.aborted) console.error(error);
    const message = `S3 or KMS did not do what the server asked (${error.name}). Its terminal says more.`;
    return c.json({ error: 'ERR_SERVER', message }, 502);
  });

  app.use('/uploads/*', jsonOnly);

  app.get('/kms-public-key.json', (c) => c.json(printed(publicKey)));
  app.get('/demo.json', (c) => c.json({ emulated, maxUploadSize }));

  // The context names the upload, so its id must exist before sealing; the size is known, and signed, only after it.
  app.post('/uploads', bodyLimit({ maxSize: 1024 }), async (c) => {
    const { way } = await jsonObject(c);
    if (typeof way !== 'string' || !Object.hasOwn(WAYS, way)) {
      throw refusal(400, 'BAD_WAY', `Send the way that it will come as JSON: { "way": one of "${Object.keys(WAYS).join('", "')}" }.`);
    }
    await unfinished.expire();
    return c.json({ id: uploads.create(way) }, 201);
  });
  app.post('/uploads/:id/open', async (c) => c.json(await openUpload(known(uploads, c), c.req.raw.signal)));
  app.route('/uploads', multipart({ s3, bucket, keyOf: (id) => uploads.get(id)?.key, maxSize: maxUploadSize, unfinished }));

  app.get('/arrivals.json', async (c) => {
    const way = c.req.query('way');
    const arrivals = (await uploads.list()).filter((arrival) => way === undefined || arrival.way === way);
    return c.json(arrivals.map(({ way, ...arrival }) => ({ ...arrival, via: WAYS[way] })));
  });

  app.post('/form', async (c) => {
    const sentByBrowser = c.req.header('accept')?.includes('text/html');
    try {
      const stored = await receiveForm(c.env.incoming);
      return sentByBrowser ? c.redirect('/arrived', 303) : c.json({ stored }, 201);
    } catch (error) {
      if (!sentByBrowser || !(error instanceof HTTPException)) throw error;
      const { message } = await error.getResponse().json();
      return c.html(renderRefusal(message), error.status);
    }
  });
  // Not GET, which would hand out what has arrived so far.
  app.on(['POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'], ['/tus', '/tus/:id'], (c) => tus.handle(c.req.raw));

  for (const [path, page] of pages) app.get(path, (c) => c.html(page));
  app.get('/ways/:file', (c) => {
    const file = bundled.get(c.req.param('file'));
    return file ? c.body(file.body, 200, { 'content-type': file.type }) : c.notFound();
  });
  // The patterns allow no slash: neither server/ nor anything beside the built files can be asked for.
  app.get('/:file{[a-z-]+\\.(?:js|css)}', serveStatic({ root: PAGE }));
  const withoutPrefix = (path) => path.replace(/^\/kmseal/, '');
  app.get('/kmseal/:file{[\\w-]+\\.(?:js|wasm)}', serveStatic({ root: PACKAGE, rewriteRequestPath: withoutPrefix }));
  app.notFound((c) => c.json({ error: 'NOT_FOUND', message: 'There is nothing at this address.' }, 404));
  // Also while nobody asks for anything.
  const timer = setInterval(() => unfinished.expire().catch(console.error), EXPIRE_EVERY).unref();
  return {
    fetch: app.fetch,
    close() {
      clearInterval(timer);
      return tus.close();
    },
  };
}

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
      // Forms are sent from the form's page alone.
      formAction: [(c) => (c.req.path === '/form' ? "'self'" : "'none'")],
      frameAncestors: ["'none'"],
    },
    // Under no-referrer, browsers send a form with the origin "null", which the guard refuses.
    referrerPolicy: 'same-origin',
    // Plain http on loopback: a promise of https would be kept for every other local server too.
    strictTransportSecurity: false,
  });
}
