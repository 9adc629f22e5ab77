// Opens a file here, in the page: the server unlocks its header, S3 gives the envelope, and the plaintext reaches no server.
import { Opener } from 'kmseal';

const TRIES = 3;

/**
 * Has the server unlock a file.
 * @param {string} id
 * @param {{ signal?: AbortSignal }} [options]
 */
export async function openHere(id, { signal } = {}) {
  const { unlocked, url, size, description } = await ask(id, signal);
  const opener = new Opener({ unlocked, idleTimeout: 30_000 });
  const closing = new AbortController();
  let address = url;

  /** A part of the envelope, by a ranged GET. kmseal checks that it has the right length. */
  async function read(start, end, { signal }) {
    for (let tries = 1; ; tries++) {
      try {
        const headers = { range: `bytes=${start}-${end - 1}` };
        const response = await fetch(address, { headers, signal, cache: 'no-store', referrerPolicy: 'no-referrer' });
        if (response.status === 206) return new Uint8Array(await response.arrayBuffer());
        if (response.status !== 403) throw new Error(`the storage answered ${response.status}`);
        // The address was for a quarter of an hour.
        ({ url: address } = await ask(id, signal));
      } catch (error) {
        if (signal.aborted || tries === TRIES) throw error;
      }
    }
  }

  const source = { size, read };
  const stop = (signal) => (signal ? AbortSignal.any([signal, closing.signal]) : closing.signal);
  /** The whole, or a part. The final frame comes first: a file that was cut fails before its first byte. */
  const open = (/** @type {import('kmseal').OpenRangeOptions} */ options = {}) =>
    opener.openRange(source, { ...options, signal: stop(options.signal) });

  /** Ends what is still being opened, and wipes the key. */
  function close() {
    closing.abort(new DOMException('the file was closed', 'AbortError'));
    opener.close();
  }

  try {
    // Nothing but the final frame is read: the header is authentic by then, and its message id the one of the description.
    const { messageId, plaintext } = await open({ end: 0, signal });
    await plaintext.cancel();
    return {
      ...(await described(description, messageId, signal)),
      /** `{ plaintext, start, end, size }`, where plaintext is a stream. */
      open,
      close,
    };
  } catch (error) {
    close(); // nobody else could
    throw error;
  }
}

/** What the server answers. It may refuse: the file is not for this user, or it is not what it should be. */
async function ask(id, signal) {
  const response = await fetch(`/unlock/${encodeURIComponent(id)}`, { method: 'POST', signal, cache: 'no-store' });
  if (response.ok) return response.json();
  const { error } = await response.json().catch(() => ({}));
  throw Object.assign(new Error(SENTENCES[response.status] ?? 'the server failed; try again later'), {
    status: response.status,
    code: error,
  });
}

const SENTENCES = {
  401: 'sign in again',
  404: 'there is no such file for you',
  422: 'this file was altered or put in another one’s place; it is not opened',
  429: 'too many files in a short time; wait a minute',
};

/** Name and type, which the sender chose: a text to show, and a claim. */
async function described(description, messageId, signal) {
  if (!description) return { name: 'file', type: '' };
  const opener = new Opener({ unlocked: description.unlocked });
  try {
    const { name = 'file', type = '' } = await opener.describe(description.sealed, { messageId, signal });
    return { name, type };
  } finally {
    opener.close();
  }
}
