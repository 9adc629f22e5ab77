// Serves sealed objects of an S3 bucket in the clear, whole or in ranges, as a handler for node:http.
//
//     import { createServer } from 'node:http';
//     const server = createServer(downloads({ s3, bucket: 'uploads', opener, authorize })).listen(8080, '127.0.0.1');
//     server.setTimeout(60_000); // for readers who read nothing; S3 and KMS have their own time limits
//
// A file has the name and type that were sealed with it in a description, which is in the object's metadata or beside it as KEY.description. With a
// `cache`, the opener asks KMS once for both. Its role needs s3:GetObject and kms:Decrypt.
// Behind Varnish, let vcl_recv `return (pass)`: otherwise it asks for the whole file, whatever range, or only HEAD, a reader asks for.
import { addAbortSignal } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { inspect } from 'kmseal';
import { respond } from 'kmseal/node';

/** Bytes of an object that are read to see what it is: its header, and all of a small one. */
const FIRST = 128 * 1024;
/** Bytes that a range may cost beyond those that it returns. */
const MAX_OVERHEAD = 4 * 1024 * 1024;

/**
 * @typedef {{ key: string, encryptionContext: Record<string, string>, filename?: string, type?: string }} Allowed key: of the object;
 *   encryptionContext: what it was sealed with; without it, one person's envelope could be put in another's place; filename and type: those of the
 *   file's description by default
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
    // The reader has left: nothing more is fetched, and KMS is not waited for.
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      await answer(request, response, left.signal);
    } catch (error) {
      if (left.signal.aborted) return;
      console.error(`${JSON.stringify(request.url)}: ${error.code ?? error.name}: ${error.message}`);
      // respond() broke off an answer that had begun: the reader sees a failed download, never a short file that looks complete.
      if (!response.headersSent) response.writeHead(STATUS[(error.cause ?? error).name] ?? 502, UNKEPT).end();
    }
  };

  async function answer(request, response, signal) {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    const allowed = await authorize(request);
    if (!allowed) return void response.writeHead(404, UNKEPT).end();
    const { key, encryptionContext, filename, type } = allowed;
    if (Object.keys(encryptionContext ?? {}).length === 0) {
      throw new TypeError('authorize must give the encryptionContext that the object was sealed with');
    }

    const object = await look({ Bucket: bucket, Key: key }, signal);
    const headers = { etag: object.etag, 'accept-ranges': 'bytes' };
    const refused = precondition(request.headers, object.etag);
    if (refused) return void response.writeHead(refused, headers).end();

    // RFC 9110, 14.2: Range applies to GET only, and is ignored if If-Range names another version.
    const { range, 'if-range': ifRange = object.etag } = request.headers;
    const part = request.method === 'GET' && ifRange === object.etag ? rangeOf(range) : undefined;
    const options = { encryptionContext, signal, idleTimeout: 30_000 };
    if (part && (await overhead(object, part)) > MAX_OVERHEAD) return void response.writeHead(416, headers).end();
    const described = filename === undefined ? await describe(object, options) : {};
    const opened = await opener.openRange(object, { ...part, ...options });
    // Names are hostile: respond() makes a header of one, and takes out what is dangerous.
    const file = { filename: filename ?? described.name, type: type ?? described.type };
    await respond(response, opened, { ...file, headers, status: part ? 206 : undefined });
  }

  /** What is sealed in the description of an object, if it has one. */
  async function describe({ first, description, readBeside }, { encryptionContext, signal }) {
    const sealed = description ?? (await readBeside(signal));
    if (!sealed) return {};
    // The bytes that openRange authenticates: another description is refused.
    const { messageId } = await inspect(new Blob([first]).stream());
    return opener.describe(sealed, { messageId, encryptionContext, signal });
  }

  /** The object's first bytes, and how to read more of the same version. */
  async function look(object, signal) {
    const get = async (range, signal) => {
      const { Body, ...answer } = await s3.send(new GetObjectCommand({ ...object, ...range }), { abortSignal: signal });
      addAbortSignal(signal, /** @type {import('node:stream').Readable} */ (Body));
      return { ...answer, bytes: await Body.transformToByteArray() };
    };
    const { bytes: first, ...found } = await get({ Range: `bytes=0-${FIRST - 1}` }, signal).catch(async (error) => {
      // S3 has no range of an empty object, which is not an envelope.
      if (error.name === 'InvalidRange') await inspect(new Uint8Array());
      throw error;
    });
    return {
      first,
      etag: found.ETag,
      description: found.Metadata?.['kmseal-description'],
      async readBeside(signal) {
        const beside = new GetObjectCommand({ ...object, Key: `${object.Key}.description` });
        // S3 answers 403 for an object that does not exist if the caller may not list the bucket.
        const isMissing = (error) => [403, 404].includes(error.$metadata?.httpStatusCode);
        const found = await s3.send(beside, { abortSignal: signal }).catch((error) => {
          if (!isMissing(error)) throw error;
          return undefined;
        });
        return found?.Body.transformToByteArray();
      },
      size: Number(found.ContentRange.split('/')[1]),
      async read(start, end, { signal }) {
        if (end <= first.length) return first.subarray(start, end);
        // If the object is replaced meanwhile, S3 refuses: a range never mixes two versions.
        return (await get({ IfMatch: found.ETag, Range: `bytes=${start}-${end - 1}` }, signal)).bytes;
      },
    };
  }
}

/** A cache would give one reader's 404 to those who may see the file. */
const UNKEPT = { 'cache-control': 'no-store' };

/** By the name of the first failure. The object was replaced while it was read: the next request gets the new one. */
const STATUS = { NoSuchKey: 404, PreconditionFailed: 503, TypeError: 500 };

/** The status that ends a request whose condition fails (RFC 9110, 13.2.2), or undefined. */
function precondition({ 'if-match': ifMatch, 'if-none-match': ifNoneMatch }, etag) {
  const names = (field) => field.trim() === '*' || (field.match(/(?:W\/)?"[^"]*"/g) ?? []).includes(etag);
  if (ifMatch !== undefined && !names(ifMatch)) return 412;
  // A weak comparison: a reader that has the same file, even by a weak name, needs no second one.
  if (ifNoneMatch !== undefined && names(ifNoneMatch.replaceAll('W/"', '"'))) return 304;
  return undefined;
}

/** The requested range: `bytes=-5` is the last five, and `bytes=-0` is empty. Several ranges, or none, get the whole file. */
function rangeOf(field) {
  const [, first, last, length] = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(field ?? '') ?? [];
  if (first !== undefined) return { start: Number(first), end: last ? Number(last) + 1 : undefined };
  return length === undefined ? undefined : { start: -length || Infinity, end: undefined };
}

/** Bytes that are read for a range and not returned: the final frame, which proves the size, and the rest of the frames. */
async function overhead({ first, size }, { start, end = size }) {
  const { frameLength } = await inspect(new Blob([first]).stream());
  const asked = Math.min(end, size) - (start < 0 ? Math.max(size + start, 0) : start);
  // Frames grow with the file, so that there are at most 12,000: a thousandth of it is no more than kmseal's own would cost.
  return 2 * frameLength - Math.max(asked, size / 1000);
}
