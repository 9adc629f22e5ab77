import { KmsealError } from './index.js';

/** How far an upload came. */
interface Reached {
  /** The envelope of which something was sent, once there is one. */
  envelope: symbol | undefined;
  /** The server may have the bytes before it. */
  offset: number;
  /** Whether somebody else created the upload, and so may send to it, too. */
  foreign: boolean;
  /** In bytes, where the page said so when it created the upload. */
  length: number | undefined;
}

/**
 * By URL, for as long as the page lives, since anyone in it may go on with an old URL. The first envelope of which something was sent to
 * a URL has it for good: of two, the server would make one object.
 */
const uploads = new Map<string, Reached>();

function keyOf(url: string, base?: string): string {
  const key = new URL(url, base ?? globalThis.document?.baseURI ?? location.href);
  key.hash = '';
  return key.href;
}

/** Throws unless the server's bytes before `offset` are this envelope's. */
export function expectOwn(url: string, envelope: symbol, offset: number): void {
  const reached = uploads.get(keyOf(url));
  if (offset > (reached?.offset ?? 0) || (reached?.envelope ?? envelope) !== envelope) {
    throw new KmsealError('ERR_UPLOAD', 'this upload was not begun with this envelope; forget its URL and start a new one');
  }
}

/** What the page declared as an upload's length in bytes, if it did. */
export const declaredLength = (url: string): number | undefined => uploads.get(keyOf(url))?.length;

/** Throws if an upload was created for another length: the server would take a part of the envelope for the whole. */
export function expectLength(declared: number | undefined, length: number): void {
  if ((declared ?? length) === length) return;
  throw new KmsealError('ERR_UPLOAD', `the upload was created for ${declared} bytes, and the envelope has ${length}; leave uploadSize alone`);
}

/** An upload that the page created: its address, and its length where it was declared. */
interface Created {
  location: string;
  endpoint: string;
  length: number | undefined;
}

/** Notes that the page created an upload, and which part of an envelope went along with the request. */
export function noteCreated({ location, endpoint, length }: Created, sent?: { envelope: symbol; end: number; offset: number }): void {
  const url = keyOf(location, keyOf(endpoint));
  if (!sent) {
    if (!uploads.has(url)) uploads.set(url, { envelope: undefined, offset: 0, foreign: false, length });
    return;
  }
  const { envelope, end, offset } = sent;
  expectOwn(url, envelope, 0);
  uploads.set(url, { envelope, offset: Number.isNaN(offset) ? end : atMost(offset, end), foreign: false, length });
}

/**
 * Notes before they leave that the bytes from `start` to `end` are sent, since the answer may be lost.
 *
 * @returns what takes the answer: the server's offset, NaN where it named none, and whether it said that it was at another one
 */
export function noteSent(url: string, envelope: symbol, start: number, end: number): (offset: number, conflict: boolean) => void {
  expectOwn(url, envelope, start);
  const key = keyOf(url);
  const before = uploads.get(key);
  const reached = { envelope, offset: Math.max(before?.offset ?? 0, end), foreign: before?.foreign ?? true, length: before?.length };
  uploads.set(key, reached);
  return (offset, conflict) => {
    if (!Number.isNaN(offset)) reached.offset = atMost(offset, end);
    // tus-js-client would send the same bytes again, without end.
    if (offset === start && start < end) {
      const message = `the server says that all went well, and took none of ${end - start} bytes; look at it, and at proxies on the way`;
      throw new KmsealError('ERR_UPLOAD', message);
    }
    // Nothing of it was taken, unless the browser had sent it twice. What the server has by now may be another page's.
    if (!conflict || !reached.foreign) return;
    if (before) uploads.set(key, before);
    else uploads.delete(key);
  };
}

/** A server that has more than was sent to it has it from somebody else. */
function atMost(offset: number, end: number): number {
  if (offset <= end) return offset;
  const message = `the server says that it has ${offset} bytes, of which only ${end} were sent; forget the upload's URL and start a new one`;
  throw new KmsealError('ERR_UPLOAD', message);
}
