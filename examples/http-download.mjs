// Serves sealed objects of an S3 bucket in the clear, whole or in ranges, as a handler for node:http.
//
//     import { createServer } from 'node:http';
//     const server = createServer(downloads({ s3, bucket: 'uploads', opener, authorize })).listen(8080, '127.0.0.1');
//     server.setTimeout(60_000); // readers who take nothing; S3 and KMS have time limits of their own
//
// Its role needs s3:GetObject and kms:Decrypt.
import { addAbortSignal } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { respond } from 'kmseal/node';

/** Bytes that are read of an object to see what it is: its header, and of a small one everything. */
const FIRST = 128 * 1024;
/** Bytes that a range may cost beyond those that it gives. */
const MAX_OVERHEAD = 4 * 1024 * 1024;

/**
 * @typedef {{ key: string, encryptionContext: Record<string, string>, filename?: string, type?: string }} Allowed key: of the object;
 *   encryptionContext: what it was sealed with, without which one person's envelope could be put in another's place
 */

/**
 * @param {object} options
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('kmseal').Opener} options.opener
 * @param {(request: import('node:http').IncomingMessage) => Promise<Allowed | undefined>} options.authorize which object this request may see
 * @returns {import('node:http').RequestListener}
 */
export function downloads({ s3, bucket, opener, authorize }) {
  return async (request, response) => {
    // The reader has left: no more of the object is fetched, and KMS is not waited for.
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      await answer(request, response, left.signal);
    } catch (error) {
      if (left.signal.aborted) return;
      console.error(`${JSON.stringify(request.url)}: ${error.code ?? error.name}: ${error.message}`);
      // What has begun was broken off by respond(): the reader sees a failed download, never a short file that looks whole.
      if (!response.headersSent) response.writeHead(STATUS[(error.cause ?? error).name] ?? 502).end();
    }
  };

  async function answer(request, response, signal) {
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    const allowed = await authorize(request);
    if (!allowed) return void response.writeHead(404).end();
    const { key, encryptionContext, filename, type } = allowed;
    if (Object.keys(encryptionContext ?? {}).length === 0) {
      throw new TypeError('authorize must give the encryptionContext that the object was sealed with');
    }

    const object = await look({ Bucket: bucket, Key: key }, signal);
    const headers = { etag: object.etag, 'accept-ranges': 'bytes' };
    const refused = precondition(request.headers, object.etag);
    if (refused) return void response.writeHead(refused, headers).end();

    // RFC 9110, 14.2: Range is of GET only, and one that is not of the version which If-Range names is passed over.
    const { range, 'if-range': ifRange = object.etag } = request.headers;
    const part = request.method === 'GET' && ifRange === object.etag ? rangeOf(range) : undefined;
    const options = { encryptionContext, signal, idleTimeout: 30_000 };
    if (part && (await overhead(object, part)) > MAX_OVERHEAD) return void response.writeHead(416, headers).end();
    const opened = await opener.openRange(object, part?.start, part?.end, options);
    await respond(response, opened, { filename, type, headers, status: part && 206 });
  }

  /** The object's first bytes, and how to read more of the same version. */
  async function look(object, signal) {
    const get = async (command, signal) => {
      const answer = await s3.send(command, { abortSignal: signal });
      return { ...answer, bytes: await addAbortSignal(signal, answer.Body).transformToByteArray() };
    };
    const { bytes: first, ...found } = await get(new GetObjectCommand({ ...object, Range: `bytes=0-${FIRST - 1}` }), signal);
    return {
      first,
      etag: found.ETag,
      size: Number(found.ContentRange.split('/')[1]),
      async read(start, end, { signal }) {
        if (end <= first.length) return first.subarray(start, end);
        // If the object is replaced meanwhile, S3 refuses: a range never mixes two versions.
        return (await get(new GetObjectCommand({ ...object, IfMatch: found.ETag, Range: `bytes=${start}-${end - 1}` }), signal)).bytes;
      },
    };
  }
}

/** By the name of what failed first. The object was replaced while it was read: the next request gets the new one. */
const STATUS = { NoSuchKey: 404, PreconditionFailed: 503, TypeError: 500 };

/** The status that ends a request whose condition fails (RFC 9110, 13.2.2), or undefined. */
function precondition({ 'if-match': ifMatch, 'if-none-match': ifNoneMatch }, etag) {
  const names = (field) => field.trim() === '*' || (field.match(/(?:W\/)?"[^"]*"/g) ?? []).includes(etag);
  if (ifMatch !== undefined && !names(ifMatch)) return 412;
  // A weak comparison: who has the same file, if only by a weak name, needs no second one.
  if (ifNoneMatch !== undefined && names(ifNoneMatch.replaceAll('W/"', '"'))) return 304;
  return undefined;
}

/** The one range that is asked for: `bytes=-5` are the last five, and `bytes=-0` are none. More ranges, or none, are answered whole. */
function rangeOf(field) {
  const [, first, last, length] = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(field ?? '') ?? [];
  if (first !== undefined) return { start: Number(first), end: last ? Number(last) + 1 : undefined };
  return length === undefined ? undefined : { start: -length || Infinity, end: undefined };
}

/** Bytes that are read for a range and not given: the final frame, which proves the size, and what frames hold beside it. */
async function overhead({ first, size }, { start, end = size }) {
  const { frameLength } = await inspect(new Blob([first]).stream());
  const asked = Math.min(end, size) - (start < 0 ? Math.max(size + start, 0) : start);
  // Frames grow with the file, so that there are at most 12,000: a thousandth of it is no more than kmseal's own would cost.
  return 2 * frameLength - Math.max(asked, size / 1000);
}
