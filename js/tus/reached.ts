import { KmsealError } from '../index.js';

/** How far an upload is. */
interface Reached {
  /** The envelope that something was sent of, if any. */
  envelope: symbol | undefined;
  /** The server may have the bytes before it. */
  offset: number;
  /** Whether something else created the upload, and may therefore send to it, too. */
  foreign: boolean;
  /** In bytes, if the page declared it when it created the upload. */
  length: number | undefined;
  /** The answer that refused its last bytes, if one did, and whether the page was told. */
  refused?: { status: number; isTold: boolean } | undefined;
}

/**
 * By URL, for as long as the page lives, since any code in it may resume an old URL. The first envelope of which something was sent to
 * a URL owns it for good: the server would mix two into one object.
 */
const uploads = new Map<string, Reached>();

/** One text for each upload, however its URL is written. */
export function keyOf(url: string, base?: string): string {
  const key = new URL(url, base ?? globalThis.document?.baseURI ?? globalThis.location?.href);
  key.hash = '';
  return key.href;
}

/** Throws unless the server's bytes before `offset` are this envelope's. */
export function expectOwn(url: string, envelope: symbol, offset: number): void {
  const reached = uploads.get(keyOf(url));
  if (offset > (reached?.offset ?? 0) || (reached?.envelope ?? envelope) !== envelope) {
    throw new KmsealError(
      'ERR_UPLOAD',
      'this upload was not begun with this envelope; forget its URL and start a new one',
    );
  }
}

/** What the page declared as an upload's length in bytes, if it did. */
export const declaredLength = (url: string): number | undefined => uploads.get(keyOf(url))?.length;

/**
 * Whether the server refused the last bytes of an upload that is complete, so that it has to begin again. Throws once if the page was not told:
 * what was refused would look done, and to send all again is not for us to decide.
 */
export function wasRefused(url: string): boolean {
  const refused = uploads.get(keyOf(url))?.refused;
  if (!refused || refused.isTold) return refused !== undefined;
  refused.isTold = true;
  const message = `the tus server has all of it, but answered with status ${refused.status}, and may have refused it; start again to send all of it again`;
  throw new KmsealError('ERR_UPLOAD', message);
}

/** Throws if an upload was created for another length: the server would take a part of the envelope for the whole. */
export function expectLength(declared: number | undefined, length: number | undefined): void {
  if ((declared ?? length) === length) return;
  throw new KmsealError(
    'ERR_UPLOAD',
    `the upload was created for ${declared} bytes, and the envelope has ${length}; leave uploadSize alone`,
  );
}

/** An upload that the page created: its URL, and its length if it was declared. */
interface Created {
  location: string;
  endpoint: string;
  length: number | undefined;
}

/** Records that the page created an upload, and which part of an envelope the request contained; returns its URL. */
export function noteCreated(
  { location, endpoint, length }: Created,
  sent?: { envelope: symbol; end: number; offset: number },
): string {
  const url = keyOf(location, keyOf(endpoint));
  if (!sent) {
    if (!uploads.has(url)) uploads.set(url, { envelope: undefined, offset: 0, foreign: false, length });
    return url;
  }
  const { envelope, end, offset } = sent;
  expectOwn(url, envelope, 0);
  uploads.set(url, { envelope, offset: Number.isNaN(offset) ? end : atMost(offset, end), foreign: false, length });
  return url;
}

/** Records what another page has sent of an envelope. */
export function noteRestored(url: string, reached: Omit<Reached, 'foreign'>): void {
  uploads.set(keyOf(url), { ...reached, foreign: false });
}

/** The server's answer to bytes that were sent. */
interface Answer {
  /** NaN if it named none. */
  offset: number;
  /** Whether it said that it was at another offset. */
  conflict: boolean;
  refused: Reached['refused'];
}

/**
 * Records before they leave that the bytes from `start` to `end` are sent, since the answer may be lost.
 *
 * @returns a function for the answer
 */
export function noteSent(url: string, envelope: symbol, start: number, end: number): (answer: Answer) => void {
  expectOwn(url, envelope, start);
  const key = keyOf(url);
  const before = uploads.get(key);
  const reached: Reached = {
    envelope,
    offset: Math.max(before?.offset ?? 0, end),
    foreign: before?.foreign ?? true,
    length: before?.length,
  };
  uploads.set(key, reached);
  return ({ offset, conflict, refused }) => {
    reached.refused = refused;
    if (!Number.isNaN(offset)) reached.offset = atMost(offset, end);
    // tus-js-client would send the same bytes again, endlessly.
    if (offset === start && start < end) {
      const message = `the server reported success but accepted none of ${end - start} bytes; check it, and proxies on the way`;
      throw new KmsealError('ERR_UPLOAD', message);
    }
    // No byte of it was accepted, unless the browser had sent it twice. The server's bytes may be another page's. (If this answer is lost on the
    // way, nothing tells the other page's bytes from ours: an upload's URL is for one page at a time.)
    if (!conflict || !reached.foreign) return;
    if (before) uploads.set(key, before);
    else uploads.delete(key);
  };
}

/** A server that has more than was sent to it got it from elsewhere. */
function atMost(offset: number, end: number): number {
  if (offset <= end) return offset;
  const message = `the server says that it has ${offset} bytes, of which only ${end} were sent; forget the upload's URL and start a new one`;
  throw new KmsealError('ERR_UPLOAD', message);
}
