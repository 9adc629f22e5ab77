import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { guard, refusal } from './guard.mjs';
import { createOpening } from './opening.mjs';
import { Uploads } from './uploads.mjs';

const PAGE = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../dist', import.meta.url));

/**
 * The demo's server: the page, the public key, presigned uploads, and opening them.
 *
 * @param {object} options
 * @param {import('@aws-sdk/client-kms').KMSClient} options.kms
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('@aws-sdk/client-kms').GetPublicKeyCommandOutput} options.publicKey the answer of GetPublicKey
 * @param {string[]} options.origins the addresses under which the server is reached
 * @param {number} options.maxUploadSize the largest envelope that it signs
 * @param {boolean} options.emulated whether KMS and S3 are the emulator's
 */
export async function createApp({ kms, s3, bucket, publicKey, origins, maxUploadSize, emulated }) {
  const uploads = new Uploads(s3, bucket);
  const openUpload = createOpening({ kms, keyArn: publicKey.KeyId, uploads });
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

  app.get('/kms-public-key.json', (c) => c.json(getPublicKeyJson(publicKey)));
  app.get('/demo.json', (c) => c.json({ emulated, maxUploadSize }));

  // The context names the upload, so its id must exist before sealing; the size is known, and signed, only after it.
  app.post('/uploads', (c) => c.json({ id: uploads.create() }, 201));
  app.post('/uploads/:id/url', bodyLimit({ maxSize: 1024 }), async (c) => {
    const id = known(uploads, c);
    const { size } = await c.req.json().catch(() => ({}));
    if (!Number.isSafeInteger(size) || size < 1) {
      throw refusal(400, 'BAD_SIZE', 'Send the size of the envelope as JSON: { "size": bytes }.');
    }
    if (size > maxUploadSize) {
      const limit = `${Math.floor(maxUploadSize / 2 ** 20)} MiB`;
      throw refusal(413, 'TOO_LARGE', `This demo takes envelopes of up to ${limit} and this one is larger.`);
    }
    return c.json({ id, ...(await uploads.sign(id, size)) });
  });
  app.post('/uploads/:id/open', async (c) => c.json(await openUpload(known(uploads, c), c.req.raw.signal)));

  // The patterns allow no slash: neither server/ nor anything beside the built files can be asked for.
  app.get('/', serveStatic({ path: `${PAGE}/index.html` }));
  app.get('/:file{[a-z-]+\\.(?:js|css)}', serveStatic({ root: PAGE }));
  const withoutPrefix = (path) => path.replace(/^\/kmseal/, '');
  app.get('/kmseal/:file{[\\w-]+\\.(?:js|wasm)}', serveStatic({ root: PACKAGE, rewriteRequestPath: withoutPrefix }));
  app.notFound((c) => c.json({ error: 'NOT_FOUND', message: 'There is nothing at this address.' }, 404));
  return app;
}

/** @param {Uploads} uploads @param {import('hono').Context} c */
function known(uploads, c) {
  const id = c.req.param('id');
  if (!uploads.has(id)) throw refusal(404, 'UNKNOWN_UPLOAD', 'This server has handed out no such upload since it was started.');
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
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // Plain http on loopback: a promise of https would be kept for every other local server too.
    strictTransportSecurity: false,
  });
}

/** GetPublicKey as `aws kms get-public-key` prints it. */
function getPublicKeyJson({ $metadata, PublicKey, ...rest }) {
  return { ...rest, PublicKey: Buffer.from(PublicKey).toString('base64') };
}
