// Where Uppy's uploaders send files: S3 by presigned URLs, with its bucket's CORS rule enforced, a form's target, and a tus server,
// each behind a relay; and the page's own server, which signs.
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { printed } from '../../../tools/kms.mjs';
import { bundle } from '../browsers/bundle.mjs';
import { startKms } from './kms.mjs';
import { startRelay } from './relay.mjs';
import { startTus } from './tus.mjs';

const BUCKET = 'uploads';

/** The command for a request of @uppy/aws-s3. */
function commandFor({ method, key: Key, uploadId: UploadId, partNumber: PartNumber, contentType: ContentType }) {
  const input = { Bucket: BUCKET, Key, UploadId };
  if (method === 'PUT')
    return PartNumber
      ? new UploadPartCommand({ ...input, PartNumber })
      : new PutObjectCommand({ ...input, ContentType });
  if (method === 'POST')
    return UploadId ? new CompleteMultipartUploadCommand(input) : new CreateMultipartUploadCommand(input);
  return method === 'GET' ? new ListPartsCommand(input) : new AbortMultipartUploadCommand(input);
}

/** A server that says yes to every form. */
async function startForms() {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    request
      .resume()
      .on('end', () => response.writeHead(200, { ...cors, 'content-type': 'application/json' }).end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close().closeAllConnections() };
}

/** @param {{ spec?: string }} [options] of the key */
export async function startUploaders({ spec } = {}) {
  const kms = await startKms({ auth: true });
  const key = await kms.createKey(spec && { spec });
  const forms = await startForms();
  const tus = await startTus();
  const relays = { s3: await startRelay(kms.emulator.endpoint), form: await startRelay(forms.origin), tus: tus.relay };
  const clients = [kms.emulator.endpoint, relays.s3.origin].map(
    (endpoint) =>
      new S3Client({
        ...kms.emulator.config,
        endpoint,
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
      }),
  );
  const [s3, signing] = clients;
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const opener = await kms.openerFor(key);
  const signed = [];
  const scripts = await bundle(`
    export { default as Uppy, BasePlugin } from '@uppy/core';
    export { default as AwsS3 } from '@uppy/aws-s3';
    export { default as XHRUpload } from '@uppy/xhr-upload';
    export { default as Tus } from '@uppy/tus';
    export { default as GoldenRetriever } from '@uppy/golden-retriever';
    export { defaultOptions as tusDefaults } from 'tus-js-client';
    export { default as Seal } from 'kmseal/uppy';
    export { resumeTusOptions, tusOptions } from 'kmseal/tus';
    export { UploadStore } from 'kmseal/store';
  `);

  return {
    kms,
    key: printed(key),
    relays,
    tus,
    /** For pages. */
    places: { form: relays.form.origin, tus: tus.endpoint },
    connect: Object.values(relays).map(({ origin }) => origin),

    /** For startServer(): the script of all that is used, and the signer. */
    routes(app) {
      app.get('/uppy.js', (c) => c.body(scripts, 200, { 'Content-Type': 'text/javascript' }));
      app.post('/sign', async (c) => {
        const body = await c.req.text();
        signed.push({ method: 'POST', url: c.req.url, headers: c.req.header(), body: Buffer.from(body) });
        return c.json({ url: await getSignedUrl(signing, commandFor(JSON.parse(body)), { expiresIn: 600 }) });
      });
    },

    allow(origin) {
      const rule = {
        AllowedOrigins: [origin],
        AllowedMethods: ['PUT', 'POST', 'GET', 'DELETE'],
        AllowedHeaders: ['*'],
        ExposeHeaders: ['ETag'],
      };
      return s3.send(new PutBucketCorsCommand({ Bucket: BUCKET, CORSConfiguration: { CORSRules: [rule] } }));
    },

    /** Every request that a page has sent since reset(). */
    seen: () => [...signed, ...Object.values(relays).flatMap(({ seen }) => seen)],
    reset() {
      signed.length = 0;
      for (const relay of Object.values(relays)) relay.reset();
    },

    /** The object of this key: its bytes, and what S3 knows of it. */
    async object(Key) {
      const { Body, ContentType, Metadata } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      return { bytes: await Body.transformToByteArray(), type: ContentType, metadata: Metadata };
    },

    /** The forms that came. */
    forms: () =>
      Promise.all(
        relays.form.seen.map(({ headers, body }) =>
          new Response(body, { headers: { 'content-type': headers['content-type'] } }).formData(),
        ),
      ),

    /** An envelope's content, through KMS. */
    open: async (envelope, encryptionContext) =>
      Buffer.from((await opener.open(new Uint8Array(envelope), { encryptionContext })).plaintext),

    /** The description that came with an envelope, opened. */
    async describe(envelope, description, encryptionContext) {
      const { messageId } = await opener.open(new Uint8Array(envelope), { encryptionContext });
      return { ...(await opener.describe(description, { messageId, encryptionContext })) };
    },

    async close() {
      opener.close();
      for (const client of clients) client.destroy();
      await relays.s3.close();
      await relays.form.close();
      await tus.close();
      forms.close();
      await kms.close();
    },
  };
}
