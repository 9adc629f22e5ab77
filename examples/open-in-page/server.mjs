// Unlocks sealed objects of an S3 bucket for a page that opens them, as a handler for node:http. The page is in page/.
//
//     import { createServer } from 'node:http';
//     const server = createServer(unlocking({ s3, bucket: 'uploads', opener, signIn, find, maySee })).listen(8080, '127.0.0.1');
//
// Serve page/ with kmseal in an import map (docs/hosting.md), or bundle index.js. save-worker.js is a file beside the page either way: in Vite's
// projects it goes into public/.
//
// POST /unlock/ID answers { unlocked, url, size, description }. It must not become a decryption oracle. It unlocks what is in the bucket under an id, and
// neither a header nor an encrypted data key that a page sends. The data key stays here. SECURITY.md says what such a server still learns.
//
// Its role needs s3:GetObject and kms:Decrypt. The bucket's CORS rule must let the page's origin GET with the header range.
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** Bytes that are read of an object. The longest header that the opener takes is shorter: 64 KiB of context, and 8 encrypted data keys. */
const FIRST = 128 * 1024;
/** Seconds for which the page may read the envelope by its URL. */
const URL_LIFETIME = 900;
const PATH = /^\/unlock\/([\w-]{1,100})$/;
/** Bytes of a description at most, as opener.describe takes it. */
const LONGEST_DESCRIPTION = 1024 * 1024;

/**
 * @template {{ id: string }} User
 * @param {object} options
 * @param {import('@aws-sdk/client-s3').S3Client} options.s3
 * @param {string} options.bucket
 * @param {import('kmseal').Opener} options.opener with `cache: { maxAge: 10_000 }` a file and its description take one call of KMS
 * @param {(request: import('node:http').IncomingMessage) => Promise<User | undefined>} options.signIn whose session the request has
 * @param {(id: string) => Promise<{ key: string, encryptionContext: Record<string, string> } | undefined>} options.find where an object is,
 *   and what it must be bound to: at least its id, since otherwise one envelope could be put in another's place
 * @param {(user: User, context: import('kmseal').EncryptionContext) => boolean | Promise<boolean>} options.maySee by the context, which is
 *   authentic by then
 * @param {{ requests: number, seconds: number }} [options.limit] how much one user may have unlocked in which time
 * @param {(entry: Record<string, unknown>) => void} [options.log] who opened what, and who was refused what
 * @returns {import('node:http').RequestListener}
 */
export function unlocking({ s3, bucket, opener, signIn, find, maySee, limit, log = logLine }) {
  const isWithin = limiter(limit);

  return async (request, response) => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const entry = { at: new Date().toISOString() };
    try {
      const { status, body, headers } = await answer(request, entry, left.signal);
      log({ ...entry, status });
      send(response, status, body, headers);
    } catch (error) {
      if (left.signal.aborted) return;
      // Where the envelope is refused, its sender is at fault; where KMS or S3 is, it may pass.
      const status = STATUS[error.code ?? error.name] ?? 502;
      log({ ...entry, status, error: `${error.code ?? error.name}: ${error.message}` });
      send(response, status, { error: error.code ?? 'ERR_SERVER' });
    }
  };

  async function answer(request, entry, signal) {
    const [, id] = PATH.exec(request.url) ?? [];
    if (!id) return { status: 404 };
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    // Another site may send a user's request, and not read the answer; it does not get that far.
    if (!['same-origin', undefined].includes(request.headers['sec-fetch-site'])) return { status: 403 };
    const user = await signIn(request);
    if (!user) return { status: 401 };
    Object.assign(entry, { user: user.id, id });
    const wait = isWithin(user.id);
    if (wait > 0) return { status: 429, headers: { 'retry-after': `${wait}` } };

    const found = await find(id);
    if (!found) return { status: 404 };
    const { key, encryptionContext } = found;
    if (Object.keys(encryptionContext ?? {}).length === 0)
      throw new TypeError('find must give the encryptionContext that the object is bound to, at least its id');
    const object = { Bucket: bucket, Key: key };
    const unlock = (header) => opener.unlock(header, { encryptionContext, signal });
    const range = { ...object, Range: `bytes=0-${FIRST - 1}` };
    const first = await s3.send(new GetObjectCommand(range), { abortSignal: signal }).catch(async (error) => {
      // S3 has no range of an empty object, which is not an envelope.
      if (error.name === 'InvalidRange') await unlock(new Uint8Array());
      throw error;
    });
    const unlocked = await unlock(await first.Body.transformToByteArray());
    // Only now it is known whose file this is. What the header says before is the sender's word.
    // Nothing but true lets it through: the promise of an async function, for one, is not yet an answer.
    if ((await maySee(user, unlocked.encryptionContext)) !== true) return { status: 404 };

    const version = first.VersionId && { VersionId: first.VersionId };
    Object.assign(entry, { keyId: unlocked.keyId, context: unlocked.encryptionContext, ...version });
    const sealed = await descriptionOf(first.Metadata, object, signal);
    const description = sealed && { sealed: sealed.toString('base64url'), unlocked: await unlock(sealed) };
    const url = await getSignedUrl(s3, new GetObjectCommand({ ...object, ...version }), { expiresIn: URL_LIFETIME });
    return { status: 200, body: { unlocked, url, size: Number(first.ContentRange.split('/')[1]), description } };
  }

  /** The file's sealed name and type: in the object's metadata (`x-amz-meta-kmseal-description`), or beside it where that is too short. */
  async function descriptionOf(metadata, object, signal) {
    const text = metadata?.['kmseal-description'];
    if (text) return Buffer.from(text, 'base64url');
    const beside = { Bucket: object.Bucket, Key: `${object.Key}.description`, Range: `bytes=0-${LONGEST_DESCRIPTION}` };
    try {
      const { Body } = await s3.send(new GetObjectCommand(beside), { abortSignal: signal });
      return Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (error.name === 'InvalidRange') return Buffer.alloc(0);
      // Without s3:ListBucket S3 says AccessDenied for an object that does not exist.
      if (!['NoSuchKey', 'AccessDenied'].includes(error.name)) throw error;
      return undefined;
    }
  }
}

/** By code or name; KMS's and S3's other failures are 502. */
const STATUS = {
  NoSuchKey: 404,
  TypeError: 500,
  ERR_ENVELOPE_INVALID: 422,
  ERR_ENVELOPE_UNSUPPORTED: 422,
  ERR_TRUNCATED: 422,
  ERR_NO_MATCHING_KEY: 422,
  ERR_CONTEXT: 422,
  ERR_AUTHENTICATION: 422,
};

/** The content key is in it: no cache, no history and no other site may keep it. */
function send(response, status, body = undefined, headers = {}) {
  response.writeHead(status, {
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...headers,
  });
  response.end(JSON.stringify(body ?? {}));
}

/** One line of JSON for each request. An unlocked header must never be in it. */
const logLine = (entry) => console.log(JSON.stringify(entry));

/**
 * Counts each user's requests, in this process alone: several need a count that they share. Gives the seconds to wait, 0 for none.
 */
function limiter({ requests, seconds } = { requests: 60, seconds: 60 }) {
  let counts = new Map();
  let ends = 0;
  return (user) => {
    if (Date.now() >= ends) [counts, ends] = [new Map(), Date.now() + seconds * 1000];
    const count = (counts.get(user) ?? 0) + 1;
    counts.set(user, count);
    return count > requests ? Math.ceil((ends - Date.now()) / 1000) : 0;
  };
}
