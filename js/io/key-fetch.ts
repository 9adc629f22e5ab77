import { throwIfAborted, unlessAborted } from './abort.js';
import { type Chunk, joined } from './bytes.js';
import { withDeadline } from './deadline.js';
import { KmsealError } from '../errors.js';
import { ignoreFailure } from './promises.js';
import { shown } from './shown-url.js';
import { UNREACHED } from '../wasm/load-fault.js';

/** More than any public key has, in any form. */
const MAX_KEY_FILE_BYTES = 1_048_576;

/** A key's location as an absolute URL: in pages relative to theirs. */
export function keyUrl(url: string | URL): URL {
  let place;
  try {
    place = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch (cause) {
    throw new KmsealError('ERR_LOAD', `the public key cannot be loaded: ${shown(url)} is not a URL`, { cause });
  }
  if (!place.username && !place.password) return place;
  // The platform's own error would repeat them.
  const message = `the public key cannot be loaded from ${shown(place)}: the URL has a user name or a password, which fetch refuses; leave them out`;
  throw new KmsealError('ERR_LOAD', message);
}

/** The answer of a URL. From an origin other than the page's it is accepted only if it is pinned, since that one may return any key. */
export async function fetchKeyFile(url: URL, pinned: boolean, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  requirePin(url, pinned);
  try {
    return await withDeadline(async (signal) => {
      // Otherwise a browser may keep a file for a tenth of its age, and seal for a key that was replaced. Servers keep none, and workerd refuses the option.
      const cache = globalThis.location && 'no-cache';
      const response = await fetch(url, { credentials: 'same-origin', cache, signal });
      if (!response.ok) throw new Error(`it answered with status ${response.status}`);
      // Where a redirect ended; a test's own Response does not say it.
      requirePin(new URL(response.url || url), pinned);
      return await bytesOf(response);
    }, signal);
  } catch (cause) {
    if (cause instanceof KmsealError) throw cause;
    const { name, message } = cause as Error;
    // That is fetch's own error, which does not say why.
    const why = name === 'TypeError' ? message + UNREACHED : message;
    throw new KmsealError('ERR_LOAD', `the public key could not be loaded from ${shown(url)}: ${why}`, { cause });
  }
}

/** All of an answer, whose sender may never end it. A Response that a test made may have no stream. */
async function bytesOf(response: Response): Promise<Chunk> {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Chunk> | undefined;
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const chunks: Chunk[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks);
    chunks.push(value);
    length += value.length;
    if (length <= MAX_KEY_FILE_BYTES) continue;
    ignoreFailure(reader.cancel());
    throw new Error('it answered with more than 1 MiB, which no public key has');
  }
}

function requirePin(url: URL, pinned: boolean): void {
  // A server has no origin, and knows whom it asks. That of a frame with srcdoc is its parent's, and is not in its address.
  if (pinned || !globalThis.location || [location.origin, globalThis.origin].includes(url.origin)) return;
  const message = `the public key at ${shown(url)} is of another origin; set its fingerprint and its key id, so that no other one is taken`;
  throw new KmsealError('ERR_KEY_FINGERPRINT', message);
}

interface Entry<T> {
  readonly value: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/** The reason of a signal whose caller has no more need of the value: the work continues for the next one. */
export const NOT_NEEDED = /* @__PURE__ */ Symbol('not needed');

/** Values that were made once, by an id. A failure is shared by those who wait for it, and not cached. */
export class Remembered<T> {
  readonly #entries = new Map<string, Entry<T>>();

  /** A signal aborts only its own caller; that of the last waiting one also stops the work. */
  async get(id: string, signal: AbortSignal | undefined, make: (stop: AbortSignal) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const entry = this.#entries.get(id) ?? this.#begin(id, make);
    entry.waiting++;
    return unlessAborted(entry.value, signal, () => {
      if (--entry.waiting > 0 || signal!.reason === NOT_NEEDED) return;
      this.#forget(id, entry);
      entry.stop.abort();
    });
  }

  #begin(id: string, make: (stop: AbortSignal) => Promise<T>): Entry<T> {
    const stop = new AbortController();
    const entry = { value: make(stop.signal), stop, waiting: 0 };
    this.#entries.set(id, entry);
    ignoreFailure(entry.value.catch(() => this.#forget(id, entry)));
    return entry;
  }

  #forget(id: string, entry: Entry<T>): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
  }
}
