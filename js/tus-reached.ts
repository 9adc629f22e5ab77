import { KmsealError } from './index.js';

/** How far one envelope came at one URL: the server may have its bytes before `offset`, and nobody else's. */
interface Reached {
  envelope: symbol;
  offset: number;
}

/**
 * By URL, for as long as the page lives, since anyone in it may go on with an old URL. The first envelope of which something was sent to
 * a URL has it for good: of two, the server would make one object.
 */
const uploads = new Map<string, Reached>();

const keyOf = (url: string, base?: URL) => {
  const key = new URL(url, base ?? globalThis.document?.baseURI ?? location.href);
  key.hash = '';
  return key.href;
};

/** Throws unless the server's bytes before `offset` are this envelope's. */
export function expectOwn(url: string, envelope: symbol, offset: number): void {
  const reached = uploads.get(keyOf(url));
  if (offset > (reached?.offset ?? 0) || (reached && reached.envelope !== envelope)) {
    throw new KmsealError('ERR_UPLOAD', 'this upload was not begun with this envelope; forget its URL and start a new one');
  }
}

/**
 * Notes before they leave that the bytes from `start` to `end` are sent, since the answer may be lost.
 *
 * @returns what tells how they were answered: with the server's offset, with `refused`, before a byte of them was read, or with neither
 */
export function noteSent(url: string, envelope: symbol, start: number, end: number): (answer: { refused: boolean; offset: number }) => void {
  expectOwn(url, envelope, start);
  const key = keyOf(url);
  const before = uploads.get(key);
  uploads.set(key, { envelope, offset: Math.max(before?.offset ?? 0, end) });
  return ({ refused, offset }) => {
    if (refused && before) uploads.set(key, before);
    else if (refused) uploads.delete(key);
    else if (Number.isFinite(offset)) uploads.set(key, { envelope, offset: atMost(offset, end) });
  };
}

/** Notes what went along with the request that created the upload. */
export function noteCreated(location: string, endpoint: string, envelope: symbol, end: number, offset: number): void {
  const url = keyOf(location, new URL(keyOf(endpoint)));
  expectOwn(url, envelope, 0);
  uploads.set(url, { envelope, offset: Number.isFinite(offset) ? atMost(offset, end) : end });
}

/** A server that has more than was sent to it has it from somebody else. */
function atMost(offset: number, end: number): number {
  if (offset <= end) return offset;
  const message = `the server says that it has ${offset} bytes, of which only ${end} were sent; forget the upload's URL and start a new one`;
  throw new KmsealError('ERR_UPLOAD', message);
}
