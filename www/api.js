/** An error whose message is a sentence for the reader, with a code as KmsealError has one. */
export class DemoError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    init?.signal?.throwIfAborted();
    throw new DemoError('OFFLINE', 'The server of this page does not answer. Is npm start still running?', { cause: error });
  }
  const body = await response.json();
  if (!response.ok) throw new DemoError(body.error, body.message);
  return body;
}

/** @param {string} path @param {AbortSignal} [signal] @param {unknown} [body] */
const post = (path, signal, body = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

/** The JSON of KMS GetPublicKey. */
export const getPublicKey = () => ask('/kms-public-key.json');

/** @returns {Promise<{ emulated: boolean, maxUploadSize: number }>} */
export const getDemo = () => ask('/demo.json');

/**
 * Asks the server for the number of a new upload.
 *
 * @param {string} way by which it will come: the name of a page
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ id: string }>}
 */
export const createUpload = (way, signal) => post('/uploads', signal, { way });

/**
 * @typedef {object} Arrival an envelope in the bucket
 * @property {string} id of its upload
 * @property {string} via how it came, in words
 * @property {'file' | 'about'} holds the file, or its name and type
 * @property {string} key of the object
 * @property {number} size in bytes
 * @property {string} arrived when, ISO 8601
 */

/** @param {string} [way] @returns {Promise<Arrival[]>} the newest first */
export const getArrivals = (way) => ask(way === undefined ? '/arrivals.json' : `/arrivals.json?way=${way}`);

/**
 * Asks the server to fetch the envelope and open it through KMS.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<{ sha256: string }>}
 */
export const openUpload = (id, signal) => post(`/uploads/${id}/open`, signal);

/**
 * Uploads an envelope by presigned PUT. The server never sees these bytes pass.
 *
 * @param {string} id
 * @param {Blob} envelope
 * @param {{ signal: AbortSignal, onProgress: (progress: { loaded: number, total: number }) => void }} options
 */
export async function putEnvelope(id, envelope, { signal, onProgress }) {
  const { url, headers } = await post(`/uploads/${id}/put`, signal, { size: envelope.size });
  // XMLHttpRequest, because fetch tells nothing of an upload's progress.
  await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress({ loaded, total: envelope.size });
    request.onload = () => {
      // S3's own answer, and not that of a portal or a proxy.
      if (request.status === 200 && request.responseText === '' && request.getResponseHeader('etag')) return resolve(undefined);
      const reason = /<Code>(\w+)<\/Code>/.exec(request.responseText)?.[1] ?? 'no reason given';
      reject(new DemoError('UPLOAD_REFUSED', `S3 refused the envelope with status ${request.status} (${reason}).`));
    };
    request.onerror = () => {
      const message = 'The upload did not reach S3: no connection, or the bucket has no CORS rule for this page.';
      reject(new DemoError('UPLOAD_FAILED', message));
    };
    request.onabort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(envelope);
  });
}
