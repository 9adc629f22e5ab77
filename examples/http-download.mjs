// Serves sealed objects of an S3 bucket in the clear, whole or in ranges, as a handler for node:http.
//
//     import { createServer } from 'node:http';
//     createServer(downloads({ s3, bucket: 'uploads', opener, authorize })).listen(8080, '127.0.0.1');
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';

/**
 * @param {object} options
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('kmseal').Opener} options.opener
 * @param {(request: import('node:http').IncomingMessage) => Promise<{ key: string, encryptionContext: Record<string, string> } | undefined>} options.authorize
 *   which object this request may see, and the context it was sealed with: without it, one person's envelope could be put in another's place
 * @returns {import('node:http').RequestListener}
 */
export function downloads({ s3, bucket, opener, authorize }) {
  return async (request, response) => {
    // The reader has left: no more of the object is fetched, and KMS is not waited for.
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const allowed = request.method === 'GET' ? await authorize(request) : undefined;
      if (!allowed) return void response.writeHead(404).end();
      const { key, encryptionContext } = allowed;
      const options = { encryptionContext, signal: left.signal };
      const range = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(request.headers.range ?? '');
      const plaintext = range ? await part(range, key, options, response) : await whole(key, options, response);
      // A stream gives frames before the end of the envelope is seen. If that is cut off or altered, pipeline destroys the socket:
      // the reader sees a failed download, never a short file that looks whole.
      if (plaintext) await pipeline(Readable.fromWeb(plaintext), response);
    } catch (error) {
      if (left.signal.aborted) return;
      console.error(`${request.url}: ${error.code ?? error.name}: ${error.message}`);
      if (response.headersSent) response.destroy(error);
      else response.writeHead(error.name === 'NoSuchKey' || error.name === 'NotFound' ? 404 : 502).end();
    }
  };

  async function whole(key, options, response) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: options.signal });
    const { plaintext } = await opener.open(Body, options);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', 'cache-control': 'no-store' });
    return plaintext;
  }

  async function part([, first, last, length], key, options, response) {
    const object = { Bucket: bucket, Key: key };
    const head = await s3.send(new HeadObjectCommand(object), { abortSignal: options.signal });
    const source = {
      size: head.ContentLength,
      async read(start, end, { signal }) {
        // If the object is replaced meanwhile, IfMatch makes S3 refuse.
        const get = new GetObjectCommand({ ...object, Range: `bytes=${start}-${end - 1}`, IfMatch: head.ETag });
        return (await s3.send(get, { abortSignal: signal })).Body.transformToByteArray();
      },
    };
    // RFC 9110, 14.1.2: `-5` are the last five bytes, and `-0` are none.
    const [from, to] = first ? [Number(first), last ? Number(last) + 1 : undefined] : [-length || Infinity, undefined];
    const { plaintext, start, end, size } = await opener.openRange(source, from, to, options);
    if (start >= end) {
      await plaintext.cancel();
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return undefined;
    }
    response.writeHead(206, {
      'content-type': 'application/octet-stream',
      'content-range': `bytes ${start}-${end - 1}/${size}`,
      'content-length': end - start,
      'cache-control': 'no-store',
    });
    return plaintext;
  }
}
